"""Fuses the evidence of captions, texts in pictures, and pictures into one rarity per pair.

The rarities of independent evidence add up: if one in 1,000 unrelated pairs has captions as
similar, and one in 1,000 has pictures as similar, both together are as rare as one in 1,000,000. A
caption may also repeat the text in the other post's picture; that counts if it is rarer than the
similarity of the captions. Pictures whose captions don't agree count half: photos are reused with
any message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from frametrace.case.store import Case
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.image_similarity import ImageSimilarity
from frametrace.matcher.framing.pair_similarity import MIN_AGREEMENT, PairSimilarity
from frametrace.matcher.framing.text_similarity import TextSimilarity
from frametrace.work.progress import SILENT, Advance, Progress, uncounted

__all__ = ["EvidenceFusion", "FusedEvidence"]

_BLOCK = 1 << 18  # pairs compared at a time


@dataclass(frozen=True, slots=True)
class FusedEvidence:
    """The evidence of m pairs of contents, by kind.

    `captions` compares the two captions, or a caption with the text in the other's picture;
    `ocr_texts` the texts in the two pictures that agree most; `pictures` the pictures.
    """

    captions: PairSimilarity
    ocr_texts: PairSimilarity
    pictures: PairSimilarity

    @property
    def rarity(self) -> np.ndarray:
        """The total rarity, (m,) float32."""
        total: np.ndarray = self.of_texts + self.pictures.rarity
        return total

    @property
    def of_texts(self) -> np.ndarray:
        """The rarity of the evidence of texts alone, (m,) float32."""
        texts: np.ndarray = self.captions.rarity + self.ocr_texts.rarity
        return texts


@dataclass(frozen=True, slots=True)
class EvidenceFusion:
    """Compares the contents of one case, and further contents that were added."""

    contents: Contents
    texts: TextSimilarity
    images: ImageSimilarity

    @classmethod
    def of(cls, case: Case, contents: Contents, progress: Progress = SILENT) -> Self:
        """Open the signals of a case and measure their backgrounds."""
        texts = TextSimilarity.of(case, contents, progress)
        return cls(contents, texts, ImageSimilarity.of(case, contents))

    def with_added(
        self,
        contents: Contents,
        text_vectors: Sequence[np.ndarray | None],
        picture_vectors: Sequence[np.ndarray | None],
    ) -> Self:
        """A copy that also compares added contents, given the vectors of the added items.

        `contents` are the case's contents followed by the added ones. The backgrounds stay those of
        the case.
        """
        texts = self.texts.with_added(contents, text_vectors)
        images = self.images.with_added(contents, picture_vectors)
        return type(self)(contents, texts, images)

    def rarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The total rarity of the evidence for m pairs of contents, (m,) float32."""
        return self._measured(a, b, lambda evidence: evidence.rarity)

    def strength(
        self,
        a: np.ndarray,
        b: np.ndarray,
        min_rarity: float,
        advance: Advance = uncounted,
    ) -> np.ndarray:
        """The rarity of m pairs; where it is below the minimum, that of their texts alone.

        Pictures that are not similar enough by themselves are no reason to ask for less. `advance`
        receives how many more pairs are done.
        """
        return self._measured(
            a,
            b,
            lambda evidence: np.where(
                evidence.rarity >= min_rarity, evidence.rarity, evidence.of_texts
            ),
            advance,
        )

    def _measured(
        self,
        a: np.ndarray,
        b: np.ndarray,
        measure: Callable[[FusedEvidence], np.ndarray],
        advance: Advance = uncounted,
    ) -> np.ndarray:
        parts = [np.empty(0, np.float32)]
        for start in range(0, len(a), _BLOCK):
            part = slice(start, start + _BLOCK)
            parts.append(measure(self.compare(a[part], b[part])))
            advance(len(parts[-1]))
        return np.concatenate(parts)

    def compare(self, a: np.ndarray, b: np.ndarray) -> FusedEvidence:
        """All evidence for m pairs of contents."""
        texts, contents = self.texts, self.contents
        pair, x, y = contents.pictures.pairs(a, b)
        in_pictures = texts.compare(contents.ocr_text[x], contents.ocr_text[y])
        captions = texts.compare(contents.caption[a], contents.caption[b])
        captions = captions.or_rarer(self._caption_and_ocr_text(a, b, swapped=False))
        captions = captions.or_rarer(self._caption_and_ocr_text(b, a, swapped=True))
        ocr_texts = in_pictures.rarest(pair, len(a))
        pictures = self.images.compare(x, y, in_pictures).rarest(pair, len(a))
        disagree = (contents.caption[a] != NONE) & (contents.caption[b] != NONE)
        disagree &= np.maximum(captions.rarity, ocr_texts.rarity) < MIN_AGREEMENT
        rarity = np.where(disagree, pictures.rarity / 2, pictures.rarity).astype(np.float32)
        return FusedEvidence(captions, ocr_texts, replace(pictures, rarity=rarity))

    def _caption_and_ocr_text(
        self, with_caption: np.ndarray, with_picture: np.ndarray, *, swapped: bool
    ) -> PairSimilarity:
        """Captions of m contents, compared with the texts in the pictures of m others."""
        pair, pictures = self.contents.pictures.of(with_picture)
        ocr_text = self.contents.ocr_text[pictures]
        keep = ocr_text != NONE
        pair, ocr_text = pair[keep], ocr_text[keep]
        caption = self.contents.caption[with_caption[pair]]
        sides = (ocr_text, caption) if swapped else (caption, ocr_text)
        return self.texts.compare(*sides).rarest(pair, len(with_picture))
