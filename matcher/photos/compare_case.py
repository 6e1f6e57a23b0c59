"""A case's pictures compared in every way that it has signals for: by PDQ, by what they show."""

from collections.abc import Callable
from dataclasses import dataclass

from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.matcher.photos.elements import Elements, find_elements
from frametrace.matcher.photos.grouping import (
    Distinct,
    Near,
    PhotoMatches,
    group_photos,
    join_photos,
    near_photos,
)
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["ComparedPictures", "compare_case"]


@dataclass(frozen=True, slots=True)
class ComparedPictures:
    """Copies by PDQ that stood the comparison, what differs by it, and verified pairs.

    Without the signal `local`, `distinct` is None and there are no pairs. `lacking` pictures had no
    thumbnail and were compared by PDQ alone.
    """

    near: Near
    distinct: Distinct | None
    elements: Elements
    lacking: int

    def photos(self) -> PhotoMatches:
        """The pictures in groups."""
        return group_photos(self.near, self.distinct, self.elements.pairs)


def compare_case(
    case: Case,
    max_pdq: int,
    progress: Progress | None = None,
    executor: Executor | None = None,
    lap: Callable[[str], None] = lambda stage: None,
) -> ComparedPictures:
    """Find the copies by PDQ, and confirm and complete them by local features and thumbnails.

    `lap` is called with the name of each stage as it ends: `join`, `photos`, `edited`. Without an
    executor, pictures are compared by a process for each processor.
    """
    progress = progress or Silent()
    join_photos(case, max_pdq, progress)
    lap("join")
    with progress.track("gathering pairs", 1) as advance:
        near = near_photos(case, max_pdq)
        lap("photos")
        advance(1)
    compared = ComparedPictures(near, None, Elements.none(), 0)
    if Local.name in case.epoch.signals:
        from frametrace.matcher.pictures.edited_copies import compare_pictures

        edited = compare_pictures(case, near, executor, progress)
        elements = find_elements(edited.pairs)
        compared = ComparedPictures(edited.near, edited.distinct, elements, edited.lacking)
    lap("edited")
    return compared
