"""Finds the files of a CLIP model: at a given path, or in the hub cache by its name."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.models.model_files import cached, missing_extra, stay_offline
from frametrace.posts.errors import ModelMissing, UsageError

__all__ = ["DEFAULT_MODEL", "ClipFiles", "find_clip"]

DEFAULT_MODEL = "hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
_HUB = "hf-hub:"
_WEIGHTS_NAMES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
)
_CONFIG_NAME = "open_clip_config.json"
_ADD_LATER = (
    "add it later with: frametrace embed CASE --signal clip --clip-model ViT-B-32 "
    "--clip-weights FILE"
)


@dataclass(frozen=True, slots=True)
class ClipFiles:
    """`model` and `pretrained` as open_clip takes them, and the file with the weights."""

    model: str
    pretrained: str | None
    weights: Path


def find_clip(chosen: ModelChoice) -> ClipFiles:
    """The files of the chosen model; imports torch only to look up an architecture's names."""
    stay_offline()
    if find_spec("open_clip") is None:
        raise missing_extra("clip", "models", ModuleNotFoundError(name="open_clip"))
    model = chosen.get("clip_model") or DEFAULT_MODEL
    if weights_path := chosen.get("clip_weights"):
        return _at_path(Path(weights_path), chosen.get("clip_model"))
    repository = model.removeprefix(_HUB) if model.startswith(_HUB) else ""
    if not repository:
        return _of_architecture(model)
    if (weights := cached(repository, *_WEIGHTS_NAMES)) is None:
        raise _missing_weights(model)
    if (weights.parent / _CONFIG_NAME).is_file():
        return ClipFiles(f"local-dir:{weights.parent}", None, weights)
    return ClipFiles(model, None, weights)


def _missing_weights(model: str) -> ModelMissing:
    fetch = "frametrace models fetch clip downloads them, or " if model == DEFAULT_MODEL else ""
    return ModelMissing(f"no CLIP weights ({model}) are on this machine; {fetch}{_ADD_LATER}")


def _at_path(path: Path, architecture: str) -> ClipFiles:
    if path.is_dir() and (path / _CONFIG_NAME).is_file():
        weights = next((path / n for n in _WEIGHTS_NAMES if (path / n).is_file()), None)
        if weights is not None:
            return ClipFiles(f"local-dir:{path}", None, weights)
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix in (".safetensors", ".pt", ".bin"))
        if len(files) != 1:
            raise ModelMissing(
                f"{path} holds {len(files)} weights files and no {_CONFIG_NAME}; name one file"
            )
        path = files[0]
    if not path.is_file():
        raise ModelMissing(f"{path}: there is no such weights file or directory")
    if not architecture or architecture.startswith(_HUB):
        raise UsageError(
            f"name the architecture of {path.name} with --clip-model, such as ViT-B-32"
        )
    return ClipFiles(architecture, str(path), path)


def _of_architecture(model: str) -> ClipFiles:
    """The first of an architecture's published weights that is in the hub cache."""
    try:
        import open_clip
    except (ImportError, RuntimeError) as error:
        raise missing_extra("clip", "models", error) from None
    if model not in open_clip.list_models():
        raise UsageError(f"open_clip has no architecture {model!r}; choose one such as ViT-B-32")
    activation = open_clip.get_model_config(model).get("quick_gelu", False)
    for tag in open_clip.list_pretrained_tags_by_model(model):
        config = open_clip.get_pretrained_cfg(model, tag)
        repository, _, name = config.get("hf_hub", "").rpartition("/")
        if config.get("quick_gelu", False) != activation or not repository:
            continue  # weights of the variant ViT-...-quickgelu
        if weights := cached(repository, *([name] if name else _WEIGHTS_NAMES)):
            return ClipFiles(model, tag, weights)
    raise _missing_weights(model)
