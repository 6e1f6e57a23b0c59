"""What was done to pictures, in a few words: from the evidence of matches."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frametrace.matcher.results import Relation

if TYPE_CHECKING:
    from frametrace.app.summary import Counts

__all__ = ["alterations", "edits_found", "what_happened"]

_NEARLY_ALL = 0.9
_SMALL = 0.3  # an element has less of both pictures
_TURNED = 3.0  # degrees; less is not worth a word
_OVER = 180 - _TURNED
_ONE_PHOTO = (Relation.COPY, Relation.CONTAINS, Relation.PART)


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
    shown = ", ".join([*said, *_parts(match)])
    return "; ".join(part for part in (shown, alterations(match)) if part)


def alterations(match: Mapping[str, Any]) -> str:
    """How many parts of a copy differ from the picture A, and how large; empty where none does."""
    boxes = match.get("altered") or ()
    if not boxes or match["relation"] not in _ONE_PHOTO:
        return ""
    part = match["altered_part"] or 0.0
    share = f"{part:.0%}" if part >= 0.01 else "less than 1%"
    return f"{len(boxes)} part{'s' if len(boxes) > 1 else ''} altered, {share} of what both show"


def edits_found(counts: "Counts") -> str:
    """How many pictures of photo groups were edited, as far as was told; empty for none."""
    parts = []
    if counts.edited or counts.containing:
        parts += [
            f"pictures tied to a photo by local features: {counts.edited:,}",
            f"larger pictures that hold a photo: {counts.containing:,}",
        ]
    if counts.altered:
        parts.append(f"pictures with altered parts: {counts.altered:,}")
    return "; ".join(parts)


def _parts(match: Mapping[str, Any]) -> list[str]:
    """How much of A is there, and where; of matches by hash, all of it."""
    part_a, part_b = match["part_a"], match["part_b"]
    if match["relation"] == Relation.SAME_SCENE:
        return ["another shot of the same scene"]
    if match["relation"] == Relation.SHARES_ELEMENT:
        small = max(part_a, part_b) < _SMALL
        what = "a logo, a sign or text in the picture"
        if not small:
            what = "an app's bars, a frame or parts of one photo that overlap"
        return [f"{part_a:.0%} of it agrees", f"maybe {what}"]
    said = ["all of it" if part_a is None or part_a >= _NEARLY_ALL else f"{part_a:.0%} of it"]
    if match["relation"] in (Relation.CONTAINS, Relation.PART):
        said.append("inside a larger picture" if part_a >= part_b else "cut out")
    return said
