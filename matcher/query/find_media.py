"""Searches a case by a picture or video: by each signal, among its pictures and its videos."""

import hashlib
from collections.abc import Sequence
from itertools import chain, islice

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.with_frames import WithFrames, has_videos
from frametrace.embed.decoding.decode import Picture
from frametrace.embed.media_kinds import decode_frames
from frametrace.embed.video.timeline import Timeline, frame_digest
from frametrace.matcher.query.by_signal import QueryPicture, SignalAnswer, search_by_signal
from frametrace.matcher.query.by_video import (
    MatchingFrame,
    pictures_in_video,
    videos_showing,
    videos_with_picture,
)
from frametrace.matcher.query.posts_with_items import MatchingItem
from frametrace.matcher.result_schemas import Relation
from frametrace.work.progress import Progress, Silent

__all__ = ["find_media"]

_MAX_FRAMES = 200  # of a query video that are searched for


def find_media(
    case: Case, data: bytes, signals: Sequence[str], progress: Progress | None = None
) -> tuple[list[MatchingItem], list[str]]:
    """The pictures and videos of a case that show what a file's bytes show, and notes.

    Items with the same bytes are always found. Raises `DecodeError` if it is neither a picture nor
    a video that can be read.
    """
    digest, frames = hashlib.sha256(data).hexdigest(), decode_frames(data)
    same = MatchingItem(digest, "sha256", str(Relation.COPY), 0, 1.0)
    pictures = iter(frames)
    first, second = next(pictures), next(pictures, None)
    if second is None and frames.timeline is None:
        return _find_picture(case, QueryPicture(digest, first), same, signals, progress)
    searched = _Searched(case, digest, signals, progress or Silent())
    rest = (second,) if second is not None else ()
    for picture in islice(chain((first, *rest), pictures), _MAX_FRAMES):
        searched.add(picture)
    left_out = sum(1 for _ in pictures)
    assert frames.timeline is not None
    return searched.found(frames.timeline, same, left_out)


def _find_picture(
    case: Case,
    query: QueryPicture,
    same: MatchingItem,
    signals: Sequence[str],
    progress: Progress | None,
) -> tuple[list[MatchingItem], list[str]]:
    """The pictures that show what a picture shows, and the videos in which it is seen."""
    items, answers = _search(case, query, [same], signals, progress)
    notes = [*_unfit_notes(answers), *(answer.more for answer in answers if answer.more)]
    if has_videos(case):
        of_frames, _ = _search(WithFrames(case, pictures=False), query, [], signals, progress)
        items += videos_with_picture(case, of_frames)
    return items, notes


class _Searched:
    """The frames of a query video that were searched for so far, and what matches them."""

    def __init__(self, case: Case, digest: str, signals: Sequence[str], progress: Progress) -> None:
        self._case, self._digest, self._signals, self._progress = case, digest, signals, progress
        self._of_pictures: list[MatchingFrame] = []
        self._of_videos: list[MatchingFrame] = []
        self._frames = 0

    def add(self, picture: Picture) -> None:
        """Search for the next frame."""
        number, self._frames = self._frames, self._frames + 1
        query = QueryPicture(frame_digest(self._digest, number), picture)
        for view, into in self._views():
            items, _ = _search(view, query, [], self._signals, self._progress)
            into += [MatchingFrame(number, item) for item in items]

    def _views(self) -> list[tuple[Case, list[MatchingFrame]]]:
        views: list[tuple[Case, list[MatchingFrame]]] = [(self._case, self._of_pictures)]
        if has_videos(self._case):
            views.append((WithFrames(self._case, pictures=False), self._of_videos))
        return views

    def found(
        self, timeline: Timeline, same: MatchingItem, left_out: int
    ) -> tuple[list[MatchingItem], list[str]]:
        """What matches the whole video, and notes."""
        videos = videos_showing(self._case, self._of_videos, timeline)
        items = [same, *(item for item in videos if item.sha256 != same.sha256)]
        notes = []
        if left_out:
            notes = [
                f"the first {self._frames:,} of {self._frames + left_out:,} frames are compared"
            ]
        return items + pictures_in_video(self._of_pictures, timeline), notes


def _search(
    case: Case,
    query: QueryPicture,
    known: Sequence[MatchingItem],
    signals: Sequence[str],
    progress: Progress | None,
) -> tuple[list[MatchingItem], list[SignalAnswer]]:
    """The items that each signal ties to a picture; those of a later one replace earlier ones."""
    items, answers = list(known), []
    for name in signals:
        if not case.epoch.rows(signal_table(name)):
            continue
        answers.append(search_by_signal(case, query, name, items, progress))
        replaced = {item.sha256 for item in answers[-1].items}
        items = [item for item in items if item.sha256 not in replaced] + answers[-1].items
    return items, answers


def _unfit_notes(answers: Sequence[SignalAnswer]) -> list[str]:
    """A note on signals that can't judge the picture, if there are any."""
    if not (reasons := [answer.unfit for answer in answers if answer.unfit]):
        return []
    alone = ": only files with the same bytes are found" if len(reasons) == len(answers) else ""
    return [f"the picture is {' and '.join(reasons)}{alone}"]
