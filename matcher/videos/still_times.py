"""Finds when a video shows a picture."""

from collections.abc import Iterator

import numpy as np

from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.owner_pair import OwnerPair
from frametrace.matcher.videos.spans import FramePair, Span, Verdict
from frametrace.matcher.videos.video_pairs import MediaPair

__all__ = ["StillPair"]

_MAX_SPANS = 20  # in which a video shows one picture
_NEXT = 1  # intervals before and after those of a frame that agrees


class StillPair(OwnerPair):
    """A video and a picture."""

    def _agreeing(self) -> list[FramePair]:
        shown, _, _ = self._frames.shown_in(self._owners[0])
        picture = self._proposed[0][1]
        pairs = dict.fromkeys((frame, picture) for frame in shown.tolist())
        return [pair for pair in pairs if self._verdicts.of(*pair) == Verdict.AGREE]

    def to_compare(self) -> Iterator[FramePair]:
        """The picture with the frames shown before and after those that agree."""
        shown, _, _ = self._frames.shown_in(self._owners[0])
        for frame, picture in self._agreeing():
            for place in np.flatnonzero(shown == frame).tolist():
                for other in shown[max(place - _NEXT, 0) : place + _NEXT + 1].tolist():
                    if not self._verdicts.is_compared(other, picture):
                        yield other, picture

    def result(self) -> MediaPair | None:
        """When the video shows the picture; None if it never does."""
        agreeing = sorted(self._agreeing(), key=self._strength, reverse=True)
        if not agreeing:
            return None
        shown, starts, ends = self._frames.shown_in(self._owners[0])
        spans: list[Span] = []
        for frame, picture in agreeing:
            row = self._verdicts.evidence(frame, picture)
            mirrored = row is not None and bool(row["mirrored"])
            for place in np.flatnonzero(shown == frame).tolist():
                spans.append(Span(float(starts[place]), float(ends[place]), 0, 0, mirrored))
        length = sum(span.length for span in spans)
        share = length / max(float(self._frames.durations[self._owners[0]]), 1)
        return MediaPair(
            *(self._owners, Relation.CONTAINS, (min(share, 1.0), 1.0)),
            *(tuple(spans[:_MAX_SPANS]), tuple(agreeing)),
        )

    def _strength(self, pair: FramePair) -> float:
        """How well a frame agrees: by its features, or by its hash alone."""
        row = self._verdicts.evidence(*pair)
        return float(row["inliers"]) if row is not None else float(np.inf)
