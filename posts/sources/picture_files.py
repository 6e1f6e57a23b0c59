"""Checks whether a file is a picture, by name or first bytes, and lists a container's pictures."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Skipped
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import Container, Folder
from frametrace.posts.sources.paths import files_in, printable

__all__ = ["holds_picture", "is_picture", "is_picture_data", "pictures_in"]

_PICTURE_SUFFIXES = frozenset(
    {".apng", ".avif", ".avifs", ".bmp", ".gif", ".heic", ".heics", ".heif", ".heifs", ".hif"}
    | {".ico", ".j2c", ".j2k", ".jfif", ".jif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg"}
    | {".jpx", ".jxl", ".png", ".tif", ".tiff", ".webp"}
)
# Browsers and tools append to a suffix: `x.jpg_large`, `x.jpg:orig`, `x.png?name=small`.
_SUFFIX = re.compile(r"\.[a-z0-9]+")
_DIGEST = re.compile("(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_BOXES = (  # of ISO media files, JPEG 2000 and JPEG XL
    *(b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"),
    *(b"jP  \r\n\x87\n", b"JXL \r\n\x87\n"),
)
# Many such files may be beside pictures; they are never opened to see whether they are pictures.
_OTHER_SUFFIXES = frozenset(
    {".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".js", ".html", ".htm", ".xml", ".md"}
    | {".zip", ".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2", ".pdf", ".css", ".py", ".log"}
)


def is_picture(path: str) -> bool:
    """Whether a file has the name of a picture (`._x.jpg` is macOS metadata about one).

    A name without a suffix counts if it is an MD5, SHA-1 or SHA-256 digest.
    """
    name = PurePosixPath(path)
    if name.name.startswith("._"):
        return False
    suffix = _SUFFIX.match(name.suffix.lower())
    return suffix[0] in _PICTURE_SUFFIXES if suffix else bool(_DIGEST.fullmatch(name.name))


def is_picture_data(first_bytes: bytes) -> bool:
    """Whether the first 16 bytes of a file show that it is a picture, whatever its name."""
    return (
        first_bytes.startswith(_MAGICS)
        or (first_bytes[:4] == b"RIFF" and first_bytes[8:12] == b"WEBP")
        or first_bytes[4:].startswith(_BOXES)
    )


def holds_picture(container: Container, path: str) -> bool:
    """Whether a file is a picture: by its name, or else by its first bytes."""
    name = PurePosixPath(path).name
    if is_picture(path):
        return True
    if PurePosixPath(path).suffix.lower() in _OTHER_SUFFIXES or name.startswith("."):
        return False
    try:
        with container.open(path) as file:
            return is_picture_data(file.read(16) or b"")
    except (SourceError, *READ_ERRORS):
        return False


def pictures_in(container: Container) -> Iterator[str | Skipped]:
    """Yield the path of every picture in a folder or archive, and a Skipped for what can't be used.

    Skipped are links that lead outside, names that aren't text, folders that can't be listed.
    """
    name = printable(container.path.name)
    errors: list[OSError] = []
    if isinstance(container, Folder):
        paths = files_in(container.path, errors.append)
    else:
        paths = container.paths()
    for path in (path for path in paths if holds_picture(container, path)):
        if printable(path) != path:
            yield Skipped(name, 0, printable(path), "its name is not valid UTF-8; rename it")
        elif _may_be_link(container, path) and not container.stays_inside(path):
            yield Skipped(name, 0, path, "the link leaves the folder")
        else:
            yield path
    for error in errors:
        folder = Path(error.filename).relative_to(container.path).as_posix()
        yield Skipped(name, 0, printable(folder), f"can't be listed: {error.strerror}")


def _may_be_link(container: Container, path: str) -> bool:
    """Whether a path may lead elsewhere: a member of an archive may; of a folder, links do."""
    return not isinstance(container, Folder) or os.path.islink(f"{container.path}/{path}")  # noqa: PTH114
