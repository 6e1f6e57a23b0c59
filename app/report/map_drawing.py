"""Draws the map of a case: a dot for each distinct content, framings in colours."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results

__all__ = ["MapDot", "MapLayer", "MapView", "map_view"]

MAX_COLOURED = 10  # framings: five colour-blind-safe colours, each for circles and for squares
_MIN_DOTS = 3  # fewer are not drawn
# Drawing units:
_SIDE = 680.0
_MARGIN = 20.0
_MIN_RADIUS = 3.2  # of a dot for one post
_EXTRA_RADIUS = 9.0  # of the largest dot
_LABEL_GAP = 8.0  # between a dot and the number of its framing

_MAX_CHARACTERS = 90  # of a caption

_DOTS = """
SELECT m.x, m.y, m.platform, m.post_id, m.posts, m.group_id,
    regexp_replace(left(p.text, 1000), '\\s+', ' ', 'g') AS text
FROM map_points m JOIN posts p USING (platform, post_id)
ORDER BY m.posts DESC, m.platform, m.post_id
"""


_Point = tuple[Mapping[str, Any], list[float]]  # a row of the query above, and its position


@dataclass(frozen=True, slots=True)
class MapDot:
    """One content that posts share: its position, its size, and the start of its caption."""

    x: float
    y: float
    radius: float
    title: str


@dataclass(frozen=True, slots=True)
class MapLayer:
    """The dots of one framing, or of posts in none; `mark` is its CSS class.

    The marks are `m1` to `m10`, `other` and `none`. The dots link to `group_id`, if it is on the
    page; `label` is the position of its number, for coloured layers.
    """

    mark: str
    group_id: str | None
    number: int | None
    dots: tuple[MapDot, ...]
    label: tuple[float, float] | None

    @property
    def square(self) -> bool:
        """Whether its dots are squares."""
        return self.number is not None and MAX_COLOURED // 2 < self.number <= MAX_COLOURED


@dataclass(frozen=True, slots=True)
class MapView:
    """The whole map; layers are drawn in this order."""

    width: float
    height: float
    layers: tuple[MapLayer, ...]

    @property
    def coloured(self) -> list[MapLayer]:
        """The layers of the marks `m1` to `m10`, by number."""
        return [layer for layer in reversed(self.layers) if layer.label]

    @property
    def dots(self) -> int:
        """The number of dots."""
        return sum(len(layer.dots) for layer in self.layers)

    def has(self, mark: str) -> bool:
        """Whether a layer has this mark."""
        return any(layer.mark == mark for layer in self.layers)


def map_view(case: Case, results: Results, shown: Collection[str]) -> MapView | None:
    """The map for a page that shows these framings; None if it would have almost no dots."""
    if results.map.num_rows < _MIN_DOTS:
        return None
    with connect(case, "posts") as connection:
        connection.register("map_points", results.map)
        rows = connection.sql(_DOTS).to_arrow_table()
    positions = np.stack([rows[name].to_numpy() for name in ("x", "y")], 1).astype(np.float64)
    positions = (positions - positions.min(axis=0)) * _SIDE + _MARGIN
    framings = results.groups.filter(pc.equal(results.groups["kind"], str(GroupKind.FRAMING)))
    numbers = {name: at for at, name in enumerate(framings["group_id"].to_pylist(), 1)}
    of_group: dict[str | None, list[_Point]] = {}
    for row, position in zip(rows.to_pylist(), positions.tolist(), strict=True):
        of_group.setdefault(row["group_id"], []).append((row, position))
    # Posts in no framing are drawn first, the framings of the widest spread last.
    last = len(numbers) + 1
    ordered = sorted(of_group.items(), key=lambda item: -numbers.get(item[0] or "", last))
    max_posts = max(rows["posts"].to_pylist())
    width, height = (round(float(positions[:, axis].max()) + _MARGIN, 1) for axis in (0, 1))
    return MapView(
        width=width,
        height=height,
        layers=tuple(
            _layer(name if name in shown else None, numbers.get(name or ""), points, max_posts)
            for name, points in ordered
        ),
    )


def _layer(
    group_id: str | None, number: int | None, points: list[_Point], max_posts: int
) -> MapLayer:
    dots = _dots(points, max_posts)
    if number is None:
        return MapLayer("none", None, None, dots, None)
    if number > MAX_COLOURED:
        return MapLayer("other", group_id, number, dots, None)
    positions = np.array([position for _, position in points])
    middle = dots[np.abs(positions - np.median(positions, axis=0)).sum(axis=1).argmin()]
    label = middle.x, round(middle.y - middle.radius - _LABEL_GAP, 1)
    return MapLayer(f"m{number}", group_id, number, dots, label)


def _dots(points: list[_Point], max_posts: int) -> tuple[MapDot, ...]:
    return tuple(
        MapDot(
            x=round(x, 1),
            y=round(y, 1),
            radius=_radius(row["posts"], max_posts),
            title=_title(row),
        )
        for row, (x, y) in points
    )


def _radius(posts: int, max_posts: int) -> float:
    """The radius of a dot, so that its area grows with its posts."""
    part = sqrt((posts - 1) / max(max_posts - 1, 1))
    return round(_MIN_RADIUS + _EXTRA_RADIUS * part, 1)


def _title(row: Mapping[str, Any]) -> str:
    text = (row["text"] or "").strip() or "(no caption)"
    start = text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"
    more = f", and {row['posts'] - 1:,} more" if row["posts"] > 1 else ""
    return f"{start}\n{row['platform']} {row['post_id']}{more}"
