"""Makes edits of the whole picture: compression, size, crop, rotation, colour, sharpness."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

Others = Sequence[Image.Image]
Rng = np.random.Generator


def recompress(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    return _through_jpeg(image, (50, 25, 8)[strength])


def recompress_twice(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Saved, shrunk and cut by some pixels, saved again: the blocks don't coincide."""
    first = _through_jpeg(image, (60, 40, 20)[strength])
    left, top = rng.integers(1, 7, 2)
    cut = first.crop((int(left), int(top), *first.size))
    return _through_jpeg(_scaled(cut, 0.9), (50, 25, 12)[strength])


def resize(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    return _scaled(image, (0.7, 0.45, 0.25)[strength])


def crop(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Remove 2 to 15, 30 to 40, 50 to 60 % of the area, from any sides."""
    removed = rng.uniform(*((0.02, 0.15), (0.3, 0.4), (0.5, 0.6))[strength])
    return cut(image, 1 - removed, rng)


def cut(image: Image.Image, kept: float, rng: Rng) -> Image.Image:
    """A part of the picture of which `kept` is the area, anywhere in it."""
    wide = kept ** rng.uniform(0.35, 0.65)
    width, height = round(image.width * wide), round(image.height * kept / wide)
    left = int(rng.integers(image.width - width + 1))
    top = int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def mirror(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Left and right swapped; with a slight cut, and a larger one."""
    return cut(ImageOps.mirror(image), (1, 0.95, 0.8)[strength], rng)


def rotate(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """By up to 3, 8, 20 degrees, the corners filled with white or black."""
    least, most = ((1, 3), (4, 8), (12, 20))[strength]
    angle = rng.uniform(least, most) * rng.choice((-1, 1))
    paper = ("white", "black")[int(rng.integers(2))]
    return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)


def quarter_turn(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """By 90 degrees either way; with a slight cut, and a larger one."""
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)
    turned = image.transpose(turns[int(rng.integers(2))])
    return cut(turned, (1, 0.95, 0.8)[strength], rng)


def grey(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """Pale colours, none, none and hard contrast."""
    pale = ImageEnhance.Color(image).enhance((0.3, 0, 0)[strength])
    return ImageEnhance.Contrast(pale).enhance((1, 1, 2.5)[strength])


def sepia(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """As old photographs, more and more faded."""
    brown = ImageOps.colorize(image.convert("L"), (40, 25, 10), (255, 240, 205))
    faded = Image.blend(brown, Image.new("RGB", image.size, (225, 205, 170)), 0.25 * strength)
    return Image.blend(image, faded, (0.6, 1, 1)[strength])


def contrast(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    factor = (1.3, 1.8, 3)[strength] if rng.random() < 0.5 else (0.75, 0.5, 0.25)[strength]
    return ImageEnhance.Contrast(image).enhance(factor)


def brightness(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    factor = (1.25, 1.6, 2.4)[strength] if rng.random() < 0.5 else (0.75, 0.5, 0.25)[strength]
    return ImageEnhance.Brightness(image).enhance(factor)


def hue(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """All hues moved by 20, 60, 150 degrees either way, colours stronger."""
    moved = np.array(image.convert("HSV"))
    degrees = (20, 60, 150)[strength] * int(rng.choice((-1, 1)))
    moved[..., 0] += np.uint8(round(degrees / 360 * 256) % 256)
    toned = Image.fromarray(moved, "HSV").convert("RGB")
    return ImageEnhance.Color(toned).enhance((1.2, 1.5, 2)[strength])


def blur(image: Image.Image, strength: int, rng: Rng, others: Others) -> Image.Image:
    """A Gaussian of 0.7, 1.5, 3 pixels in a picture of 480."""
    return image.filter(ImageFilter.GaussianBlur((0.7, 1.5, 3)[strength] * max(image.size) / 480))


def _through_jpeg(image: Image.Image, quality: int) -> Image.Image:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality)
    return Image.open(sink).convert("RGB")


def _scaled(image: Image.Image, part: float) -> Image.Image:
    size = max(round(image.width * part), 1), max(round(image.height * part), 1)
    return image.resize(size, Image.Resampling.LANCZOS)
