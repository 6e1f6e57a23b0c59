"""The `Signal` contract: how a signal is computed, compared, indexed and explained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.embed_settings import ModelChoice, NumericPrecision
from frametrace.posts.errors import UsageError

__all__ = [
    "VECTOR_EXAMPLES",
    "Bound",
    "CaptionSignal",
    "Example",
    "Metric",
    "ModelOption",
    "Orientation",
    "PictureSignal",
    "Signal",
    "bits_distance",
    "cosine_similarity",
    "hash_examples",
]

Orientation = tuple[bool, int]  # whether left and right are swapped, then degrees clockwise


class Metric(StrEnum):
    """How two values of a signal are compared. `index.index_store` has one index for each."""

    HAMMING = "hamming"  # distance in bits, int
    COSINE = "cosine"  # similarity in [-1, 1]
    JACCARD = "jaccard"  # similarity in [0, 1]
    PIXELS = "pixels"  # similarity in [-1, 1] of small pictures, compared where features align them
    FEATURES = "features"  # similarity in [0, 1] of sets of local features
    TEXT = "text"  # similarity in [0, 1] of the keys of texts, which are indexed as captions are


@dataclass(frozen=True, slots=True)
class Bound:
    """The limit for a match between two values: a maximum distance or a minimum similarity."""

    value: float
    source: str  # who chose it, or what it was measured on


@dataclass(frozen=True, slots=True)
class Example:
    """Two values of a signal and what `compare` must give for them. Used by the contract test."""

    a: Any
    b: Any
    value: float


@dataclass(frozen=True, slots=True)
class ModelOption:
    """A model that users can choose on the command line, by the option `name` (as `--clip-model`).

    `recorded_as` is the key of the choice in the signal's `made_by`, so that a later run can repeat
    it.
    """

    name: str
    recorded_as: str
    help: str


class Signal(ABC):
    """One signal. Creating an instance may load a model; reading class attributes never does.

    The values are in the column `column` of its table, null where an item has none: (k,) bytes for
    a hash, (d,) float32 of unit length for a vector, (64,) uint32 for a MinHash, bytes of any
    length for a set of features or a thumbnail, a string for a text. `made_by` records what makes
    the values, for people and for later runs; its `fingerprint` changes whenever the values would.
    `notes` are sentences on what opening the signal could not do.

    What the other stages need to know of a signal is declared here, so that they need not name it:

    - `metric`: how two values are compared; it chooses the index.
    - `sees`: one sentence for the table in docs/signals.md.
    - `bits`: the length of a hash; 0 for anything else.
    - `bound`: the limit for a match; None if more than a distance decides.
    - `min_quality`: the minimum of its column `quality` at which a value is usable; `unusable` is
      what to call items below it. 0: every value is usable, and there is no such column.
    - `finds_copies`: whether `match` and `query` accept it as evidence of copies.
    - `answers_text`: whether a text can be searched for among its values.
    - `needs_model`: whether it needs a model on this machine; then it overrides `open` and
      `locate`. `model_options` are the choices that users have.
    - `on_request`: whether it is computed only if it or its model is named, or if the case has it.
    - `companions`: the signals that it depends on.
    """

    name: ClassVar[str]
    metric: ClassVar[Metric]
    sees: ClassVar[str]
    column: ClassVar[str] = "code"
    bits: ClassVar[int] = 0
    bound: ClassVar[Bound | None] = None
    min_quality: ClassVar[int] = 0
    unusable: ClassVar[str] = ""
    finds_copies: ClassVar[bool] = False
    answers_text: ClassVar[bool] = False
    needs_model: ClassVar[bool] = False
    on_request: ClassVar[bool] = False
    model_options: ClassVar[tuple[ModelOption, ...]] = ()
    companions: ClassVar[tuple[str, ...]] = ()
    notes: Sequence[str] = ()

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Create the signal with a chosen model. Raises `ModelMissing` if it isn't there."""
        return cls()

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """Name the model that `open` would load, without loading it. Raises `ModelMissing`."""
        raise UsageError(f"{cls.name} needs no model")

    @property
    @abstractmethod
    def made_by(self) -> Mapping[str, str]:
        """The `fingerprint`, and what else describes how the values were made."""

    @staticmethod
    @abstractmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Compare all values of `a` (m, k) with all of `b` (n, k): (m, n) in the signal's metric.

        This is the plain brute force that every index must agree with. For sets of features and
        for texts, `a` and `b` are sequences of m and n values.
        """

    @classmethod
    @abstractmethod
    def examples(cls) -> Sequence[Example]:
        """Pairs of values with what `compare` gives for them."""

    @classmethod
    def usable(cls, table: pa.Table) -> pa.ChunkedArray:
        """Which rows of the signal's table have a value that may be compared, (n,) bool."""
        is_present = pc.is_valid(table[cls.column])
        if not cls.min_quality:
            return is_present
        return pc.and_(is_present, pc.greater_equal(table["quality"], cls.min_quality))

    @classmethod
    def usable_columns(cls) -> list[str]:
        """The columns that `usable` reads."""
        return [cls.column, *(["quality"] if cls.min_quality else [])]

    @classmethod
    def usable_sql(cls) -> str:
        """The same rule as a condition in SQL."""
        quality = f" AND quality >= {cls.min_quality}" if cls.min_quality else ""
        return f"{cls.column} IS NOT NULL{quality}"

    @classmethod
    def why_unusable(cls) -> str:
        """What to call an item whose value is not usable, with the rule."""
        return f"{cls.unusable} (quality below {cls.min_quality} of 100)"

    @classmethod
    def explain(cls, row: Mapping[str, Any]) -> str:
        """How a row of evidence (`distance`, `similarity`, `inliers`) reads in a report."""
        if cls.metric is Metric.HAMMING:
            return f"copy: {cls.name} differs in {row['distance']} of {cls.bits} bits"
        return cls.summarize(row)

    @classmethod
    def summarize(cls, row: Mapping[str, Any]) -> str:
        """The same in a few words, for a cell of a table."""
        if row["distance"] is not None:
            return f"{cls.name}: {row['distance']} bits differ"
        return f"{cls.name}: similarity {row['similarity']:.2f}"

    @classmethod
    def choice_of(
        cls, made_by: Mapping[str, str], precision: NumericPrecision | None = None
    ) -> ModelChoice:
        """The choice of models that made a case's values, as the signal recorded it."""
        values = {option.name: made_by.get(option.recorded_as, "") for option in cls.model_options}
        return ModelChoice(values, precision)

    def close(self) -> None:  # noqa: B027
        """Release a model."""


class PictureSignal(Signal):
    """A signal of pictures: one step in the decoding workers, one in the process with the models.

    `orientations` are the mirrored and rotated versions of a picture that `query_values` also
    computes; empty if the values don't depend on orientation or only the upright one is searched
    for.
    """

    batch: int = 64  # the number of prepared pictures that suits `finish`: some 10 MB for CLIP
    of_whole_videos: ClassVar[bool] = False  # a video has one value, which `joined` makes
    orientations: ClassVar[tuple[Orientation, ...]] = ()

    @abstractmethod
    def preparer(self) -> Callable[[Picture], Any]:
        """A picklable function that runs in the decoding workers; it must not import torch."""

    @abstractmethod
    def finish(self, prepared: Sequence[Any]) -> pa.Table:
        """The results of the preparer for n pictures → n rows, with the signal's columns."""

    def joined(self, prepared: Sequence[Any]) -> Any:
        """One result of the preparer for all frames of a video, if it has one value."""
        raise UsageError(f"{self.name} has a value for each frame of a video")

    def values_of(self, picture: Picture) -> pa.Table:
        """The row of one picture."""
        return self.finish([self.preparer()(picture)])

    def query_values(self, picture: Picture) -> pa.Table:
        """The rows to search for one picture by: its own, or one for each of `orientations`."""
        return self.values_of(picture)

    def encode_text(self, text: str) -> np.ndarray:
        """A text as a value comparable with pictures'. Raises `UsageError` if there is none."""
        raise UsageError(f"{self.name} can't be searched for a text")


class CaptionSignal(Signal):
    """A signal of captions. If it needs no model, it is pickled to workers."""

    answers_text = True

    @abstractmethod
    def compute(self, texts: Sequence[str]) -> pa.Table:
        """n texts → n rows, with the signal's columns."""


def bits_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamming distances in bits, (m, n) int32, of (m, k) and (n, k) uint8 codes."""
    distances = np.empty((len(a), len(b)), np.int32)
    for row, code in zip(distances, a, strict=True):
        np.bitwise_count(b ^ code).sum(axis=1, dtype=np.int32, out=row)
    return distances


def hash_examples(bits: int) -> tuple[Example, ...]:
    """Hashes that differ in no bit, in one byte, in all bits."""
    zeros, ones = bytes(bits // 8), b"\xff" * (bits // 8)
    return (
        Example(zeros, zeros, 0),
        Example(zeros, ones[:1] + zeros[1:], 8),
        Example(zeros, ones, bits),
    )


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine similarities, (m, n) float32, of (m, d) and (n, d) vectors of unit length."""
    similarities: np.ndarray = a @ b.T
    return similarities


# Vectors in the same direction, at a right angle, in opposite directions.
VECTOR_EXAMPLES = (
    Example((1, 0), (1, 0), 1),
    Example((1, 0), (0, 1), 0),
    Example((1, 0), (-1, 0), -1),
)
