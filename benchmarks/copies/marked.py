"""Makes scripted edits that lay something over a picture: text, emoji, logos, watermarks."""

from collections.abc import Sequence

import numpy as np
from copies.lettering import CHINESE, EMOJI, ENGLISH, NAMES, emoji, font, letter, one_of
from PIL import Image, ImageDraw

Others = Sequence[Image.Image]
Rng = np.random.Generator

_BANDS = (  # where text goes: top and bottom, of the picture's height
    ((0.84, 0.97),),
    ((0.03, 0.22), (0.78, 0.97)),
    ((0.03, 0.32), (0.34, 0.63), (0.65, 0.94)),
)


def text_over(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """White text with a black outline: a line below, above and below, all over the picture."""
    marked = image.copy()
    texts = CHINESE if rng.random() < 0.4 else tuple(text.upper() for text in ENGLISH)
    for top, bottom in _BANDS[strength]:
        width, height = image.size
        box = (0.03 * width, top * height, 0.97 * width, bottom * height)
        letter(marked, box, one_of(rng, texts), "white", outline="black")
    return marked


def emojis(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """One, three, eight of them, each 12 to 25 % of the width."""
    marked = image.copy()
    for _ in range((1, 3, 8)[strength]):
        side = round(rng.uniform(0.12, 0.25) * min(image.size))
        x, y = rng.random(2) * (np.array(image.size) - side)
        sticker = emoji(one_of(rng, EMOJI), side)
        marked.paste(sticker, (int(x), int(y)), sticker)
    return marked


def logo(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """An emblem in one corner: 12, 22, 40 % of the shorter side."""
    marked = image.copy()
    side = round((0.12, 0.22, 0.4)[strength] * min(image.size))
    mark = emblem(rng).resize((side, side), Image.Resampling.LANCZOS)
    gap = round(0.03 * min(image.size))
    right, low = rng.integers(2, size=2)
    x = image.width - side - gap if right else gap
    y = image.height - side - gap if low else gap
    marked.paste(mark, (x, y), mark)
    return marked


def watermark(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """A name repeated diagonally over the whole picture, stronger with the strength."""
    name = one_of(rng, NAMES)
    script = "latin" if name.isascii() else "chinese"
    size = round(max(image.size) / (16, 14, 11)[strength])
    alpha = (60, 100, 160)[strength]
    reach = 2 * max(image.size)
    layer = Image.new("RGBA", (reach, reach))
    draw = ImageDraw.Draw(layer)
    step = font(script, size).getlength(name + "    ")
    for row in range(0, reach, (6, 4, 3)[strength] * size):
        for column in np.arange(-step * rng.random(), reach, step):
            draw.text((column, row), name, (255, 255, 255, alpha), font(script, size))
    layer = layer.rotate(30, Image.Resampling.BICUBIC)
    left, top = (reach - image.width) // 2, (reach - image.height) // 2
    layer = layer.crop((left, top, left + image.width, top + image.height))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def emblem(rng: Rng) -> Image.Image:
    """An invented logo: a badge with a ring, a sign and a name, 240 x 240 RGBA."""
    mark = Image.new("RGBA", (240, 240))
    draw = ImageDraw.Draw(mark)
    dark = tuple(int(value) for value in rng.integers(20, 110, 3))
    light = tuple(int(value) for value in rng.integers(180, 256, 3))
    if rng.random() < 0.5:
        draw.ellipse((4, 4, 236, 236), dark, light, 8)
        draw.ellipse((26, 26, 214, 214), None, light, 3)
    else:
        draw.rounded_rectangle((4, 4, 236, 236), 30, dark, light, 8)
    middle, spikes = np.array([120, 92]), int(rng.integers(5, 10))
    turns = np.pi * (np.arange(2 * spikes) / spikes + rng.random())
    radii = np.where(np.arange(2 * spikes) % 2, 24, 58)
    points = middle + radii[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)
    draw.polygon([(x, y) for x, y in points.tolist()], light)
    letter(mark, (40, 150, 200, 200), one_of(rng, ("PIER 9", "NORDA", "晨风社", "VOLT")), light)
    return mark
