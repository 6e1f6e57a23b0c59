"""Makes the small pictures that the page shows: of files for pictures, from the case for videos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frametrace.app.report.frame_thumbnails import frame_thumbnails
from frametrace.app.report.group_views import (
    ElementView,
    GroupView,
    files_of,
    paired_pictures,
    shown_items,
)
from frametrace.app.report.shown_videos import Video, videos_among
from frametrace.app.report.thumbnails import Thumbnail, thumbnails
from frametrace.app.report.videos_side_by_side import wanted_frames
from frametrace.case.store import Case
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["Previews", "previews_of"]


@dataclass(frozen=True, slots=True)
class Previews:
    """The pictures and videos on a page: thumbnails by digest, those of frames as `data:` URIs."""

    pictures: Mapping[str, Thumbnail]
    videos: Mapping[str, Video]
    frames: Mapping[str, str]

    @property
    def uris(self) -> dict[str, str]:
        """The `data:` URIs of all, by digest."""
        return {**{digest: made.uri for digest, made in self.pictures.items()}, **self.frames}


def previews_of(
    case: Case,
    groups: Mapping[str, Sequence[GroupView]],
    elements: Sequence[ElementView],
    executor: Executor | None,
    progress: Progress,
) -> Previews:
    """The previews of all media items on the page.

    A picture whose file is gone is left out, and a frame of which the case has no thumbnail.
    """
    items = shown_items(groups, elements)
    videos = videos_among(case, items)
    large = paired_pictures(groups)
    made = thumbnails(files_of(case, items - videos.keys()), executor, progress, large)
    shown = [view for group in groups.values() for view in group]
    strips, ties = ([item for v in shown for item in getattr(v, n)] for n in ("strips", "ties"))
    frames = frame_thumbnails(case, wanted_frames(videos, strips, ties), executor, progress)
    return Previews(made, videos, frames)
