"""Draws shapes, text and photographs on a canvas in points: for screens, cards and charts.

Everything is drawn at a larger size than it is saved, so that edges are smooth after shrinking, as
in screenshots that a platform has shrunk.
"""

from functools import lru_cache

import numpy as np
from copies.lettering import emoji
from measuring import Stopped
from PIL import Image, ImageDraw, ImageFont, ImageOps

__all__ = ["Box", "Canvas", "Colour", "Others", "Rng", "typeface"]

Box = tuple[float, float, float, float]
Colour = str | tuple[int, ...]
Others = tuple[Image.Image, ...]
Rng = np.random.Generator

_FILES = {  # by family, and whether bold; a .ttc holds Simplified Chinese third
    ("sans", False): ("NotoSansCJK-Regular.ttc", 2),
    ("sans", True): ("NotoSansCJK-Bold.ttc", 2),
    ("serif", False): ("NotoSerifCJK-Regular.ttc", 2),
    ("serif", True): ("NotoSerifCJK-Bold.ttc", 2),
    ("plain", False): ("DejaVuSans.ttf", 0),
    ("plain", True): ("DejaVuSans-Bold.ttf", 0),
    ("book", False): ("DejaVuSerif.ttf", 0),
    ("book", True): ("DejaVuSerif-Bold.ttf", 0),
    ("mono", False): ("DejaVuSansMono.ttf", 0),
    ("mono", True): ("DejaVuSansMono-Bold.ttf", 0),
}
_ANCHORS = {"left": "lm", "middle": "mm", "right": "rm"}
_LEADING = 1.35  # of a line, in sizes of its letters
_LANCZOS = Image.Resampling.LANCZOS


@lru_cache(maxsize=512)
def typeface(family: str, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """A font of a family. Raises `Stopped` if this machine has none."""
    file, index = _FILES[family, bold]
    try:
        return ImageFont.truetype(file, size, index)
    except OSError:
        raise Stopped(
            f"the font {file} is absent: install the packages fonts-dejavu-core, fonts-noto-cjk "
            "and fonts-noto-color-emoji"
        ) from None


class Canvas:
    """An RGB picture under a pen whose unit is a point of `scale` pixels."""

    def __init__(
        self, width: float, height: float, paper: Colour = "white", *, scale: float = 2
    ) -> None:
        self.width, self.height, self.scale = width, height, scale
        size = round(width * scale), round(height * scale)
        self.image = Image.new("RGB", size, paper)
        self.draw = ImageDraw.Draw(self.image, "RGBA")
        self.family = "sans"

    def finished(self, width: int) -> Image.Image:
        """The picture, shrunk to a width in pixels."""
        height = round(self.image.height * width / self.image.width)
        return self.image.resize((width, height), _LANCZOS)

    def box(
        self, box: Box, fill: Colour | None, radius: float = 0, line: Colour | None = None
    ) -> None:
        """A rectangle, with rounded corners if a radius is given."""
        pen = max(1, round(self.scale)) if line is not None else 0
        self.draw.rounded_rectangle(self._pixels(box), radius * self.scale, fill, line, pen)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A filled circle."""
        box = self._pixels((x - radius, y - radius, x + radius, y + radius))
        self.draw.ellipse(box, fill)

    def ring(self, x: float, y: float, radius: float, ink: Colour, pen: float = 2) -> None:
        """A circle's edge."""
        box = self._pixels((x - radius, y - radius, x + radius, y + radius))
        self.draw.ellipse(box, None, ink, max(1, round(pen * self.scale)))

    def line(self, points: list[tuple[float, float]], ink: Colour, pen: float = 2) -> None:
        """A line from point to point."""
        pixels = [(x * self.scale, y * self.scale) for x, y in points]
        self.draw.line(pixels, ink, max(1, round(pen * self.scale)), "curve")

    def shape(self, points: list[tuple[float, float]], fill: Colour) -> None:
        """A filled polygon."""
        self.draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill)

    def arc(self, box: Box, start: float, end: float, ink: Colour, pen: float = 2) -> None:
        """A part of an ellipse's edge, in degrees clockwise from the right."""
        width = max(1, round(pen * self.scale))
        self.draw.arc(self._pixels(box), start, end, ink, width)

    def slice(self, box: Box, start: float, end: float, fill: Colour) -> None:
        """A filled sector, in degrees clockwise from the right."""
        self.draw.pieslice(self._pixels(box), start, end, fill)

    def text(  # noqa: PLR0913
        self,
        at: tuple[float, float],
        text: str,
        size: float,
        ink: Colour,
        *,
        bold: bool = False,
        anchor: str = "left",
        outline: Colour | None = None,
    ) -> float:
        """One line, vertically centered on the point; returns its width."""
        face = self.face(text, size, bold=bold)
        place = at[0] * self.scale, at[1] * self.scale
        stroke = max(1, round(size * self.scale / 12)) if outline is not None else 0
        self.draw.text(
            place, text, ink, face, _ANCHORS[anchor], stroke_width=stroke, stroke_fill=outline
        )
        return face.getlength(text) / self.scale

    def paragraph(  # noqa: PLR0913
        self,
        at: tuple[float, float],
        width: float,
        text: str,
        size: float,
        ink: Colour,
        *,
        bold: bool = False,
        lines: int = 99,
        anchor: str = "left",
        leading: float = _LEADING,
    ) -> float:
        """Wrapped text whose top left corner is the point; returns where it ends below."""
        x, y = at
        x += {"left": 0, "middle": width / 2, "right": width}[anchor]
        for line in self.wrapped(text, width, size, bold=bold)[:lines]:
            self.text((x, y + leading * size / 2), line, size, ink, bold=bold, anchor=anchor)
            y += leading * size
        return y

    def wrapped(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        """The text in lines of a width."""
        face, room = self.face(text, size, bold=bold), width * self.scale
        between = " " if " " in text else ""
        lines: list[str] = []
        for word in text.split(" ") if between else text:
            longer = lines[-1] + between + word if lines else word
            if lines and face.getlength(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def face(self, text: str, size: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        """The font for a text: one with Chinese characters if it has some."""
        family = self.family
        if any("\u2e80" <= sign <= "\u9fff" for sign in text):
            family = "serif" if family in ("serif", "book") else "sans"
        return typeface(family, max(1, round(size * self.scale)), bold=bold)

    def photo(self, box: Box, image: Image.Image, radius: float = 0) -> None:
        """A photograph that covers a box, cropped to its proportions."""
        left, top, right, bottom = (round(side) for side in self._pixels(box))
        size = max(right - left, 1), max(bottom - top, 1)
        fitted = ImageOps.fit(image, size, _LANCZOS)
        mask = Image.new("L", size, 255)
        if radius:
            mask = Image.new("L", size, 0)
            corner = min(radius * self.scale, min(size) / 2)
            outer = (0, 0, size[0] - 1, size[1] - 1)
            ImageDraw.Draw(mask).rounded_rectangle(outer, corner, 255)
        self.image.paste(fitted, (left, top), mask)

    def avatar(self, x: float, y: float, radius: float, face: Image.Image | str, rng: Rng) -> None:
        """A round picture, or a letter on a colour."""
        if isinstance(face, Image.Image):
            self.photo((x - radius, y - radius, x + radius, y + radius), face, radius)
            return
        self.disc(x, y, radius, tuple(rng.integers(40, 200, 3).tolist()))
        self.text((x, y), face[:1].upper(), radius, "white", bold=True, anchor="middle")

    def emoji(self, x: float, y: float, side: float, sign: str) -> None:
        """One emoji, centered on the point."""
        sticker = emoji(sign, round(side * self.scale))
        corner = round((x - side / 2) * self.scale), round((y - side / 2) * self.scale)
        self.image.paste(sticker, corner, sticker)

    def _pixels(self, box: Box) -> Box:
        left, top, right, bottom = (side * self.scale for side in box)
        return left, top, max(right, left), max(bottom, top)
