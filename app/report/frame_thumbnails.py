"""Makes thumbnails of the frames of videos from those that the case holds: no video is decoded."""

import base64
from collections.abc import Collection, Mapping
from enum import IntEnum

import pyarrow as pa

from frametrace.app.report.shown_videos import Video, videos_among
from frametrace.case.schemas import frame_table
from frametrace.case.store import Case
from frametrace.case.views import connect, view_name
from frametrace.embed.signals import thumbnail
from frametrace.work.executor import Executor
from frametrace.work.process_pool import ProcessPool
from frametrace.work.progress import Progress

__all__ = ["FrameSize", "frame_thumbnails", "typical_frames", "video_previews"]

_TABLE = frame_table(thumbnail.Thumbnail.name)
_QUALITY = 60  # of WebP
_CODES = (
    f"SELECT sha256, code FROM {view_name(_TABLE)} SEMI JOIN wanted USING (sha256) ORDER BY sha256"  # noqa: S608
)


class FrameSize(IntEnum):
    """The longer side of a frame on the page, in pixels."""

    STRIP = 96
    LIST = 144
    PAIR = 192  # about the size of what is stored, which is taken as it is


def frame_thumbnails(
    case: Case, sizes: Mapping[str, FrameSize], executor: Executor | None, progress: Progress
) -> dict[str, str]:
    """The `data:` URIs of some frames, by their keys; a frame without a stored one is left out.

    Without an executor, a process pool is started if there are any.
    """
    codes = _stored(case, list(sizes))
    if not codes:
        return {}
    if executor is None:
        with ProcessPool() as pool:
            return frame_thumbnails(case, sizes, pool, progress)
    work = [(code, sizes[digest]) for digest, code in codes.items()]
    made = {}
    with progress.track("thumbnails of frames", len(work)) as advance:
        for digest, uri in zip(codes, executor.map(_uri, work), strict=True):
            if isinstance(uri, str):
                made[digest] = uri
            advance(1)
    return made


def video_previews(
    case: Case, digests: Collection[str], executor: Executor | None, progress: Progress
) -> dict[str, str]:
    """The most typical frame of those of some items that are videos, as `data:` URIs by digest.

    Empty for a video without a stored one: it is no picture to be decoded.
    """
    videos = videos_among(case, digests)
    typical = typical_frames(videos)
    sizes = dict.fromkeys(typical.values(), FrameSize.LIST)
    made = frame_thumbnails(case, sizes, executor, progress)
    return {digest: made.get(typical.get(digest, ""), "") for digest in videos}


def typical_frames(videos: Mapping[str, Video]) -> dict[str, str]:
    """The key of each video's most typical frame, by the digest of the video."""
    return {digest: frame.digest for digest, v in videos.items() if (frame := v.typical)}


def _stored(case: Case, digests: list[str]) -> dict[str, bytes]:
    """The stored thumbnails of frames."""
    if not digests or not case.epoch.rows(_TABLE):
        return {}
    wanted = pa.table({"sha256": pa.array(digests, pa.string())})
    with connect(case, _TABLE) as connection:
        connection.register("wanted", wanted)
        rows = connection.sql(_CODES).to_arrow_table()
    return dict(zip(*(rows[name].to_pylist() for name in ("sha256", "code")), strict=True))


def _uri(item: tuple[bytes, FrameSize]) -> str | None:
    """A stored thumbnail as WebP of a size, as a `data:` URI; None if it is none."""
    import cv2

    code, size = item
    try:
        pixels = thumbnail.pixels(code)
    except ValueError:
        return None
    scale = size / max(pixels.shape)
    if size is not FrameSize.PAIR and scale < 1:
        height, width = (max(round(side * scale), 1) for side in pixels.shape)
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        _, made = cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
        code = bytes(made)
    return "data:image/webp;base64," + base64.b64encode(code).decode()
