"""The measures of the benchmark of claims, on cases worked out by hand, and what its posts hold."""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "framings"))

from claim_measures import LabelledPost, PairScore, grouped_pairs, ranking, wrong_kinds

CLAIMS = Path(__file__).parents[2] / "benchmarks" / "framings" / "claims.jsonl"
ENGLISH, OTHER_ENGLISH = (
    LabelledPost("a", "dam", "en", "flood"),
    LabelledPost("b", "dam", "en", "flood"),
)
CHINESE, NEAR = LabelledPost("c", "dam", "zh", "flood"), LabelledPost("d", "relief", "zh", "flood")
EVERYDAY, SECOND = LabelledPost("e", None, "en", "cats"), LabelledPost("f", None, "en", "cats")
POSTS = (ENGLISH, OTHER_ENGLISH, CHINESE, NEAR, EVERYDAY, SECOND)


def test_pairs_are_counted_within_a_language_and_across() -> None:
    score = PairScore.of(POSTS, grouped_pairs([{"a", "c", "d"}, {"b", "e"}]))
    within, across = score.between(across=False), score.between(across=True)
    assert (within.recall, within.precision) == (0, 0)  # b with e, c with d; a and b are apart
    assert across.recall == pytest.approx(1 / 2)  # a with c, but not b
    assert across.precision == pytest.approx(1 / 2)  # a with d is wrong
    assert score.recall == pytest.approx(1 / 3)
    assert score.precision == pytest.approx(1 / 4)
    assert score.recall_with("en") == {"en": 0, "zh": 1 / 2}


def test_posts_that_are_not_judged_are_neither_right_nor_wrong() -> None:
    together = grouped_pairs([{"a", "b", "a dispute"}])
    score = PairScore.of(POSTS, together)
    assert (score.recall, score.precision) == (pytest.approx(1 / 3), 1)


def test_two_everyday_posts_are_a_wrong_pair_even_of_one_subject() -> None:
    together = grouped_pairs([{"e", "f"}, {"a", "d"}])
    assert wrong_kinds(POSTS, together) == {"everyday": 1, "one topic": 1}
    assert PairScore.of(POSTS, together).precision == 0


def test_nothing_put_together_is_no_error() -> None:
    score = PairScore.of(POSTS, frozenset())
    assert (score.recall, score.precision) == (0, 1)


def test_ranking_looks_only_at_pairs_across_languages_or_within_one() -> None:
    similarity = np.eye(6)
    order = [(0, 3), (0, 1), (0, 2), (1, 2)]  # a-d, a-b, a-c, b-c: ever less similar
    for rank, (i, j) in enumerate(order):
        similarity[i, j] = similarity[j, i] = 0.9 - rank / 10
    within = ranking(POSTS, similarity, across=False)
    assert (within.first, within.average_precision) == (1, 1)
    across = ranking(POSTS, similarity, across=True)
    # a's nearest in another language is d, which is wrong; those of b and c are right.
    assert across.first == pytest.approx(2 / 3)
    assert across.average_precision == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_chinese_in_both_scripts_is_one_language() -> None:
    row = {"id": "x", "claim": None, "topic": "rain"}
    languages = {
        LabelledPost.of({**row, "language": f"zh-{script}"}).language for script in ("hans", "hant")
    }
    assert languages == {"zh"}


def test_the_posts_are_balanced_and_no_topic_is_in_both_halves() -> None:
    rows = [json.loads(line) for line in CLAIMS.read_text("utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)
    halves = defaultdict(set)
    wordings: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        halves[row["topic"]].add(row["half"])
        if row["claim"] and row["stance"] == "asserts":
            wordings[row["claim"]][row["language"]] += 1
    assert all(len(half) == 1 for half in halves.values())
    assert len(wordings) == 30
    for languages in wordings.values():
        assert sum(count > 1 for count in languages.values()) >= 2
        assert 6 <= len(languages) <= 8
