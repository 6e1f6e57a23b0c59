"""Scores the demo: how many of the planted pairs of posts were found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from frametrace.app.demo.story import PlannedPost
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results

__all__ = ["Score", "scores"]

_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of pairs of posts: planted, found among these, and found but not planted."""

    planted: int
    found: int
    false: int


def scores(planned: Iterable[PlannedPost], results: Results) -> dict[str, Score]:
    """Compare the groups with the ground truth, by name.

    `edited` counts pairs in which a post shows a photo edited beyond what hashes match; framings
    are counted within a language and across languages.
    """
    posts = {post.post_id: post for post in planned}
    photos = _Found({key: post.photos for key, post in posts.items()}, results, GroupKind.PHOTO)
    framings = _Found(
        {key: (post.framing,) for key, post in posts.items()}, results, GroupKind.FRAMING
    )

    def heavy(a: str, b: str) -> bool:
        return posts[a].heavy or posts[b].heavy

    def same_language(a: str, b: str) -> bool:
        return posts[a].language == posts[b].language

    return {
        "photo": photos.score(lambda _, __: True),
        "framing": framings.score(same_language),
        "languages": framings.score(lambda a, b: not same_language(a, b)),
        "edited": photos.score(heavy),
    }


class _Found:
    """The pairs of posts that share a label, and those that groups of one kind put together."""

    def __init__(
        self, labels: Mapping[str, Sequence[str]], results: Results, kind: GroupKind
    ) -> None:
        self._truth = _pairs(labels)
        groups: dict[str, list[str]] = {}
        for member in results.members.to_pylist():
            if member["kind"] == kind:
                groups.setdefault(member["post_id"], []).append(member["group_id"])
        self._found = _pairs(groups)

    def score(self, counts: Callable[[str, str], bool]) -> Score:
        """The score of the pairs that count."""
        truth, found = (
            {pair for pair in pairs if counts(*pair)} for pairs in (self._truth, self._found)
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
