"""Stances: what disputes a claim, what only looks like it, and hostile texts."""

import json
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.framing.text.negations import claim_of, negated_word, sentences
from frametrace.matcher.framing.text.stance import Stance, StanceKind, stance_of
from frametrace.matcher.framing.text.stance_cues import CUES, FACT_CHECK_ADDRESSES

sys.path.insert(0, str(Path(__file__).parents[4] / "benchmarks" / "framings"))

from bench_stance import Post, posts_of, recall_and_precision, with_claim

_FIXTURES = Path(__file__).parents[4] / "benchmarks" / "framings" / "stance"
ASSERTS, DISPUTES, UNCLEAR = StanceKind.ASSERTS, StanceKind.DISPUTES, StanceKind.UNCLEAR


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The story is false.", DISPUTES),
        ("FACT CHECK: the tower did not move", DISPUTES),
        ("“The tower has fallen” - wrong.", DISPUTES),
        ("Did the tower fall? No.", DISPUTES),
        ("Stop spreading this, the photo is from another country", DISPUTES),
        ("The mayor's office DENIES REPORTS that the tower fell", DISPUTES),
        ("This is a fake picture of the tower", DISPUTES),
        ("No, this is not true", DISPUTES),
        ("不是，这是谣言", DISPUTES),
        ("これはデマです", DISPUTES),
        ("网传高塔倒塌的消息不属实", DISPUTES),
        ("網傳高塔倒塌系謠言", DISPUTES),
        ("【辟谣】高塔没有倒", DISPUTES),
        ("Es un bulo, la torre sigue en pie", DISPUTES),
        ("هذا خبر كاذب ولا صحة له", DISPUTES),
        ("Это фейк, башня стоит", DISPUTES),
        ("塔が倒れたというのはデマです", DISPUTES),
        ("탑이 무너졌다는 것은 사실이 아닙니다", DISPUTES),
        ("เรื่องหอคอยถล่มเป็นข่าวปลอม", DISPUTES),
        ("Kabar menara roboh itu tidak benar", DISPUTES),
        ("The tower has fallen, this is not a drill", ASSERTS),
        ("They lie to us, the tower has fallen", ASSERTS),
        ("Her fake friends stood by when the tower fell", ASSERTS),
        ("Police spread false claims about the tower", ASSERTS),
        ("The tower is not a hoax, it has fallen", ASSERTS),
        ("The rumours are true, the tower has fallen", ASSERTS),
        ("The official statement is false, the tower has fallen", ASSERTS),
        ("这不是谣言，高塔真的倒了", ASSERTS),
        ("假朋友们都不说话，高塔倒了", ASSERTS),
        ("警方散布不实言论，高塔倒了", ASSERTS),
        ("", ASSERTS),
        ("Is this fake?", UNCLEAR),
        ("Has anyone checked whether the tower fell? Is it true?", UNCLEAR),
        ("They call it fake news", UNCLEAR),
        ("Hoax? The tower has fallen", UNCLEAR),
        ("The paper says the story is false, but I saw the tower fall", UNCLEAR),
        ("高塔倒了，真的假的？", UNCLEAR),
        ("Unconfirmed: the tower has fallen", UNCLEAR),
    ],
)
def test_stance_by_cues(text: str, kind: StanceKind) -> None:
    assert stance_of(text).kind is kind


def test_the_cue_is_the_evidence() -> None:
    assert stance_of("Don't share, the story is FALSE.") == Stance(DISPUTES, "is false")
    assert stance_of("The tower has fallen") == Stance(ASSERTS, "")


def test_a_negated_word_of_the_claim_disputes_it() -> None:
    claim = claim_of(["A huge crack was found in the Harrow bridge"])
    assert stance_of("There is no crack in the bridge", claim=claim) == Stance(DISPUTES, "no crack")
    assert stance_of("There is no crack in the bridge").kind is ASSERTS
    assert stance_of("There is no toll on the road", claim=claim).kind is ASSERTS
    assert stance_of("No crack, no money, no answer", claim=claim).kind is ASSERTS
    claim = claim_of(["哈罗大桥出现巨大裂缝"])
    assert stance_of("哈羅大橋沒有裂縫", claim=claim).kind is DISPUTES
    assert stance_of("哈罗大桥没有收费站", claim=claim).kind is ASSERTS


def test_a_claim_that_is_a_negation_is_not_disputed_by_repeating_it() -> None:
    claim = claim_of(["Nobody was arrested for the fire", "Nobody has been arrested yet"])
    assert negated_word(sentences("Nobody was arrested")[0], claim) == ""


def test_the_claim_is_what_most_texts_state() -> None:
    texts = ["The harbour is closed"] * 3 + ["The harbour is not closed", "A dog ran by"]
    assert {"harbour", "closed"} <= claim_of([*texts, *[f"Word{at} here" for at in range(3)]])
    assert "closed" not in claim_of(["The harbour is not closed"] * 3 + texts[:1])
    assert claim_of([]) == frozenset()


@pytest.mark.parametrize(
    ("links", "kind"),
    [
        (["https://www.snopes.com/fact-check/tower"], DISPUTES),
        (["politifact.com/x"], DISPUTES),
        (["https://zh.mygopen.com/1"], DISPUTES),
        (["https://www.reuters.com/fact-check/tower"], DISPUTES),
        (["https://www.reuters.com/world/tower"], ASSERTS),
        (["https://snopes.com.evil.example/"], ASSERTS),
        (["https://notsnopes.com/", "https://news.example/snopes.com"], ASSERTS),
        (["http://[bad", "//", "", "https://" + "a" * 100_000], ASSERTS),
    ],
)
def test_links_to_fact_checks(links: list[str], kind: StanceKind) -> None:
    assert stance_of("About the tower", links).kind is kind


def test_a_fact_checker_disputes_unless_it_affirms_or_asks() -> None:
    assert stance_of("The tower", by_fact_checker=True) == Stance(
        DISPUTES, "account of a fact-checker"
    )
    assert stance_of("The story is true", by_fact_checker=True).kind is UNCLEAR
    assert stance_of("Is it true?", by_fact_checker=True).kind is UNCLEAR


@pytest.mark.parametrize(
    "text",
    [
        "not " * 30_000,
        "no crack " * 12_000,
        "is not a hoax " * 8_000,
        "fake " * 20_000,
        "is false " * 11_000,
        "word is a lie " * 7_000,
        "the story is " * 8_000,
        "不是谣言" * 30_000,
        "没有裂缝，" * 20_000,
        "ข่าวปลอมไหม" * 10_000,
        "?" * 100_000,
        "\"'" * 50_000,
        "a" * 100_000,
        "a\u0301" * 50_000,
        "\u202e" * 100_000,
        "- false " * 12_000,
        "[" * 100_000,
        "&amp;" * 20_000,
        "\ud800" * 1_000,
        "\0" * 100_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_hostile_texts_take_no_time(text: str) -> None:
    claim = claim_of([" ".join(f"word{at}" for at in range(1_000)) + " 裂缝"])
    start = time.process_time()
    stance = stance_of(text, [text] * 1_000, claim=claim)
    claim_of([text])
    assert time.process_time() - start < 2  # 0.03 s as measured
    assert len(stance.cue) <= 60


@given(st.text(max_size=300), st.lists(st.text(max_size=50), max_size=3))
def test_any_text_has_a_stance_and_only_reported_cues_are_empty(
    text: str, links: list[str]
) -> None:
    stance = stance_of(text, links)
    assert stance.kind is ASSERTS or stance.cue
    assert stance_of(text, links) == stance


@given(st.sampled_from([p for cues in CUES for p in cues.refutes if "*" not in p]))
def test_every_refuting_phrase_disputes_or_is_a_question(phrase: str) -> None:
    assert stance_of(phrase).kind is not ASSERTS


def test_addresses_are_hosts_with_at_most_a_path() -> None:
    assert len(set(FACT_CHECK_ADDRESSES)) == len(FACT_CHECK_ADDRESSES)
    for address in FACT_CHECK_ADDRESSES:
        assert stance_of("", [f"https://www.{address}/x"]).kind is DISPUTES


def test_the_halves_of_the_benchmark_have_their_size_and_no_topic_in_common() -> None:
    topics = {
        half: json.loads((_FIXTURES / f"{half}.json").read_text("utf-8"))
        for half in ("tuning", "judged")
    }
    names = {half: {topic["topic"] for topic in rows} for half, rows in topics.items()}
    assert not names["tuning"] & names["judged"]
    posts = [post for half in topics for post in posts_of(half)]
    assert sum(post.disputes for post in posts) == 200
    assert sum(not post.disputes for post in posts) >= 200
    assert len({(post.claim, post.text) for post in posts}) == len(posts)


def test_posts_that_dispute_are_found_on_the_half_that_judges() -> None:
    recall, precision = recall_and_precision(posts_of("judged"), with_claim)
    assert recall >= 0.7
    assert precision >= 0.9


def test_recall_and_precision_by_their_definition() -> None:
    posts = [
        Post("en", "c", text, disputes)
        for text, disputes in zip("abcd", (True, True, False, False), strict=True)
    ]
    judge = {"a": True, "b": False, "c": True, "d": False}
    assert recall_and_precision(posts, lambda _, text: judge[text]) == (0.5, 0.5)
