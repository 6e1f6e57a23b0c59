"""Walking folders, in a stable order and never out of them."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

__all__ = [
    "at_once",
    "files_in",
    "is_inside",
    "is_of_system",
    "is_picture",
    "is_picture_data",
    "printable",
]

_PICTURE_SUFFIXES = frozenset(
    {".apng", ".avif", ".avifs", ".bmp", ".gif", ".heic", ".heics", ".heif", ".heifs", ".hif"}
    | {".ico", ".j2c", ".j2k", ".jfif", ".jif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg"}
    | {".jpx", ".jxl", ".png", ".tif", ".tiff", ".webp"}
)
# What browsers and tools put behind a suffix: `x.jpg_large`, `x.jpg:orig`, `x.png?name=small`.
_SUFFIX = re.compile(r"\.[a-z0-9]+")
_DIGEST = re.compile("(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")


def is_picture(path: str) -> bool:
    """Whether a file's name says that it is a picture (`._x.jpg` is what a Mac notes about one).

    One that is named by its MD5, SHA-1 or SHA-256 and has no suffix may be.
    """
    name = PurePosixPath(path)
    if name.name.startswith("._"):
        return False
    suffix = _SUFFIX.match(name.suffix.lower())
    return suffix[0] in _PICTURE_SUFFIXES if suffix else bool(_DIGEST.fullmatch(name.name))


def is_of_system(path: str) -> bool:
    """Whether a file is there for a program: a hidden one, a Mac's, or Office's lock."""
    name = PurePosixPath(path)
    return name.name.startswith((".", "~$")) or "__MACOSX" in name.parts


_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_BOXES = (  # of ISO media files, JPEG 2000 and JPEG XL
    *(b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"),
    *(b"jP  \r\n\x87\n", b"JXL \r\n\x87\n"),
)


def is_picture_data(begins: bytes) -> bool:
    """Whether a file's first 16 bytes are those of a picture, whatever its name."""
    return (
        begins.startswith(_MAGICS)
        or (begins[:4] == b"RIFF" and begins[8:12] == b"WEBP")
        or begins[4:].startswith(_BOXES)
    )


def is_inside(root: Path, path: Path) -> bool:
    """Whether a path that exists stays in `root`, which is resolved, after following its links."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):
        return False


def at_once(path: str | Path) -> BinaryIO:
    """Open a file to read what is there: some in `/proc` would have their reader wait for ever."""
    return open(path, "rb", opener=_without_waiting)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def printable(path: str) -> str:
    """Spell a file's name as valid UTF-8, whatever bytes it has on disk."""
    return path.encode("utf-8", "backslashreplace").decode()


def files_in(root: Path, closed: Callable[[OSError], object] | None = None) -> Iterator[str]:
    """Give every file under `root` as a relative POSIX path, sorted; linked folders stay closed.

    `closed` is told of each folder that can't be listed.
    """
    for folder, subfolders, names in os.walk(root, onerror=closed):
        subfolders.sort()
        for name in sorted(names):
            yield Path(folder, name).relative_to(root).as_posix()
