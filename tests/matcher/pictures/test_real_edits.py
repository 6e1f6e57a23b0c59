"""Verification of real edits among real photographs: all copies are found, and nothing else."""

import json
from itertools import combinations

from picturing import shown_file

from frametrace.matcher.pictures.verify_pair import verify
from frametrace.matcher.result_schemas import Relation


def test_real_edits_are_found_among_real_photographs_and_nothing_else(shared):
    edits = {
        path.name: shown_file(path.read_bytes())
        for path in sorted((shared / "real_edits" / "images").iterdir())
    }
    photos = sorted((shared / "photos").glob("*/*.jpg"))[::60]
    labels = json.loads((shared / "real_edits" / "labels.json").read_text("utf-8"))
    copies, unclear = (
        {pair for group in labels[name] for pair in combinations(sorted(group), 2)}
        for name in ("copies", "ambiguous")
    )
    found = {
        (a, b): evidence
        for a, b in combinations(sorted(edits), 2)
        if (evidence := verify(edits[a], edits[b]))
    }
    tied = {
        pair
        for pair, evidence in found.items()
        if evidence.relation in (Relation.COPY, Relation.CONTAINS)
    }
    assert tied - copies - unclear == set()
    assert {p for p, each in found.items() if each.same_photograph} - copies - unclear == set()
    # Of 53 pairs one is stretched to twice its height and not found; two that hold another photo
    # besides (a magnified part, blurred sides) are found and tied by a third picture of theirs.
    assert len(found.keys() & copies) >= 52
    assert len(tied & copies) >= 50
    for path in photos:
        other = shown_file(path.read_bytes())
        assert not [name for name, edit in edits.items() if verify(edit, other)], path.name
