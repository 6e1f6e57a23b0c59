"""Reads pictures and videos from folders and archives, and identifies them by their SHA-256."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frametrace.posts.errors import DecodeError, SourceError
from frametrace.posts.media.path_lookup import ESCAPES
from frametrace.posts.model import MediaFile, MediaItem
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import Container, container_at
from frametrace.posts.sources.media_files import HEAD_BYTES, is_video_data
from frametrace.posts.sources.paths import printable

__all__ = ["MAX_PICTURE_BYTES", "MAX_VIDEO_BYTES", "identify", "read_media"]

MAX_PICTURE_BYTES = 128 * 2**20  # platforms cap uploads at 5 to 30 MB
MAX_VIDEO_BYTES = 512 * 2**20  # it is read whole when it is decoded; X's cap on uploads
_PIECE = 2**20  # bytes read at once


def read_media(root: str, path: str, limit: int = MAX_PICTURE_BYTES) -> bytes:
    """Read a media file of at most `limit` bytes from a folder or archive.

    Sizes are checked before and after reading. Raises DecodeError, with the reason, if the file
    doesn't exist, can't be read, leaves its root or is larger.
    """
    with _opened(root, path) as container:
        data = container.read(path, limit)
    if len(data) > limit:
        raise _over(path, limit)
    return data


def identify(file: MediaFile, limit: int = 0) -> MediaItem:
    """Identify a media file by its SHA-256. It is read piece by piece.

    It has at most `limit` bytes, by default `MAX_VIDEO_BYTES` if its first bytes are a video's and
    `MAX_PICTURE_BYTES` otherwise. Raises DecodeError as `read_media` does.
    """
    digest, size, is_video = hashlib.sha256(), 0, False
    with _opened(file.root, file.path) as container:
        declared = container.unpacked_bytes(file.path)
        with container.open(file.path) as opened:
            # A larger buffer than the file would take longer to allocate.
            while piece := opened.read(min(_PIECE, declared + 1 - size)):
                if not size:
                    is_video = is_video_data(piece[:HEAD_BYTES])
                    limit = limit or (MAX_VIDEO_BYTES if is_video else MAX_PICTURE_BYTES)
                    if declared > limit:
                        raise ValueError(f"{declared:,} bytes are over the limit of {limit:,}")
                digest.update(piece)
                size += len(piece)
                if size > limit:
                    raise _over(file.path, limit)
                if size > declared:
                    raise ValueError("it grew while it was read")
    return MediaItem(digest.hexdigest(), file.root, file.path, size, is_video)


def _over(path: str, limit: int) -> DecodeError:
    reason = f"is larger than declared, and over the limit of {limit:,} bytes"
    return DecodeError(f"{printable(path)}: {reason}")


@contextmanager
def _opened(root: str, path: str) -> Iterator[Container]:
    """The container of a file that doesn't leave it; errors of reading are DecodeErrors."""
    name = printable(path)
    try:
        container = container_at(Path(root))
        if not container.stays_inside(path):
            raise DecodeError(f"{name}: {ESCAPES}")
        yield container
    except FileNotFoundError:
        missing_root = "" if Path(root).exists() else ", which does not exist"
        where = f"{printable(root)}{missing_root}"
        raise DecodeError(f"{name}: there is no such file in {where}") from None
    except (SourceError, *READ_ERRORS) as error:
        raise DecodeError(f"{name}: can't be read: {printable(str(error))}") from error
