"""Small pictures for the report, made in worker processes: codecs meet hostile input here too."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frametrace.embed.decode import MAX_BYTES, decode
from frametrace.embed.executor import Executor
from frametrace.posts.errors import DecodeError
from frametrace.posts.media import MediaFile, read_media

__all__ = ["data_uris"]

_SIDE = 144  # pixels; two a centimetre on a dense screen
_QUALITY = 70


def data_uris(
    files: Sequence[MediaFile], executor: Executor, advance: Callable[[int], None]
) -> list[str]:
    """Each picture as a `data:` address of a small JPEG; empty where it can't be made any more."""
    uris = []
    for made in executor.map(_Thumbnail(_SIDE, _QUALITY), files):
        uris.append(made if isinstance(made, str) else "")
        advance(1)
    return uris


@dataclass(frozen=True, slots=True)
class _Thumbnail:
    """Make one small picture; picklable, so that workers can run it."""

    side: int
    quality: int

    def __call__(self, file: MediaFile) -> str:
        try:
            image = decode(read_media(file.root, file.path, MAX_BYTES)).image
        except DecodeError:
            return ""
        image.thumbnail((self.side, self.side))
        sink = io.BytesIO()
        image.save(sink, "JPEG", quality=self.quality)
        return "data:image/jpeg;base64," + base64.b64encode(sink.getvalue()).decode()
