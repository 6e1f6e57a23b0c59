"""The bytes of a picture in a folder or an archive, and its name by its content."""

import hashlib
from pathlib import Path

from frametrace.posts.errors import DecodeError, SourceError
from frametrace.posts.media.path_lookup import LEAVES
from frametrace.posts.model import MediaFile, MediaItem
from frametrace.posts.sources.compression import DAMAGED
from frametrace.posts.sources.containers import place_at
from frametrace.posts.sources.paths import printable

__all__ = ["MAX_PICTURE_BYTES", "identify", "read_media"]

MAX_PICTURE_BYTES = 128 * 2**20  # platforms cap uploads at 5 to 30 MB


def read_media(root: str, path: str, limit: int = MAX_PICTURE_BYTES) -> bytes:
    """Read a media file of at most `limit` bytes from a folder or a zip archive.

    Sizes are checked before and after reading. Raises DecodeError, with the reason, if the file
    isn't there, can't be read, leaves its root or is larger.
    """
    name = printable(path)
    try:
        place = place_at(Path(root))
        if not place.keeps(path):
            raise DecodeError(f"{name}: {LEAVES}")
        data = place.read(path, limit)
    except FileNotFoundError:
        gone = "" if Path(root).exists() else ", which does not exist"
        raise DecodeError(f"{name}: there is no such file in {printable(root)}{gone}") from None
    except (SourceError, *DAMAGED) as error:
        raise DecodeError(f"{name}: can't be read: {printable(str(error))}") from error
    if len(data) > limit:
        raise DecodeError(f"{name}: is larger than it declares, and than {limit:,} bytes")
    return data


def identify(file: MediaFile, limit: int = MAX_PICTURE_BYTES) -> MediaItem:
    """Read a media file of at most `limit` bytes and name it by its SHA-256.

    Raises DecodeError as `read_media` does.
    """
    data = read_media(file.root, file.path, limit)
    return MediaItem(hashlib.sha256(data).hexdigest(), file.root, file.path, len(data))
