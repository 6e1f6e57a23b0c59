"""Scores the demo: how many of the planted pairs of posts were found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from frametrace.app.demo.story import PlannedPost
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results

__all__ = ["Score", "score"]

_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of pairs of posts: planted, found among these, and found but not planted."""

    planted: int
    found: int
    false: int


def score(
    planned: Iterable[PlannedPost], results: Results, kind: GroupKind, *, heavy: bool = False
) -> Score:
    """Compare the groups of one kind with the ground truth.

    With `heavy`, only pairs count in which a post shows a photo edited beyond what hashes match.
    """
    posts = {post.post_id: post for post in planned}
    photo = kind is GroupKind.PHOTO
    truth = _pairs({k: post.photos if photo else (post.framing,) for k, post in posts.items()})
    found: set[_Pair] = set()
    groups: dict[str, set[str]] = {}
    for member in results.members.to_pylist():
        if member["kind"] == kind:
            groups.setdefault(member["group_id"], set()).add(member["post_id"])
    for members in groups.values():
        found |= set(combinations(sorted(members), 2))
    if heavy:
        truth, found = (
            {pair for pair in pairs if any(posts[post].heavy for post in pair)}
            for pairs in (truth, found)
        )
    return Score(len(truth), len(truth & found), len(found - truth))


def _pairs(labels: Mapping[str, Sequence[str]]) -> set[_Pair]:
    """Every pair of posts that share a label; empty labels don't count."""
    holders: dict[str, list[str]] = {}
    for post, names in sorted(labels.items()):
        for name in names:
            holders.setdefault(name, []).append(post)
    holders.pop("", None)
    return {pair for posts in holders.values() for pair in combinations(posts, 2)}
