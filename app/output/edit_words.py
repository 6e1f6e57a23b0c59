"""Describes edits of pictures and videos in a few words, from the evidence of matches."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frametrace.app.output.video_words import mirrored_words, time_words
from frametrace.matcher.result_schemas import Relation

if TYPE_CHECKING:
    from frametrace.app.summary import Counts

__all__ = ["alterations", "edits_found", "what_happened"]

_NEARLY_ALL = 0.9  # part of a picture that counts as all of it
_SMALL_PART = 0.3  # of both pictures; a shared logo, sign or text is smaller
_MIN_ROTATION = 3.0  # degrees; less is not mentioned
_UPSIDE_DOWN = 180 - _MIN_ROTATION
_ONE_PHOTO = (Relation.COPY, Relation.CONTAINS, Relation.PART)


def what_happened(match: Mapping[str, Any]) -> str:
    """How picture B of a match differs from picture A; `match` has the columns of matches.

    If it has `spans`, at least one of them is a video (see `video_words`).
    """
    if match["signal"] == "sha256":
        return "the same file"
    if match["relation"] == Relation.SIMILAR:
        return "looks alike"
    spans = match.get("spans") or ()
    edits = mirrored_words(spans) if spans else ["mirrored"] * bool(match["mirrored"])
    rotation = match["rotation"] or 0.0
    if abs(rotation) >= _UPSIDE_DOWN:
        edits.append("rotated by 180°")
    elif abs(rotation) >= _MIN_ROTATION:
        edits.append(
            f"rotated by {abs(rotation):.0f}° to the {'right' if rotation > 0 else 'left'}"
        )
    description = ", ".join([*edits, *(time_words(match) if spans else _parts(match))])
    altered = alterations(match)
    if spans and altered:
        altered = f"in the frames that agree best {altered}"
    return "; ".join(filter(None, (description, altered)))


def alterations(match: Mapping[str, Any]) -> str:
    """How many parts of a copy differ from picture A, and how large they are; empty for none."""
    boxes = match.get("altered") or ()
    if not boxes or match["relation"] not in _ONE_PHOTO:
        return ""
    part = match["altered_part"] or 0.0
    share = f"{part:.0%}" if part >= 0.01 else "less than 1%"
    return f"{len(boxes)} part{'s' if len(boxes) > 1 else ''} altered, {share} of what both show"


def edits_found(counts: "Counts") -> str:
    """How many pictures in photo groups are known to be edited; empty for none."""
    parts = []
    if counts.edited or counts.containing:
        parts += [
            f"pictures tied to a photo by local features: {counts.edited:,}",
            f"larger pictures that contain a photo: {counts.containing:,}",
        ]
    if counts.altered:
        parts.append(f"pictures with altered parts: {counts.altered:,}")
    return "; ".join(parts)


def _parts(match: Mapping[str, Any]) -> list[str]:
    """How much of A is in B, and where; all of it for matches by hash."""
    part_a, part_b = match["part_a"], match["part_b"]
    if match["relation"] == Relation.SAME_SCENE:
        return ["another shot of the same scene"]
    if match["relation"] == Relation.SHARES_ELEMENT:
        shared = "an app's bars, a frame or overlapping parts of one photo"
        if max(part_a, part_b) < _SMALL_PART:
            shared = "a logo, a sign or text in the picture"
        return [f"{part_a:.0%} of it agrees", f"perhaps {shared}"]
    parts = ["all of it" if part_a is None or part_a >= _NEARLY_ALL else f"{part_a:.0%} of it"]
    if match["relation"] in (Relation.CONTAINS, Relation.PART):
        parts.append("inside a larger picture" if part_a >= part_b else "cut out")
    return parts
