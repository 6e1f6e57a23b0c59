"""Adds texts and pictures of examples that no post carries to the contents of a case.

They are compared like all other contents, by the backgrounds of the case, which are not measured
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.matcher.framing.distinct_contents import NONE, Contents, ItemLists
from frametrace.matcher.framing.fusion import EvidenceFusion

__all__ = ["OutsideContent", "OutsidePicture", "OutsideText", "with_outside_contents"]


@dataclass(frozen=True, slots=True)
class OutsideText:
    """A text: its key, which may be empty, and its (d,) vector, if any."""

    key: str
    vector: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class OutsidePicture:
    """A picture: the number of its photo, the text in it, and its (d,) vector, if any.

    `photo` is None if it is not a copy of any photo.
    """

    photo: int | None = None
    ocr_text: OutsideText | None = None
    vector: np.ndarray | None = None


OutsideContent = tuple[OutsideText | None, Sequence[OutsidePicture]]  # a caption and pictures


def with_outside_contents(
    fusion: EvidenceFusion, added: Sequence[OutsideContent]
) -> EvidenceFusion:
    """The contents of a case and further ones, which are numbered after them.

    A text that the case already has keeps its number.
    """
    pictures = [picture for _, content_pictures in added for picture in content_pictures]
    texts = [caption for caption, _ in added] + [picture.ocr_text for picture in pictures]
    numbers, new_texts = _numbered(fusion.contents, texts)
    counts = [len(content_pictures) for _, content_pictures in added]
    return fusion.with_added(
        _extended(fusion.contents, counts, pictures, numbers, new_texts),
        [text.vector for text in new_texts],
        [picture.vector for picture in pictures],
    )


def _numbered(
    contents: Contents, texts: Sequence[OutsideText | None]
) -> tuple[np.ndarray, Sequence[OutsideText]]:
    """The number of each text, `NONE` for none, and the texts that are not in the case."""
    keys = pa.array([None if text is None else text.key for text in texts], pa.string())
    numbers = pc.index_in(keys, value_set=contents.text_keys).fill_null(NONE)
    numbers = numbers.to_numpy().astype(np.int64)
    new = [(at, text) for at, text in enumerate(texts) if text is not None and numbers[at] == NONE]
    numbers[[at for at, _ in new]] = len(contents.text_keys) + np.arange(len(new))
    return numbers, [text for _, text in new]


def _extended(
    contents: Contents,
    counts: Sequence[int],
    pictures: Sequence[OutsidePicture],
    numbers: np.ndarray,
    new_texts: Sequence[OutsideText],
) -> Contents:
    """The contents with further ones added, which have `counts` pictures each.

    `numbers` are the numbers of the texts of their captions, then of the texts in their pictures.
    """
    is_copy = np.array([picture.photo is not None for picture in pictures], bool)
    # A picture that is not a copy gets a photo of its own.
    own_photo = contents.photo.max(initial=NONE) + 1 + np.arange(len(pictures))
    photo = [NONE if picture.photo is None else picture.photo for picture in pictures]
    starts, items = contents.pictures.starts, contents.pictures.items
    empty_texts, empty_pictures = [""] * len(new_texts), [""] * len(pictures)
    return replace(
        contents,
        caption=np.append(contents.caption, numbers[: len(counts)]),
        pictures=ItemLists(
            np.append(starts, starts[-1] + np.cumsum(counts, dtype=np.int64)),
            np.append(items, len(contents.picture_digests) + np.arange(len(pictures))),
        ),
        post_counts=np.append(contents.post_counts, np.zeros(len(counts), np.int64)),
        text_digests=_longer(contents.text_digests, empty_texts),
        text_keys=_longer(contents.text_keys, [text.key for text in new_texts]),
        wordings=_longer(contents.wordings, empty_texts),
        picture_digests=_longer(contents.picture_digests, empty_pictures),
        photo=np.append(contents.photo, np.where(is_copy, photo, own_photo)).astype(np.int64),
        ocr_text=np.append(contents.ocr_text, numbers[len(counts) :]),
    )


def _longer(strings: pa.StringArray, added: Sequence[str]) -> pa.StringArray:
    return pa.concat_arrays([strings, pa.array(added, pa.string())])
