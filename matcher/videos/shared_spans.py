"""Finds the spans that two videos have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.frame_verdicts import FramePair, FrameVerdicts
from frametrace.matcher.videos.numbered_frames import VideoFrames
from frametrace.matcher.videos.spans import (
    Shown,
    Span,
    Together,
    Verdict,
    intervals_of,
    segments,
    spans_of,
    without_repeats,
)
from frametrace.matcher.videos.time_alignment import TimeAlignment, align_in_time
from frametrace.matcher.videos.track_alignment import agreeing_by_track, refined
from frametrace.matcher.videos.video_pairs import MediaPair
from frametrace.matcher.videos.video_relation import relation_of_videos, shares_of

__all__ = ["VideoPair"]

_MAX_ALIGNMENTS = 6  # of two videos: what was cut out or rearranged has alignments of its own
_MAX_COMPARED = 32  # pairs of frames that are compared for one alignment


@dataclass(frozen=True, slots=True)
class _Aligned:
    """An alignment, and the frames that are shown together at it."""

    alignment: TimeAlignment
    together: Together
    mirrored: bool


class VideoPair:
    """Two videos, by their numbers, with the pairs of frames that were proposed."""

    def __init__(
        self,
        frames: VideoFrames,
        verdicts: FrameVerdicts,
        owners: tuple[int, int],
        proposed: Sequence[FramePair],
    ) -> None:
        self._frames, self._verdicts, self._owners = frames, verdicts, owners
        self._proposed = proposed

    @cached_property
    def _shown(self) -> tuple[Shown, Shown]:
        a, b = self._owners
        return Shown(*self._frames.shown_in(a)), Shown(*self._frames.shown_in(b))

    @cached_property
    def _aligned(self) -> list[_Aligned]:
        """The alignments, best first; each explains frames that those before it don't."""
        a, b = self._shown
        near = self._verdicts.near_frames(np.unique(a.frames), np.unique(b.frames))
        pairs = dict.fromkeys([*near, *self._proposed])
        agreeing = [
            pair for pair in pairs if self._verdicts.of(*pair) in (Verdict.AGREE, Verdict.PARTLY)
        ]
        aligned: list[_Aligned] = []
        while agreeing and len(aligned) < _MAX_ALIGNMENTS:
            alignment = align_in_time(intervals_of(a, b, agreeing))
            if alignment is None:
                break
            if near:
                first, second = (self._frames.track(owner) for owner in self._owners)
                alignment = refined(alignment, first, second)
            together = segments(a, b, alignment)
            explained = set(zip(together.a.tolist(), together.b.tolist(), strict=True))
            rest = [pair for pair in agreeing if pair not in explained]
            used = [pair for pair in agreeing if pair in explained]
            if not used:
                break
            aligned.append(_Aligned(alignment, together, self._is_mirrored(used)))
            agreeing = rest
        return aligned

    def _is_mirrored(self, pairs: Sequence[FramePair]) -> bool:
        """Whether most of the pairs show mirror images of each other."""
        rows = [row for pair in pairs if (row := self._verdicts.evidence(*pair)) is not None]
        return 2 * sum(bool(row["mirrored"]) for row in rows) > len(pairs)

    def to_compare(self) -> Iterator[FramePair]:
        """The pairs of frames shown together whose comparison is missing, longest first."""
        for aligned in self._aligned:
            together = aligned.together
            length = together.ends - together.starts
            missing: dict[FramePair, None] = {}
            for at in np.argsort(-length, kind="stable").tolist():
                pair = int(together.a[at]), int(together.b[at])
                if not (self._verdicts.is_compared(*pair) or self._verdicts.near(*pair)):
                    missing[pair] = None
            yield from list(missing)[:_MAX_COMPARED]

    def result(self) -> MediaPair | None:
        """What the videos have in common; None if nothing has."""
        spans: list[Span] = []
        agreeing: dict[FramePair, None] = {}
        for aligned in self._aligned:
            together = aligned.together
            pairs = list(zip(together.a.tolist(), together.b.tolist(), strict=True))
            verdicts = np.array([self._verdicts.of(*pair) for pair in pairs], np.int8)
            verdicts[self._near_by_track(aligned)] = Verdict.AGREE
            found = spans_of(together, verdicts, aligned.alignment, mirrored=aligned.mirrored)
            spans += found
            agreeing |= {
                pair: None
                for pair, verdict, start in zip(pairs, verdicts, together.starts, strict=True)
                if verdict == Verdict.AGREE
                and any(span.start_a <= start < span.end_a for span in found)
            }
        a, b = self._owners
        durations = float(self._frames.durations[a]), float(self._frames.durations[b])
        spans = without_repeats([_inside(span, *durations) for span in spans])
        if not spans:
            return None
        shares = shares_of(spans, *durations)
        relation = relation_of_videos(spans, durations, self._inside(list(agreeing)))
        return MediaPair(
            self._owners, relation, (shares.a, shares.b), tuple(spans), tuple(agreeing)
        )

    def _near_by_track(self, aligned: _Aligned) -> np.ndarray:
        """In which segments the tracks of hashes agree, (n,) bool."""
        tracks = self._frames.track(self._owners[0]), self._frames.track(self._owners[1])
        together = aligned.together
        times = together.starts, together.ends
        return agreeing_by_track(aligned.alignment, tracks, *times, self._verdicts.radius)

    def _inside(self, pairs: Sequence[FramePair]) -> float:
        """The part of the pairs of frames of which one lies inside the other."""
        rows = [row for pair in pairs if (row := self._verdicts.evidence(*pair)) is not None]
        inside = [row for row in rows if row["relation"] == Relation.CONTAINS]
        return len(inside) / max(len(pairs), 1)


def _inside(span: Span, duration_a: float, duration_b: float) -> Span:
    """A span cut to the two videos."""
    return Span(
        max(span.start_a, 0.0),
        min(span.end_a, duration_a),
        max(span.start_b, 0.0),
        min(span.end_b, duration_b),
        span.mirrored,
    )
