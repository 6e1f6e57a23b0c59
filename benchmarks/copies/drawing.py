"""Writes the full results: a plot of recall by edit and method, and tables in Markdown."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from copies.confused import Confused
from copies.edits import EDITS, STRENGTHS
from copies.judged import ALONE, CHAIN, LOCAL, Real, Scripted
from copies.ours import GROUPING
from copies.peers import METHODS
from PIL import Image

from frametrace.matcher.result_schemas import Relation

__all__ = ["PRECISION", "draw", "thresholds", "write_tables"]

PRECISION = 0.99  # of all pairs of middle strength together: where each method's recall is read
_COLOURS = 96
_COLUMNS = (*METHODS, LOCAL, CHAIN)


def thresholds(scripted: Scripted) -> Mapping[str, float]:
    """The similarity of each method at which its pairs of middle strength reach the precision."""
    return {name: scripted.curve(name, 1).recall_at(PRECISION)[1] for name in scripted.similarity}


def draw(path: Path, scripted: Scripted) -> None:
    """A heat map of recall: edits by methods, middle strength, and ours at the other two."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    least = thresholds(scripted)
    columns = [(name, 1) for name in _COLUMNS] + [(CHAIN, 0), (CHAIN, 2)]
    rows = [
        [scripted.recall(name, edit, strength, least[name]) for name, strength in columns]
        for edit in EDITS
    ]
    values = 100 * np.array([*rows, np.mean(rows, axis=0)])
    with mpl.rc_context({"font.size": 8}):
        figure = Figure((9, 8.5), layout="constrained")
        axes = figure.subplots()
        axes.imshow(values, cmap="YlGnBu", vmin=0, vmax=100, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            ink = "white" if value > 60 else "black"
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=ink)
        labels = [f"{name}, {STRENGTHS[at]}" if at != 1 else name for name, at in columns]
        axes.set_xticks(range(len(columns)), labels, rotation=40, ha="right")
        axes.set_yticks(range(len(values)), [*(_plain(edit) for edit in EDITS), "mean of edits"])
        for line in (len(METHODS) - 0.5, len(_COLUMNS) - 0.5):
            axes.axvline(line, color="black", linewidth=1)
        axes.axhline(len(rows) - 0.5, color="black", linewidth=1)
        axes.set_title(
            f"Copies found, %, of middle strength, at a precision of {PRECISION:.0%} over all edits"
        )
        sink = io.BytesIO()
        figure.savefig(sink, dpi=110)
    with Image.open(sink) as drawn:
        drawn.convert("RGB").quantize(_COLOURS).save(path, optimize=True)


def write_tables(path: Path, scripted: Scripted, real: Real, confused: Confused) -> None:
    """Tables of every method, every edit, and every kind of pair that is not a copy."""
    parts = [
        "# Edited copies: all figures\n\nWritten by `bench_copies.py --write-results`; what the "
        "columns mean stands in [benchmarks/README.md](../../README.md).",
        "## Methods\n\nMicro-AP, and recall where precision is 90 % and 99 %.",
        _methods(scripted, real, confused),
        "## Edits\n\nFor each strength: found by the whole chain; called what it is; called copy "
        "or contains by verification alone, without the index.",
        _edits(scripted),
        "## Pairs that are not copies\n\nCalled by the whole chain.",
        _negatives(confused),
    ]
    path.write_text("\n\n".join(parts) + "\n", "utf-8")


def _methods(scripted: Scripted, real: Real, confused: Confused) -> str:
    header = ["method", *STRENGTHS, "real edits", "no copies, within the makers' limit"]
    rows = []
    for name in (*METHODS, LOCAL, ALONE, CHAIN):
        curves = [scripted.curve(name, at) for at in range(len(STRENGTHS))]
        if name == ALONE:  # scripted edits were not compared with all others: nothing to be precise
            curves = []
        cells = [
            f"{curve.average_precision():.3f}, {curve.recall_at(0.9)[0]:.1%}, "
            f"{curve.recall_at(0.99)[0]:.1%}"
            for curve in (*curves, real.curve(name))
        ]
        near = f"{confused.share_near(name):.1%}" if name in METHODS else ""
        rows.append([name, *[""] * (4 - len(cells)), *cells, near])
    return _table(header, rows)


def _edits(scripted: Scripted) -> str:
    header = ["edit", "family", *STRENGTHS]
    rows = []
    for name, edit in EDITS.items():
        cells = []
        for at in range(len(STRENGTHS)):
            found = np.mean([one is not None for one in scripted.names(CHAIN, name, at)])
            alone = np.mean([one in GROUPING for one in scripted.names(ALONE, name, at)])
            cells.append(f"{found:.0%}, {scripted.right(name, at):.0%}, {alone:.0%}")
        rows.append([_plain(name), edit.family, *cells])
    return _table(header, rows)


def _negatives(confused: Confused) -> str:
    called = (Relation.COPY, Relation.CONTAINS, Relation.SHARES_ELEMENT)
    kinds = dict.fromkeys(one.kind for one in confused.sets)
    rows = [
        [kind, *(f"{confused.share(one, kinds=[kind]):.0%}" for one in called)] for kind in kinds
    ]
    rows.append(["all", *(f"{confused.share(one):.1%}" for one in called)])
    return _table(["pairs", *called], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _plain(edit: str) -> str:
    return edit.replace("_", " ")
