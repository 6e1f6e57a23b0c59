"""Measures how well copies are found within a case, between two cases, by a tip and by a watch.

One platform posts photographs with captions, the other edited copies of them and edited captions;
both also post pictures that only look alike. The same posts are matched as one case and as two. A
tip about everything that the first platform posted is checked against the other's case, and that
case is watched with it. ThreatExchange's PDQ compares the same files. Recall and precision are
those of pairs of posts, one from each platform.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parent))

from across_halves import Halves, Platform, make_halves
from across_measures import Pair, Score, Truth
from across_methods import (
    Cases,
    Hashes,
    Reported,
    by_matching,
    by_meaning,
    by_pdq,
    by_tip,
    by_watch,
    pdq_signal,
)
from measuring import Finding, Stopped, conclude, options, say

RESULTS = Path(__file__).parent / "copies" / "results"
PACKAGES = ("frametrace", "threatexchange", "pdqhash", "opencv-python-headless", "numba", "numpy")
LIMITS = {"points": 0.5, "tip": 0.97}
INSIDE, BETWEEN, TIP, WATCH = "inside one case", "between two cases", "by a tip", "by a watch"
PDQ = "threatexchange, PDQ"
SAME_TEXT = "equal text, lower-cased"
OURS = (INSIDE, BETWEEN, TIP, WATCH)
MAX_WRONG_KINDS = 8  # kinds of wrong pairs of each method

Scores = Mapping[str, Score]  # by method


def main() -> None:
    chosen = options(__doc__ or "")
    signal = pdq_signal()
    with tempfile.TemporaryDirectory(prefix="bench-across-") as name:
        halves = make_halves(Path(name), chosen.seed, quick=chosen.quick)
        cases = Cases.of(halves)
        say("hashing by threatexchange")
        hashes = Hashes.of(halves, signal)
        matched, seconds = by_matching(halves, cases)
        say("a tip, a watch, PDQ")
        reported = {
            INSIDE: matched["whole"],
            BETWEEN: matched["between"],
            TIP: by_tip(halves, cases),
            WATCH: by_watch(halves, cases),
            PDQ: by_pdq(halves, hashes, signal),
        }
        meant = dict(zip((INSIDE, BETWEEN, TIP), by_meaning(halves, cases).values(), strict=True))
        pictures = {name: Score.of(one.pictures, halves.pictures) for name, one in reported.items()}
        captions = {name: Score.of(reported[name].captions, halves.captions) for name in OURS}
        captions[SAME_TEXT] = Score.of(halves.same_text, halves.captions)
        meanings = {name: Score.of(one.captions, halves.captions) for name, one in meant.items()}
        meanings[SAME_TEXT] = captions[SAME_TEXT]
        place = RESULTS if chosen.write_results else Path(name)
        (place / "across.md").write_text(_tables(halves, reported, pictures, captions), "utf-8")
        if not chosen.json:
            print((place / "across.md").read_text("utf-8"))
    findings = [
        *_recall_findings("edited copies", pictures, reported, PDQ),
        *_recall_findings("reworded captions", captions, reported, SAME_TEXT),
        *_recall_findings("the same, with vectors", meanings, meant, SAME_TEXT),
        *_compared("edited copies", pictures),
        *_compared("reworded captions", captions),
        *_compared("the same, with vectors", meanings),
        _cost(seconds),
    ]
    conclude("across", findings, _remarks(halves, cases, hashes), PACKAGES, chosen)


def _recall_findings(
    what: str, scores: Scores, reported: Mapping[str, Reported], peer: str
) -> list[Finding]:
    """Each of our methods beside the peer."""
    theirs = scores[peer]
    least = 1 / max(sum(theirs.positives.values()), 1)  # one pair, where the peer finds none
    beside = f"{peer}: {_cell(theirs)}"
    if peer in reported:
        beside += f"; {reported[peer].seconds:.1f} s"
    return [
        Finding(
            f"{what}: {name}",
            f"{_cell(scores[name])}; {reported[name].seconds:,.1f} s",
            beside,
            scores[name].recall / max(theirs.recall, least),
        )
        for name in OURS
        if name in reported
    ]


def _cell(score: Score) -> str:
    return f"recall {score.recall:.2%}, precision {score.precision:.2%}"


def _compared(what: str, scores: Scores) -> list[Finding]:
    """Two cases beside one; a tip beside two cases."""
    inside, between, tip = (scores[name] for name in (INSIDE, BETWEEN, TIP))
    points = [
        100 * (between.recall - inside.recall),
        100 * (between.precision - inside.precision),
    ]
    return [
        Finding(
            f"{what}: {BETWEEN} less {INSIDE}",
            f"recall {points[0]:+.2f}, precision {points[1]:+.2f} points",
            f"limit: {LIMITS['points']} points either way",
            max(map(abs, points)) / LIMITS["points"],
            at_most=1,
        ),
        Finding(
            f"{what}: recall {TIP}",
            f"{tip.recall:.2%}",
            f"{BETWEEN}: {between.recall:.2%}",
            tip.recall / between.recall if between.recall else 0.0,
            at_least=LIMITS["tip"],
        ),
    ]


def _cost(seconds: Mapping[str, float]) -> Finding:
    parts = [seconds[name] for name in ("ours", "theirs", "between")]
    return Finding(
        "seconds of matching: ours, theirs, then both",
        f"{' + '.join(f'{part:,.1f}' for part in parts)} = {sum(parts):,.1f} s",
        f"all as one case: {seconds['whole']:,.1f} s",
        sum(parts) / seconds["whole"],
    )


def _tables(
    halves: Halves, reported: Mapping[str, Reported], pictures: Scores, captions: Scores
) -> str:
    """Recall by kind, and which pairs were reported wrongly."""
    parts = [
        "# Across cases: all figures\n\nWritten by `bench_across.py --write-results`; the "
        "columns are explained in [benchmarks/README.md](../../README.md).",
        "## Recall of edited copies",
        _recall(pictures),
        "## Recall of reworded captions",
        _recall(captions),
        "## Pairs reported wrongly\n\nBy kinds of pictures, most frequent first.",
        _wrong(halves, halves.pictures, {name: one.pictures for name, one in reported.items()}),
        "Those reported by captions:",
        _wrong(halves, halves.captions, {name: reported[name].captions for name in OURS}),
    ]
    return "\n\n".join(parts) + "\n"


def _recall(scores: Scores) -> str:
    kinds = next(iter(scores.values())).positives
    rows = [
        [
            kind.replace("_", " "),
            f"{count:,}",
            *(f"{score.recall_of(kind):.1%}" for score in scores.values()),
        ]
        for kind, count in sorted(kinds.items())
    ]
    return _table(("kind", "pairs", *scores), rows)


def _wrong(halves: Halves, truth: Truth, reported: Mapping[str, frozenset[Pair]]) -> str:
    rows = []
    for name, pairs in reported.items():
        wrong = pairs - truth.kinds.keys() - truth.unclear
        counts = Counter(map(halves.named, wrong))
        rows += [
            [name, kinds, f"{count:,}"] for kinds, count in counts.most_common(MAX_WRONG_KINDS)
        ]
    return _table(("reported by", "pictures", "pairs"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _remarks(halves: Halves, cases: Cases, hashes: Hashes) -> list[str]:
    counts = [len(halves.of(platform)) for platform in Platform]
    roles = Counter(post.label.role for post in halves.posts)
    listed = ", ".join(f"{count:,} {role}" for role, count in roles.items())
    return [
        "All figures by kind: [across.md](copies/results/across.md).",
        f"{counts[0]:,} and {counts[1]:,} posts with a picture each: {listed}. "
        f"{len(halves.captions.kinds):,} captions were edited.",
        "All seconds are wall time, measured once in one run, starting from stored "
        "signals and hashes. "
        f"Before that, embedding both halves took {cases.seconds:,.0f} s on all cores, and hashing "
        f"all pictures by threatexchange {hashes.seconds:,.0f} s on one.",
        "With vectors, captions of different pictures that say the same are one framing. Only "
        "edits count as right here, so this precision is only for comparison.",
        f"{len(halves.pictures.unclear):,} pairs have only an avatar, a teaser or a panel of a "
        "collage in common: they count neither as right nor as wrong.",
    ]


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
