"""Measures how many posts that dispute a claim are recognised, in English and Chinese.

Invented claims and posts about 21 topics (`stance/`): posts that dispute the claim, posts that
assert it with negations and with words such as "fake", "lie" or 谣言 in other roles, and questions.
The cues were chosen on the topics in `tuning.json`; those in `judged.json` were written before and
decide. A naive list of such words is the peer.
"""

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring import Finding, conclude, options

from frametrace.matcher.framing.text.negations import claim_of
from frametrace.matcher.framing.text.stance import StanceKind, stance_of

PACKAGES = ("frametrace",)
_POSTS = Path(__file__).with_name("stance")
_LANGUAGES = {"en": "English", "zh": "Chinese"}
_HALVES = {"judged": "judged", "tuning": "chosen on"}
_MIN_RECALL, _MIN_PRECISION = 0.7, 0.9
_NAIVE = re.compile(
    r"\b(?:fake|false|hoax|lies?|rumou?rs?|untrue|not true|debunked)\b"
    "|谣言|謠言|辟谣|闢謠|假|不实|不實",
    re.IGNORECASE,
)

# Whether a post, the second argument, disputes the claim.
Judge = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Post:
    """A post, the claim that it is about, and whether it disputes that claim."""

    language: str
    claim: str
    text: str
    disputes: bool


def main() -> None:
    chosen = options(__doc__ or "")
    findings = []
    for half, title in _HALVES.items():
        posts = posts_of(half)
        for codes in (("en", "zh"), ("en",), ("zh",)):
            name = " and ".join(_LANGUAGES[code] for code in codes)
            findings += _findings(
                f"{title}: {name}",
                [post for post in posts if post.language in codes],
                has_goal=half == "judged",
            )
    remarks = [
        "Among these posts nearly half dispute, among real ones far fewer: the precision in a case "
        "is lower than here.",
        "“Without the claim” is how a post is judged outside framings.",
    ]
    conclude("stance", findings, remarks, PACKAGES, chosen)


def posts_of(half: str) -> list[Post]:
    """The posts of one half."""
    topics = json.loads((_POSTS / f"{half}.json").read_text("utf-8"))
    return [
        Post(topic["language"], topic["claim"], text, kind == "disputes")
        for topic in topics
        for kind in ("disputes", "asserts", "unclear")
        for text in topic[kind]
    ]


def with_claim(claim: str, text: str) -> bool:
    """By the post's cues, and by its negations of the claim's words."""
    return stance_of(text, claim=claim_of([claim])).kind is StanceKind.DISPUTES


def without_claim(_claim: str, text: str) -> bool:
    """By the post's cues alone."""
    return stance_of(text).kind is StanceKind.DISPUTES


def by_words(_claim: str, text: str) -> bool:
    """By words that often mean a dispute."""
    return _NAIVE.search(text) is not None


def recall_and_precision(posts: Sequence[Post], judge: Judge) -> tuple[float, float]:
    """The part of the disputes that are recognised, and of those recognised that are disputes."""
    found = [post.disputes for post in posts if judge(post.claim, post.text)]
    return sum(found) / sum(post.disputes for post in posts), sum(found) / max(len(found), 1)


def _findings(name: str, posts: Sequence[Post], *, has_goal: bool) -> list[Finding]:
    recall, precision = recall_and_precision(posts, with_claim)
    alone = recall_and_precision(posts, without_claim)
    naive = recall_and_precision(posts, by_words)
    words = f"words: {naive[0]:.0%}; {sum(p.disputes for p in posts)} of {len(posts)} posts dispute"
    goals = (_MIN_RECALL, _MIN_PRECISION) if has_goal else (None, None)
    return [
        Finding(f"{name}, recall", f"{recall:.0%}", words, recall, goals[0]),
        Finding(
            f"{name}, precision", f"{precision:.0%}", f"words: {naive[1]:.0%}", precision, goals[1]
        ),
        Finding(
            f"{name}, without the claim",
            f"recall {alone[0]:.0%}, precision {alone[1]:.0%}",
            "",
            float("nan"),
        ),
    ]


if __name__ == "__main__":
    main()
