"""Searches a case by a picture or video: by each signal, among its pictures and its videos."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.with_frames import WithFrames, has_videos
from frametrace.embed.decoding.decode import Picture
from frametrace.embed.media_kinds import decode_frames
from frametrace.embed.video.timeline import Frames, frame_digest
from frametrace.matcher.query.by_signal import QueryPicture, SignalAnswer, search_by_signal
from frametrace.matcher.query.posts_with_items import MatchingItem
from frametrace.matcher.result_schemas import Relation
from frametrace.work.progress import Progress

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
    pictures = iter(frames)
    first, second = next(pictures), next(pictures, None)
    if second is None and frames.timeline is None:
        return _find_picture(case, QueryPicture(digest, first), signals, progress)
    rest = (second,) if second is not None else ()
    return _find_video(case, digest, frames, chain((first, *rest), pictures), signals, progress)


def _find_picture(
    case: Case, query: QueryPicture, signals: Sequence[str], progress: Progress | None
) -> tuple[list[MatchingItem], list[str]]:
    """The pictures that show what a picture shows, and the videos in which it is seen."""
    items, answers = _search(case, query, [_same_bytes(query.digest)], signals, progress)
    notes = [*_unfit_notes(answers), *(answer.more for answer in answers if answer.more)]
    if has_videos(case):
        from frametrace.matcher.query.by_video import videos_with_picture

        of_frames, _ = _search(WithFrames(case, pictures=False), query, [], signals, progress)
        items += videos_with_picture(case, of_frames)
    return items, notes


def _find_video(
    case: Case,
    digest: str,
    frames: Frames,
    pictures: Iterator[Picture],
    signals: Sequence[str],
    progress: Progress | None,
) -> tuple[list[MatchingItem], list[str]]:
    """The videos and pictures that show what a video shows; `pictures` iterates over `frames`."""
    from frametrace.matcher.query.by_video import MatchingFrame, pictures_in_video, videos_showing

    of_pictures: list[MatchingFrame] = []
    of_videos: list[MatchingFrame] = []
    views: list[tuple[Case, list[MatchingFrame]]] = [(case, of_pictures)]
    if has_videos(case):
        views.append((WithFrames(case, pictures=False), of_videos))
    for number, picture in enumerate(islice(pictures, _MAX_FRAMES)):
        query = QueryPicture(frame_digest(digest, number), picture)
        for view, into in views:
            items, _ = _search(view, query, [], signals, progress)
            into += [MatchingFrame(number, item) for item in items]
    left_out = sum(1 for _ in pictures)
    assert frames.timeline is not None  # there is one after the iteration
    videos = videos_showing(case, of_videos, frames.timeline)
    found = [_same_bytes(digest), *(item for item in videos if item.sha256 != digest)]
    total = _MAX_FRAMES + left_out
    notes = [f"the first {_MAX_FRAMES:,} of {total:,} frames are compared"] if left_out else []
    return found + pictures_in_video(of_pictures, frames.timeline), notes


def _same_bytes(digest: str) -> MatchingItem:
    return MatchingItem(digest, "sha256", str(Relation.COPY), 0, 1.0)


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
