"""Flattens transparency over white, or over black for a picture that is invisible on white."""

import numpy as np
from PIL import Image

__all__ = ["eight_bit", "flattened", "reduced"]

_WHITE, _BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
_SIDE = 64  # points per side at which contrast is measured, as in PDQ
# Black is used if it gives this many times the contrast of white. At 10, PDQ's quality on white is
# about 50, below which nothing is compared. Shades of 235 to 255 have a ratio of 20, yellow 6,
# white with a black outline 2, photographs 1.
_MIN_CONTRAST_RATIO = 10
_STRIP = 64  # rows of the reduced picture that are made at a time


def eight_bit(image: Image.Image) -> Image.Image:
    """The picture as L, RGB or RGBA, the modes that can be reduced."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


def reduced(image: Image.Image, factor: int) -> Image.Image:
    """An L, RGB or RGBA picture with both sides divided by `factor`.

    The colour of transparent pixels is ignored: some formats keep it, others don't.
    """
    if image.mode != "RGBA":
        return image.reduce(factor)
    width, height = (-(-side // factor) for side in image.size)
    small = Image.new("RGBA", (width, height))
    for top in range(0, height, _STRIP):
        end = min((top + _STRIP) * factor, image.height)
        strip = image.crop((0, top * factor, image.width, end))
        small.paste(strip.convert("RGBa").reduce(factor).convert("RGBA"), (0, top))
    return small


def flattened(image: Image.Image) -> Image.Image:
    """An L, RGB or RGBA picture as RGB over white, or over black if that shows far more."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    small = image.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    on_white, on_black = (_contrast(_over(small, background)) for background in (_WHITE, _BLACK))
    return _over(image, _BLACK if on_black > _MIN_CONTRAST_RATIO * on_white else _WHITE)


def _over(image: Image.Image, background: tuple[int, int, int, int]) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, background), image).convert("RGB")


def _contrast(image: Image.Image) -> float:
    """The standard deviation of luminance, 0 to 127."""
    return float(np.asarray(image.convert("L"), np.float32).std())
