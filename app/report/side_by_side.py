"""Pictures side by side with those that tie them: what both show, and what is altered, outlined."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frametrace.app.output.edit_words import alterations, what_happened
from frametrace.app.report.thumbnails import Thumbnail
from frametrace.embed.signals.local import SIDE, Local
from frametrace.matcher.pictures.evidence import Evidence, outline
from frametrace.matcher.pictures.verified_pairs import evidence_of

__all__ = ["Beside", "Box", "Side", "both_of", "regions", "side_by_side", "verified_members"]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in a drawing."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Side:
    """One of two pictures: its digest, its size when shrunk, the corners of what is shared.

    `altered` are the parts that the other picture shows differently.
    """

    digest: str
    size: tuple[int, int]
    region: np.ndarray
    altered: tuple[Box, ...] = ()

    @property
    def points(self) -> str:
        """The corners as SVG writes them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.region.tolist())


@dataclass(frozen=True, slots=True)
class Beside:
    """A picture of a group, the one that a member's picture is tied to first, and what was done."""

    sides: tuple[Side, Side]
    words: str


def verified_members(members: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A member for each picture that local features tie, or of which a part is altered.

    Those come first that deserve a second look most: altered ones, of these first the copies by a
    hash, which pass for the same; then those of which the fewest features agree.
    """
    verified: dict[str, Mapping[str, Any]] = {}
    for member in members:
        if member["inliers"] is not None and (_by_features(member) or alterations(member)):
            verified.setdefault(member["media_sha256"], member)
    return sorted(verified.values(), key=_order)


def both_of(member: Mapping[str, Any]) -> tuple[str, str]:
    """The picture that a member's is tied to, and the member's."""
    return member["via_sha256"] or member["medoid_sha256"], member["media_sha256"]


def side_by_side(
    members: Sequence[Mapping[str, Any]], made: Mapping[str, Thumbnail]
) -> list[Beside]:
    """The pictures of members beside those that they are tied to, as far as both can be shown."""
    found = []
    for member in members:
        digests = both_of(member)
        if all(digest in made for digest in digests):
            sizes = [_shrunk(made[digest]) for digest in digests]
            evidence = evidence_of(member)
            corners, boxes = regions(evidence, *sizes), _altered(evidence, *sizes)
            a, b = (Side(*side) for side in zip(digests, sizes, corners, boxes, strict=True))
            found.append(Beside((a, b), f"{what_happened(member)}; {_agreement(member)}"))
    return found


def regions(
    evidence: Evidence, a: tuple[int, int], b: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """What of a picture A the frame of B covers, and the other way round: (n, 2) corners in each.

    `a` and `b` are widths and heights of the pictures when shrunk, in whose pixels corners are.
    """
    back = evidence.inverted(a, b)
    return _clipped(outline(back, b), a), _clipped(outline(evidence, a), b)


def _by_features(member: Mapping[str, Any]) -> bool:
    named: bool = member["signal"] == Local.name
    return named


def _order(member: Mapping[str, Any]) -> tuple[bool, bool, int, str]:
    return not alterations(member), _by_features(member), member["inliers"], member["media_sha256"]


def _agreement(member: Mapping[str, Any]) -> str:
    if _by_features(member):
        return f"{member['inliers']:,} local features agree"
    return f"{member['signal']} differs in {member['distance']} bits"


def _altered(
    evidence: Evidence, a: tuple[int, int], b: tuple[int, int]
) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """The altered parts of B in pixels, and where they lie in A."""
    sides = (evidence.inverted(a, b), a), (evidence, b)
    in_a, in_b = (tuple(_boxes(seen, size)) for seen, size in sides)
    return in_a, in_b


def _boxes(evidence: Evidence, size: tuple[int, int]) -> Iterable[Box]:
    for box in evidence.altered:
        x0, y0, x1, y1 = (
            round(part * side, 1) for part, side in zip(box, (*size, *size), strict=True)
        )
        yield Box(x0, y0, round(x1 - x0, 1), round(y1 - y0, 1))


def _shrunk(picture: Thumbnail) -> tuple[int, int]:
    """The size at which local features were found."""
    part = min(SIDE / max(picture.width, picture.height), 1)
    return max(round(picture.width * part), 1), max(round(picture.height * part), 1)


def _clipped(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of a convex polygon inside a frame (Sutherland and Hodgman, 1974)."""
    for axis, side in enumerate(size):
        corners = _half(corners, corners[:, axis])
        corners = _half(corners, side - corners[:, axis])
    return corners


def _half(corners: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The part of a polygon whose corners are inside by so much, outside where that is negative."""
    kept = []
    for at in range(len(corners)):
        before, here = inside[at - 1], inside[at]
        if (before < 0) != (here < 0):
            edge = corners[at] - corners[at - 1]
            kept.append(corners[at - 1] + edge * (before / (before - here)))
        if here >= 0:
            kept.append(corners[at])
    return np.array(kept).reshape(-1, 2)
