"""Finds the spans that two videos have in common."""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice

import numpy as np

from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.numbered_frames import Track
from frametrace.matcher.videos.owner_pair import OwnerPair
from frametrace.matcher.videos.spans import (
    FramePair,
    Shown,
    Span,
    Verdict,
    spans_of,
    without_repeats,
)
from frametrace.matcher.videos.successive_alignments import Aligned, successive_alignments
from frametrace.matcher.videos.time_alignment import TimeAlignment
from frametrace.matcher.videos.track_alignment import agreeing_by_track, refined
from frametrace.matcher.videos.video_pairs import MediaPair
from frametrace.matcher.videos.video_relation import relation_of_videos, shares_of

__all__ = ["VideoPair"]

_MAX_ALIGNMENTS = 6  # of two videos: what was cut out or rearranged has alignments of its own
_MAX_COMPARED = 32  # pairs of frames that are compared for one alignment


class VideoPair(OwnerPair):
    """Two videos."""

    @cached_property
    def _tracks(self) -> tuple[Track, Track]:
        a, b = self._owners
        return self._frames.track(a), self._frames.track(b)

    @cached_property
    def _aligned(self) -> list[Aligned]:
        """The alignments by all frames that are known to agree."""
        a, b = (Shown(*self._frames.shown_in(owner)) for owner in self._owners)
        near = self._verdicts.near_frames(np.unique(a.frames), np.unique(b.frames))
        agreeing = [
            pair
            for pair in dict.fromkeys([*near, *self._proposed])
            if self._verdicts.of(*pair) in (Verdict.AGREE, Verdict.PARTLY)
        ]

        def refine(alignment: TimeAlignment, _: Collection[FramePair]) -> TimeAlignment:
            return refined(alignment, *self._tracks) if near else alignment

        return list(successive_alignments(a, b, agreeing, _MAX_ALIGNMENTS, refine))

    def _is_mirrored(self, pairs: Sequence[FramePair]) -> bool:
        """Whether most of the pairs show mirror images of each other."""
        rows = [row for pair in pairs if (row := self._verdicts.evidence(*pair)) is not None]
        return 2 * sum(bool(row["mirrored"]) for row in rows) > len(pairs)

    def to_compare(self) -> Iterator[FramePair]:
        """The pairs of frames shown together whose comparison is missing, longest first."""
        for aligned in self._aligned:
            pairs, length = aligned.together.pairs, aligned.together.ends - aligned.together.starts
            longest = (pairs[at] for at in np.argsort(-length, kind="stable").tolist())
            missing = (
                pair
                for pair in dict.fromkeys(longest)
                if not (self._verdicts.is_compared(*pair) or self._verdicts.near(*pair))
            )
            yield from islice(missing, _MAX_COMPARED)

    def result(self) -> MediaPair | None:
        """What the videos have in common; None if nothing has."""
        spans: list[Span] = []
        agreeing: dict[FramePair, None] = {}
        for aligned in self._aligned:
            together = aligned.together
            verdicts = np.array([self._verdicts.of(*pair) for pair in together.pairs], np.int8)
            verdicts[self._near_by_track(aligned)] = Verdict.AGREE
            mirrored = self._is_mirrored(aligned.explained)
            found = spans_of(together, verdicts, aligned.alignment, mirrored=mirrored)
            spans += found
            segments = zip(together.pairs, verdicts, together.starts, strict=True)
            agreeing |= {
                pair: None
                for pair, verdict, start in segments
                if verdict == Verdict.AGREE
                and any(span.start_a <= start < span.end_a for span in found)
            }
        a, b = self._owners
        durations = float(self._frames.durations[a]), float(self._frames.durations[b])
        spans = without_repeats([span.within(*durations) for span in spans])
        if not spans:
            return None
        shares = shares_of(spans, *durations)
        relation = relation_of_videos(spans, durations, self._part_inside(list(agreeing)))
        return MediaPair(
            self._owners, relation, (shares.a, shares.b), tuple(spans), tuple(agreeing)
        )

    def _near_by_track(self, aligned: Aligned) -> np.ndarray:
        """In which segments the tracks of hashes agree, (n,) bool."""
        times = aligned.together.starts, aligned.together.ends
        return agreeing_by_track(aligned.alignment, self._tracks, *times, self._verdicts.radius)

    def _part_inside(self, pairs: Sequence[FramePair]) -> float:
        """The part of the pairs of frames of which one lies inside the other."""
        rows = [row for pair in pairs if (row := self._verdicts.evidence(*pair)) is not None]
        inside = [row for row in rows if row["relation"] == Relation.CONTAINS]
        return len(inside) / max(len(pairs), 1)
