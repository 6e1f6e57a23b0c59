"""Aligns two videos again and again, until all frames that agree are explained.

What was cut out of one of them, moved or repeated has an offset of its own.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from frametrace.matcher.videos.spans import FramePair, Shown, Together, intervals_of, segments
from frametrace.matcher.videos.time_alignment import TimeAlignment, align_in_time

__all__ = ["Aligned", "successive_alignments"]

# Makes an alignment more exact, given the pairs of frames that it was made from.
_Refine = Callable[[TimeAlignment, Collection[FramePair]], TimeAlignment]


@dataclass(frozen=True, slots=True)
class Aligned:
    """An alignment, the frames shown together at it, and which of the agreeing pairs it explains.

    These are the pairs that no earlier alignment explains, in the order of time.
    """

    alignment: TimeAlignment
    together: Together
    explained: tuple[FramePair, ...]


def _unchanged(alignment: TimeAlignment, pairs: Collection[FramePair]) -> TimeAlignment:
    return alignment


def successive_alignments(
    a: Shown, b: Shown, agreeing: Iterable[FramePair], most: int, refine: _Refine = _unchanged
) -> Iterator[Aligned]:
    """The alignments of two videos by the pairs of frames that agree, best first, `most` of them.

    Each explains pairs that those before it don't.
    """
    left = dict.fromkeys(agreeing)
    for _ in range(most):
        if (alignment := align_in_time(intervals_of(a, b, list(left)))) is None:
            return
        alignment = refine(alignment, left.keys())
        together = segments(a, b, alignment)
        explained = tuple(pair for pair in dict.fromkeys(together.pairs) if pair in left)
        if not explained:
            return
        yield Aligned(alignment, together, explained)
        for pair in explained:
            del left[pair]
