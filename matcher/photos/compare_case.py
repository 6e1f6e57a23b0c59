"""Compares a case's pictures and videos by every signal that it has.

PDQ comes first, then local features and pixels, then the frames of videos.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.case.with_frames import has_videos
from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.elements import Elements, find_elements
from frametrace.matcher.photos.grouping import (
    CopyGraph,
    HashStars,
    PhotoMatches,
    group_photos,
    join_photos,
    near_photos,
)
from frametrace.matcher.pictures.verified_pair_table import PAIRS
from frametrace.matcher.result_schemas import VIDEO_MATCHES
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["ComparedPictures", "compare_case"]


@dataclass(frozen=True, slots=True)
class ComparedPictures:
    """The copies by PDQ that were confirmed, the verified pairs, and the elements.

    Without the signal `local` and without videos, `hash_stars` is None and there are no verified
    pairs. `without_thumbnail` pictures were compared by PDQ alone. `spans`, in the schema
    `VIDEO_MATCHES`, are what videos share.
    """

    graph: CopyGraph
    hash_stars: HashStars | None
    elements: Elements
    without_thumbnail: int
    spans: pa.Table

    def photos(self) -> PhotoMatches:
        """Group the pictures by photo."""
        return group_photos(self.graph, self.hash_stars, self.elements.pairs)


def compare_case(
    case: Case,
    max_pdq: int,
    progress: Progress | None = None,
    executor: Executor | None = None,
    lap: Callable[[str], None] = lambda stage: None,
) -> ComparedPictures:
    """Find the copies by PDQ, then confirm them and find edited ones by features and pixels.

    `lap` is called with the name of each stage when it ends: `join`, `photos`, `edited`, `videos`.
    Without an executor, pictures are compared by one process per processor.
    """
    progress = progress or Silent()
    join_photos(case, max_pdq, progress)
    lap("join")
    with progress.track("gathering pairs", 1) as advance:
        graph = near_photos(case, max_pdq)
        lap("photos")
        advance(1)
    hash_stars, pairs, without_thumbnail = None, PAIRS.empty_table(), 0
    spans = VIDEO_MATCHES.empty_table()
    if Local.name in case.epoch.signals:
        # Imported here because it loads OpenCV and Numba.
        from frametrace.matcher.photos.edited_copies import find_edited_copies

        edited = find_edited_copies(case, graph, executor, progress)
        graph, hash_stars, pairs = edited.graph, edited.hash_stars, edited.pairs
        without_thumbnail = edited.without_thumbnail
    lap("edited")
    if has_videos(case):
        from frametrace.matcher.videos.compare_videos import compare_videos

        videos = compare_videos(case, max_pdq, progress, executor)
        pairs, spans = pa.concat_tables([pairs, videos.pairs]), videos.spans
        hash_stars = hash_stars or graph.hash_stars()
        lap("videos")
    elements = find_elements(pairs)
    return ComparedPictures(graph, hash_stars, elements, without_thumbnail, spans)
