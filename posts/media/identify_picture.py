"""Reads the bytes of a picture from a folder or archive, and identifies it by its SHA-256."""

import hashlib
from pathlib import Path

from frametrace.posts.errors import DecodeError, SourceError
from frametrace.posts.media.path_lookup import ESCAPES
from frametrace.posts.model import MediaFile, MediaItem
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import container_at
from frametrace.posts.sources.paths import printable

__all__ = ["MAX_PICTURE_BYTES", "identify", "read_media"]

MAX_PICTURE_BYTES = 128 * 2**20  # platforms cap uploads at 5 to 30 MB


def read_media(root: str, path: str, limit: int = MAX_PICTURE_BYTES) -> bytes:
    """Read a media file of at most `limit` bytes from a folder or archive.

    Sizes are checked before and after reading. Raises DecodeError, with the reason, if the file
    doesn't exist, can't be read, leaves its root or is larger.
    """
    name = printable(path)
    try:
        container = container_at(Path(root))
        if not container.stays_inside(path):
            raise DecodeError(f"{name}: {ESCAPES}")
        data = container.read(path, limit)
    except FileNotFoundError:
        missing_root = "" if Path(root).exists() else ", which does not exist"
        where = f"{printable(root)}{missing_root}"
        raise DecodeError(f"{name}: there is no such file in {where}") from None
    except (SourceError, *READ_ERRORS) as error:
        raise DecodeError(f"{name}: can't be read: {printable(str(error))}") from error
    if len(data) > limit:
        raise DecodeError(f"{name}: is larger than declared, and over the limit of {limit:,} bytes")
    return data


def identify(file: MediaFile, limit: int = MAX_PICTURE_BYTES) -> MediaItem:
    """Read a media file of at most `limit` bytes and identify it by its SHA-256.

    Raises DecodeError as `read_media` does.
    """
    data = read_media(file.root, file.path, limit)
    return MediaItem(hashlib.sha256(data).hexdigest(), file.root, file.path, len(data))
