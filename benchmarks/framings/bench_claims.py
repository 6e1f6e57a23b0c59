"""Measures whether posts that make one claim are in one framing, within and across languages.

Invented posts in ten languages (`claims.jsonl`): 300 that assert one of 30 claims of ten topics,
42 that dispute one, and 120 about everyday subjects. Thresholds are set on the topics of the half
"tune"; those of "judge" are reported. A pair of posts is right if both assert one claim; posts that
dispute a claim are nearest to it in meaning and count neither as right nor as wrong. A claim's
posts of `close` wording follow its first post in English, as translations do; those of `free`
wording make the claim in another way, some of them without naming it.

The case holds one half's captions, each by its own account on one of two platforms.
"""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from claim_measures import LabelledPost, PairScore, grouped_pairs, ranking, wrong_kinds
from measuring import Finding, Stopped, conclude, options, say

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings, ModelChoice
from frametrace.embed.signals.caption import Caption
from frametrace.embed.stage import embed
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.result_schemas import BELONGING, GroupKind
from frametrace.matcher.saved_results import Results
from frametrace.posts.errors import ModelMissing
from frametrace.posts.media.media_library import MediaLibrary

MIN_RECALL, MIN_PRECISION = 0.8, 0.95
PACKAGES = ("frametrace", "scikit-network", "scikit-learn", "numpy")
_POSTS = Path(__file__).with_name("claims.jsonl")
_SIGNALS = ("caption_key", "caption")
_PLATFORMS = ("twitter", "facebook")
_WHERE = {False: "in one language", True: "across languages"}
_QUICK_CLAIMS, _QUICK_EVERYDAY = 4, 12

Row = dict[str, Any]


def main() -> None:
    chosen = options(__doc__ or "", _add_options)
    models = ModelChoice({"caption_model": chosen.caption_model})
    rows = _rows(chosen.half, quick=chosen.quick)
    posts = [LabelledPost.of(row) for row in rows if row["stance"] == "asserts"]
    try:
        findings, remarks = _ranked(rows, models)
        with _embedded(rows, models, chosen.seed) as case:
            for decades in chosen.min_decades:
                say(f"  --min-decades {decades:g}")
                results, _ = match_case(case, MatchSettings(min_decades=decades))
                groups = _groups(results)
                together = grouped_pairs(groups)
                findings += _goals(decades, PairScore.of(posts, together))
                remarks.append(f"At {decades:g}: {_pairs(posts, together)} {_posts(rows, groups)}")
    except ModelMissing as missing:
        raise Stopped(str(missing)) from None
    remarks.insert(0, f"The half {chosen.half!r}: {len(rows)} posts.")
    conclude("claims", findings, remarks, PACKAGES, chosen)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--caption-model", default="", help="a model of sentences")
    parser.add_argument("--half", choices=("tune", "judge"), default="judge")
    parser.add_argument(
        "--min-decades",
        type=float,
        nargs="+",
        default=[MatchSettings().min_decades],
        help="thresholds of framings, to see how the result depends on them",
    )


def _rows(half: str, *, quick: bool) -> list[Row]:
    """The posts of one half; a few claims and everyday posts if `quick`."""
    lines = _POSTS.read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["half"] == half]
    if not quick:
        return rows
    claims = list(dict.fromkeys(row["claim"] for row in rows if row["claim"]))[:_QUICK_CLAIMS]
    everyday = [row for row in rows if row["claim"] is None][:_QUICK_EVERYDAY]
    return [row for row in rows if row["claim"] in claims] + everyday


def _ranked(rows: Sequence[Row], models: ModelChoice) -> tuple[list[Finding], list[str]]:
    """Ranking by cosine alone, and what the model can't read."""
    signal = Caption.open(models)
    rows = [row for row in rows if row["stance"] == "asserts"]
    vectors = signal.compute([row["text"] for row in rows])["code"].to_pylist()
    width = max((len(vector) for vector in vectors if vector is not None), default=1)
    unread = [row["language"] for row, v in zip(rows, vectors, strict=True) if v is None]
    known = np.array([v if v is not None else [0] * width for v in vectors], np.float32)
    posts, cosine = [LabelledPost.of(row) for row in rows], known @ known.T
    findings = [
        Finding(f"ranking by cosine {where}: {what}", f"{value:.3f}", "all right: 1", value)
        for across, where in _WHERE.items()
        for ranks in [ranking(posts, cosine, across=across)]
        for what, value in (
            ("nearest post right", ranks.first),
            ("average precision of pairs", ranks.average_precision),
        )
    ]
    model = signal.made_by["model"]
    languages = ", ".join(f"{unread.count(name)} in {name}" for name in sorted(set(unread)))
    return findings, [
        f"Vectors of {model}; {len(unread)} of {len(rows)} posts have none"
        f"{f' ({languages})' if unread else ''}."
    ]


@contextmanager
def _embedded(rows: Sequence[Row], models: ModelChoice, seed: int) -> Iterator[Case]:
    """A case of the posts, each on a random platform, with the values of the captions."""
    platforms = np.random.default_rng([31, seed]).choice(_PLATFORMS, len(rows)).tolist()
    with tempfile.TemporaryDirectory(prefix="bench-claims-") as name:
        folder = Path(name)
        source = folder / "posts.jsonl"
        with source.open("w", encoding="utf-8") as file:
            for row, platform in zip(rows, platforms, strict=True):
                post = {"platform": platform, "post_id": row["id"], "text": row["text"]}
                post |= {"account_id": f"account-{row['id']}", "posted_at": "2030-01-01T12:00:00Z"}
                file.write(json.dumps(post, ensure_ascii=False) + "\n")
        case = Case.create(folder / "case")
        add_sources(case, [source], library=MediaLibrary([]))
        embed(case, EmbedSettings(signals=_SIGNALS, models=models))
        yield Case(case.path)


def _groups(results: Results) -> list[frozenset[str]]:
    """The ids of the posts of each framing."""
    groups: dict[str, set[str]] = defaultdict(set)
    columns = ["group_id", "kind", "relation", "post_id"]
    for row in results.members.select(columns).to_pylist():
        if row["kind"] == GroupKind.FRAMING and row["relation"] in BELONGING:
            groups[row["group_id"]].add(row["post_id"])
    return [frozenset(posts) for posts in groups.values()]


def _goals(decades: float, score: PairScore) -> list[Finding]:
    """Recall and precision of pairs in one language and of those across languages."""
    return [
        Finding(
            f"framings at {decades:g}, {where}: {measure}",
            f"{value:.3f}",
            f"goal: {goal}",
            value / goal,
            at_least=1,
        )
        for across, where in _WHERE.items()
        for part in [score.between(across=across)]
        for measure, value, goal in (
            ("recall", part.recall, MIN_RECALL),
            ("precision", part.precision, MIN_PRECISION),
        )
    ]


def _pairs(posts: Sequence[LabelledPost], together: Set[frozenset[str]]) -> str:
    """Recall by wording and by language, and what wrong pairs have in common."""
    by_wording = {
        wording: PairScore.of([post for post in posts if post.wording == wording], together).recall
        for wording in ("close", "free")
    }
    english = PairScore.of(posts, together).recall_with("en")
    recalls = ", ".join(f"{name} {recall:.2f}" for name, recall in english.items())
    wrong = wrong_kinds(posts, together)
    return (
        f"recall of two close wordings {by_wording['close']:.2f}, of two free ones "
        f"{by_wording['free']:.2f}; of English with {recalls}. {wrong.total()} pairs are wrong: "
        f"{wrong['one topic']} of one topic, {wrong['topics']} of two, {wrong['everyday']} with an "
        "everyday post."
    )


def _posts(rows: Sequence[Row], groups: Sequence[Set[str]]) -> str:
    """How many everyday posts are in framings, and how many disputes beside what they dispute."""
    everyday = [row["id"] for row in rows if row["claim"] is None]
    grouped = sum(any(name in group for group in groups) for name in everyday)
    disputes = [row for row in rows if row["stance"] == "disputes"]
    beside = sum(bool(_companions(row, rows, groups)) for row in disputes)
    return (
        f"{grouped} of {len(everyday)} everyday posts are in a framing; {beside} of "
        f"{len(disputes)} disputes are in one with the claim that they dispute."
    )


def _companions(dispute: Row, rows: Sequence[Row], groups: Sequence[Set[str]]) -> Set[str]:
    """The posts in a group with a dispute that assert what it disputes."""
    together = frozenset().union(*(group for group in groups if dispute["id"] in group))
    return together & {
        row["id"] for row in rows if row["claim"] == dispute["claim"] and row["stance"] == "asserts"
    }


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
