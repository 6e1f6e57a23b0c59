"""Takes stills from original videos at random times, edited as memes are."""

import numpy as np
from copies.edits import EDITS, edited
from PIL import Image
from video.cutting import Source
from video.encoding import Reader

__all__ = ["STILL_EDITS", "still"]

STILL_EDITS = ("recompress", "crop", "mirror", "text_over", "caption_english", "meme", "letterbox")
_RIM = 400  # milliseconds at the start and the end of which none is taken


def still(source: Source, number: int, seed: int) -> tuple[bytes, str, int, int]:
    """A JPEG file, the name of its edit, its strength and the time in the video in milliseconds."""
    rng = np.random.default_rng([seed, number, 17])
    name = STILL_EDITS[number % len(STILL_EDITS)]
    strength = number // len(STILL_EDITS) % 3
    ms = int(rng.integers(_RIM, source.duration - _RIM))
    frame = Image.fromarray(Reader(source.path).at(ms))
    return edited(EDITS[name], frame, strength, rng, ()), name, strength, ms
