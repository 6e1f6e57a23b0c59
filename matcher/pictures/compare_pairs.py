"""Comparing candidate pairs of pictures, in worker processes that map one file of their values."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.matcher.pictures.evidence import Evidence
from frametrace.matcher.pictures.picture_values import Shown
from frametrace.matcher.pictures.verified_pairs import evidence_row
from frametrace.matcher.pictures.verify import verify, verify_near

__all__ = ["Candidate", "Comparing", "shown_of", "values_of"]

_VALUES = pa.schema([("number", pa.int32()), ("code", pa.binary())])
_BLOCK = 1024  # pictures whose values are copied at a time: 13 MB
_SIGNALS = (Local.name, Thumbnail.name)


class Candidate(NamedTuple):
    """Two pictures, by their place among those whose values are held; `a` < `b`.

    `mirrored` says which orientation of A is tried, None that both are. `near` pictures are copies
    by a hash: what is asked is whether they differ all the same.
    """

    a: int
    b: int
    mirrored: bool | None
    near: bool = False


@dataclass(frozen=True, slots=True)
class Comparing:
    """The comparison, for a worker process: what the files of the pictures' values begin with."""

    held: Path

    def __call__(self, pair: Candidate) -> dict[str, object] | None:
        """What a row of `COMPARED` says of a pair beside its digests; None where nothing."""
        shown_a, shown_b = shown_of(self.held, pair.a), shown_of(self.held, pair.b)
        if pair.near:
            found = verify_near(shown_a, shown_b)
        else:
            found = verify(shown_a, shown_b, pair.mirrored)
        return None if found is None else _row(found, shown_a, shown_b)


def _row(found: Evidence, a: Shown, b: Shown) -> dict[str, object]:
    fewer = max(min(len(a.features), len(b.features)), 1)
    return {
        "relation": str(found.relation),
        "similarity": found.inliers / fewer,
        **evidence_row(found),
        "width_a": a.features.width,
        "height_a": a.features.height,
        "width_b": b.features.width,
        "height_b": b.features.height,
        "cells_a": found.cells_a,
        "cells_b": found.cells_b,
        "same_photograph": found.same_photograph,
    }


@contextmanager
def values_of(case: Case, pictures: pa.StringArray, folder: Path) -> Iterator[Path]:
    """Files in a folder with the values of some pictures, for as long as they are needed.

    They are called otherwise each time: a process that lives on keeps what it opened.
    """
    held = folder / f".{uuid.uuid4().hex}"
    paths = [_file(held, name) for name in _SIGNALS]
    try:
        for path, name in zip(paths, _SIGNALS, strict=True):
            with path.open("wb") as file, pa.ipc.new_file(file, _VALUES) as writer:
                for rows in case.shards(signal_table(name), ["sha256", "code"]):
                    at = pc.index_in(rows["sha256"].combine_chunks(), value_set=pictures)
                    kept = pa.table([at, rows["code"]], schema=_VALUES).filter(at.is_valid())
                    writer.write_table(kept, max_chunksize=_BLOCK)
        yield held
    finally:
        _opened.cache_clear()
        shown_of.cache_clear()
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)


@lru_cache(maxsize=1024)
def shown_of(held: Path, number: int) -> Shown:
    """A picture by its number in the files of `values_of`."""
    features, thumbnails = (_opened(_file(held, name)) for name in _SIGNALS)
    return Shown.of(features.code(number), thumbnails.code(number))


def _file(held: Path, signal: str) -> Path:
    return held.with_name(f"{held.name}-{signal}.tmp")


class _Values:
    """A mapped file of values, each found by its picture's number."""

    def __init__(self, path: Path) -> None:
        rows = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        numbers = rows["number"].to_numpy()
        self._codes = rows["code"]
        self._at = np.zeros(int(numbers.max(initial=-1)) + 1, np.int64)
        self._at[numbers] = np.arange(len(numbers))

    def code(self, number: int) -> bytes:
        """The value of one picture."""
        code: bytes = self._codes[int(self._at[number])].as_py()
        return code


@lru_cache(maxsize=2)
def _opened(path: Path) -> _Values:
    return _Values(path)
