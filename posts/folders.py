"""Walking folders of pictures, in a stable order and never out of them."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from frametrace.posts.model import Skipped

__all__ = ["files_in", "is_inside", "is_picture", "pictures_in", "printable"]

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


def is_inside(root: Path, path: Path) -> bool:
    """Whether a path that exists stays in `root`, which is resolved, after following its links."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):
        return False


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


def pictures_in(root: Path) -> Iterator[str | Skipped]:
    """Give every picture under `root`, which is resolved, and a Skipped for what is of no use.

    That is a link that leaves `root`, a name that isn't text, a folder that can't be listed.
    """
    closed: list[OSError] = []
    for path in filter(is_picture, files_in(root, closed.append)):
        if printable(path) != path:
            yield Skipped(root.name, 0, printable(path), "its name is not valid UTF-8; rename it")
        elif (root / path).is_symlink() and not is_inside(root, root / path):
            yield Skipped(root.name, 0, path, "the link leaves the folder")
        else:
            yield path
    for error in closed:
        folder = Path(error.filename).relative_to(root).as_posix()
        yield Skipped(root.name, 0, printable(folder), f"can't be listed: {error.strerror}")
