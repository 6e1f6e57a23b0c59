"""The map of a case as the page draws it: dots for what posts say and show, framings in colours."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect
from frametrace.matcher.results import GroupKind
from frametrace.matcher.saved_results import Results

__all__ = ["Dot", "MapView", "Patch", "map_view"]

COLOURED = 10  # framings; five colours that colour-blind people can tell, as dots and as squares
_LEAST_DOTS = 3  # fewer are no map
_SIDE = 680.0
_MARGIN = 20.0
_SMALLEST = 3.2  # radius of a dot for one post
_MORE = 9.0  # what the largest has more
_ABOVE = 8.0  # a dot stands the number of its framing
_MOST_TEXT = 90  # characters of a caption

_DOTS = """
SELECT m.x, m.y, m.platform, m.post_id, m.posts, m.group_id,
    regexp_replace(left(p.text, 1000), '\\s+', ' ', 'g') AS text
FROM places m JOIN posts p USING (platform, post_id)
ORDER BY m.posts DESC, m.platform, m.post_id
"""


_Place = tuple[Mapping[str, Any], list[float]]  # a row of the query above, and where it lies


@dataclass(frozen=True, slots=True)
class Dot:
    """What some posts say: where it is drawn, how large, and the beginning of it."""

    x: float
    y: float
    radius: float
    title: str


@dataclass(frozen=True, slots=True)
class Patch:
    """The dots of one framing, or of posts in none, drawn in the manner of its `mark`.

    A mark is `m1` to `m10`, `other` or `none`. `group_id` is where the dots lead, if it is on the
    page; `label` is where its number stands, of those that are coloured.
    """

    mark: str
    group_id: str | None
    number: int | None
    dots: tuple[Dot, ...]
    label: tuple[float, float] | None

    @property
    def square(self) -> bool:
        """Whether its dots are squares."""
        return self.number is not None and COLOURED // 2 < self.number <= COLOURED


@dataclass(frozen=True, slots=True)
class MapView:
    """The whole map, drawn in this order; `coloured` are the patches of marks `m1` to `m10`."""

    width: float
    height: float
    patches: tuple[Patch, ...]

    @property
    def coloured(self) -> list[Patch]:
        """Those with a colour of their own, by number."""
        return [patch for patch in reversed(self.patches) if patch.label]

    @property
    def dots(self) -> int:
        """How many there are."""
        return sum(len(patch.dots) for patch in self.patches)

    def has(self, mark: str) -> bool:
        """Whether a patch has this mark."""
        return any(patch.mark == mark for patch in self.patches)


def map_view(case: Case, results: Results, shown: Collection[str]) -> MapView | None:
    """The map for a page on which these framings are shown; None where there is next to nothing."""
    if results.map.num_rows < _LEAST_DOTS:
        return None
    with connect(case, "posts") as connection:
        connection.register("places", results.map)
        rows = connection.sql(_DOTS).to_arrow_table()
    places = np.stack([rows[name].to_numpy() for name in ("x", "y")], 1).astype(np.float64)
    places = (places - places.min(axis=0)) * _SIDE + _MARGIN
    framings = results.groups.filter(pc.equal(results.groups["kind"], str(GroupKind.FRAMING)))
    numbers = {name: at for at, name in enumerate(framings["group_id"].to_pylist(), 1)}
    of_group: dict[str | None, list[_Place]] = {}
    for row, place in zip(rows.to_pylist(), places.tolist(), strict=True):
        of_group.setdefault(row["group_id"], []).append((row, place))
    # What is in no framing lies below, and the framings of widest spread on top.
    last = len(numbers) + 1
    ordered = sorted(of_group.items(), key=lambda item: -numbers.get(item[0] or "", last))
    most = max(rows["posts"].to_pylist())
    width, height = (round(float(places[:, axis].max()) + _MARGIN, 1) for axis in (0, 1))
    return MapView(
        width=width,
        height=height,
        patches=tuple(
            _patch(name if name in shown else None, numbers.get(name or ""), found, most)
            for name, found in ordered
        ),
    )


def _patch(group_id: str | None, number: int | None, found: list[_Place], most: int) -> Patch:
    if number is None:
        return Patch("none", None, None, _dots(found, most), None)
    if number > COLOURED:
        return Patch("other", group_id, number, _dots(found, most), None)
    dots = _dots(found, most)
    places = np.array([place for _, place in found])
    middle = dots[np.abs(places - np.median(places, axis=0)).sum(axis=1).argmin()]
    label = middle.x, round(middle.y - middle.radius - _ABOVE, 1)
    return Patch(f"m{number}", group_id, number, dots, label)


def _dots(found: list[_Place], most: int) -> tuple[Dot, ...]:
    return tuple(
        Dot(
            x=round(x, 1),
            y=round(y, 1),
            radius=round(_SMALLEST + _MORE * sqrt((row["posts"] - 1) / max(most - 1, 1)), 1),
            title=_title(row),
        )
        for row, (x, y) in found
    )


def _title(row: Mapping[str, Any]) -> str:
    text = (row["text"] or "").strip() or "(no caption)"
    said = text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
    more = f", and {row['posts'] - 1:,} more" if row["posts"] > 1 else ""
    return f"{said}\n{row['platform']} {row['post_id']}{more}"
