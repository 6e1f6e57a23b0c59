"""Measures which edited copies are found, beside hashes of whole pictures, and their relation.

Scripted edits of 300 photos at three strengths are searched among those and 561 others; 85 pictures
of real posts among each other and 901 photos; pairs that share no more than a logo, a caption or an
app's chrome are compared. Every method ranks all pairs. Pictures, features and hashes are kept in
the temporary folder.
"""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from copies.confused import Confused
from copies.drawing import PRECISION, draw, thresholds, write_tables
from copies.edits import EDITS, STRENGTHS
from copies.judged import ALONE, CHAIN, Real, Scripted
from copies.negatives import negative_sets
from copies.originals import all_photos, photos, real_edits
from copies.ours import GROUPING, SURE
from copies.peers import METHODS
from copies.preparing import prepared
from copies.sources import Files, edited_sets
from measuring import Finding, Stopped, conclude, options, say

from frametrace.matcher.result_schemas import Relation

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("frametrace", "opencv-python-headless", "ImageHash", "imagededup", "numpy", "pillow")
GOALS = {"real": 0.95, "scripted": 0.97, "least": 0.85, "contains": 0.9, "negatives": 0.02}
REAL_PRECISION = 0.98
HOLDING = ("screenshot", "collage_of_two", "collage_of_four", "picture_in_picture")


def main() -> None:
    chosen = options(__doc__ or "")
    scripted, real, confused = measured(chosen.seed, quick=chosen.quick)
    with tempfile.TemporaryDirectory(prefix="bench-copies-") as folder:
        place = RESULTS if chosen.write_results else Path(folder)
        place.mkdir(exist_ok=True)
        draw(place / "recall.png", scripted)
        write_tables(place / "all.md", scripted, real, confused)
        if not chosen.json:
            print((place / "all.md").read_text("utf-8"))
    findings = [
        *_recall_findings(scripted, real),
        *_beside_peers(scripted, real),
        *_called(scripted, confused),
    ]
    conclude("copies", findings, _remarks(scripted, real, confused), PACKAGES, chosen)


def measured(seed: int, *, quick: bool) -> tuple[Scripted, Real, Confused]:
    """All results, by every method."""
    dealt, labels = photos(seed), real_edits()
    bases = [
        Files("photos", (*dealt.originals, *dealt.distractors)),
        Files("real", tuple(labels.pictures)),
        Files("real-and-photos", (*labels.pictures, *all_photos())),
    ]
    sets = edited_sets(seed, quick=quick)
    pairs = negative_sets(seed, quick=quick)
    say("making pictures, features and hashes")
    made = prepared([*bases, *sets, *pairs])
    say("comparing pairs that are not copies")
    confused = Confused.of(pairs, made[len(bases) + len(sets) :])
    say("looking up real edits")
    real = Real.of(labels, made[1], made[2])
    say("looking up scripted edits")
    return Scripted.of(sets, made[len(bases) :][: len(sets)], made[0]), real, confused


def _recall_findings(scripted: Scripted, real: Real) -> list[Finding]:
    recall, at = scripted.curve(CHAIN, 1).recall_at(PRECISION)
    each = {edit: scripted.recall(CHAIN, edit, 1, at) for edit in EDITS}
    worst = min(each, key=lambda edit: each[edit])
    kept, _ = real.curve(CHAIN).recall_at(REAL_PRECISION)
    sure, precision = real.curve(CHAIN).down_to(SURE)
    return [
        _goal(f"real edits: recall at a precision of {REAL_PRECISION:.0%}", kept, "real"),
        _goal(f"the same called `copy` or `contains`, precision {precision:.1%}", sure, "real"),
        _goal(f"middle strength: recall at a precision of {PRECISION:.0%}", recall, "scripted"),
        _goal(f"middle strength, the worst edit: {worst}", each[worst], "least"),
    ]


def _goal(what: str, value: float, goal: str) -> Finding:
    limit = GOALS[goal]
    return Finding(what, f"{value:.1%}", f"goal: {limit:.0%}", value / limit, at_least=1)


def _beside_peers(scripted: Scripted, real: Real) -> list[Finding]:
    """Ours beside the best peer, in average precision."""
    curves = [
        ("real edits", {name: real.curve(name) for name in (*METHODS, CHAIN)}),
        *(
            (strength, {name: scripted.curve(name, at) for name in (*METHODS, CHAIN)})
            for at, strength in enumerate(STRENGTHS)
        ),
    ]
    findings = []
    for what, by_method in curves:
        values = {name: curve.average_precision() for name, curve in by_method.items()}
        best = max(METHODS, key=lambda name: values[name])
        ours, theirs = values[CHAIN], values[best]
        findings.append(
            Finding(f"{what}: micro-AP", f"{ours:.3f}", f"{best}: {theirs:.3f}", ours / theirs)
        )
    return findings


def _called(scripted: Scripted, confused: Confused) -> list[Finding]:
    right = float(np.mean([scripted.right(edit, 1) for edit in HOLDING]))
    seen = [one.kind for one in confused.sets if not one.kind.endswith(STRENGTHS[-1])]
    return [
        _goal("screenshots and collages of middle strength called `contains`", right, "contains"),
        _limit("pairs that are not copies called `copy`", confused.share(Relation.COPY)),
        _limit(
            "the same, additions weak or of middle strength",
            confused.share(Relation.COPY, kinds=seen),
        ),
    ]


def _limit(what: str, value: float) -> Finding:
    limit = GOALS["negatives"]
    return Finding(what, f"{value:.1%}", f"limit: {limit:.0%}", value / limit, at_most=1)


def _remarks(scripted: Scripted, real: Real, confused: Confused) -> list[str]:
    least = thresholds(scripted)
    edited = sum(len(one.numbers) for one in scripted.sets)
    names = [name for edit in EDITS for name in scripted.names(ALONE, edit, 1)]
    alone = float(np.mean([name in GROUPING for name in names]))
    ours = scripted.curve(CHAIN, 1).down_to(SURE)
    counts = Counter(name or "nothing" for name in real.names)
    called = ", ".join(f"{count} `{name}`" for name, count in counts.most_common())
    contains = confused.share(Relation.CONTAINS)
    return [
        "![Copies found, by edit and method](copies/results/recall.png)",
        "All figures by method, edit and kind of pair: [all.md](copies/results/all.md).",
        f"{edited:,} edited pictures. As it is used (`copy` or `contains`), ours has a recall of "
        f"{ours[0]:.1%} at a precision of {ours[1]:.1%} of pairs of middle strength. Of "
        f"{len(real.names)} pairs of real edits it calls {called}.",
        f"Verification alone, given the right pairs, calls {alone:.1%} of those of middle strength "
        "`copy` or `contains`: no index could make up for what it misses.",
        f"Of pairs that are not copies, {contains:.1%} are called `contains`.",
        "Distances within which hashes have that precision, in bits: "
        + ", ".join(f"{name} {-least[name]:g}" for name in METHODS if least[name] < 0)
        + "; the others never are.",
    ]


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
