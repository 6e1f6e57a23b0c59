"""Pairs of tied pictures side by side, with outlines of what both show and what is altered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frametrace.app.output.edit_words import alterations, what_happened
from frametrace.app.report.thumbnails import Thumbnail
from frametrace.embed.signals.local import SIDE, Local
from frametrace.matcher.pictures.pair_evidence import Evidence, outline
from frametrace.matcher.pictures.verified_pair_table import evidence_of

__all__ = [
    "Box",
    "PicturePair",
    "Side",
    "outlined",
    "pair_of",
    "reduced_size",
    "regions",
    "side_by_side",
    "verified_members",
]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in a drawing."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Side:
    """One picture of a pair: its digest, its reduced size, the corners of the shared region.

    `altered` are the parts that the other picture shows differently. A frame of a video has a
    `label`, and the time at which it is shown.
    """

    digest: str
    size: tuple[int, int]
    region: np.ndarray
    altered: tuple[Box, ...] = ()
    label: str = ""
    time: str = ""

    @property
    def name(self) -> str:
        """What it is, in words."""
        return self.label or f"picture {self.digest[:12]}"

    @property
    def points(self) -> str:
        """The corners in SVG notation."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.region.tolist())


@dataclass(frozen=True, slots=True)
class PicturePair:
    """Two pictures of a group: the one that a member's is tied to, the member's, and the edits."""

    sides: tuple[Side, Side]
    words: str


def verified_members(members: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A member for each picture that is tied by local features or has an altered part.

    Altered pictures come first, and among them copies by hash, which would pass for the same
    picture; then those with the fewest agreeing features.
    """
    verified: dict[str, Mapping[str, Any]] = {}
    for member in members:
        if member["inliers"] is not None and (_by_features(member) or alterations(member)):
            verified.setdefault(member["media_sha256"], member)
    return sorted(verified.values(), key=_order)


def pair_of(member: Mapping[str, Any]) -> tuple[str, str]:
    """The picture that a member's is tied to, and the member's."""
    return member["via_sha256"] or member["medoid_sha256"], member["media_sha256"]


def side_by_side(
    members: Sequence[Mapping[str, Any]], made: Mapping[str, Thumbnail]
) -> list[PicturePair]:
    """The pictures of members beside those that they are tied to, if both have a thumbnail."""
    pairs = []
    for member in members:
        digests = pair_of(member)
        if all(digest in made for digest in digests):
            sizes = [reduced_size(made[digest].width, made[digest].height) for digest in digests]
            pair = outlined(member, digests, (sizes[0], sizes[1]))
            pairs.append(PicturePair(pair, f"{what_happened(member)}; {_agreement(member)}"))
    return pairs


def outlined(
    member: Mapping[str, Any],
    digests: tuple[str, str],
    sizes: tuple[tuple[int, int], tuple[int, int]],
) -> tuple[Side, Side]:
    """Two pictures of reduced sizes, with outlines by a member's evidence."""
    evidence = evidence_of(member)
    corners, boxes = regions(evidence, *sizes), _altered(evidence, *sizes)
    a, b = (Side(*side) for side in zip(digests, sizes, corners, boxes, strict=True))
    return a, b


def regions(
    evidence: Evidence, a: tuple[int, int], b: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The region of picture A that B covers, and of B that A covers: (n, 2) corners in each.

    `a` and `b` are the reduced widths and heights; corners are in these pixels.
    """
    back = evidence.inverted(a, b)
    return _clipped(outline(back, b), a), _clipped(outline(evidence, a), b)


def _by_features(member: Mapping[str, Any]) -> bool:
    by_features: bool = member["signal"] == Local.name
    return by_features


def _order(member: Mapping[str, Any]) -> tuple[bool, bool, int, str]:
    return not alterations(member), _by_features(member), member["inliers"], member["media_sha256"]


def _agreement(member: Mapping[str, Any]) -> str:
    if _by_features(member):
        return f"{member['inliers']:,} local features agree"
    return f"{member['signal']} differs in {member['distance']} bits"


def _altered(
    evidence: Evidence, a: tuple[int, int], b: tuple[int, int]
) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """The altered parts in pixels of A and of B."""
    sides = (evidence.inverted(a, b), a), (evidence, b)
    in_a, in_b = (tuple(_boxes(oriented, size)) for oriented, size in sides)
    return in_a, in_b


def _boxes(evidence: Evidence, size: tuple[int, int]) -> Iterable[Box]:
    for box in evidence.altered:
        x0, y0, x1, y1 = (
            round(part * side, 1) for part, side in zip(box, (*size, *size), strict=True)
        )
        yield Box(x0, y0, round(x1 - x0, 1), round(y1 - y0, 1))


def reduced_size(width: int, height: int) -> tuple[int, int]:
    """The reduced size at which the local features of a picture were computed."""
    part = min(SIDE / max(width, height), 1)
    return max(round(width * part), 1), max(round(height * part), 1)


def _clipped(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of a convex polygon inside a frame (Sutherland and Hodgman, 1974)."""
    for axis, side in enumerate(size):
        corners = _half(corners, corners[:, axis])
        corners = _half(corners, side - corners[:, axis])
    return corners


def _half(corners: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The part of a polygon in a half-plane; `inside` is each corner's signed distance into it."""
    clipped = []
    for at in range(len(corners)):
        before, here = inside[at - 1], inside[at]
        if (before < 0) != (here < 0):
            edge = corners[at] - corners[at - 1]
            clipped.append(corners[at - 1] + edge * (before / (before - here)))
        if here >= 0:
            clipped.append(corners[at])
    return np.array(clipped).reshape(-1, 2)
