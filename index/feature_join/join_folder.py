"""The folder of a feature join: append-only files, and a manifest of how much of each is committed.

Bytes count once the manifest lists them; what a killed run wrote beyond them is cut off when the
folder is opened again. Checksums are continued with every append, so that a whole file can be
checked however often it grew.

    join.json             the manifest
    pictures.bin          digest, feature count and width of each picture, by number
    places.bin            the positions of the features
    part-000.bin ...      records, by part
    proposals-*.arrow     pairs of pictures, one file for each addition
    pending/              votes and pairs of an addition that is in progress
"""

import os
import shutil
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from frametrace.case.atomic_files import TEMPORARY, flush, write_failed
from frametrace.case.file_digests import has_checksum, note_checksum
from frametrace.case.json_files import read_json, write_json
from frametrace.index.feature_join.lsh_keys import (
    MAX_AMBIGUOUS_SUM,
    MAX_FEATURES,
    MIRROR_WEIGHTS,
    PART_BITS,
    PART_COUNT,
)
from frametrace.posts.errors import CaseError, IndexMismatch

__all__ = [
    "PENDING",
    "PICTURE_DTYPE",
    "RECORD_DTYPE",
    "JoinFolder",
    "JoinState",
    "check_join",
    "copy_join",
    "joined_picture_count",
    "part_filename",
]

PENDING = "pending"
_MANIFEST = "join.json"
_PICTURES, _POSITIONS = "pictures.bin", "places.bin"
_PROPOSALS_PREFIX = "proposals-"
_BLOCK = 1 << 24  # bytes read at a time
# A record of a part; see `Records`.
RECORD_DTYPE = np.dtype([("words", "<u8", (2,)), ("owner", "<u4")])
# A joined picture: its digest, how many of its features are joined, and its width in pixels.
PICTURE_DTYPE = np.dtype([("digest", "u1", (32,)), ("features", "<u2"), ("width", "<u2")])


def part_filename(part: int) -> str:
    """The name of the file of a part's records."""
    return f"part-{part:03}.bin"


def _made_by() -> str:
    """The version of the records: it changes with everything that they depend on."""
    settings = repr((MIRROR_WEIGHTS, MAX_AMBIGUOUS_SUM, PART_BITS, MAX_FEATURES, PART_COUNT))
    return f"feature-join:1:{zlib.crc32(settings.encode()):08x}"


@dataclass(frozen=True, slots=True)
class JoinState:
    """What is committed: the pictures whose records are written, and the additions joined so far.

    `whole` says that all pictures of the last addition are written; `files` has the size in bytes
    and the CRC-32 of each file; `batches` are the picture counts after each addition, in order.
    """

    pictures: int = 0
    whole: bool = True
    batches: tuple[int, ...] = ()
    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def joined(self) -> int:
        """How many pictures are joined with each other."""
        return self.batches[-1] if self.batches else 0


class JoinFolder:
    """The files of a join. The caller holds a lock on the folder."""

    def __init__(self, path: Path, state: JoinState) -> None:
        self.path, self.state = path, state
        self._files = dict(state.files)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a folder, create it if it is missing, and cut off what was not committed.

        Raises `IndexMismatch` if files are missing or shorter than recorded, or were made by
        another version; `CaseError` if the folder can't be written.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            for leftover in path.glob(TEMPORARY):
                leftover.unlink()
            folder = cls(path, _read_state(path))
            folder._cut_uncommitted()
        except OSError as error:
            raise write_failed(path, error) from None
        return folder

    def append(self, name: str, content: bytes | memoryview) -> None:
        """Append bytes to a file; they count once `commit` was called."""
        size, checksum = self._files.get(name, (0, 0))
        try:
            with (self.path / name).open("ab") as file:
                file.write(content)
        except OSError as error:
            raise write_failed(self.path / name, error) from None
        self._files[name] = size + memoryview(content).nbytes, zlib.crc32(content, checksum)

    def add_file(self, name: str) -> None:
        """Add a file that is written completely; it counts once `commit` was called."""
        content = (self.path / name).read_bytes()
        self._files[name] = len(content), zlib.crc32(content)

    def commit(self, **changes: Any) -> None:
        """Commit everything that was appended, and change fields of the state."""
        for name, entry in self._files.items():
            if self.state.files.get(name) != entry:
                flush(self.path / name)
                note_checksum(self.path / name, *entry)
        self.state = replace(self.state, files=dict(self._files), **changes)
        write_json(self.path / _MANIFEST, _manifest(self.state))

    def pictures(self) -> np.ndarray:
        """All pictures by number, (n,) `PICTURE_DTYPE`."""
        return self._read(_PICTURES, PICTURE_DTYPE)

    def positions(self) -> np.ndarray:
        """The packed positions of all features, (m,) uint32, mapped."""
        size = self.state.files.get(_POSITIONS, (0, 0))[0] // 4
        if not size:
            return np.zeros(0, np.uint32)
        self._verify(_POSITIONS)
        return np.asarray(np.memmap(self.path / _POSITIONS, "<u4", "r", shape=(size,)))

    def proposal_files(self) -> list[Path]:
        """The files of proposals, verified, the earliest addition first."""
        names = sorted(name for name in self.state.files if name.startswith(_PROPOSALS_PREFIX))
        for name in names:
            self._verify(name)
        return [self.path / name for name in names]

    def verify_records(self) -> None:
        """Read all records and compare their checksums. Raises `IndexMismatch` for damage."""
        for part in range(PART_COUNT):
            if self.record_count(part):
                self._verify(part_filename(part))

    def record_count(self, part: int) -> int:
        """How many records a part has."""
        return self.state.files.get(part_filename(part), (0, 0))[0] // RECORD_DTYPE.itemsize

    def append_pictures(self, pictures: np.ndarray, positions: np.ndarray) -> None:
        """Append `PICTURE_DTYPE` rows and the packed positions of their features."""
        self.append(_PICTURES, pictures.tobytes())
        self.append(_POSITIONS, positions.tobytes())

    def _read(self, name: str, kind: np.dtype) -> np.ndarray:
        size = self.state.files.get(name, (0, 0))[0] // kind.itemsize
        if size:
            self._verify(name)
        return np.fromfile(self.path / name, kind, size) if size else np.zeros(0, kind)

    def _verify(self, name: str) -> None:
        """Raises `IndexMismatch` if what is committed of a file is damaged."""
        path = self.path / name
        try:
            intact = has_checksum(path, *self.state.files[name])
        except OSError as error:
            raise IndexMismatch(f"{path} can't be read ({error}): {_delete(self.path)}") from None
        if not intact:
            raise IndexMismatch(f"{path} is damaged: {_delete(self.path)}")

    def _cut_uncommitted(self) -> None:
        for path in self.path.iterdir():
            size, _ = self.state.files.get(path.name, (0, 0))
            if path.suffix in (".bin", ".arrow") and path.stat().st_size > size:
                if size:
                    os.truncate(path, size)
                else:
                    path.unlink()
        for name, (size, _) in self.state.files.items():
            path = self.path / name
            if not path.is_file() or path.stat().st_size < size:
                raise IndexMismatch(f"{path} is missing or cut short: {_delete(self.path)}")


def check_join(path: Path) -> list[str]:
    """Check all bytes of a join's folder; one line for each damaged file."""
    try:
        state = _read_state(path)
    except (CaseError, IndexMismatch) as error:
        return [str(error)]
    folder, damage = JoinFolder(path, state), []
    for name in sorted(state.files):
        try:
            folder._verify(name)
        except IndexMismatch as error:
            damage.append(str(error))
    return damage


def joined_picture_count(path: Path) -> int:
    """How many pictures the join in a folder has; 0 if there is no usable join."""
    try:
        return _read_state(path).pictures
    except (CaseError, IndexMismatch):
        return 0


def copy_join(path: Path, to: Path, *, proposals: bool = True) -> None:
    """Copy a join, consistently even while it grows; copies nothing if there is no usable join.

    Without its `proposals`, pairs of added pictures don't compete with earlier pairs for the best
    ones of a picture. Raises `CaseError` if the copy can't be written.
    """
    try:
        state = _read_state(path)
    except (CaseError, IndexMismatch):
        return
    if not state.pictures:
        return
    if not proposals:
        entries = state.files.items()
        files = {name: entry for name, entry in entries if not name.startswith(_PROPOSALS_PREFIX)}
        state = replace(state, files=files)
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, (size, checksum) in state.files.items():
            if not (path / name).is_file() or _copy(path / name, to / name, size) != checksum:
                shutil.rmtree(to)
                return
    except OSError as error:
        raise write_failed(to, error) from None
    write_json(to / _MANIFEST, _manifest(state))


def _copy(file: Path, to: Path, size: int) -> int:
    """Copy the first `size` bytes of a file; returns their checksum."""
    checksum = 0
    with file.open("rb") as source, to.open("wb") as target:
        while block := source.read(min(size, _BLOCK)):
            target.write(block)
            checksum, size = zlib.crc32(block, checksum), size - len(block)
    return checksum


def _delete(folder: Path) -> str:
    return f"delete {folder}, it will be rebuilt"


def _read_state(path: Path) -> JoinState:
    if not (path / _MANIFEST).exists():
        return JoinState()
    content = read_json(path / _MANIFEST)
    try:
        files = {str(name): (int(size), int(crc)) for name, (size, crc) in content["files"].items()}
        batches = tuple(int(end) for end in content["batches"])
        state = JoinState(int(content["pictures"]), bool(content["whole"]), batches, files)
        made_by = content["made_by"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise IndexMismatch(f"{path / _MANIFEST} is damaged: {_delete(path)}") from None
    if made_by != _made_by():
        raise IndexMismatch(
            f"{path} was made by {made_by}, this is {_made_by()}: delete it, it will be rebuilt"
        )
    return state


def _manifest(state: JoinState) -> dict[str, Any]:
    return {
        "made_by": _made_by(),
        "pictures": state.pictures,
        "whole": state.whole,
        "batches": list(state.batches),
        "files": {name: list(entry) for name, entry in state.files.items()},
    }
