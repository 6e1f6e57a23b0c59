"""How much of what was planted in the demo was found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from frametrace.app.demo.story import PlannedPost
from frametrace.matcher.results import GroupKind, Results

__all__ = ["Score", "score"]

_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs of posts that belong together: planted, found of these, found but not planted."""

    planted: int
    found: int
    false: int


def score(planned: Iterable[PlannedPost], results: Results, kind: GroupKind) -> Score:
    """Hold the groups of one kind against the ground truth."""
    photo = kind is GroupKind.PHOTO
    truth = _pairs({post.post_id: (post.photo if photo else post.framing) for post in planned})
    found: set[_Pair] = set()
    groups: dict[str, set[str]] = {}
    for member in results.members.to_pylist():
        if member["kind"] == kind:
            groups.setdefault(member["group_id"], set()).add(member["post_id"])
    for posts in groups.values():
        found |= set(combinations(sorted(posts), 2))
    return Score(len(truth), len(truth & found), len(found - truth))


def _pairs(label: Mapping[str, str]) -> set[_Pair]:
    """Every pair of posts with one label; posts without a label belong to nobody."""
    pairs = combinations(sorted(post for post, name in label.items() if name), 2)
    return {(a, b) for a, b in pairs if label[a] == label[b]}
