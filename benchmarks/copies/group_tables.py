"""Writes the full results of the whole-case benchmark: by edit, template and alteration."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from copies.group_scores import GroupScores, Tally
from copies.kinds import KINDS
from copies.labels import Role

__all__ = ["family_of", "write_group_tables"]

_MAX_WRONG_KINDS = 25  # kinds of wrong pairs


def family_of(kind: str) -> str:
    """The family of pictures of one template that a kind belongs to."""
    if kind in KINDS:
        return KINDS[kind].family
    return "same edit" if kind.startswith("same ") else "scene"


def write_group_tables(path: Path, scores: GroupScores, half: str) -> None:
    """Write the figures of every kind."""
    parts = [
        f"# A whole case: all figures\n\nWritten by `bench_groups.py --write-results`, half "
        f"`{half}`; the columns are explained in [benchmarks/README.md](../../README.md).",
        "## Scripted edits\n\nIn one photo group with their original; with the right relation, "
        "of those that are matches.",
        _edits(scores),
        "## Pictures of one template with different photographs\n\nPairs called `copy` or "
        "`contains`; pairs in one photo group; pictures in one group with the photograph that "
        "they were made of, if that is in the case.",
        _templates(scores),
        "## Alterations\n\nReported at the right position; in one photo group with the original.",
        _alterations(scores),
        "## Pairs grouped wrongly\n\nBy kinds of pictures, most frequent first.",
        _wrong(scores),
    ]
    path.write_text("\n\n".join(parts) + "\n", "utf-8")


def _edits(scores: GroupScores) -> str:
    recall, right = scores.recall(Role.EDIT), scores.relations()
    rows = [
        [name.replace("_", " "), _cell(tally), _cell(right.get(name))]
        for name, tally in sorted(recall.items())
    ]
    return _table(("edit", "in one group", "called right"), rows)


def _templates(scores: GroupScores) -> str:
    confused, together = scores.confused(), scores.wrongly_grouped()
    own = scores.recall(Role.TEMPLATE, Role.SAME_EDIT)
    rows = [
        [kind, family_of(kind), _cell(tally), _cell(together.get(kind)), _cell(own.get(kind))]
        for kind, tally in sorted(confused.items(), key=lambda item: (family_of(item[0]), item[0]))
    ]
    header = ("kind", "family", "called copies", "in one group", "with their photograph")
    return _table(header, rows)


def _alterations(scores: GroupScores) -> str:
    counts = scores.altered()
    groups = scores.recall(Role.ALTERED, Role.CONTROL)
    listed: Mapping[str, Tally] = {} if counts is None else {**counts.reported, **counts.flagged}
    rows = []
    for role, label in ((Role.ALTERED, "falsified"), (Role.CONTROL, "control")):
        kinds = dict.fromkeys(one.kind for one in scores.labels if one.role is role)
        rows += [[kind, label, _cell(listed.get(kind)), _cell(groups.get(kind))] for kind in kinds]
    text = _table(("kind", "what", "reported", "in one group"), rows)
    if counts is None:
        return f"Matches list no alterations yet.\n\n{text}"
    if counts.overlaps:
        middle = float(np.median(counts.overlaps))
        text += f"\n\nIntersection over union of the boxes, the median: {middle:.2f}."
    return text


def _wrong(scores: GroupScores) -> str:
    pairs = list(scores.wrong_pairs().items())[:_MAX_WRONG_KINDS]
    return _table(("pictures", "pairs"), [[kinds, f"{count:,}"] for kinds, count in pairs])


def _cell(tally: Tally | None) -> str:
    return f"{tally.part:.1%} ({tally})" if tally is not None and tally.of else ""


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
