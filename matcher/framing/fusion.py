"""One similarity of two contents: what captions, lettering and pictures add up to.

Decades of independent evidence add: captions that are alike to one of 1,000 unrelated pairs, under
pictures that are alike to one of 1,000, are together as rare as one of 1,000,000. A caption may
also say what is written on the other's picture; that counts where it tells more than the captions.
Pictures under captions that don't agree count half: photos are reused with any message.
"""

from dataclasses import dataclass, replace

import numpy as np

from frametrace.case.store import Case
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.similarity import Alike, Looks, Texts

__all__ = ["AGREES", "Fused", "Fusion"]

AGREES = 3.0  # decades from which lettering says the same: one of 1,000 unrelated pairs
_BLOCK = 1 << 18  # pairs at a time


@dataclass(frozen=True, slots=True)
class Fused:
    """m pairs of contents: what each kind of evidence says.

    `captions` compares the captions, or a caption with the other's lettering; `lettering` the
    lettering of the pictures that agree most; `looks` the pictures.
    """

    captions: Alike
    lettering: Alike
    looks: Alike

    @property
    def decades(self) -> np.ndarray:
        """The sum, (m,) float32."""
        total: np.ndarray = self.captions.decades + self.lettering.decades + self.looks.decades
        return total


class Fusion:
    """Compares contents of one case."""

    def __init__(self, case: Case, contents: Contents) -> None:
        self._contents = contents
        self.texts = Texts(case, contents)
        self.looks = Looks(case, contents, lambda alike: alike.decades >= AGREES)

    def decades(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """How alike (m,) contents are with (m,) others, (m,) float32 decades."""
        parts = [np.empty(0, np.float32)]
        for start in range(0, len(a), _BLOCK):
            part = slice(start, start + _BLOCK)
            parts.append(self.compare(a[part], b[part]).decades)
        return np.concatenate(parts)

    def compare(self, a: np.ndarray, b: np.ndarray) -> Fused:
        """The same with all evidence."""
        texts, contents = self.texts, self._contents
        pair, x, y = contents.pictures.pairs(a, b)
        written = texts.compare(contents.lettering[x], contents.lettering[y])
        captions = texts.compare(contents.caption[a], contents.caption[b])
        for one, other in ((a, b), (b, a)):
            captions = captions.or_better(self._across(one, other, swapped=one is b))
        lettering = written.best(pair, len(a))
        looks = self.looks.compare(x, y, written).best(pair, len(a))
        unlike = (contents.caption[a] != NONE) & (contents.caption[b] != NONE)
        unlike &= np.maximum(captions.decades, lettering.decades) < AGREES
        decades = np.where(unlike, looks.decades / 2, looks.decades).astype(np.float32)
        return Fused(captions, lettering, replace(looks, decades=decades))

    def _across(self, captions: np.ndarray, shown: np.ndarray, *, swapped: bool) -> Alike:
        """The captions of some contents beside the lettering of others."""
        pictures = self._contents.pictures
        many = np.diff(pictures.starts)[shown]
        pair = np.repeat(np.arange(len(shown)), many)
        at = np.arange(len(pair)) - np.repeat(np.cumsum(many) - many, many)
        lettering = self._contents.lettering[pictures.items[pictures.starts[shown[pair]] + at]]
        keep = lettering != NONE
        pair, lettering = pair[keep], lettering[keep]
        caption = self._contents.caption[captions[pair]]
        sides = (lettering, caption) if swapped else (caption, lettering)
        return self.texts.compare(*sides).best(pair, len(shown))
