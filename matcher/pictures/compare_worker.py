"""Compares one pair of pictures in a worker process; all workers map the same files of values."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.matcher.pictures.pair_evidence import Evidence
from frametrace.matcher.pictures.pairs_to_compare import NumberedPair
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verified_pair_table import evidence_row
from frametrace.matcher.pictures.verify_pair import verify, verify_hash_copies

__all__ = ["ComparePair", "load_values", "value_files"]

_VALUES = pa.schema([("number", pa.int32()), ("code", pa.binary())])
_BLOCK = 1024  # pictures whose values are copied at a time: 13 MB
_SIGNALS = (Local.name, Thumbnail.name)


@dataclass(frozen=True, slots=True)
class ComparePair:
    """The comparison of a pair, as a function for worker processes.

    `values` is the path prefix that `value_files` yields.
    """

    values: Path

    def __call__(self, pair: NumberedPair) -> dict[str, object] | None:
        """A row of `COMPARED` without the digests; None if the pictures share nothing."""
        a, b = load_values(self.values, pair.a), load_values(self.values, pair.b)
        evidence = verify_hash_copies(a, b) if pair.hash_copies else verify(a, b, pair.mirrored)
        return None if evidence is None else _row(evidence, a, b)


def _row(evidence: Evidence, a: PictureValues, b: PictureValues) -> dict[str, object]:
    fewer_features = max(min(len(a.features), len(b.features)), 1)
    return {
        "relation": str(evidence.relation),
        "similarity": evidence.inliers / fewer_features,
        **evidence_row(evidence),
        "width_a": a.features.width,
        "height_a": a.features.height,
        "width_b": b.features.width,
        "height_b": b.features.height,
        "cells_a": evidence.cells_a,
        "cells_b": evidence.cells_b,
        "same_photograph": evidence.same_photograph,
    }


@contextmanager
def value_files(case: Case, pictures: pa.StringArray, folder: Path) -> Iterator[Path]:
    """Write the values of some pictures to temporary files in a folder; yield their path prefix.

    The prefix is new each time, because a long-lived worker caches the files that it opened.
    """
    prefix = folder / f".{uuid.uuid4().hex}"
    paths = [_file(prefix, name) for name in _SIGNALS]
    try:
        for path, name in zip(paths, _SIGNALS, strict=True):
            with path.open("wb") as file, pa.ipc.new_file(file, _VALUES) as writer:
                for rows in case.shards(signal_table(name), ["sha256", "code"]):
                    number = pc.index_in(rows["sha256"].combine_chunks(), value_set=pictures)
                    values = pa.table([number, rows["code"]], schema=_VALUES)
                    writer.write_table(values.filter(number.is_valid()), max_chunksize=_BLOCK)
        yield prefix
    finally:
        _open.cache_clear()
        load_values.cache_clear()
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)


@lru_cache(maxsize=1024)
def load_values(prefix: Path, number: int) -> PictureValues:
    """A picture's values by its number, from the files of `value_files`."""
    features, thumbnails = (_open(_file(prefix, name)) for name in _SIGNALS)
    return PictureValues.of(features.code(number), thumbnails.code(number))


def _file(prefix: Path, signal: str) -> Path:
    return prefix.with_name(f"{prefix.name}-{signal}.tmp")


class _ValueFile:
    """A mapped file of one signal's values, by picture number."""

    def __init__(self, path: Path) -> None:
        rows = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        numbers = rows["number"].to_numpy()
        self._codes = rows["code"]
        self._row = np.zeros(int(numbers.max(initial=-1)) + 1, np.int64)
        self._row[numbers] = np.arange(len(numbers))

    def code(self, number: int) -> bytes:
        """The value of one picture."""
        code: bytes = self._codes[int(self._row[number])].as_py()
        return code


@lru_cache(maxsize=2)
def _open(path: Path) -> _ValueFile:
    return _ValueFile(path)
