"""Keeps sets of pictures and their computed values in the temporary folder.

A set of pictures is one Parquet file of their bytes; its local features are a second file, its
thumbnails a third and its hashes a fourth, each named after what made it. After a change to a
signal, only the files of that signal are computed again.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from copies import peers
from measuring import say

from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.signals import PictureSignal, local, thumbnail

__all__ = ["Prepared", "Source", "folder", "prepared", "signal_key", "source_digest", "write"]

_HERE = Path(__file__).parent
_BLOCK = 256  # pictures in memory at a time


class Source(Protocol):
    """The source of a set of pictures."""

    @property
    def name(self) -> str:
        """The name of its file: one for each seed and choice of pictures."""
        ...

    def pictures(self) -> Iterator[bytes]:
        """Make them, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """A set of n pictures: digests, values of signals and hashes, read on demand."""

    name: str

    def __len__(self) -> int:
        return int(pq.read_metadata(_paths(self.name)["pictures"]).num_rows)

    @property
    def digests(self) -> pa.Array:
        """(n,) strings: each picture's SHA-256."""
        return _read(self.name, "pictures", "sha256")["sha256"].combine_chunks()

    @property
    def codes(self) -> pa.Array:
        """(n,) values of the signal `local`."""
        return _read(self.name, "local")["code"].combine_chunks()

    @property
    def thumbnails(self) -> pa.Array:
        """(n,) values of the signal `thumbnail`."""
        return _read(self.name, "thumbnail")["code"].combine_chunks()

    @property
    def views(self) -> Mapping[str, np.ndarray]:
        """What `peers.hashed` makes, (n, bytes) uint8 by name."""
        table = _read(self.name, "hashes")
        return {name: _stacked(table[name]) for name in table.column_names}


def prepared(sources: Sequence[Source], *, hashes: bool = True) -> list[Prepared]:
    """Make what is missing of all sets, in one process per core."""
    workers = len(os.sched_getaffinity(0))
    kinds = ("local", "thumbnail", *(("hashes",) if hashes else ()))
    missing = [source for source in sources if not _there(source.name, kinds)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, name in enumerate(pool.map(partial(_prepare, kinds=kinds), missing)):
            say(f"  {done + 1} of {len(missing)} sets of pictures: {name}")
    return [Prepared(source.name) for source in sources]


def folder() -> Path:
    """The folder of everything that is kept."""
    place = Path(gettempdir()) / "frametrace-copies"
    place.mkdir(exist_ok=True)
    return place


def source_digest(*paths: Path) -> str:
    """A digest of source files: changing them makes new pictures, features, hashes."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def signal_key() -> str:
    """Names the signal `local`, as it is now: its fingerprint, and its code."""
    return _key(local.Local(), Path(local.__file__))


def write(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    """Write rows to a Parquet file that appears only once it is complete."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}")
    table = pa.Table.from_pylist([dict(row) for row in rows])
    pq.write_table(table, beside, row_group_size=_BLOCK, compression="none")
    beside.rename(path)


def _key(signal: PictureSignal, file: Path) -> str:
    return f"{signal.made_by['fingerprint'].replace(':', '-')}-{source_digest(file)}"


def _paths(name: str) -> dict[str, Path]:
    packages = "-".join(version(package) for package in ("imagehash", "imagededup"))
    within = {
        "pictures": "pictures",
        "local": signal_key(),
        "thumbnail": _key(thumbnail.Thumbnail(), Path(thumbnail.__file__)),
        "hashes": f"{packages}-{source_digest(_HERE / 'peers.py', _HERE / 'trimming.py')}",
    }
    return {kind: folder() / place / f"{name}.parquet" for kind, place in within.items()}


def _read(name: str, kind: str, *columns: str) -> pa.Table:
    return pq.read_table(_paths(name)[kind], columns=list(columns) or None)


def _there(name: str, kinds: Sequence[str]) -> bool:
    paths = _paths(name)
    return all(paths[kind].exists() for kind in ("pictures", *kinds))


def _prepare(source: Source, kinds: Sequence[str]) -> str:
    paths = _paths(source.name)
    if not paths["pictures"].exists():
        write(paths["pictures"], map(_row, source.pictures()))
    for kind in kinds:
        if not paths[kind].exists():
            write(paths[kind], map(_CODERS[kind](), _decoded(paths["pictures"])))
    return source.name


def _row(picture: bytes) -> Mapping[str, str | bytes]:
    return {"sha256": hashlib.sha256(picture).hexdigest(), "picture": picture}


def _decoded(path: Path) -> Iterator[Picture]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BLOCK, columns=["picture"]):
            yield from (decode(one.as_py()) for one in batch["picture"])


def _coder(signal: PictureSignal) -> Callable[[Picture], Mapping[str, bytes]]:
    describe = signal.preparer()
    return lambda picture: {"code": describe(picture)}


_CODERS: Mapping[str, Callable[[], Callable[[Picture], Mapping[str, bytes]]]] = {
    "local": lambda: _coder(local.Local()),
    "thumbnail": lambda: _coder(thumbnail.Thumbnail()),
    "hashes": lambda: peers.hashed,
}


def _stacked(column: pa.ChunkedArray) -> np.ndarray:
    return np.array([np.frombuffer(one, np.uint8) for one in column.to_pylist()])
