"""What was done to a picture, in a few words: from the evidence of a match by local features."""

from collections.abc import Mapping
from typing import Any

from frametrace.matcher.results import Relation

__all__ = ["what_happened"]

_NEARLY_ALL = 0.9
_TURNED = 3.0  # degrees; less is not worth a word


def what_happened(match: Mapping[str, Any]) -> str:
    """How the picture B of a match shows the picture A that was asked for.

    `match` has the columns of evidence of the matches table; without any it is of the same bytes.
    """
    if match["inliers"] is None:
        return "the same file"
    part_a, part_b = match["part_a"], match["part_b"]
    if match["relation"] == Relation.SHARES_ELEMENT:
        said = [f"{part_a:.0%} of it agrees", "maybe a logo, a sign or lettering"]
    elif part_a >= _NEARLY_ALL:
        said = ["all of it"]
    else:
        said = [f"{part_a:.0%} of it"]
    if match["relation"] == Relation.CONTAINS:
        said.append("inside a larger picture" if part_a >= part_b else "alone")
    if abs(match["rotation"]) >= _TURNED:
        said.insert(0, f"turned by {match['rotation']:.0f}°")
    if match["mirrored"]:
        said.insert(0, "mirrored")
    return ", ".join(said)
