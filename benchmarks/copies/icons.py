"""Draws icons like those of apps, by name, on a canvas."""

from collections.abc import Callable, Mapping

import numpy as np
from copies.canvas import Canvas, Colour

__all__ = ["ICONS", "icon", "row_of_icons"]

Strokes = tuple[tuple[float, ...], ...]

# Icons that are lines only: x and y in turn, in parts of the icon's side.
_STROKES: Mapping[str, Strokes] = {
    "back": ((0.5, 0.1, 0.1, 0.5, 0.5, 0.9), (0.1, 0.5, 0.95, 0.5)),
    "bars": ((0.05, 0.2, 0.95, 0.2), (0.05, 0.5, 0.95, 0.5), (0.05, 0.8, 0.95, 0.8)),
    "bell": (
        (0.1, 0.75, 0.22, 0.6, 0.25, 0.35, 0.5, 0.12, 0.75, 0.35, 0.78, 0.6, 0.9, 0.75, 0.1, 0.75),
        (0.4, 0.88, 0.6, 0.88),
    ),
    "bin": (
        (0.05, 0.18, 0.95, 0.18),
        (0.35, 0.15, 0.38, 0.03, 0.62, 0.03, 0.65, 0.15),
        (0.15, 0.2, 0.22, 0.97, 0.78, 0.97, 0.85, 0.2),
    ),
    "bookmark": ((0.2, 0.95, 0.2, 0.05, 0.8, 0.05, 0.8, 0.95, 0.5, 0.7, 0.2, 0.95),),
    "chart": ((0.15, 0.6, 0.15, 0.95), (0.5, 0.1, 0.5, 0.95), (0.85, 0.35, 0.85, 0.95)),
    "chevron": ((0.65, 0.05, 0.25, 0.5, 0.65, 0.95),),
    "cross": ((0.12, 0.12, 0.88, 0.88), (0.12, 0.88, 0.88, 0.12)),
    "home": ((0.02, 0.5, 0.5, 0.08, 0.98, 0.5), (0.15, 0.42, 0.15, 0.93, 0.85, 0.93, 0.85, 0.42)),
    "mail": (
        (0.05, 0.15, 0.95, 0.15, 0.95, 0.85, 0.05, 0.85, 0.05, 0.15),
        (0.05, 0.2, 0.5, 0.55, 0.95, 0.2),
    ),
    "phone": (
        (0.1, 0.1, 0.3, 0.05, 0.42, 0.32, 0.3, 0.42, 0.58, 0.7, 0.68, 0.58, 0.95, 0.7, 0.9, 0.9),
        (0.9, 0.9, 0.7, 0.92, 0.3, 0.7, 0.08, 0.3, 0.1, 0.1),
    ),
    "plane": ((0.95, 0.1, 0.05, 0.1, 0.45, 0.45, 0.55, 0.95, 0.95, 0.1, 0.45, 0.45),),
    "repeat": (
        (0.15, 0.4, 0.15, 0.2, 0.75, 0.2),
        (0.62, 0.05, 0.78, 0.2, 0.62, 0.35),
        (0.85, 0.6, 0.85, 0.8, 0.25, 0.8),
        (0.38, 0.65, 0.22, 0.8, 0.38, 0.95),
    ),
    "share": (
        (0.5, 0.65, 0.5, 0.05),
        (0.28, 0.27, 0.5, 0.05, 0.72, 0.27),
        (0.12, 0.6, 0.12, 0.92, 0.88, 0.92, 0.88, 0.6),
    ),
    "thumb": (
        (0.05, 0.45, 0.25, 0.45, 0.25, 0.95, 0.05, 0.95, 0.05, 0.45),
        (0.25, 0.5, 0.5, 0.05, 0.62, 0.12, 0.58, 0.4, 0.95, 0.42, 0.85, 0.95, 0.25, 0.95),
    ),
}


def icon(canvas: Canvas, name: str, x: float, y: float, side: float, ink: Colour) -> None:
    """Draw an icon centered on a point."""
    left, top = x - side / 2, y - side / 2
    if name in _STROKES:
        for stroke in _STROKES[name]:
            _stroke(canvas, ink, (left, top, side), *stroke)
    else:
        _SHAPES[name](canvas, left, top, side, ink)


def row_of_icons(
    canvas: Canvas, names: tuple[str, ...], y: float, side: float, ink: Colour
) -> None:
    """Icons at equal distances over the whole width, as in tab bars."""
    step = canvas.width / len(names)
    for at, name in enumerate(names):
        icon(canvas, name, (at + 0.5) * step, y, side, ink)


def _stroke(canvas: Canvas, ink: Colour, place: tuple[float, float, float], *points: float) -> None:
    canvas.line(_placed(place, *points), ink, place[2] / 12)


def _placed(place: tuple[float, float, float], *points: float) -> list[tuple[float, float]]:
    x, y, side = place
    pairs = zip(points[::2], points[1::2], strict=True)
    return [(x + a * side, y + b * side) for a, b in pairs]


def _curve(x: float, y: float, side: float) -> list[tuple[float, float]]:
    """The outline of a heart."""
    turn = np.linspace(0, 2 * np.pi, 40)
    across = 0.5 + 0.5 * np.sin(turn) ** 3
    down = 0.45 - (13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn)) / 32
    return [(x + a * side, y + b * side) for a, b in zip(across, down, strict=True)]


def _heart(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.line(_curve(x, y, side), ink, side / 12)


def _full_heart(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.shape(_curve(x, y, side), ink)


def _bubble(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    box = (x + 0.05 * side, y + 0.05 * side, x + 0.95 * side, y + 0.85 * side)
    canvas.arc(box, 130, 460, ink, side / 12)
    _stroke(canvas, ink, (x, y, side), 0.22, 0.76, 0.2, 0.98, 0.42, 0.84)


def _full_bubble(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.slice((x, y, x + side, y + 0.88 * side), 0, 360, ink)
    canvas.shape(_placed((x, y, side), 0.1, 0.6, 0, 1, 0.5, 0.8), ink)


def _arrow(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    points = (0, 0.9, 0.1, 0.5, 0.55, 0.32, 0.55, 0.08, 1, 0.48, 0.55, 0.85, 0.55, 0.62)
    canvas.shape(_placed((x, y, side), *points), ink)


def _search(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.ring(x + 0.42 * side, y + 0.42 * side, 0.36 * side, ink, side / 12)
    _stroke(canvas, ink, (x, y, side), 0.68, 0.68, 0.97, 0.97)


def _person(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.ring(x + side / 2, y + 0.28 * side, 0.22 * side, ink, side / 12)
    box = (x + 0.1 * side, y + 0.58 * side, x + 0.9 * side, y + 1.4 * side)
    canvas.arc(box, 180, 360, ink, side / 12)


def _plus(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.box((x, y, x + side, y + side), None, side / 4, ink)
    _stroke(canvas, ink, (x, y, side), 0.5, 0.25, 0.5, 0.75)
    _stroke(canvas, ink, (x, y, side), 0.25, 0.5, 0.75, 0.5)


def _reel(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.box((x, y, x + side, y + side), None, side / 4, ink)
    _stroke(canvas, ink, (x, y, side), 0.02, 0.3, 0.98, 0.3)
    canvas.shape(_placed((x, y, side), 0.38, 0.45, 0.38, 0.82, 0.7, 0.63), ink)


def _dots(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    for at in (0.14, 0.5, 0.86):
        canvas.disc(x + at * side, y + side / 2, 0.1 * side, ink)


def _colon(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    for at in (0.14, 0.5, 0.86):
        canvas.disc(x + side / 2, y + at * side, 0.1 * side, ink)


def _camera(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.box((x, y + 0.2 * side, x + 0.68 * side, y + 0.8 * side), None, side / 8, ink)
    _stroke(canvas, ink, (x, y, side), 0.7, 0.45, 0.98, 0.28, 0.98, 0.72, 0.7, 0.55)


def _sliders(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    for row, knob in ((0.2, 0.7), (0.5, 0.3), (0.8, 0.6)):
        _stroke(canvas, ink, (x, y, side), 0.05, row, 0.95, row)
        canvas.disc(x + knob * side, y + row * side, side / 9, ink)


def _eye(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.arc((x, y + 0.2 * side, x + side, y + 0.8 * side), 0, 360, ink, side / 12)
    canvas.disc(x + side / 2, y + side / 2, side / 6, ink)


def _tick(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    turns = np.arange(16) * np.pi / 8
    radii = np.where(np.arange(16) % 2, 0.42, 0.5) * side
    points = zip(radii * np.cos(turns), radii * np.sin(turns), strict=True)
    canvas.shape([(x + side / 2 + a, y + side / 2 + b) for a, b in points], ink)
    _stroke(canvas, "white", (x, y, side), 0.28, 0.52, 0.45, 0.68, 0.74, 0.34)


def _globe(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.ring(x + side / 2, y + side / 2, side / 2, ink, side / 12)
    canvas.arc((x + 0.28 * side, y, x + 0.72 * side, y + side), 0, 360, ink, side / 14)
    _stroke(canvas, ink, (x, y, side), 0.02, 0.5, 0.98, 0.5)


def _note(canvas: Canvas, x: float, y: float, side: float, ink: Colour) -> None:
    canvas.disc(x + 0.25 * side, y + 0.8 * side, 0.18 * side, ink)
    _stroke(canvas, ink, (x, y, side), 0.4, 0.8, 0.4, 0.1, 0.85, 0.05, 0.85, 0.3)


_SHAPES: Mapping[str, Callable[[Canvas, float, float, float, Colour], None]] = {
    "arrow": _arrow,
    "bubble": _bubble,
    "camera": _camera,
    "colon": _colon,
    "dots": _dots,
    "eye": _eye,
    "full bubble": _full_bubble,
    "full heart": _full_heart,
    "globe": _globe,
    "heart": _heart,
    "note": _note,
    "person": _person,
    "plus": _plus,
    "reel": _reel,
    "search": _search,
    "sliders": _sliders,
    "tick": _tick,
}
ICONS = (*_STROKES, *_SHAPES)
