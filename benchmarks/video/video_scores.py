"""Compares what a method says of pairs of media with the truth: copies, seconds, spans, mistakes.

Pairs are judged in three groups that don't mix: originals, fillers and edits; videos that share an
element; stills with originals and edits. A pair of videos that has less than five seconds in
common, or shows one original at different times, is neither right nor wrong.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from copies.measures import Curve
from video.truth import Made, Role, Shared, Truth, shared

__all__ = ["Called", "Match", "Scores"]

_SECOND = 1000  # milliseconds by which a still's second may be off
_LEAST_STRETCH = 2_000  # milliseconds of a stretch whose start and end are measured
_PRECISION = 0.99
Pair = tuple[int, int]
Times = tuple[float, float, float, float]  # start and end in A, start and end in B, milliseconds


@dataclass(frozen=True, slots=True)
class Match:
    """What a method says of a pair: a rank, whether it ties them, its spans, and its relation."""

    similarity: float
    tied: bool
    spans: tuple[Times, ...] = ()
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Called:
    """A method's name and its matches; pairs of numbers, the smaller first."""

    name: str
    matches: Mapping[Pair, Match]

    def is_tied(self, pair: Pair) -> bool:
        """Whether the method ties a pair."""
        match = self.matches.get(pair)
        return match is not None and match.tied


@dataclass(frozen=True)
class Scores:
    """The truth about all pairs of media, and what one method says of them."""

    media: Sequence[Made]
    called: Called

    def _pairs(self, *roles: Role) -> Iterator[Pair]:
        chosen = [at for at, made in enumerate(self.media) if made.role in roles]
        return combinations(chosen, 2)

    def _truth(self, pair: Pair) -> tuple[Truth, list[Shared]]:
        a, b = (self.media[at] for at in pair)
        return shared(a.spans, b.spans)

    def edits(self) -> list[tuple[Pair, list[Shared]]]:
        """Each original with each edit of it that are copies, and what they have in common."""
        pairs = []
        for pair in self._pairs(Role.ORIGINAL, Role.EDIT):
            a, b = (self.media[at] for at in pair)
            if b.original == a.name:
                truth, stretches = self._truth(pair)
                if truth is Truth.COPIES:
                    pairs.append((pair, stretches))
        return pairs

    def recall(self, kind: str | None = None, strength: int | None = None) -> tuple[int, int]:
        """Edits tied to their original, and all; of one kind or strength or of all."""
        chosen = [
            pair
            for pair, _ in self.edits()
            if kind in (None, self.media[pair[1]].kind)
            and strength in (None, self.media[pair[1]].strength)
        ]
        return sum(self.called.is_tied(pair) for pair in chosen), len(chosen)

    def others(self) -> tuple[int, int]:
        """Pairs of two edits, or with a filler, that are copies: those tied, and all."""
        copies = [
            pair
            for pair in self._pairs(Role.ORIGINAL, Role.FILLER, Role.EDIT)
            if self.media[pair[1]].original != self.media[pair[0]].name
            and self._truth(pair)[0] is Truth.COPIES
        ]
        return sum(map(self.called.is_tied, copies)), len(copies)

    def precision(self) -> tuple[int, int]:
        """Tied pairs of originals, fillers and edits that are copies, and all that are judged."""
        judged = [
            truth
            for pair in self._pairs(Role.ORIGINAL, Role.FILLER, Role.EDIT)
            if self.called.is_tied(pair) and (truth := self._truth(pair)[0]) is not Truth.UNCLEAR
        ]
        return judged.count(Truth.COPIES), len(judged)

    def recall_at_precision(self) -> float:
        """Of edits and originals, at the similarity where 99 % of all judged pairs are copies."""
        edits = {pair for pair, _ in self.edits()}
        similarity, true = [], []
        for pair in self._pairs(Role.ORIGINAL, Role.FILLER, Role.EDIT):
            if (match := self.called.matches.get(pair)) is not None:
                truth = Truth.COPIES if pair in edits else self._truth(pair)[0]
                if truth is not Truth.UNCLEAR:
                    similarity.append(match.similarity)
                    true.append(truth is Truth.COPIES)
        if not true:
            return 0.0
        curve = Curve.of(np.array(similarity), np.array(true), sum(true))
        _, least = curve.recall_at(_PRECISION)
        matches = self.called.matches
        found = [pair in matches and matches[pair].similarity >= least for pair in edits]
        return float(np.mean(found)) if found else 0.0

    def stills(self) -> tuple[int, int, int]:
        """Stills with the right second of their original, stills tied to it, and all stills."""
        right, tied, count = 0, 0, 0
        for pair in self._pairs(Role.ORIGINAL, Role.STILL):
            a, b = (self.media[at] for at in pair)
            if b.original != a.name or a.role is b.role:
                continue
            count += 1
            if self.called.is_tied(pair):
                tied += 1
                ms = b.spans[0].source_start
                spans = self.called.matches[pair].spans
                right += any(start - _SECOND <= ms <= end + _SECOND for start, end, _, _ in spans)
        return right, tied, count

    def still_lengths(self) -> list[float]:
        """How long the spans are that stills were found in, in milliseconds."""
        return [
            min(end - start for start, end, _, _ in match.spans)
            for (a, b), match in self.called.matches.items()
            if self.media[b].role is Role.STILL and match.tied and match.spans
            and self.media[b].original == self.media[a].name
        ]  # fmt: skip

    def false_stills(self) -> tuple[int, int]:
        """Ties of stills to videos that show nothing of their original, and all their ties."""
        ties = [
            pair
            for pair, match in self.called.matches.items()
            if match.tied and self.media[pair[1]].role is Role.STILL
            and self.media[pair[0]].role is not Role.STILL
        ]  # fmt: skip
        wrong = [
            all(span.source != self.media[b].original for span in self.media[a].spans)
            for a, b in ties
        ]
        return sum(wrong), len(ties)

    def span_errors(self) -> tuple[list[float], list[float], int, int]:
        """Errors of starts and of ends in ms, stretches without a span, and all stretches.

        Of edits that are tied to their original; of each stretch the span that overlaps it most.
        A start's error is that in the original and that in the edit: two values.
        """
        starts: list[float] = []
        ends: list[float] = []
        missed = count = 0
        for pair, stretches in self.edits():
            if not self.called.is_tied(pair):
                continue
            spans = self.called.matches[pair].spans
            for stretch in (one for one in stretches if one.length >= _LEAST_STRETCH):
                count += 1
                best = max(spans, key=lambda span: _overlap(span, stretch), default=None)
                if best is None or _overlap(best, stretch) <= 0:
                    missed += 1
                    continue
                starts += [abs(best[0] - stretch.start_a), abs(best[2] - stretch.start_b)]
                ends += [abs(best[1] - stretch.end_a), abs(best[3] - stretch.end_b)]
        return starts, ends, missed, count

    def elements(self) -> dict[str, tuple[int, int]]:
        """By kind: pairs of one template without content in common that are tied, and all."""
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for pair in self._pairs(Role.ELEMENT):
            a, b = (self.media[at] for at in pair)
            if a.template == b.template and self._truth(pair)[0] is Truth.NOTHING:
                counts[a.kind][0] += self.called.is_tied(pair)
                counts[a.kind][1] += 1
        return {kind: (tied, of) for kind, (tied, of) in counts.items()}

    def wrong(self) -> list[str]:
        """The pairs of videos that are tied but have nothing in common, in words."""
        return [
            self._named(pair)
            for pair, match in sorted(self.called.matches.items())
            if match.tied
            and self.media[pair[1]].role is not Role.STILL
            and self._truth(pair)[0] is Truth.NOTHING
        ]

    def missed(self) -> list[str]:
        """The edits and stills that are not tied to their original, in words."""
        pairs = [pair for pair, _ in self.edits()]
        pairs += [
            pair
            for pair in self._pairs(Role.ORIGINAL, Role.STILL)
            if self.media[pair[1]].original == self.media[pair[0]].name
        ]
        return [self._named(pair) for pair in pairs if not self.called.is_tied(pair)]

    def _named(self, pair: Pair) -> str:
        match = self.called.matches.get(pair)
        relation = match.relation if match is not None else "nothing"
        return f"{self.media[pair[0]].name} | {self.media[pair[1]].name} | {relation}"


def _overlap(span: Times, stretch: Shared) -> float:
    """Milliseconds of the edit that are in both."""
    return min(span[3], stretch.end_b) - max(span[2], stretch.start_b)
