"""What a signal is: how it is made, what it is called, how two of its values are compared."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.models.runtimes.runtime import Arithmetic

__all__ = [
    "CaptionSignal",
    "Metric",
    "ModelChoice",
    "PictureSignal",
    "Signal",
    "bits_distance",
    "cosine_similarity",
]


class Metric(StrEnum):
    """How two values of a signal are compared."""

    HAMMING = "hamming"  # distance in bits, int
    COSINE = "cosine"  # similarity in [-1, 1]
    JACCARD = "jaccard"  # similarity in [0, 1]
    PIXELS = "pixels"  # similarity in [-1, 1] of small pictures, compared where features align them
    FEATURES = "features"  # similarity in [0, 1] of sets of local features
    TEXT = "text"  # similarity in [0, 1] of the keys of texts, which are indexed as captions are


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which models, and which arithmetic for them, a user or the case itself chose.

    What is empty is left to each signal.
    """

    clip_model: str = ""
    clip_weights: str = ""
    caption_model: str = ""
    arithmetic: Arithmetic | None = None  # None: the fastest that agrees with float32


class Signal(ABC):
    """One signal. Making one may load a model; its class attributes never do.

    Its values stand in the column `column`, null where an item has none: (k,) bytes for a hash,
    (d,) float32 of unit length for a vector, bytes of any length for a set of features, a string
    for a text.
    `made_by` says for people and for a later run what makes the values; its `fingerprint` changes
    whenever the values would. `notes` are sentences on what opening it could not do.
    """

    name: ClassVar[str]
    metric: ClassVar[Metric]
    column: ClassVar[str] = "code"
    needs_model: ClassVar[bool] = False
    companions: ClassVar[tuple[str, ...]] = ()  # signals that it is of no use without
    notes: Sequence[str] = ()

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Make the signal with a chosen model. Raises `ModelMissing` where it isn't there."""
        return cls()

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """Name the model that `open` would load, without loading it. Raises `ModelMissing`."""
        return cls.name

    @property
    @abstractmethod
    def made_by(self) -> Mapping[str, str]:
        """Its `fingerprint`, and what else tells how the values were made."""

    @staticmethod
    @abstractmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Compare all codes of `a` (m, k) with all of `b` (n, k): (m, n) in the signal's metric.

        This is the plain brute force that every index must agree with. Of sets of features `a` and
        `b` are sequences of m and n values; so are texts.
        """

    def close(self) -> None:  # noqa: B027
        """Let go of a model."""


class PictureSignal(Signal):
    """A signal of pictures: one step in the decoding workers, one where models are at home."""

    batch: int = 64  # prepared pictures that `finish` takes best: some 10 MB for CLIP

    @abstractmethod
    def preparer(self) -> Callable[[Picture], Any]:
        """A picklable function that runs beside the decoder; it must not import torch."""

    @abstractmethod
    def finish(self, prepared: Sequence[Any]) -> pa.Table:
        """What the preparer returned for n pictures → n rows, with the signal's column."""


class CaptionSignal(Signal):
    """A signal of captions; one `in_workers` holds no model and can be pickled to them."""

    in_workers: ClassVar[bool] = False

    @abstractmethod
    def compute(self, texts: Sequence[str]) -> pa.Table:
        """n texts → n rows, with the signal's column."""


def bits_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamming distances in bits, (m, n) int32, of (m, k) and (n, k) uint8 codes."""
    distances = np.empty((len(a), len(b)), np.int32)
    for row, code in zip(distances, a, strict=True):
        np.bitwise_count(b ^ code).sum(axis=1, dtype=np.int32, out=row)
    return distances


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine similarities, (m, n) float32, of (m, d) and (n, d) vectors of unit length."""
    similarities: np.ndarray = a @ b.T
    return similarities
