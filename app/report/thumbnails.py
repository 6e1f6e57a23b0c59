"""Makes thumbnails for the report in worker processes, since codecs meet hostile input."""

import base64
import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from frametrace.embed.decoding.decode import decode
from frametrace.posts.errors import DecodeError
from frametrace.posts.media.identify_picture import read_media
from frametrace.posts.model import MediaFile
from frametrace.work.executor import Executor
from frametrace.work.process_pool import ProcessPool
from frametrace.work.progress import Progress

__all__ = ["Thumbnail", "data_uris", "thumbnails"]

_SIDE = 144  # pixels
_LARGE_SIDE = 288  # pixels, of pictures shown side by side
_QUALITY = 70  # JPEG


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG as a `data:` URI, and the size of the decoded picture."""

    uri: str
    width: int
    height: int


def data_uris(
    files: Mapping[str, MediaFile], executor: Executor | None, progress: Progress
) -> dict[str, str]:
    """The `data:` URIs of `thumbnails`, by SHA-256."""
    return {digest: made.uri for digest, made in thumbnails(files, executor, progress).items()}


def thumbnails(
    files: Mapping[str, MediaFile],
    executor: Executor | None,
    progress: Progress,
    large: Collection[str] = (),
) -> dict[str, Thumbnail]:
    """The thumbnails by SHA-256; pictures in `large` get twice the width and height.

    A picture whose file is gone or has changed is left out. Without an executor, a process pool is
    started.
    """
    if executor is None:
        with ProcessPool() as pool:
            return thumbnails(files, pool, progress, large)
    work = [
        (digest, file, _LARGE_SIDE if digest in large else _SIDE) for digest, file in files.items()
    ]
    made = {}
    with progress.track("thumbnails", len(work)) as advance:
        for (digest, *_), thumbnail in zip(work, executor.map(_thumbnail, work), strict=True):
            if isinstance(thumbnail, Thumbnail):
                made[digest] = thumbnail
            advance(1)
    return made


def _thumbnail(item: tuple[str, MediaFile, int]) -> Thumbnail | None:
    digest, file, side = item
    try:
        data = read_media(file.root, file.path)
        image = decode(data).image
    except DecodeError:
        return None
    if hashlib.sha256(data).hexdigest() != digest:
        return None
    width, height = image.size
    image.thumbnail((side, side))
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=_QUALITY)
    uri = "data:image/jpeg;base64," + base64.b64encode(sink.getvalue()).decode()
    return Thumbnail(uri, width, height)
