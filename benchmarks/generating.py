"""Makes pictures: seeded noise with the structure of photographs."""

import io
import math

import numpy as np
from PIL import Image

__all__ = ["jpeg", "picture"]

_DECAY = 0.75  # of the contrast from one octave to the next finer one: lenses soften the finest
_COLOUR = 0.35  # contrast of each colour plane's own structure, as a part of that of all three


def picture(seed: int, width: int, height: int) -> Image.Image:
    """An RGB picture with structure at every scale; one per seed.

    Photographs have about the same contrast in every octave of scale, in all three colours at
    once; so do these, and JPEG files of them are about as large.
    """
    rng = np.random.default_rng(seed)
    octaves = max(1, math.ceil(math.log2(max(width, height) / 4)))
    planes: list[np.ndarray] = [np.zeros((1, 1), np.float32)] * 3
    contrast = 1.0
    for octave in range(octaves, -1, -1):
        size = (-(-width // 2**octave), -(-height // 2**octave))
        common = rng.standard_normal(size[::-1], np.float32)
        planes = [
            np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC))
            + contrast * (common + _COLOUR * _own(rng, size))
            for plane in planes
        ]
        contrast *= _DECAY
    values = np.stack(planes, axis=-1)
    values = (values - values.mean()) * (52 / values.std()) + 118
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _own(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """One colour plane's own structure, coarser than what all planes share."""
    coarse = rng.standard_normal((-(-size[1] // 4), -(-size[0] // 4)), np.float32)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as the bytes of a JPEG file."""
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality)
    return sink.getvalue()
