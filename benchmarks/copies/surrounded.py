"""Makes scripted edits that put something around a picture: borders, captions, other pictures."""

from collections.abc import Sequence

import numpy as np
from copies.lettering import CHINESE, ENGLISH, letter, one_of
from copies.retouched import cut
from PIL import Image, ImageOps

Others = Sequence[Image.Image]
Rng = np.random.Generator

_LANCZOS = Image.Resampling.LANCZOS


def letterbox(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Two bars or a frame, black, white or of one colour: 9, 23, 40 % of the result."""
    paper = ("black", "white", tuple(rng.integers(0, 256, 3).tolist()))[int(rng.integers(3))]
    bars = (0.1, 0.3, 0.66)[strength]  # of the picture's area
    kind = int(rng.integers(3))
    wide = (bars, 0, (1 + bars) ** 0.5 - 1)[kind]
    high = (0, bars, (1 + bars) ** 0.5 - 1)[kind]
    size = round(image.width * (1 + wide)), round(image.height * (1 + high))
    framed = Image.new("RGB", size, paper)
    framed.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return framed


def caption_english(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """A bar above or below: 10, 20, 35 % of the picture's height."""
    return _captioned(image, (0.1, 0.2, 0.35)[strength], one_of(rng, ENGLISH), rng)


def caption_chinese(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """A bar above or below: 10, 20, 35 % of the picture's height."""
    return _captioned(image, (0.1, 0.2, 0.35)[strength], one_of(rng, CHINESE), rng)


def _captioned(image: Image.Image, part: float, text: str, rng: Rng) -> Image.Image:
    ink, paper = (("black", "white"), ("white", "black"), ("white", "#b01020"))[rng.integers(3)]
    width, height = image.size
    bar = round(part * height)
    above = bool(rng.integers(2))
    framed = Image.new("RGB", (width, height + bar), paper)
    framed.paste(image, (0, bar if above else 0))
    top = 0 if above else height
    letter(framed, (0.04 * width, top + 1, 0.96 * width, top + bar - 1), text, ink)
    return framed


def meme(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """A white block with text above: 25, 40, 70 % of the picture's height; a white edge."""
    width, height = image.size
    block, edge = round((0.25, 0.4, 0.7)[strength] * height), round(0.02 * width)
    framed = Image.new("RGB", (width + 2 * edge, block + height + edge), "white")
    framed.paste(image, (edge, block))
    text = one_of(rng, CHINESE if rng.random() < 0.4 else ENGLISH)
    letter(framed, (3 * edge, edge, width - edge, block - edge), text, middle=False)
    return framed


def collage_of_two(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Two equal panels, beside or above each other."""
    grid = (1, 2) if rng.integers(2) else (2, 1)
    return _collage(image, grid, strength, rng, others)


def collage_of_four(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Two times two equal panels."""
    return _collage(image, (2, 2), strength, rng, others)


def _collage(
    image: Image.Image, grid: tuple[int, int], strength: int, rng: Rng, others: Others
) -> Image.Image:
    """Panels with all, 90, 80 % of the pictures; the whole 1000, 800, 560 pixels long."""
    ours = cut(image, (1, 0.9, 0.8)[strength], rng)
    gap = round((0, 0.01, 0.03)[strength] * max(ours.size))
    rows, columns = grid
    width, height = ours.size[0] + gap, ours.size[1] + gap
    size = columns * width + gap, rows * height + gap
    whole = Image.new("RGB", size, ("white", "black")[int(rng.integers(2))])
    place = int(rng.integers(rows * columns))
    chosen = rng.permutation(len(others))[: rows * columns]
    for at, other in enumerate(chosen):
        panel = ours if at == place else ImageOps.fit(others[int(other)], ours.size, _LANCZOS)
        whole.paste(panel, (gap + at % columns * width, gap + at // columns * height))
    return within(whole, (1000, 800, 560)[strength])


def picture_in_picture(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Pasted into another photo, half, a third, 22 % of its width, with a thin border."""
    ground = others[int(rng.integers(len(others)))]
    ground = ground.resize((720, round(720 * ground.height / ground.width)), _LANCZOS)
    part = (0.5, 0.33, 0.22)[strength] * ground.width / image.width
    part = min(part, 0.9 * ground.height / image.height)
    inset = image.resize((round(image.width * part), round(image.height * part)), _LANCZOS)
    inset = ImageOps.expand(inset, 3, ("white", "black")[int(rng.integers(2))])
    x, y = rng.random(2) * (np.array(ground.size) - inset.size)
    whole = ground.copy()
    whole.paste(inset, (int(x), int(y)))
    return whole


def within(image: Image.Image, longest: int) -> Image.Image:
    """Shrunk so that no side is longer."""
    part = min(1, longest / max(image.size))
    return image.resize((round(image.width * part), round(image.height * part)), _LANCZOS)
