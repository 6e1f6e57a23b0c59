"""Searches the videos of a case for a picture, and a case for what a video shows.

Each frame of the query is searched for as a picture is, among the case's pictures and among the
frames of its videos. Frames that are found in one video are aligned in time.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.embed.signals.pdq import MIN_QUALITY, Pdq
from frametrace.embed.video.timeline import Timeline
from frametrace.matcher.query.posts_with_items import MatchingItem
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.numbered_frames import Track, VideoFrames
from frametrace.matcher.videos.spans import (
    FramePair,
    Shown,
    Span,
    Verdict,
    spans_of,
    without_repeats,
)
from frametrace.matcher.videos.successive_alignments import successive_alignments
from frametrace.matcher.videos.time_alignment import TimeAlignment
from frametrace.matcher.videos.track_alignment import refined
from frametrace.matcher.videos.video_relation import relation_of_videos

__all__ = ["MatchingFrame", "pictures_in_video", "videos_showing", "videos_with_picture"]

_AGREE = (Relation.COPY, Relation.CONTAINS)
_MAX_ALIGNMENTS = 3  # of the query with one video


@dataclass(frozen=True, slots=True)
class MatchingFrame:
    """A frame of the query, by its number, and an item of the case that matches it."""

    number: int
    item: MatchingItem


def videos_with_picture(case: Case, items: Sequence[MatchingItem]) -> list[MatchingItem]:
    """The videos of whose frames `items` match a picture, each once with the best evidence."""
    if not items:
        return []
    frames = VideoFrames(case)
    found = []
    for video, of_video in _by_video(frames, [MatchingFrame(0, item) for item in items]).items():
        agreeing = [match for match in of_video if match.item.relation in _AGREE] or of_video
        best = max((match.item for match in agreeing), key=_strength)
        shown, starts, ends = frames.shown_in(video)
        numbers = frames.items(pa.array([match.item.sha256 for match in agreeing]))
        at = np.flatnonzero(np.isin(shown, numbers)).tolist()
        spans = [Span(0, 0, float(starts[i]), float(ends[i]), bool(best.mirrored)) for i in at]
        relation = Relation.CONTAINS if best.relation in _AGREE else Relation(best.relation)
        found.append(_item_of(best, frames.owner_digest(video), relation, spans))
    return found


def pictures_in_video(matches: Sequence[MatchingFrame], timeline: Timeline) -> list[MatchingItem]:
    """The pictures that match frames of a query video, each once with the best evidence."""
    by_picture = defaultdict(list)
    for match in matches:
        by_picture[match.item.sha256].append(match)
    found = []
    for of_picture in by_picture.values():
        agreeing = [match for match in of_picture if match.item.relation in _AGREE] or of_picture
        best = max((match.item for match in agreeing), key=_strength)
        at = np.flatnonzero(np.isin(timeline.frames, [match.number for match in agreeing]))
        times = zip(timeline.starts[at].tolist(), timeline.ends[at].tolist(), strict=True)
        spans = [Span(*time, 0, 0, bool(best.mirrored)) for time in times]
        relation = Relation.CONTAINS if best.relation in _AGREE else Relation(best.relation)
        found.append(_item_of(best, best.sha256, relation, spans))
    return found


def videos_showing(
    case: Case, matches: Sequence[MatchingFrame], timeline: Timeline
) -> list[MatchingItem]:
    """The videos that share spans with a query video, by the frames of each that match."""
    if not matches:
        return []
    frames, found = VideoFrames(case), []
    for video, of_video in _by_video(frames, matches).items():
        agreeing = [match for match in of_video if match.item.relation in _AGREE]
        spans = _spans(frames, video, agreeing, timeline)
        if not spans:
            continue
        durations = float(timeline.duration), float(frames.durations[video])
        inside = sum(match.item.relation == Relation.CONTAINS for match in agreeing)
        relation = relation_of_videos(spans, durations, inside / len(agreeing))
        best = max((match.item for match in agreeing), key=_strength)
        found.append(_item_of(best, frames.owner_digest(video), relation, spans))
    return found


def _by_video(
    frames: VideoFrames, matches: Sequence[MatchingFrame]
) -> Mapping[int, list[MatchingFrame]]:
    """The matches by the video of the case whose frame matches."""
    numbers = frames.items(pa.array([match.item.sha256 for match in matches], pa.string()))
    by_video = defaultdict(list)
    for number, match in zip(numbers.tolist(), matches, strict=True):
        if 0 <= number < frames.frames:
            by_video[int(frames.owner[number])].append(match)
    return dict(sorted(by_video.items()))


def _spans(
    frames: VideoFrames, video: int, agreeing: Sequence[MatchingFrame], timeline: Timeline
) -> list[Span]:
    """The spans that the query and a video have in common."""
    numbers = frames.items(pa.array([match.item.sha256 for match in agreeing], pa.string()))
    pairs = {
        (match.number, number): match.item
        for match, number in zip(agreeing, numbers.tolist(), strict=True)
    }
    tracks = _track(timeline), frames.track(video)

    def refine(alignment: TimeAlignment, left: Collection[FramePair]) -> TimeAlignment:
        by_hash = (pairs[pair].signal == Pdq.name and not pairs[pair].mirrored for pair in left)
        return refined(alignment, *tracks) if any(by_hash) else alignment

    query = Shown(timeline.frames.astype(np.int64), timeline.starts, timeline.ends)
    shown = Shown(*frames.shown_in(video))
    spans: list[Span] = []
    for part in successive_alignments(query, shown, pairs, _MAX_ALIGNMENTS, refine):
        used = [pairs[pair] for pair in part.explained]
        mirrored = 2 * sum(bool(item.mirrored) for item in used) > len(used)
        verdicts = [
            Verdict.AGREE if pair in pairs else Verdict.UNKNOWN for pair in part.together.pairs
        ]
        spans += spans_of(part.together, np.array(verdicts), part.alignment, mirrored=mirrored)
    return without_repeats(spans)


def _track(timeline: Timeline) -> Track:
    return Track(
        timeline.sample_times.astype(np.float64),
        timeline.sample_hashes,
        timeline.sample_qualities >= MIN_QUALITY,
    )


def _item_of(
    best: MatchingItem, digest: str, relation: Relation, spans: Sequence[Span]
) -> MatchingItem:
    """A medium with the evidence of its best frame; near hashes are of the whole frame."""
    part_a, part_b = (1.0 if part is None else part for part in (best.part_a, best.part_b))
    return replace(
        best,
        sha256=digest,
        relation=str(relation),
        part_a=part_a,
        part_b=part_b,
        spans=[span.row() for span in spans],
    )


def _strength(item: MatchingItem) -> tuple[bool, int, float, str]:
    """The sort key of evidence: frames that agree, then more inliers, then nearer hashes."""
    return item.relation in _AGREE, item.inliers or 0, item.similarity, item.sha256
