"""Makes pairs that must not be called copies: different photos with exactly the same additions.

Two photos of one size go through the same edit with the same random numbers, so that both have the
same logo in the same corner, the same caption in the same font, the same app around them with the
same names and texts, or the same panel beside them. Also, the few photos that look most alike: two
shots of one animal, of two of one kind, of things with the same sign.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from copies.edits import EDITS, QUALITY, STRENGTHS, seeded
from copies.originals import all_photos, opened
from copies.sources import dealt_photos, made_by
from PIL import Image, ImageOps

__all__ = [
    "ADDING",
    "LOOK_ALIKE",
    "PAIRS",
    "SIZE",
    "LookAlikes",
    "Negatives",
    "Pairs",
    "negative_sets",
]

PAIRS = 40  # of each edit and strength
ADDING = (
    "text_over",
    "emojis",
    "logo",
    "watermark",
    "letterbox",
    "caption_english",
    "caption_chinese",
    "meme",
    "screenshot",
    "collage_of_two",
)
SIZE = (480, 360)
# Of all pairs of different photos those that local features found to share anything.
LOOK_ALIKE = (
    ("108041.jpg", "108082.jpg"),
    ("160067.jpg", "160068.jpg"),
    ("35049.jpg", "n02279972_monarch.jpg"),
    ("n01631663_eft.jpg", "n01728572_thunder_snake.jpg"),
    ("n04562935_water_tower.jpg", "n06874185_traffic_light.jpg"),
)


class Pairs(Protocol):
    """A set of pictures in pairs: 0 and 1, 2 and 3, and so on."""

    @property
    def kind(self) -> str:
        """What the pairs have in common."""
        ...

    @property
    def pairs(self) -> int:
        """The number of pictures."""
        ...

    @property
    def name(self) -> str:
        """The name of their file."""
        ...

    def pictures(self) -> Iterator[bytes]:
        """Make them."""
        ...


@dataclass(frozen=True, slots=True)
class Negatives:
    """Pairs of one edit at one strength."""

    seed: int
    edit: str
    strength: int
    pairs: int

    @property
    def kind(self) -> str:
        """What the pairs have in common."""
        return f"the same {self.edit.replace('_', ' ')}, {STRENGTHS[self.strength]}"

    @property
    def name(self) -> str:
        """The name of its file."""
        strength = STRENGTHS[self.strength]
        return f"negatives-{self.edit}-{strength}-{self.pairs}-{made_by(self.seed)}"

    def pictures(self) -> Iterator[bytes]:
        """Edit both photos of a pair alike, and save them with different qualities."""
        dealt = dealt_photos(self.seed)
        order = np.random.default_rng(self.seed).permutation(len(dealt.originals))
        for at in range(2 * self.pairs):
            image = ImageOps.fit(opened(dealt.originals[int(order[at])]), SIZE)
            rng = seeded(self.seed, self.edit, self.strength, at // 2)
            made = EDITS[self.edit].make(image, self.strength, rng, dealt.beside)
            yield _jpeg(made, QUALITY[at % 2])


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """Different photos that share local features."""

    kind: str = "look-alikes"
    pairs: int = len(LOOK_ALIKE)
    name: str = "look-alikes"

    def pictures(self) -> Iterator[bytes]:
        """Read them."""
        paths = {path.name: path for path in all_photos()}
        return (paths[name].read_bytes() for pair in LOOK_ALIKE for name in pair)


def negative_sets(seed: int, *, quick: bool) -> list[Pairs]:
    """Every edit that adds something, at every strength, and the photos that look most alike."""
    pairs = PAIRS // 10 if quick else PAIRS
    added: list[Pairs] = [
        Negatives(seed, name, strength, pairs)
        for name in ADDING
        for strength in range(len(STRENGTHS))
    ]
    return [*added, LookAlikes()]


def _jpeg(image: Image.Image, quality: int) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality)
    return sink.getvalue()
