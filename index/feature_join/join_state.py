"""The state of a join on disk: files that only grow, and a manifest of what of them counts.

A file's bytes count once the manifest says so; what a killed run wrote beyond is cut off when the
folder is opened again. Checksums are continued with every addition, so that all of a file can be
checked however often it grew.

    join.json             what counts
    pictures.bin          digest, features and width of each picture, by number
    places.bin            where the features lie
    part-000.bin ...      records, by part
    proposals-*.arrow     pairs of pictures, one file for every addition
    pending/              votes and pairs of an addition that is under way
"""

import os
import shutil
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from frametrace.case.files import (
    TEMPORARY,
    flush,
    read_json,
    to_json,
    write_atomically,
    write_failed,
)
from frametrace.index.feature_join import bit_layout
from frametrace.index.feature_join.feature_records import PARTS, RECORD, SLOTS
from frametrace.index.feature_join.positions import PICTURE
from frametrace.posts.errors import CaseError, IndexMismatch

__all__ = [
    "PENDING",
    "JoinFolder",
    "State",
    "check_join",
    "copy_join",
    "joined_pictures",
    "part_name",
]

PENDING = "pending"
_MANIFEST = "join.json"
_PICTURES, _PLACES = "pictures.bin", "places.bin"
_BLOCK = 1 << 24  # bytes read at a time


def part_name(part: int) -> str:
    """The file of a part's records."""
    return f"part-{part:03}.bin"


def _made_by() -> str:
    """Changes with whatever records depend on: files made otherwise don't belong together."""
    chosen = repr((bit_layout.LEAN, bit_layout.UNCLEAR, bit_layout.PART_BITS, SLOTS, PARTS))
    return f"feature-join:1:{zlib.crc32(chosen.encode()):08x}"


@dataclass(frozen=True, slots=True)
class State:
    """What counts: pictures whose records are there, and those of them that were joined.

    `whole` tells that all pictures of the last addition are there; `files` gives the bytes and the
    CRC-32 of each file; `batches` are the last pictures of each addition, plus one, in order.
    """

    pictures: int = 0
    whole: bool = True
    batches: tuple[int, ...] = ()
    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def joined(self) -> int:
        """How many pictures were joined with each other."""
        return self.batches[-1] if self.batches else 0


class JoinFolder:
    """The files of a join; the caller holds a lock on the folder."""

    def __init__(self, path: Path, state: State) -> None:
        self.path, self.state = path, state
        self._files = dict(state.files)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a folder, making it if need be, and cut off what does not count.

        Raises `IndexMismatch` where files are missing or shorter than they were, or were made by
        another version; `CaseError` where it can't be written.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            for left in path.glob(TEMPORARY):
                left.unlink()
            folder = cls(path, _read_state(path))
            folder._cut()
        except OSError as error:
            raise write_failed(path, error) from None
        return folder

    def append(self, name: str, content: bytes | memoryview) -> None:
        """Write bytes behind those that a file has; they count once `commit` was called."""
        size, checksum = self._files.get(name, (0, 0))
        try:
            with (self.path / name).open("ab") as file:
                file.write(content)
        except OSError as error:
            raise write_failed(self.path / name, error) from None
        self._files[name] = size + memoryview(content).nbytes, zlib.crc32(content, checksum)

    def add_file(self, name: str) -> None:
        """Have a file count that was written whole; `commit` makes it so."""
        content = (self.path / name).read_bytes()
        self._files[name] = len(content), zlib.crc32(content)

    def commit(self, **changes: Any) -> None:
        """Have everything count that was appended, and change fields of the state."""
        for name, entry in self._files.items():
            if self.state.files.get(name) != entry:
                flush(self.path / name)
        self.state = replace(self.state, files=dict(self._files), **changes)
        write_atomically(self.path / _MANIFEST, _manifest(self.state))

    def pictures(self) -> np.ndarray:
        """All pictures by number, (n,) `PICTURE`."""
        return self._read(_PICTURES, PICTURE)

    def places(self) -> np.ndarray:
        """The places of all features, (m,) uint32, mapped."""
        size = self.state.files.get(_PLACES, (0, 0))[0] // 4
        if not size:
            return np.zeros(0, np.uint32)
        return np.asarray(np.memmap(self.path / _PLACES, "<u4", "r", shape=(size,)))

    def records(self, part: int) -> int:
        """How many records a part has."""
        return self.state.files.get(part_name(part), (0, 0))[0] // RECORD.itemsize

    def append_pictures(self, pictures: np.ndarray, places: np.ndarray) -> None:
        """Append `PICTURE` rows and the places of their features."""
        self.append(_PICTURES, pictures.tobytes())
        self.append(_PLACES, places.tobytes())

    def _read(self, name: str, kind: np.dtype) -> np.ndarray:
        size = self.state.files.get(name, (0, 0))[0] // kind.itemsize
        return np.fromfile(self.path / name, kind, size) if size else np.zeros(0, kind)

    def _cut(self) -> None:
        for path in self.path.iterdir():
            size, _ = self.state.files.get(path.name, (0, 0))
            if path.suffix in (".bin", ".arrow") and path.stat().st_size > size:
                if size:
                    os.truncate(path, size)
                else:
                    path.unlink()
        for name, (size, _) in self.state.files.items():
            there = self.path / name
            if not there.is_file() or there.stat().st_size < size:
                raise IndexMismatch(
                    f"{there} is missing or cut short: delete {self.path}, it will be made anew"
                )


def check_join(path: Path) -> list[str]:
    """What is damaged in the folder of a join, one line each; all bytes are read."""
    try:
        state = _read_state(path)
    except (CaseError, IndexMismatch) as error:
        return [str(error)]
    found = []
    for name, (size, checksum) in sorted(state.files.items()):
        try:
            whole = _checksum(path / name, size) == checksum
        except OSError as error:
            found.append(f"{path / name} can't be read ({error}): delete {path}, it will be remade")
            continue
        if not whole:
            found.append(f"{path / name} is damaged: delete {path}, it will be made anew")
    return found


def joined_pictures(path: Path) -> int:
    """How many pictures the join in a folder has; 0 where there is none that can be used."""
    try:
        return _read_state(path).pictures
    except (CaseError, IndexMismatch):
        return 0


def copy_join(path: Path, to: Path, *, proposals: bool = True) -> None:
    """Copy a join, whole even while it grows; nothing where there is none that can be used.

    Without its `proposals`, pictures that are added are not held back by better ones among those
    that were there. Raises `CaseError` where the copy can't be written.
    """
    try:
        state = _read_state(path)
    except (CaseError, IndexMismatch):
        return
    if not state.pictures:
        return
    if not proposals:
        kept = {name: one for name, one in state.files.items() if not name.startswith("proposals-")}
        state = replace(state, files=kept)
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, (size, checksum) in state.files.items():
            if not (path / name).is_file() or _copied(path / name, to / name, size) != checksum:
                shutil.rmtree(to)
                return
    except OSError as error:
        raise write_failed(to, error) from None
    write_atomically(to / _MANIFEST, _manifest(state))


def _copied(file: Path, to: Path, size: int) -> int:
    """Copy the first bytes of a file; their checksum."""
    checksum = 0
    with file.open("rb") as source, to.open("wb") as target:
        while block := source.read(min(size, _BLOCK)):
            target.write(block)
            checksum, size = zlib.crc32(block, checksum), size - len(block)
    return checksum


def _checksum(path: Path, size: int) -> int:
    """Of the first bytes of a file; -1 where it has fewer."""
    checksum = 0
    with path.open("rb") as file:
        while size:
            block = file.read(min(size, _BLOCK))
            if not block:
                return -1
            checksum = zlib.crc32(block, checksum)
            size -= len(block)
    return checksum


def _read_state(path: Path) -> State:
    if not (path / _MANIFEST).exists():
        return State()
    content = read_json(path / _MANIFEST)
    try:
        files = {str(name): (int(size), int(crc)) for name, (size, crc) in content["files"].items()}
        batches = tuple(int(end) for end in content["batches"])
        state = State(int(content["pictures"]), bool(content["whole"]), batches, files)
        made_by = content["made_by"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise IndexMismatch(
            f"{path / _MANIFEST} is damaged: delete {path}, it will be made anew"
        ) from None
    if made_by != _made_by():
        raise IndexMismatch(
            f"{path} was made by {made_by}, this is {_made_by()}: delete it, it will be made anew"
        )
    return state


def _manifest(state: State) -> str:
    content = {
        "made_by": _made_by(),
        "pictures": state.pictures,
        "whole": state.whole,
        "batches": list(state.batches),
        "files": {name: list(entry) for name, entry in state.files.items()},
    }
    return to_json(content)
