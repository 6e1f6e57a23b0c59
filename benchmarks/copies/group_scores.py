"""Compares the groups, matches and alterations of a case with the truth about its pictures."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Self

import numpy as np
import pyarrow as pa
from copies.canvas import Box
from copies.edits import EDITS
from copies.labels import Label, Role
from copies.picture_file import MIDDLE

from frametrace.matcher.result_schemas import GroupKind, Relation
from frametrace.matcher.saved_results import Results

__all__ = ["AlteredCounts", "GroupScores", "Tally", "overlap"]

GROUPING = frozenset({str(Relation.COPY), str(Relation.CONTAINS)})
_ELEMENT = "element"  # a kind of group that may not exist yet
Pair = tuple[int, int]


@dataclass(slots=True)
class Tally:
    """A count out of a total."""

    count: int = 0
    of: int = 0

    def add(self, *, counted: bool) -> None:
        """Count one more."""
        self.count += counted
        self.of += 1

    @property
    def part(self) -> float:
        """The fraction; 0 of none."""
        return self.count / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.count:,} of {self.of:,}"


Tallies = Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class AlteredCounts:
    """What the matches report about falsified pictures and controls, by kind.

    `overlaps` is, of each falsified one that was reported, the intersection of the boxes listed and
    the true one over their union.
    """

    reported: Tallies
    flagged: Tallies
    overlaps: Sequence[float]


@dataclass(frozen=True)
class GroupScores:
    """The pictures of a case, by number; its photo groups, its element groups and its matches.

    `relation` says what a pair was called: `copy` if any signal says so. `boxes` has the altered
    boxes of a pair, in fractions of the picture `sha256_b`; None if the product lists none.
    `tied` has those of a member of a photo group, in fractions of it, with the picture that it is
    tied to: falsified pictures are often tied to another copy than their original.
    """

    labels: Sequence[Label]
    groups: Sequence[Sequence[int]]
    elements: Sequence[Sequence[int]]
    relation: Mapping[Pair, str]
    boxes: Mapping[Pair, tuple[int, Sequence[Box]]] | None
    tied: Mapping[int, tuple[int, Sequence[Box]]]

    @classmethod
    def of(cls, labels: Sequence[Label], results: Results) -> Self:
        """Read the results of a case in which each picture has one post."""
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(labels):
            numbers[one.sha256].append(number)
        by_kind = {
            kind: _members(results.members, kind, numbers) for kind in (GroupKind.PHOTO, _ELEMENT)
        }
        relation, boxes = _matches(results.matches.table(), numbers)
        groups = by_kind[GroupKind.PHOTO], by_kind[_ELEMENT]
        return cls(labels, *groups, relation, boxes, _tied(results.members, numbers))

    @cached_property
    def together(self) -> np.ndarray:
        """(n, n) bool: pairs in the same photo group, each once, above the diagonal."""
        held = np.zeros((len(self.labels), len(self.labels)), bool)
        for group in self.groups:
            held[np.ix_(group, group)] = True
        return np.triu(held, 1)

    @cached_property
    def rightly(self) -> np.ndarray:
        """(n, n) bool: pairs that show one photograph."""
        names = sorted({name for one in self.labels for name in one.shows})
        column = {name: at for at, name in enumerate(names)}
        shown = np.zeros((len(self.labels), len(names)), np.float32)
        for row, one in enumerate(self.labels):
            shown[row, [column[name] for name in one.shows]] = 1
        return (shown @ shown.T) > 0

    def precision(self) -> Tally:
        """Of pairs in photo groups, those that show one photograph."""
        return Tally(int((self.together & self.rightly).sum()), int(self.together.sum()))

    def match_precision(self) -> Tally:
        """Of pairs called `copy` or `contains`, those that show one photograph."""
        pairs = [pair for pair, name in self.relation.items() if name in GROUPING]
        return Tally(sum(bool(self.rightly[pair]) for pair in pairs), len(pairs))

    def wrong_pairs(self) -> Mapping[str, int]:
        """Pairs grouped wrongly, by kinds of pictures, most frequent first."""
        counts: defaultdict[str, int] = defaultdict(int)
        for a, b in np.argwhere(self.together & ~self.rightly).tolist():
            counts[" / ".join(sorted(self._label(at) for at in (a, b)))] += 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    def recall(self, *roles: Role) -> Tallies:
        """By kind: pictures of these roles that a group holds with the photograph itself."""
        originals = self._photographs
        tallies: defaultdict[str, Tally] = defaultdict(Tally)
        for number, one in enumerate(self.labels):
            if one.role in roles and one.photo in originals:
                pair = sorted((number, originals[one.photo]))
                tallies[one.kind].add(counted=bool(self.together[*pair]))
        return tallies

    def relations(self) -> Tallies:
        """By edit: of matches with the original, how many have the right relation."""
        tallies: defaultdict[str, Tally] = defaultdict(Tally)
        for number, one in enumerate(self.labels):
            if one.role is not Role.EDIT:
                continue
            name = self.relation.get(_pair(number, self._photographs[one.photo]))
            if name is not None:
                right = EDITS[one.kind].right(Relation(name), MIDDLE)
                tallies[one.kind].add(counted=right)
        return tallies

    def confused(self) -> Tallies:
        """By kind: pairs of one template with no photograph in common called `copy`, `contains`."""
        return self._of_templates(lambda pair: self.relation.get(pair) in GROUPING)

    def wrongly_grouped(self) -> Tallies:
        """The same pairs, in one photo group."""
        return self._of_templates(lambda pair: bool(self.together[pair]))

    def altered(self) -> AlteredCounts | None:
        """What is listed as altered; None if matches have no such column."""
        if self.boxes is None:
            return None
        reported: defaultdict[str, Tally] = defaultdict(Tally)
        flagged: defaultdict[str, Tally] = defaultdict(Tally)
        overlaps = []
        for number, one in enumerate(self.labels):
            if one.role not in (Role.ALTERED, Role.CONTROL):
                continue
            pair = _pair(number, self._photographs[one.photo])
            second, boxes = self.boxes.get(pair, (number, ()))
            if self.relation.get(pair) not in GROUPING:
                tie, boxes = self.tied.get(number, (number, ()))
                second = number
                if self.labels[tie].role not in (Role.ORIGINAL, Role.CONTROL):
                    boxes = boxes if one.role is Role.ALTERED else ()
            if one.role is Role.CONTROL:
                flagged[one.kind].add(counted=bool(boxes))
                continue
            true = one.box_sent if second == number else one.box
            assert true is not None
            part = overlap(boxes, true)
            reported[one.kind].add(counted=part > 0)
            overlaps += [part] if part > 0 else []
        return AlteredCounts(reported, flagged, overlaps)

    def unlisted(self, *roles: Role) -> int:
        """How many pictures of these roles are in no match with their original."""
        return sum(
            _pair(number, self._photographs[one.photo]) not in self.relation
            for number, one in enumerate(self.labels)
            if one.role in roles
        )

    def largest(self) -> tuple[int, int]:
        """How many pictures the largest photo group has, and from how many photographs."""
        if not self.groups:
            return 0, 0
        group = max(self.groups, key=len)
        return len(group), len({self.labels[number].photo for number in group})

    @cached_property
    def _photographs(self) -> Mapping[str, int]:
        return {
            one.photo: number
            for number, one in enumerate(self.labels)
            if one.role in (Role.ORIGINAL, Role.DISTRACTOR)
        }

    def _of_templates(self, counted: Callable[[Pair], bool]) -> Tallies:
        templates: defaultdict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(self.labels):
            if one.template:
                templates[one.template].append(number)
        tallies: defaultdict[str, Tally] = defaultdict(Tally)
        for members in templates.values():
            for pair in combinations(members, 2):
                if not self.rightly[pair]:
                    tallies[self.labels[pair[0]].kind].add(counted=counted(pair))
        return tallies

    def _label(self, number: int) -> str:
        one = self.labels[number]
        return one.kind or one.role


def overlap(boxes: Sequence[Box], true: Box) -> float:
    """The intersection of a union of boxes and a box, over the union of all; on a grid of 200."""
    grid = np.zeros((2, 200, 200), bool)
    for layer, some in enumerate((boxes, [true])):
        for box in some:
            x0, y0, x1, y1 = (round(200 * min(max(side, 0), 1)) for side in box)
            grid[layer, y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = True
    both = int((grid[0] & grid[1]).sum())
    return both / max(int((grid[0] | grid[1]).sum()), 1)


def _members(
    members: pa.Table, kind: str, numbers: Mapping[str, Sequence[int]]
) -> list[Sequence[int]]:
    groups: defaultdict[str, set[int]] = defaultdict(set)
    columns = (members[name].to_pylist() for name in ("group_id", "kind", "media_sha256"))
    for group, of_kind, digest in zip(*columns, strict=True):
        if of_kind == kind and digest is not None:
            groups[group].update(numbers.get(digest, ()))
    return [sorted(group) for group in groups.values()]


def _tied(
    members: pa.Table, numbers: Mapping[str, Sequence[int]]
) -> dict[int, tuple[int, Sequence[Box]]]:
    """The altered boxes of members of photo groups, and what they are tied to."""
    tied: dict[int, tuple[int, Sequence[Box]]] = {}
    if "altered" not in members.column_names:
        return tied
    names = "kind", "media_sha256", "via_sha256", "medoid_sha256", "altered"
    columns = (members[name].to_pylist() for name in names)
    for kind, digest, via, medoid, altered in zip(*columns, strict=True):
        if kind == GroupKind.PHOTO and altered:
            boxes = [(box["x0"], box["y0"], box["x1"], box["y1"]) for box in altered]
            for number in numbers.get(digest, ()):
                for tie in numbers.get(via or medoid, ())[:1]:
                    tied[number] = tie, boxes
    return tied


def _matches(
    matches: pa.Table, numbers: Mapping[str, Sequence[int]]
) -> tuple[Mapping[Pair, str], Mapping[Pair, tuple[int, Sequence[Box]]] | None]:
    """The relation of pairs, and their altered boxes with the number of picture B."""
    listed = "altered" in matches.column_names
    relation: dict[Pair, str] = {}
    boxes: dict[Pair, tuple[int, Sequence[Box]]] = {}
    for a, b, name, altered in _rows(matches, numbers, listed=listed):
        pair = _pair(a, b)
        if pair not in relation or (name in GROUPING and relation[pair] != Relation.COPY):
            relation[pair] = name
        if altered:
            boxes[pair] = b, [(box["x0"], box["y0"], box["x1"], box["y1"]) for box in altered]
    for same in numbers.values():  # the very same bytes are one picture
        relation |= {_pair(a, b): str(Relation.COPY) for a, b in combinations(same, 2)}
    return relation, boxes if listed else None


def _rows(
    matches: pa.Table, numbers: Mapping[str, Sequence[int]], *, listed: bool
) -> Iterator[tuple[int, int, str, Sequence[Mapping[str, float]] | None]]:
    columns = [matches[name].to_pylist() for name in ("sha256_a", "sha256_b", "relation")]
    columns.append(matches["altered"].to_pylist() if listed else [None] * matches.num_rows)
    for first, second, name, altered in zip(*columns, strict=True):
        for a in numbers.get(first, ()):
            for b in numbers.get(second, ()):
                yield a, b, name, altered


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)
