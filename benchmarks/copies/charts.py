"""Draws charts and tables of one style with different numbers and titles; no photographs."""

import numpy as np
from copies.canvas import Canvas, Others, Rng
from copies.devices import template_rng
from copies.icons import ICONS, icon
from copies.lettering import one_of
from copies.texts import agency, headline, paragraph, place
from PIL import Image

__all__ = ["bar_chart", "infographic", "line_chart", "pie_chart", "table"]

_PALETTES = (
    ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b"),
    ("#264653", "#2a9d8f", "#e9c46a", "#f4a261", "#e76f51", "#6d597a"),
    ("#003f5c", "#58508d", "#bc5090", "#ff6361", "#ffa600", "#7a9e9f"),
    ("#444444", "#c1121f", "#669bbc", "#a3b18a", "#dda15e", "#7f5539"),
)
_UNITS = ("Percent of households", "Thousands of visitors", "Reports per month", "Million crowns")
_GROUNDS = ("#ffffff", "#f6f1e7", "#0f1b2d", "#eef3f8")
_WIDTH, _HEIGHT = 480, 330  # points


def _page(kind: str, template: int, rng: Rng) -> tuple[Canvas, Rng, tuple[str, ...], str]:
    """Background, title and source line of a style: canvas, generator, palette, ink."""
    style = template_rng(kind, template)
    palette, ground = one_of(style, _PALETTES), one_of(style, _GROUNDS)
    ink = "#e8edf2" if ground == "#0f1b2d" else "#222222"
    canvas = Canvas(_WIDTH, _HEIGHT, ground)
    canvas.family = one_of(style, ("sans", "plain", "serif"))
    canvas.box((20, 16, 52, 20), palette[3])
    canvas.text((20, 36), headline(rng), 18, ink, bold=True)
    canvas.text((20, 57), f"{one_of(rng, _UNITS)}, {rng.integers(1998, 2025)}", 12, ink)
    canvas.text((20, _HEIGHT - 14), f"Source: office of statistics of {place(rng)}", 9.5, ink)
    canvas.text(
        (_WIDTH - 16, _HEIGHT - 14), agency(style), 11, palette[3], bold=True, anchor="right"
    )
    return canvas, style, palette, ink


def _axes(canvas: Canvas, ink: str, highest: float) -> None:
    for at in range(5):
        y = 276 - 46 * at
        canvas.line([(56, y), (_WIDTH - 20, y)], (128, 128, 128, 110), 0.7)
        canvas.text((50, y), f"{highest * at / 4:g}", 10, ink, anchor="right")


def bar_chart(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """Upright bars, in two series in half of the templates."""
    canvas, style, palette, ink = _page("bar chart", template, rng)
    series, bars = int(style.integers(1, 3)), int(style.integers(5, 9))
    highest = float(one_of(rng, ("20", "40", "80", "100", "200", "400")))
    _axes(canvas, ink, highest)
    step = (_WIDTH - 90) / bars
    for at in range(bars):
        for which in range(series):
            value = rng.uniform(0.08, 1)
            left = 66 + at * step + which * 0.36 * step
            wide = 0.34 * step if series > 1 else 0.66 * step
            canvas.box((left, 276 - 184 * value, left + wide, 276), palette[which])
            if series == 1:
                canvas.text((left + wide / 2, 268 - 184 * value), f"{highest * value:.0f}", 10, ink,
                            anchor="middle")  # fmt: skip
        canvas.text((66 + (at + 0.35) * step, 287), place(rng)[:9], 9.5, ink, anchor="middle")
    return canvas.finished(640)


def line_chart(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """Two to four lines over years, with a legend."""
    canvas, style, palette, ink = _page("line chart", template, rng)
    lines, filled = int(style.integers(2, 5)), bool(style.integers(2))
    first = int(rng.integers(1975, 2005))
    _axes(canvas, ink, float(one_of(rng, ("10", "40", "80", "100", "1000"))))
    for at in range(7):
        canvas.text((62 + at * 64, 288), f"{first + 3 * at}", 10, ink, anchor="middle")
    for which in range(lines):
        walk = np.cumsum(rng.normal(0, 1, 40))
        walk = 276 - 184 * (0.06 + 0.88 * (walk - walk.min()) / max(np.ptp(walk), 1)) * rng.uniform(
            0.4, 1
        )
        points = [(60 + 10 * at, float(y)) for at, y in enumerate(walk)]
        if filled and which == 0:
            canvas.shape([*points, (450, 276), (60, 276)], (*_rgb(palette[0]), 70))
        canvas.line(points, palette[which], 2.2)
        canvas.box((70 + 100 * which, 74, 80 + 100 * which, 84), palette[which])
        canvas.text((85 + 100 * which, 79), place(rng), 10.5, ink)
    return canvas.finished(640)


def pie_chart(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A pie or a ring, with a legend on the right."""
    canvas, style, palette, ink = _page("pie chart", template, rng)
    parts, ring = int(style.integers(4, 7)), bool(style.integers(2))
    shares = rng.dirichlet(np.full(parts, 2.0))
    start = -90.0
    for which, share in enumerate(shares.tolist()):
        canvas.slice((60, 82, 270, 292), start, start + 360 * share, palette[which])
        start += 360 * share
        y = 112 + 30 * which
        canvas.box((310, y - 8, 326, y + 8), palette[which], 3)
        canvas.text((334, y), place(rng), 13, ink)
        canvas.text((_WIDTH - 20, y), f"{100 * share:.0f} %", 13, ink, bold=True, anchor="right")
    if ring:
        middle = canvas.image.getpixel((2, 2))
        assert isinstance(middle, tuple)
        canvas.disc(165, 187, 58, middle)
        canvas.text((165, 187), f"{rng.integers(11, 990)}k", 26, ink, bold=True, anchor="middle")
    return canvas.finished(640)


def table(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """Rows of names and numbers under a coloured head."""
    canvas, style, palette, ink = _page("table", template, rng)
    columns, rows = int(style.integers(3, 6)), int(style.integers(7, 10))
    canvas.box((20, 72, _WIDTH - 20, 96), palette[0])
    heads = ("Town", "2019", "2021", "2023", "Change")
    high, step = 200 / rows, (_WIDTH - 160) / (columns - 1)
    for at in range(columns):
        x = 30 if at == 0 else 130 + at * step
        anchor = "left" if at == 0 else "right"
        canvas.text((x, 84), heads[at], 12, "white", bold=True, anchor=anchor)
    for row in range(rows):
        y = 96 + (row + 0.5) * high
        if row % 2:
            canvas.box((20, y - high / 2, _WIDTH - 20, y + high / 2), (128, 128, 128, 40))
        canvas.text((30, y), place(rng), 12, ink)
        for at in range(1, columns):
            number = f"{rng.integers(100, 99999):,}"
            canvas.text((130 + at * step, y), number, 12, ink, anchor="right")
    return canvas.finished(640)


def infographic(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """Numbered tips with round icons, one below the other."""
    style = template_rng("infographic", template)
    palette, ground = one_of(style, _PALETTES), one_of(style, _GROUNDS)
    ink = "#e8edf2" if ground == "#0f1b2d" else "#222222"
    canvas = Canvas(360, 520, ground)
    canvas.box((0, 0, 360, 88), palette[0])
    canvas.paragraph(
        (20, 14), 320, headline(rng).upper(), 22, "white", bold=True, lines=2, anchor="middle"
    )
    signs = [one_of(style, ICONS) for _ in range(4)]
    for at, sign in enumerate(signs):
        y = 142 + 98 * at
        x = 56 if at % 2 == 0 else 304
        canvas.disc(x, y, 36, palette[at + 1])
        icon(canvas, sign, x, y, 36, "white")
        left = 108 if at % 2 == 0 else 24
        canvas.text(
            (left, y - 28), f"{at + 1}. {place(rng)}: {rng.integers(2, 98)} %", 16, ink, bold=True
        )
        canvas.paragraph((left, y - 16), 228, paragraph(rng, 1), 13, ink, lines=3)
    canvas.text((180, 506), agency(style), 12, palette[3], bold=True, anchor="middle")
    return canvas.finished(540)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
