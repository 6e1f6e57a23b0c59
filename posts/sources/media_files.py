"""Recognises pictures and videos by their names or first bytes, and lists those of a container."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Skipped
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import Container, Folder
from frametrace.posts.sources.paths import files_in, printable

__all__ = [
    "HEAD_BYTES",
    "holds_media",
    "is_media",
    "is_picture_data",
    "is_video",
    "is_video_data",
    "media_in",
]

HEAD_BYTES = 512  # of a file, by which pictures and videos are recognised

_PICTURE_SUFFIXES = frozenset(
    {".apng", ".avif", ".avifs", ".bmp", ".gif", ".heic", ".heics", ".heif", ".heifs", ".hif"}
    | {".ico", ".j2c", ".j2k", ".jfif", ".jif", ".jp2", ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg"}
    | {".jpx", ".jxl", ".png", ".tif", ".tiff", ".webp"}
)
# Not `.ts`, which is TypeScript's as well: such a file is recognised by its first bytes.
_VIDEO_SUFFIXES = frozenset(
    {".3g2", ".3gp", ".avi", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mts", ".qt", ".webm"}
)
# Browsers and tools append to a suffix: `x.jpg_large`, `x.jpg:orig`, `x.png?name=small`.
_SUFFIX = re.compile(r"\.[a-z0-9]+")
_DIGEST = re.compile("(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_MAGICS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_BOXES = (  # of ISO media files, JPEG 2000 and JPEG XL
    *(b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"),
    *(b"jP  \r\n\x87\n", b"JXL \r\n\x87\n"),
)
# Brands of ISO media files (mp4ra.org, "Brands") that are neither those pictures nor videos: other
# pictures of the HEIF family, Canon's raw pictures, and audio.
_NO_VIDEO_BRANDS = frozenset(
    {b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif2", b"miaf", b"avci", b"avcs"}
    | {b"jpeg", b"jpgs", b"j2ki", b"j2is", b"jxl ", b"jp2 ", b"jpx ", b"jpm ", b"crx "}
    | {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ", b"aax ", b"aaxc"}
)
# The first box of a QuickTime film from before brands, and of mp4 files that lack one.
_FILM_BOXES = frozenset({b"moov", b"mdat", b"wide", b"pnot"})
_EBML = b"\x1aE\xdf\xa3"
_TS_SYNC = 0x47  # the first byte of each packet of a transport stream (ISO/IEC 13818-1)
_TS_PACKETS = ((0, 188), (4, 192))  # where the first begins and the distance to the next: ts, m2ts
# Many such files may be beside pictures; they are never opened to see what they are.
_OTHER_SUFFIXES = frozenset(
    {".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".js", ".html", ".htm", ".xml", ".md"}
    | {".zip", ".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2", ".pdf", ".css", ".py", ".log"}
)


def is_media(path: str) -> bool:
    """Whether a file has the name of a picture or a video (`._x.jpg` is macOS metadata about one).

    A name without a suffix counts if it is an MD5, SHA-1 or SHA-256 digest.
    """
    name = PurePosixPath(path)
    if name.name.startswith("._"):
        return False
    suffix = _SUFFIX.match(name.suffix.lower())
    if suffix is None:
        return bool(_DIGEST.fullmatch(name.name))
    return suffix[0] in _PICTURE_SUFFIXES or suffix[0] in _VIDEO_SUFFIXES


def is_video(path: str) -> bool:
    """Whether a file has the name of a video."""
    name = PurePosixPath(path)
    suffix = _SUFFIX.match(name.suffix.lower())
    return bool(suffix and suffix[0] in _VIDEO_SUFFIXES) and not name.name.startswith("._")


def is_picture_data(first_bytes: bytes) -> bool:
    """Whether the first 16 bytes of a file show that it is a picture, whatever its name."""
    return (
        first_bytes.startswith(_MAGICS)
        or (first_bytes[:4] == b"RIFF" and first_bytes[8:12] == b"WEBP")
        or first_bytes[4:].startswith(_BOXES)
    )


def is_video_data(first_bytes: bytes) -> bool:
    """Whether the first `HEAD_BYTES` of a file show that it is a video, whatever its name.

    Matroska files with sound only are taken for videos.
    """
    box, brand = first_bytes[4:8], first_bytes[8:12]
    if box == b"ftyp":
        return not is_picture_data(first_bytes) and brand not in _NO_VIDEO_BRANDS
    return (
        box in _FILM_BOXES
        or first_bytes.startswith(_EBML)
        or (first_bytes[:4] == b"RIFF" and brand == b"AVI ")
        or any(_has_sync(first_bytes, *packets) for packets in _TS_PACKETS)
    )


def _has_sync(first_bytes: bytes, start: int, distance: int) -> bool:
    """Whether packets of a transport stream begin where they should, at least two."""
    signs = first_bytes[start:HEAD_BYTES:distance]
    return len(signs) > 1 and set(signs) == {_TS_SYNC}


def holds_media(container: Container, path: str) -> bool:
    """Whether a file is a picture or a video: by its name, or else by its first bytes."""
    name = PurePosixPath(path).name
    if is_media(path):
        return True
    if PurePosixPath(path).suffix.lower() in _OTHER_SUFFIXES or name.startswith("."):
        return False
    try:
        with container.open(path) as file:
            first_bytes = file.read(HEAD_BYTES) or b""
    except (SourceError, *READ_ERRORS):
        return False
    return is_picture_data(first_bytes) or is_video_data(first_bytes)


def media_in(container: Container) -> Iterator[str | Skipped]:
    """Yield the path of every picture and video of a container, or a Skipped if it can't be used.

    Skipped are links that lead outside, names that aren't text, folders that can't be listed.
    """
    name = printable(container.path.name)
    errors: list[OSError] = []
    if isinstance(container, Folder):
        paths = files_in(container.path, errors.append)
    else:
        paths = container.paths()
    for path in (path for path in paths if holds_media(container, path)):
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
