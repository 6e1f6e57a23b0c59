"""Walking folders of pictures, in a stable order and never out of them."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from frametrace.posts.model import Skipped

__all__ = ["files_in", "is_inside", "is_picture", "pictures_in", "printable"]

_PICTURE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png"}
    | {".tif", ".tiff", ".webp"}
)


def is_picture(path: str) -> bool:
    """Whether a file's name says that it is a picture."""
    return PurePosixPath(path).suffix.lower() in _PICTURE_SUFFIXES


def is_inside(root: Path, path: Path) -> bool:
    """Whether a path that exists stays in `root` after following its links."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def printable(path: str) -> str:
    """Spell a file's name as valid UTF-8, whatever bytes it has on disk."""
    return path.encode("utf-8", "backslashreplace").decode()


def files_in(root: Path) -> Iterator[str]:
    """Give every file under `root` as a relative POSIX path, sorted; linked folders stay closed."""
    for folder, subfolders, names in os.walk(root):
        subfolders.sort()
        for name in sorted(names):
            yield Path(folder, name).relative_to(root).as_posix()


def pictures_in(root: Path) -> Iterator[str | Skipped]:
    """Give every picture under `root`; a Skipped for a link that leaves it or an unusable name."""
    for path in filter(is_picture, files_in(root)):
        if printable(path) != path:
            yield Skipped(root.name, 0, printable(path), "its name is not valid UTF-8; rename it")
        elif not is_inside(root, root / path):
            yield Skipped(root.name, 0, path, "the link leaves the folder")
        else:
            yield path
