"""Compares pictures: as copies of one photo, by CLIP vectors, and by whether their texts agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.case.store import Case
from frametrace.embed.signals.clip import Clip
from frametrace.matcher.framing.calibration import Prior
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.pair_similarity import MIN_AGREEMENT, Basis, PairSimilarity
from frametrace.matcher.framing.vector_similarity import ItemVectors

__all__ = ["SAME_PHOTO_RARITY", "ImageSimilarity"]

# The rarity of two posts with one photo: copies are verified, and at most one in 10,000 unrelated
# pairs is wrongly called a copy (docs/signals.md).
SAME_PHOTO_RARITY = 4.0
# In angular nearness: a cosine of 0.5, and a spread of about a tenth. Assumed, not measured.
_CLIP_PRIOR = Prior(0.33, 0.04)


@dataclass(frozen=True, slots=True)
class ImageSimilarity:
    """Compares pictures by their numbers: the photo that each shows, its text, its CLIP vector.

    The text in a picture determines its message: two memes made from one template are similar only
    if their texts are, and the similarity of a photo and a meme made from it is halved.
    """

    photo: np.ndarray
    ocr_text: np.ndarray
    vectors: ItemVectors | None

    @classmethod
    def of(cls, case: Case, contents: Contents) -> Self:
        """Open the CLIP vectors, if the case has any."""
        vectors = ItemVectors.of(case, Clip.name, contents.picture_digests, _CLIP_PRIOR)
        return cls(contents.photo, contents.ocr_text, vectors)

    def with_added(self, contents: Contents, vectors: Sequence[np.ndarray | None]) -> Self:
        """A copy that also compares added pictures, given their CLIP vectors."""
        one_language = np.zeros(len(contents.picture_digests), np.int64)
        known = self.vectors and self.vectors.with_added(vectors, one_language)
        return type(self)(contents.photo, contents.ocr_text, known)

    def compare(self, a: np.ndarray, b: np.ndarray, texts: PairSimilarity) -> PairSimilarity:
        """Compare m pairs of pictures; `texts` is the similarity of the texts in them."""
        copies = self.photo[a] == self.photo[b]
        pairs = PairSimilarity(
            np.where(copies, np.float32(SAME_PHOTO_RARITY), np.float32(0)),
            copies.astype(np.float32),
            np.where(copies, Basis.PHOTO, Basis.NOTHING).astype(np.int8),
            a,
            b,
        )
        if self.vectors is not None:
            pairs = pairs.or_rarer(self.vectors.compare(a, b, Basis.CLIP))
        with_text = (self.ocr_text[a] != NONE).astype(int) + (self.ocr_text[b] != NONE)
        agree = texts.rarity >= MIN_AGREEMENT
        share = np.select([with_text == 2, with_text == 1], [agree, 0.5], 1.0)
        rarity = (pairs.rarity * share).astype(np.float32)
        return PairSimilarity(rarity, pairs.similarity, pairs.basis, a, b)
