"""Small pictures for the report, made in worker processes: codecs meet hostile input here too."""

import base64
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

from frametrace.embed.decode import MAX_BYTES, decode
from frametrace.embed.executor import Executor, SpawnPool
from frametrace.embed.progress import Progress
from frametrace.posts.errors import DecodeError
from frametrace.posts.media import MediaFile, read_media

__all__ = ["data_uris"]

_SIDE = 144  # pixels, as the page shows them
_QUALITY = 70


def data_uris(
    files: Mapping[str, MediaFile], executor: Executor | None, progress: Progress
) -> dict[str, str]:
    """Each picture, by its SHA-256, as a `data:` address of a small JPEG.

    Those that can't be made any more are left out: the file is gone, or holds something else now.
    Without an executor they are made in processes started for them.
    """
    if executor is None:
        with SpawnPool() as pool:
            return data_uris(files, pool, progress)
    uris = {}
    with progress.track("thumbnails", len(files)) as advance:
        made = executor.map(_Thumbnail(_SIDE, _QUALITY), files.items())
        for digest, uri in zip(files, made, strict=True):
            if isinstance(uri, str) and uri:
                uris[digest] = uri
            advance(1)
    return uris


@dataclass(frozen=True, slots=True)
class _Thumbnail:
    """Make one small picture; picklable, so that workers can run it."""

    side: int
    quality: int

    def __call__(self, item: tuple[str, MediaFile]) -> str:
        digest, file = item
        try:
            data = read_media(file.root, file.path, MAX_BYTES)
            image = decode(data).image
        except DecodeError:
            return ""
        if hashlib.sha256(data).hexdigest() != digest:
            return ""
        image.thumbnail((self.side, self.side))
        sink = io.BytesIO()
        image.save(sink, "JPEG", quality=self.quality)
        return "data:image/jpeg;base64," + base64.b64encode(sink.getvalue()).decode()
