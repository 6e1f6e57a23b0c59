"""What was done to pictures, in a few words: from the evidence of matches."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frametrace.matcher.results import Relation

if TYPE_CHECKING:
    from frametrace.app.summary import Counts

__all__ = ["edits_found", "what_happened"]

_NEARLY_ALL = 0.9
_SMALL = 0.3  # an element has less of both pictures
_TURNED = 3.0  # degrees; less is not worth a word
_OVER = 180 - _TURNED


def what_happened(match: Mapping[str, Any]) -> str:
    """How the picture B of a match shows the picture A, of a row with the columns of matches."""
    if match["signal"] == "sha256":
        return "the same file"
    if match["relation"] == Relation.SIMILAR:
        return "looks alike"
    said = ["mirrored"] if match["mirrored"] else []
    rotation = match["rotation"] or 0.0
    if abs(rotation) >= _OVER:
        said.append("turned by 180°")
    elif abs(rotation) >= _TURNED:
        said.append(f"turned by {abs(rotation):.0f}° to the {'right' if rotation > 0 else 'left'}")
    return ", ".join([*said, *_parts(match)])


def edits_found(counts: "Counts") -> str:
    """How many pictures of photo groups only local features could tie; empty for none."""
    if not (counts.edited or counts.containing):
        return ""
    return (
        f"pictures tied to a photo by local features: {counts.edited:,}; larger pictures that "
        f"hold a photo: {counts.containing:,}"
    )


def _parts(match: Mapping[str, Any]) -> list[str]:
    """How much of A is there, and where; of matches by hash, all of it."""
    part_a, part_b = match["part_a"], match["part_b"]
    if match["relation"] == Relation.SHARES_ELEMENT:
        small = max(part_a, part_b) < _SMALL
        what = "a logo, a sign or lettering" if small else "parts of one photo that overlap"
        return [f"{part_a:.0%} of it agrees", f"maybe {what}"]
    said = ["all of it" if part_a is None or part_a >= _NEARLY_ALL else f"{part_a:.0%} of it"]
    if match["relation"] in (Relation.CONTAINS, Relation.PART):
        said.append("inside a larger picture" if part_a >= part_b else "cut out")
    return said
