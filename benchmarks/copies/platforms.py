"""Applies what platforms and their filters do to a whole photograph, without falsifying it.

Each function returns the picture, the box of the original that is left of it, in fractions, so that
the position of an alteration can be followed, and whether it is mirrored.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from copies.canvas import Box, Rng
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

__all__ = ["CONTROLS", "SENT", "Sent", "moved_box", "send"]

_WHOLE = (0.0, 0.0, 1.0, 1.0)
_LANCZOS = Image.Resampling.LANCZOS


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture as received: its bytes, the part of the sent picture, and whether mirrored."""

    picture: bytes
    kept: Box = _WHOLE
    mirrored: bool = False


def _jpeg(image: Image.Image, quality: int) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality)
    return sink.getvalue()


def _quality(rng: Rng) -> int:
    return int(rng.integers(60, 93))


def recompressed(image: Image.Image, rng: Rng) -> Sent:
    """Save with quality 95 to 40."""
    return Sent(_jpeg(image, int(rng.integers(40, 96))))


def recompressed_twice(image: Image.Image, rng: Rng) -> Sent:
    """Save with quality 95 to 40, twice."""
    first = Image.open(io.BytesIO(_jpeg(image, int(rng.integers(40, 96)))))
    return Sent(_jpeg(first, int(rng.integers(40, 96))))


def resized(image: Image.Image, rng: Rng) -> Sent:
    """Resize to 35 to 150 % of the width."""
    part = float(np.exp(rng.uniform(np.log(0.35), np.log(1.5))))
    size = round(image.width * part), round(image.height * part)
    return Sent(_jpeg(image.resize(size, _LANCZOS), _quality(rng)))


def cropped(image: Image.Image, rng: Rng) -> Sent:
    """Crop up to 12 % from each side."""
    left, top, right, bottom = rng.uniform(0, 0.12, 4).tolist()
    return _cut(image, (left, top, 1 - right, 1 - bottom), rng)


def _cut(image: Image.Image, part: Box, rng: Rng) -> Sent:
    width, height = image.size
    left, top = round(part[0] * width), round(part[1] * height)
    right, bottom = round(part[2] * width), round(part[3] * height)
    kept = (left / width, top / height, right / width, bottom / height)
    return Sent(_jpeg(image.crop((left, top, right, bottom)), _quality(rng)), kept)


def mirrored(image: Image.Image, rng: Rng) -> Sent:
    """Swap left and right."""
    return Sent(_jpeg(ImageOps.mirror(image), _quality(rng)), mirrored=True)


def _filtered(
    change: Callable[[Image.Image, Rng], Image.Image],
) -> Callable[[Image.Image, Rng], Sent]:
    return lambda image, rng: Sent(_jpeg(change(image, rng), _quality(rng)))


def _enhanced(
    kind: Callable[[Image.Image], ImageEnhance._Enhance], less: float, more: float
) -> Callable[[Image.Image, Rng], Image.Image]:
    return lambda image, rng: kind(image).enhance(rng.uniform(less, more))


def _grey(image: Image.Image, rng: Rng) -> Image.Image:
    return image.convert("L").convert("RGB")


def _sepia(image: Image.Image, rng: Rng) -> Image.Image:
    brown = ImageOps.colorize(image.convert("L"), (40, 25, 10), (255, 240, 205))
    return Image.blend(image, brown, rng.uniform(0.6, 1))


def _blurred(image: Image.Image, rng: Rng) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.2)))


def _sharpened(image: Image.Image, rng: Rng) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(2, int(rng.integers(60, 180)), 2))


def _vignette(image: Image.Image, rng: Rng) -> Image.Image:
    x, y = np.meshgrid(np.linspace(-1, 1, image.width), np.linspace(-1, 1, image.height))
    dark = 1 - rng.uniform(0.25, 0.6) * ((x * x + y * y) / 2) ** 1.2
    return Image.fromarray((np.asarray(image) * dark[..., None]).clip(0, 255).astype(np.uint8))


def _tone_curve(image: Image.Image, rng: Rng) -> Image.Image:
    """Lifted shadows, soft highlights, a warm or a cold cast, like the filters of photo apps."""
    levels = np.linspace(0, 1, 256)
    lift, cast = rng.uniform(0.02, 0.12), rng.uniform(-0.06, 0.06, 3)
    curve = lift + (0.97 - lift) * (levels + 0.12 * np.sin(2 * np.pi * (levels - 0.5)))
    tables = [255 * (curve + tint * np.sin(np.pi * levels)).clip(0, 1) for tint in cast]
    return image.point(np.concatenate(tables).round().astype(int).tolist())


def _noise(image: Image.Image, rng: Rng) -> Image.Image:
    noisy = np.asarray(image) + rng.normal(0, rng.uniform(4, 14), (image.height, image.width, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


Control = Callable[[Image.Image, Rng], Sent]

CONTROLS: Mapping[str, Control] = {
    "recompressed": recompressed,
    "recompressed twice": recompressed_twice,
    "resized": resized,
    "grey": _filtered(_grey),
    "sepia": _filtered(_sepia),
    "contrast": _filtered(_enhanced(ImageEnhance.Contrast, 0.6, 1.7)),
    "brightness": _filtered(_enhanced(ImageEnhance.Brightness, 0.65, 1.5)),
    "saturation": _filtered(_enhanced(ImageEnhance.Color, 0.4, 1.8)),
    "slight blur": _filtered(_blurred),
    "sharpened": _filtered(_sharpened),
    "vignette": _filtered(_vignette),
    "tone curve": _filtered(_tone_curve),
    "noise": _filtered(_noise),
    "cropped": cropped,
    "mirrored": mirrored,
}

# What an altered picture goes through: most often nothing but recompression.
SENT = ("recompressed", "recompressed", "recompressed twice", "resized", "cropped", "tone curve")


def send(name: str, image: Image.Image, rng: Rng, around: Box | None = None) -> Sent:
    """Send a picture on; a crop keeps all of the box `around`, if one is given."""
    sent = CONTROLS[name](image, rng)
    if around is None or name != "cropped":
        return sent
    left, top, right, bottom = sent.kept
    kept = (
        min(left, around[0]),
        min(top, around[1]),
        max(right, around[2]),
        max(bottom, around[3]),
    )
    return _cut(image, kept, rng)


def moved_box(box: Box, sent: Sent) -> Box:
    """The position of a box of the sent picture in the received one, in fractions."""
    left, top, right, bottom = sent.kept
    wide, high = right - left, bottom - top
    x0, x1 = (box[0] - left) / wide, (box[2] - left) / wide
    if sent.mirrored:
        x0, x1 = 1 - x1, 1 - x0
    return x0, (box[1] - top) / high, x1, (box[3] - top) / high
