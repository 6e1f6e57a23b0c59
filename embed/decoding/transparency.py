"""What lies behind a picture with transparency: white, or black where white would swallow it."""

import numpy as np
from PIL import Image

__all__ = ["eight_bit", "flattened", "reduced"]

_WHITE, _BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
_SIDE = 64  # points each way at which contrast is measured, as many as PDQ takes
# White stays unless black leaves this many times its contrast. At 10 PDQ's quality on white is
# about 50, below which nothing is compared: shades of 235 to 255 have 20, yellow has 6, white with
# a black outline 2, photographs 1.
_CLEARLY = 10
_STRIP = 64  # rows of the reduced picture that are made at once


def eight_bit(image: Image.Image) -> Image.Image:
    """The picture as L, RGB or RGBA; those can be reduced, palettes and the rest can't."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")


def reduced(image: Image.Image, factor: int) -> Image.Image:
    """An L, RGB or RGBA picture, each side a `factor` shorter.

    The colour of transparent pixels counts for nothing: formats keep it or throw it away.
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
    """An L, RGB or RGBA picture as RGB, laid over white or, where that says far more, black."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    small = image.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    on_white, on_black = (_contrast(_over(small, ground)) for ground in (_WHITE, _BLACK))
    return _over(image, _BLACK if on_black > _CLEARLY * on_white else _WHITE)


def _over(image: Image.Image, ground: tuple[int, int, int, int]) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")


def _contrast(image: Image.Image) -> float:
    """The standard deviation of luminance, 0 to 127."""
    return float(np.asarray(image.convert("L"), np.float32).std())
