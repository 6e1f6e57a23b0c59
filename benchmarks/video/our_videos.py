"""Runs Frametrace's command line on a folder of videos, and reads what it found."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import Ran, command_line, run, say
from video.truth import Made
from video.video_scores import Called, Match

from frametrace.case.store import Case
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.saved_results import load_results

__all__ = ["Stages", "matches_of", "ours"]

_SIGNALS = ("pdq", "local")
_TIES = (Relation.COPY, Relation.CONTAINS, Relation.PART)
_RANKS = {Relation.COPY: 3, Relation.CONTAINS: 3, Relation.PART: 3, Relation.SAME_SCENE: 1}


@dataclass(frozen=True, slots=True)
class Stages:
    """What `embed` and `match` took, and the bytes of the case."""

    embed: Ran
    match: Ran
    size: int


def ours(folder: Path, media: Sequence[Made]) -> tuple[Called, Stages]:
    """A post by an account of its own for every medium; then `add`, `embed` and `match`."""
    source, case = _posts(folder, media), folder / "case"
    if case.exists():
        shutil.rmtree(case)
    say("frametrace add, embed")
    run(command_line("add", case, source, "--json"), watched=False)
    signals = [part for name in _SIGNALS for part in ("--signal", name)]
    embed = run(command_line("embed", case, *signals, "--json"))
    say(f"frametrace match, after {embed.cpu:,.0f} s of embedding")
    match = run(command_line("match", case, "--json"))
    say(f"  {match.cpu:,.0f} s of processor time, in {match.seconds:,.0f} s")
    size = sum(path.stat().st_size for path in case.rglob("*") if path.is_file())
    return matches_of(case, _numbers(folder, media)), Stages(embed, match, size)


def _posts(folder: Path, media: Sequence[Made]) -> Path:
    source = folder / "posts.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for number, made in enumerate(media):
            post = {
                "platform": ("x", "facebook", "telegram")[number % 3],
                "post_id": f"{10**9 + number}",
                "account_id": f"account-{number}",
                "posted_at": f"2019-08-{1 + number % 28:02}T12:{number % 60:02}:00Z",
                "media": [made.file],
            }
            file.write(json.dumps(post) + "\n")
    return source


def _numbers(folder: Path, media: Sequence[Made]) -> dict[str, int]:
    """The number of each medium by the SHA-256 of its bytes."""
    digests = (hashlib.sha256((folder / made.file).read_bytes()).hexdigest() for made in media)
    return {digest: number for number, digest in enumerate(digests)}


def matches_of(case: Path, numbers: Mapping[str, int]) -> Called:
    """The table `video_matches` of a case's results, as pairs of numbers."""
    results, _ = load_results(Case(case))
    matches = {}
    for row in results.video_matches.to_pylist():
        a, b = numbers[row["sha256_a"]], numbers[row["sha256_b"]]
        sides = ("a", "b") if a < b else ("b", "a")
        spans = tuple(
            (
                *(float(span[f"{end}_{sides[0]}_ms"]) for end in ("start", "end")),
                *(float(span[f"{end}_{sides[1]}_ms"]) for end in ("start", "end")),
            )
            for span in row["spans"] or ()
        )
        relation = Relation(row["relation"])
        share = max(row["share_a"] or 0, row["share_b"] or 0)
        similarity = _RANKS.get(relation, 0) + share
        matches[min(a, b), max(a, b)] = Match(similarity, relation in _TIES, spans, str(relation))
    return Called("ours", matches)
