"""Defines the phones and browser windows of screenshots: sizes, light and dark, status bars."""

import zlib
from dataclasses import dataclass

import numpy as np
from copies.canvas import Canvas, Rng
from copies.icons import icon
from copies.texts import clock

__all__ = ["Device", "browser_bar", "device", "status_bar", "template_rng"]

_PHONES = ((390, 844), (360, 800), (412, 915), (375, 667), (360, 780))  # points
_PIXELS = (540, 600, 480, 640)  # of width, as platforms keep screenshots
STATUS = 44  # points


@dataclass(frozen=True, slots=True)
class Device:
    """What all screenshots of one template have in common: points, pixels kept, colours."""

    width: float
    height: float
    pixels: int
    dark: bool
    apple: bool
    paper: str
    ink: str
    faint: str
    line: str

    def canvas(self) -> Canvas:
        """An empty screen."""
        return Canvas(self.width, self.height, self.paper)


def template_rng(kind: str, template: int) -> Rng:
    """Draws what a template fixes: the same for every picture of it."""
    return np.random.default_rng([zlib.crc32(kind.encode()), template])


def device(kind: str, template: int) -> Device:
    """The device of a template; every second pair of templates is dark."""
    rng = template_rng(kind, template)
    width, height = _PHONES[int(rng.integers(len(_PHONES)))]
    pixels = _PIXELS[int(rng.integers(len(_PIXELS)))]
    dark = bool(template // 2 % 2)
    colours = (
        (("#000000", "#15202b", "#121212")[int(rng.integers(3))], "#e7e9ea", "#8b98a5", "#2f3336")
        if dark
        else ("#ffffff", "#0f1419", "#65707b", "#e4e8eb")
    )
    return Device(width, height, pixels, dark, bool(rng.integers(2)), *colours)


def status_bar(canvas: Canvas, of: Device, rng: Rng, ink: str = "") -> float:
    """Clock, reception, battery; returns its lower edge."""
    ink, right = ink or of.ink, canvas.width
    y = STATUS / 2 + 2
    canvas.text((28 if of.apple else 18, y), clock(rng), 15, ink, bold=of.apple)
    for bar in range(4):
        x = right - 88 + 5 * bar
        canvas.box((x, y + 5 - 3 * (bar + 1), x + 3, y + 5), ink, 1)
    box = (right - 64, y - 7, right - 46, y + 11)
    for shrink in (0, 4, 8):
        inner = (box[0] + shrink, box[1] + shrink, box[2] - shrink, box[3] - shrink)
        canvas.arc(inner, 225, 315, ink, 2)
    canvas.box((right - 40, y - 5.5, right - 17, y + 5.5), None, 3, ink)
    full = right - 38 + 19 * rng.uniform(0.1, 1)
    canvas.box((right - 38, y - 3.5, full, y + 3.5), ink, 2)
    if not of.apple:
        icon(canvas, ("bell", "mail", "bubble")[int(rng.integers(3))], 76, y, 12, ink)
    return STATUS


def browser_bar(canvas: Canvas, of: Device, address: str) -> float:
    """A browser's tab and address on a desktop; returns its lower edge."""
    bar = "#202124" if of.dark else "#dee1e6"
    tab = "#35363a" if of.dark else "#ffffff"
    canvas.box((0, 0, canvas.width, 68), bar)
    canvas.box((70, 6, 270, 40), tab, 8)
    canvas.box((0, 34, canvas.width, 68), tab)
    for at, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        canvas.disc(16 + 18 * at, 18, 6, colour)
    canvas.disc(88, 20, 6, "#d2502c")
    canvas.text((100, 20), address.partition("/")[0], 11, of.ink)
    for at, name in enumerate(("back", "repeat", "home")):
        icon(canvas, name, 20 + 28 * at, 51, 13, of.ink)
    canvas.box((100, 39, canvas.width - 90, 63), "#202124" if of.dark else "#eef0f2", 12)
    canvas.text((114, 51), address, 11, of.ink)
    icon(canvas, "person", canvas.width - 50, 51, 15, of.ink)
    icon(canvas, "colon", canvas.width - 20, 51, 13, of.ink)
    return 68
