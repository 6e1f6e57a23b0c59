"""Puts watermarks of stock agencies on different photographs: tiled, centered, in a footer."""

import numpy as np
from copies.canvas import Others, Rng, typeface
from copies.devices import template_rng
from copies.marked import emblem
from copies.texts import agency
from PIL import Image, ImageDraw

__all__ = ["stock_centered", "stock_footer", "stock_tiled"]

_LANCZOS = Image.Resampling.LANCZOS
_WIDTH = 600  # pixels: previews of one agency have one size


def stock_tiled(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """The agency's name diagonally all over, pale; in half of the templates with thin lines."""
    style = template_rng("stock tiled", template)
    photo = _preview(photo)
    name, size = agency(style), int(style.integers(20, 40))
    alpha, angle = int(style.integers(70, 140)), float(style.uniform(20, 45))
    reach = round(np.hypot(*photo.size)) + 2
    layer = Image.new("RGBA", (reach, reach), (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    face = typeface("sans", size, bold=True)
    step = face.getlength(name) + 2.5 * size
    lines = style.random() < 0.5
    for row, y in enumerate(range(0, reach, round(3.2 * size))):
        for x in np.arange(-step * (row % 2) / 2, reach, step):
            draw.text((x, y), name, (255, 255, 255, alpha), face, stroke_width=1,
                      stroke_fill=(60, 60, 60, alpha // 2))  # fmt: skip
        if lines:
            draw.line([(0, y - size), (reach, y - size)], (255, 255, 255, alpha // 2), 1)
    layer = layer.rotate(angle, Image.Resampling.BICUBIC)
    left, top = (reach - photo.width) // 2, (reach - photo.height) // 2
    layer = layer.crop((left, top, left + photo.width, top + photo.height))
    return Image.alpha_composite(photo.convert("RGBA"), layer).convert("RGB")


def stock_centered(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A large emblem and the agency's name in the middle, half transparent, and a cross."""
    style = template_rng("stock centered", template)
    photo = _preview(photo)
    mark, name = emblem(style), agency(style)
    side, alpha = round(style.uniform(0.25, 0.45) * _WIDTH), style.uniform(0.35, 0.65)
    layer = Image.new("RGBA", photo.size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(layer)
    if style.random() < 0.6:
        for ends in (((0, 0), photo.size), ((0, photo.height), (photo.width, 0))):
            draw.line(ends, (255, 255, 255, 120), 2)
    mark = mark.resize((side, side), _LANCZOS)
    mark.putalpha(mark.getchannel("A").point(lambda value: round(value * alpha)))
    middle = photo.width // 2, photo.height // 2
    layer.alpha_composite(mark, (middle[0] - side // 2, max(middle[1] - side // 2 - 20, 0)))
    face = typeface("sans", 44, bold=True)
    ink = (255, 255, 255, round(255 * alpha))
    draw.text((middle[0], middle[1] + side / 2 + 6), name, ink, face, "mm", stroke_width=2,
              stroke_fill=(40, 40, 40, round(120 * alpha)))  # fmt: skip
    return Image.alpha_composite(photo.convert("RGBA"), layer).convert("RGB")


def stock_footer(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A strip below with the agency, an address and the picture's number; a small mark inside."""
    style = template_rng("stock footer", template)
    photo = _preview(photo)
    name, high = agency(style), int(style.integers(26, 48))
    ink, paper = (("white", "#111111"), ("#333333", "#ffffff"), ("white", "#0a4a6e"))[
        int(style.integers(3))
    ]
    whole = Image.new("RGB", (photo.width, photo.height + high), paper)
    whole.paste(photo)
    draw = ImageDraw.Draw(whole, "RGBA")
    y = photo.height + high / 2
    big, small = (
        typeface("sans", round(0.6 * high), bold=True),
        typeface("plain", round(0.36 * high)),
    )
    draw.text((12, y), name, ink, big, "lm")
    number = f"Image ID: {rng.integers(10**8, 10**9)}"
    draw.text((photo.width - 12, y - 0.2 * high), number, ink, small, "rm")
    address = name.split()[0].lower() if name.isascii() else "chenfeng"
    draw.text((photo.width - 12, y + 0.22 * high), f"www.{address}.example", ink, small, "rm")
    side = round(0.9 * high)
    mark = emblem(style).resize((side, side), _LANCZOS)
    whole.paste(mark, (photo.width - side - 10, photo.height - side - 10), mark)
    return whole


def _preview(photo: Image.Image) -> Image.Image:
    return photo.resize((_WIDTH, round(_WIDTH * photo.height / photo.width)), _LANCZOS)
