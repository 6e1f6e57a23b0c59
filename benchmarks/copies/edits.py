"""Defines the scripted edits: what people do to photos before they repost them, in 3 strengths.

Every edit is a pure function of a photo, a strength (0 weak, 1 as in real posts, 2 extreme), a
seeded generator and other photos for collages. All texts, names and logos are invented.
"""

import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from copies import marked, retouched, screens, surrounded
from PIL import Image

from frametrace.matcher.result_schemas import Relation

__all__ = ["EDITS", "QUALITY", "STRENGTHS", "Edit", "edited", "seeded"]

STRENGTHS = ("weak", "middle", "strong")
QUALITY = (90, 80, 65)  # of the JPEG that every edit ends in, by strength

Make = Callable[[Image.Image, int, np.random.Generator, Sequence[Image.Image]], Image.Image]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit, its family, and the relation of the result to the photo.

    At the strengths in `either` both `copy` and `contains` are right: a crop down to 45 % is a
    copy as well as a region of the photo.
    """

    name: str
    family: str
    make: Make
    relation: Relation = Relation.COPY
    either: tuple[int, ...] = ()

    def right(self, relation: Relation | None, strength: int) -> bool:
        """Whether this is a right relation of the pair."""
        if strength in self.either:
            return relation in (Relation.COPY, Relation.CONTAINS)
        return relation == self.relation


def chain(
    image: Image.Image, strength: int, rng: np.random.Generator, others: Sequence[Image.Image]
) -> Image.Image:
    """Three different edits, one after the other: all weak; weak or middle; middle."""
    least, most = ((0, 0), (0, 1), (1, 1))[strength]
    for at in rng.permutation(len(_CHAINED))[:3]:
        edit = EDITS[_CHAINED[int(at)]]
        image = edit.make(image, int(rng.integers(least, most + 1)), rng, others)
    return image


_CONTAINS = Relation.CONTAINS
EDITS: Mapping[str, Edit] = {
    edit.name: edit
    for edit in (
        Edit("recompress", "file", retouched.recompress),
        Edit("recompress_twice", "file", retouched.recompress_twice),
        Edit("resize", "file", retouched.resize),
        Edit("crop", "shape", retouched.crop, either=(2,)),
        Edit("mirror", "shape", retouched.mirror),
        Edit("rotate", "shape", retouched.rotate),
        Edit("quarter_turn", "shape", retouched.quarter_turn),
        Edit("grey", "filter", retouched.grey),
        Edit("sepia", "filter", retouched.sepia),
        Edit("contrast", "filter", retouched.contrast),
        Edit("brightness", "filter", retouched.brightness),
        Edit("hue", "filter", retouched.hue),
        Edit("blur", "filter", retouched.blur),
        Edit("text_over", "overlay", marked.text_over),
        Edit("emojis", "overlay", marked.emojis),
        Edit("logo", "overlay", marked.logo),
        Edit("watermark", "overlay", marked.watermark),
        Edit("letterbox", "frame", surrounded.letterbox),
        Edit("caption_english", "frame", surrounded.caption_english),
        Edit("caption_chinese", "frame", surrounded.caption_chinese),
        Edit("meme", "frame", surrounded.meme, either=(2,)),
        Edit("screenshot", "screen", screens.screenshot, _CONTAINS, either=(0,)),
        Edit("photo_of_screen", "screen", screens.photo_of_screen, either=(2,)),
        Edit("collage_of_two", "collage", surrounded.collage_of_two, _CONTAINS),
        Edit("collage_of_four", "collage", surrounded.collage_of_four, _CONTAINS),
        Edit("picture_in_picture", "collage", surrounded.picture_in_picture, _CONTAINS),
        Edit("chain", "chain", chain, either=(0, 1, 2)),
    )
}
_CHAINED = [
    edit.name for edit in EDITS.values() if edit.family not in ("collage", "screen", "chain")
]


def edited(
    edit: Edit,
    image: Image.Image,
    strength: int,
    rng: np.random.Generator,
    others: Sequence[Image.Image],
) -> bytes:
    """The edited photo as the bytes of a JPEG file, of quality 90, 80, 65."""
    sink = io.BytesIO()
    edit.make(image, strength, rng, others).save(sink, "JPEG", quality=QUALITY[strength])
    return sink.getvalue()


def seeded(seed: int, edit: str, strength: int, number: int) -> np.random.Generator:
    """The generator of one edit of one photo, independent of all other edits."""
    return np.random.default_rng([seed, zlib.crc32(edit.encode()), strength, number])
