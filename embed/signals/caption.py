"""The `caption` signal: a caption as a vector of unit length, by a model of sentences."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from frametrace.embed.embed_settings import ModelChoice, NumericPrecision
from frametrace.embed.models.caption_models import (
    ENGLISH,
    UNIVERSAL_MODEL,
    CaptionModel,
    find_caption_model,
)
from frametrace.embed.models.model_files import missing_extra, one_line
from frametrace.embed.models.runtime import fingerprint
from frametrace.embed.models.sentence_encoder import SentenceEncoder
from frametrace.embed.models.universal_encoder import UniversalEncoder
from frametrace.embed.signals.base import (
    VECTOR_EXAMPLES,
    Bound,
    CaptionSignal,
    Example,
    Metric,
    ModelOption,
    cosine_similarity,
)
from frametrace.embed.text.normalize import without_links
from frametrace.posts.errors import ModelMissing

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["Caption"]

# Fraction of a caption's letters. The English model reads other scripts as unknown words, so that
# unrelated captions get similar vectors: the median pair of 5,000 Chinese captions (flickr8k) has a
# cosine of 0.66.
_MIN_LATIN = 0.5


class Caption(CaptionSignal):
    """One loaded sentence model. It gives no value to texts in languages that it can't read."""

    name = "caption"
    metric = Metric.COSINE
    sees = "captions of similar meaning, in the languages of the model: evidence for framings"
    bound = Bound(
        0.4,
        "for a person to judge: of English captions (flickr8k) 8 or 9 of 10 paraphrases are above "
        "it, and 2 to 4 of 100 unrelated pairs, depending on the model",
    )
    needs_model = True
    model_options = (
        ModelOption(
            "caption_model",
            "model",
            "A model of sentences: a directory of sentence-transformers, or a model's name.",
        ),
    )

    def __init__(self, model: CaptionModel, precision: NumericPrecision | None = None) -> None:
        self._encoder: SentenceEncoder | UniversalEncoder
        self._can_read: Callable[[str], bool]
        if model.name == UNIVERSAL_MODEL:
            self._encoder = UniversalEncoder(model.folder, precision)
            self._can_read = self._encoder.can_read
        else:
            self._encoder = SentenceEncoder(_load(model.folder), self.name, precision)
            self._can_read = _is_latin if model.languages == ENGLISH else _has_letters
        self.notes = (self._encoder.note,) if self._encoder.note else ()
        self._made_by = {
            "fingerprint": fingerprint(model.weights(), self._encoder.precision),
            "model": model.name,
            "languages": model.languages,
            "arithmetic": str(self._encoder.precision),
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Load the chosen model, else the best one on this machine."""
        model = find_caption_model(chosen.get("caption_model"))
        try:
            return cls(model, chosen.precision)
        except (ImportError, RuntimeError) as error:
            extra = "multilingual" if model.name == UNIVERSAL_MODEL else "models"
            raise missing_extra(cls.name, extra, error) from None

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """The model's name and its languages."""
        model = find_caption_model(chosen.get("caption_model"))
        return f"{model.name} ({model.languages})"

    @property
    def made_by(self) -> Mapping[str, str]:
        """The weights' digest, the precision, the model's name and its languages."""
        return self._made_by

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Cosine similarities."""
        return cosine_similarity(a, b)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Three pairs of vectors."""
        return VECTOR_EXAMPLES

    @classmethod
    def explain(cls, row: Mapping[str, Any]) -> str:
        """The cosine similarity."""
        return f"similar meaning: cosine similarity {row['similarity']:.2f} of the captions"

    def compute(self, texts: Sequence[str]) -> pa.Table:
        """The column `code`: (d,) float32 of unit length, null if the model can't read the text.

        Links and mentions are removed: they are not words, and would make all replies to one
        account alike.
        """
        cleaned = [" ".join(without_links(text).split()) for text in texts]
        readable = np.array([self._can_read(text) for text in cleaned], bool)
        dimension = self._encoder.dimension
        vectors = np.zeros((len(texts), dimension), np.float32)
        vectors[readable] = self._encoder.vectors(list(compress(cleaned, readable)))
        return pa.table(
            {
                "code": pa.FixedSizeListArray.from_arrays(
                    pa.array(vectors.ravel()),
                    type=pa.list_(pa.float32(), dimension),
                    mask=pa.array(~readable),
                )
            }
        )

    def close(self) -> None:
        """Release the model."""
        del self._encoder


def _load(folder: Path) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    silence: Callable[[], None] = disable_progress_bar
    silence()
    try:
        return SentenceTransformer(str(folder), local_files_only=True)
    except Exception as error:  # the libraries raise any exception if it is not a model
        raise ModelMissing(
            f"{folder} can't be loaded as a sentence model: {one_line(error)}"
        ) from None


def _is_latin(text: str) -> bool:
    return latin_share(text) >= _MIN_LATIN


def _has_letters(text: str) -> bool:
    return any(character.isalpha() for character in text)


def latin_share(text: str) -> float:
    """The fraction of a text's letters that are Latin, 0 to 1; 0 without letters."""
    letters = [character for character in text if character.isalpha()]
    latin = sum(c.isascii() or "LATIN" in unicodedata.name(c, "") for c in letters)
    return latin / len(letters) if letters else 0.0
