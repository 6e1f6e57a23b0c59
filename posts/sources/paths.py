"""Walks folders in a stable order, checks that paths stay inside, and makes names printable."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

__all__ = ["files_in", "is_inside", "is_system_file", "open_without_blocking", "printable"]


def is_system_file(path: str) -> bool:
    """Whether a file belongs to a program: a hidden file, macOS metadata, an Office lock file."""
    name = PurePosixPath(path)
    return name.name.startswith((".", "~$")) or "__MACOSX" in name.parts


def is_inside(root: Path, path: Path) -> bool:
    """Whether an existing path, with its links followed, stays in `root`, which is resolved."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):
        return False


def open_without_blocking(path: str | Path, buffering: int = -1) -> BinaryIO:
    """Open a file to read what is there now: some files in `/proc` would block forever."""
    return open(path, "rb", buffering, opener=_open_non_blocking)


def _open_non_blocking(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def printable(path: str) -> str:
    """Write a file name as valid UTF-8, whatever bytes it has on disk."""
    return path.encode("utf-8", "backslashreplace").decode()


def files_in(root: Path, on_error: Callable[[OSError], object] | None = None) -> Iterator[str]:
    """Yield every file under `root` as a relative POSIX path, sorted.

    Links to folders are not followed. `on_error` is called for each folder that can't be listed.
    """
    for folder, subfolders, names in os.walk(root, onerror=on_error):
        subfolders.sort()
        for name in sorted(names):
            yield Path(folder, name).relative_to(root).as_posix()
