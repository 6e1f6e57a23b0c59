"""Asking about one picture: which others share pixels with it, proposed by an index and verified.

What an index proposes is verified in batches, the most votes first, for as long as a batch held a
copy, or a picture that contains the other: an ordinary picture costs one batch, one with hundreds
of copies as many as it takes. But 10,000 copies have 50 million pairs, and a group needs 10,000 of
them. So a picture that has `MANY` is asked no further where one of its copies has a smaller digest:
the one with the smallest goes on to the end of what the index proposes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.embed.signals.local import Features
from frametrace.index.features import FeatureIndex
from frametrace.matcher.results import Relation
from frametrace.matcher.verifying import Evidence, verify

__all__ = ["BATCH", "HELD", "MANY", "Asking", "Match", "forget", "proposals"]

BATCH = 20  # proposals that are verified before it is asked whether to go on
MANY = 256  # copies and containers that are found of every picture, if there are so many

_FIRST = 200  # proposals that are asked for at first; then ten times as many
_TIES = (Relation.COPY, Relation.CONTAINS)

# What the pictures are that may be asked about or proposed: their numbers in the index, and their
# features.
HELD = pa.schema([("number", pa.int32()), ("code", pa.binary())])


@dataclass(frozen=True, slots=True)
class Match:
    """A picture, by its number, that was verified to share pixels with the one asked about.

    The evidence is from the one with the smaller number to the other; the widths are theirs.
    """

    other: int
    similarity: float
    widths: tuple[int, int]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Asking:
    """The question, for a worker process: the folder of the index, and a file of `HELD`.

    `compiled` loops need numba and take a second to load; they find the same.
    """

    index: Path
    held: Path
    compiled: bool = False

    def __call__(self, number: int) -> list[Match]:
        """The matches of the picture with that number, in the order of theirs."""
        held = _opened(self.index, self.held, self.compiled)
        proposed = _proposed(held, number)
        found: dict[int, Match] = {}
        while batch := list(islice(proposed, BATCH)):
            told = [_verified(held, number, other, mirrored) for other, mirrored in batch]
            matches = [match for match in told if match is not None]
            for match in matches:
                found[match.other] = max(found.get(match.other, match), match, key=_order)
            tied = [match for match in found.values() if match.evidence.relation in _TIES]
            if not any(match.evidence.relation in _TIES for match in matches):
                break
            if len(tied) >= MANY and _is_led(number, tied):
                break
        return [found[other] for other in sorted(found)]


class _Held:
    """An index and the features of the pictures that it may propose; both are mapped files."""

    def __init__(self, index: FeatureIndex, rows: pa.Table) -> None:
        self.index = index
        numbers = rows["number"].to_numpy()
        among = np.zeros(len(index), bool)
        among[numbers] = True
        self.among = None if among.all() else among
        self._codes = rows["code"]
        self._at = np.zeros(len(index), np.int64)
        self._at[numbers] = np.arange(len(numbers))

    def features(self, number: int) -> Features:
        """The features of one of them."""
        return Features.of(self._codes[int(self._at[number])].as_buffer())


@lru_cache(maxsize=1)
def _opened(index: Path, held: Path, compiled: bool) -> _Held:
    rows = pa.ipc.open_file(pa.memory_map(str(held))).read_all()
    return _Held(FeatureIndex.open(index, compiled=compiled), rows)


def forget() -> None:
    """Let go of the files."""
    _opened.cache_clear()


def _proposed(held: _Held, number: int) -> Iterator[tuple[int, bool]]:
    """Other pictures' numbers, each with the form of the asked one that they may show."""
    found = proposals(held.index, held.features(number), held.among)
    return (proposal for proposal in found if proposal[0] != number)


def proposals(
    index: FeatureIndex, asked: Features, among: np.ndarray | None
) -> Iterator[tuple[int, bool]]:
    """The numbers of what an index proposes, the best first, and the form of the asked picture.

    A few are asked for at first: more take longer to count.
    """
    seen: set[tuple[int, bool]] = set()
    most = _FIRST
    while True:
        found = index.shortlist(asked, among, most)
        for proposal in zip(found.row.tolist(), found.mirrored.tolist(), strict=True):
            if proposal not in seen:
                seen.add(proposal)
                yield proposal
        if len(found.row) < most:
            return
        most *= 10


def _verified(held: _Held, number: int, other: int, mirrored: bool) -> Match | None:
    """Always from the smaller number to the greater: what is found is the same for both."""
    a, b = (held.features(one) for one in sorted((number, other)))
    evidence = verify(a, b, mirrored)
    if evidence is None:
        return None
    similarity = evidence.inliers / min(len(a), len(b))
    return Match(other, similarity, (a.width, b.width), evidence)


def _order(match: Match) -> tuple[int, bool]:
    return match.evidence.inliers, not match.evidence.mirrored


def _is_led(number: int, matches: Sequence[Match]) -> bool:
    """Whether one of its copies has a smaller number, and so a smaller digest."""
    return any(m.other < number and m.evidence.relation is Relation.COPY for m in matches)
