"""Small pictures for the report, made in worker processes: codecs meet hostile input here too."""

import base64
import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from frametrace.embed.decoding.decode import decode
from frametrace.posts.errors import DecodeError
from frametrace.posts.media.picture_bytes import read_media
from frametrace.posts.model import MediaFile
from frametrace.work.executor import Executor
from frametrace.work.process_pool import ProcessPool
from frametrace.work.progress import Progress

__all__ = ["Thumbnail", "data_uris", "thumbnails"]

_SIDE = 144  # pixels, as the page shows them
_LARGE = 288  # of those that are looked at closely
_QUALITY = 70


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG as a `data:` address, and the size of the decoded picture it was made of."""

    uri: str
    width: int
    height: int


def data_uris(
    files: Mapping[str, MediaFile], executor: Executor | None, progress: Progress
) -> dict[str, str]:
    """The addresses of `thumbnails`."""
    return {digest: made.uri for digest, made in thumbnails(files, executor, progress).items()}


def thumbnails(
    files: Mapping[str, MediaFile],
    executor: Executor | None,
    progress: Progress,
    large: Collection[str] = (),
) -> dict[str, Thumbnail]:
    """Each picture, by its SHA-256; those in `large` twice as wide and high as the others.

    Those that can't be made any more are left out: the file is gone, or holds something else now.
    Without an executor they are made in processes started for them.
    """
    if executor is None:
        with ProcessPool() as pool:
            return thumbnails(files, pool, progress, large)
    work = [(digest, file, _LARGE if digest in large else _SIDE) for digest, file in files.items()]
    found = {}
    with progress.track("thumbnails", len(work)) as advance:
        for (digest, *_), made in zip(work, executor.map(_made, work), strict=True):
            if isinstance(made, Thumbnail):
                found[digest] = made
            advance(1)
    return found


def _made(item: tuple[str, MediaFile, int]) -> Thumbnail | None:
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
