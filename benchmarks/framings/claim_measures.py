"""Scores pairs of posts that are grouped or ranked, by the claims that the posts make.

A pair is right if both posts assert one claim, and wrong otherwise. Posts that dispute a claim are
neither: whoever calls this leaves them out. Simplified and traditional Chinese are one language.
"""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NewType, Self

import numpy as np

__all__ = [
    "LabelledPost",
    "LanguagePair",
    "PairScore",
    "Ranking",
    "grouped_pairs",
    "ranking",
    "wrong_kinds",
]

# The languages of two posts, in alphabetical order.
LanguagePair = NewType("LanguagePair", tuple[str, str])


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """A post that asserts a claim, or an everyday post (`claim` is None).

    `wording` is `close` or `free`: close ones follow the claim's first post in English.
    """

    post_id: str
    claim: str | None
    language: str
    topic: str = ""
    wording: str = ""

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """From a line of `claims.jsonl`."""
        language = row["language"].partition("-")[0]
        return cls(row["id"], row["claim"], language, row["topic"], row.get("wording", ""))

    def agrees_with(self, other: Self) -> bool:
        """Whether both assert one claim."""
        return self.claim is not None and self.claim == other.claim


@dataclass(frozen=True, slots=True)
class PairScore:
    """How many right pairs there are, and how many right and wrong ones were put together."""

    positives: Counter[LanguagePair]
    right: Counter[LanguagePair]
    wrong: Counter[LanguagePair]

    @classmethod
    def of(cls, posts: Sequence[LabelledPost], together: Set[frozenset[str]]) -> Self:
        """Judge all pairs of posts; `together` holds the pairs of ids that share a group."""
        positives: Counter[LanguagePair] = Counter()
        right: Counter[LanguagePair] = Counter()
        wrong: Counter[LanguagePair] = Counter()
        for a, b in combinations(posts, 2):
            languages = _languages_of(a, b)
            found = frozenset((a.post_id, b.post_id)) in together
            if a.agrees_with(b):
                positives[languages] += 1
                right[languages] += found
            else:
                wrong[languages] += found
        return cls(positives, right, wrong)

    def between(self, *, across: bool) -> Self:
        """Only the pairs across languages, or only those within one."""
        kept = {t for t in self.positives | self.wrong if (t[0] != t[1]) == across}
        return type(self)(
            *(Counter({t: n for t, n in part.items() if t in kept}) for part in self._parts)
        )

    @property
    def _parts(self) -> tuple[Counter[LanguagePair], Counter[LanguagePair], Counter[LanguagePair]]:
        return self.positives, self.right, self.wrong

    @property
    def recall(self) -> float:
        """The fraction of the right pairs that were put together; 0 if there are none."""
        return self.right.total() / max(self.positives.total(), 1)

    @property
    def precision(self) -> float:
        """The fraction of the pairs put together that are right; 1 if none was put together."""
        together = self.right.total() + self.wrong.total()
        return self.right.total() / together if together else 1.0

    def recall_with(self, language: str) -> dict[str, float]:
        """The recall of pairs of one language with each other language, and with itself."""
        pairs = {
            LanguagePair((min(language, x), max(language, x))): x for t in self.positives for x in t
        }
        return {
            other: self.right[languages] / self.positives[languages]
            for languages, other in sorted(pairs.items(), key=lambda pair: pair[1])
            if self.positives[languages]
        }


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well similarity alone ranks pairs.

    `first`: the fraction of posts whose nearest post asserts the same claim, of those with such a
    post. `average_precision`: that of all pairs, the most similar first.
    """

    first: float
    average_precision: float


def ranking(posts: Sequence[LabelledPost], similarity: np.ndarray, *, across: bool) -> Ranking:
    """Rank pairs across languages, or within one, by `similarity` (n, n)."""
    from sklearn.metrics import average_precision_score

    claims = np.array([post.claim or "" for post in posts])
    languages = np.array([post.language for post in posts])
    right = (claims[:, None] == claims) & (claims != "")
    ranked = (languages[:, None] != languages) == across
    np.fill_diagonal(ranked, val=False)
    of_pairs = np.triu(ranked)
    nearest = np.where(ranked, similarity, -np.inf).argmax(axis=1)
    answerable = np.flatnonzero((right & ranked).any(axis=1))
    if not len(answerable):
        return Ranking(0.0, 0.0)
    first = right[answerable, nearest[answerable]].mean()
    precision = average_precision_score(right[of_pairs], similarity[of_pairs])
    return Ranking(float(first), float(precision))


def wrong_kinds(posts: Sequence[LabelledPost], together: Set[frozenset[str]]) -> Counter[str]:
    """How many wrong pairs were put together: with an everyday post, of one topic, of two."""
    kinds: Counter[str] = Counter()
    for a, b in combinations(posts, 2):
        if frozenset((a.post_id, b.post_id)) in together and not a.agrees_with(b):
            everyday = a.claim is None or b.claim is None
            kinds["everyday" if everyday else "one topic" if a.topic == b.topic else "topics"] += 1
    return kinds


def grouped_pairs(groups: Iterable[Set[str]]) -> frozenset[frozenset[str]]:
    """All pairs of ids that have a group in common."""
    return frozenset(frozenset(pair) for group in groups for pair in combinations(group, 2))


def _languages_of(a: LabelledPost, b: LabelledPost) -> LanguagePair:
    return LanguagePair((min(a.language, b.language), max(a.language, b.language)))
