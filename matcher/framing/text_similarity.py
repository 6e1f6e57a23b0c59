"""Compares texts by wording (shared character n-grams) and by meaning (caption vectors).

Both signals measure the same thing, so only the rarer similarity of the two counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.models.caption_models import (
    BUNDLED_MODEL,
    ENGLISH,
    MULTILINGUAL_MODEL,
    UNIVERSAL_MODEL,
)
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.text.ngrams import jaccards
from frametrace.index.index_store import open_index
from frametrace.index.minhash import MinHashIndex
from frametrace.matcher.framing.calibration import MAX_RARITY, Background, Prior
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.pair_similarity import Basis, PairSimilarity
from frametrace.matcher.framing.text.text_languages import Languages
from frametrace.matcher.framing.vector_similarity import MIN_VECTOR_RARITY, ItemVectors
from frametrace.work.progress import SILENT, Progress, counted

__all__ = ["TextSimilarity", "caption_prior"]

# In angular nearness, by model, measured on captions of pictures of all kinds (flickr8k): 2,500 in
# English; for the universal encoder in English, in Chinese and of one with the other, which differ
# by less than 0.04. A case of a few hundred texts outweighs it. The multilingual model was not
# measured: that of the model that it was trained to agree with is assumed.
_CAPTION_PRIORS = {
    BUNDLED_MODEL: Prior(0.04, 0.037),
    MULTILINGUAL_MODEL: Prior(0.04, 0.037),
    UNIVERSAL_MODEL: Prior(0.075, 0.032),
}
_KEY_PRIOR = Prior(0.03, 0.04)  # in Jaccard similarity: unrelated captions share few trigrams
_MIN_SHARED_HASHES = 0.4  # of the MinHash values; with fewer the rarity is too low to count


def caption_prior(case: Case) -> Prior:
    """The prior of unrelated captions, by the case's caption model."""
    model = case.epoch.signals.get(Caption.name, {}).get("model", BUNDLED_MODEL)
    unknown = replace(_CAPTION_PRIORS[BUNDLED_MODEL], known=False)
    return _CAPTION_PRIORS.get(model, unknown)


@dataclass(frozen=True, slots=True)
class TextSimilarity:
    """Compares the distinct texts of a case by their numbers.

    `digests` and `keys` are those of the texts, `languages` number theirs; `vectors` is None if the
    case has no caption vectors.
    """

    case: Case
    digests: pa.StringArray
    keys: pa.StringArray
    languages: Languages
    vectors: ItemVectors | None
    wording: Background

    @classmethod
    def of(cls, case: Case, contents: Contents, progress: Progress = SILENT) -> Self:
        """Open the caption vectors and measure both backgrounds."""
        digests, keys = contents.text_digests, contents.text_keys
        languages = _languages(case, contents, progress)
        prior, numbers = caption_prior(case), languages.numbers
        vectors = ItemVectors.of(case, Caption.name, digests, prior, numbers)
        wording = Background.measure(len(keys), partial(_jaccards, keys), _KEY_PRIOR)
        return cls(case, digests, keys, languages, vectors, wording)

    def with_added(self, contents: Contents, vectors: Sequence[np.ndarray | None]) -> Self:
        """A copy that also compares added texts, given their vectors.

        `contents` hold the texts of the case, followed by the added ones.
        """
        added = contents.wordings[len(self.digests) :].to_pylist()
        languages = self.languages.with_added(added)
        return replace(
            self,
            digests=contents.text_digests,
            keys=contents.text_keys,
            languages=languages,
            vectors=self.vectors and self.vectors.with_added(vectors, languages.numbers),
        )

    def nearest(self, count: int, progress: Progress = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of texts that may be similar: in wording, or nearest in meaning."""
        if not len(self.digests):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        with progress.track("searching similar wording", None):
            a, b = self._similar_wording()
        if self.vectors is None:
            return a, b
        x, y = self.vectors.nearest(count, progress)
        return np.append(a, x), np.append(b, y)

    def _similar_wording(self) -> tuple[np.ndarray, np.ndarray]:
        index = open_index(self.case, CaptionKey.name, MinHashIndex)
        codes = index.codes
        text = pc.index_in(codes.digests(), value_set=self.digests).fill_null(NONE).to_numpy()
        code = codes.rows_of_items()
        code, text = code[text != NONE], text[text != NONE]
        present, first = np.unique(code, return_index=True)
        text_of = np.full(len(codes), NONE, np.int64)
        text_of[present] = text[first]
        hits = index.candidates(_MIN_SHARED_HASHES)
        same_code = text_of[code] != text
        a = np.append(text_of[hits.query], text_of[code[same_code]])
        b = np.append(text_of[hits.row], text[same_code])
        known = (a != NONE) & (b != NONE)
        return a[known], b[known]

    def compare(self, a: np.ndarray, b: np.ndarray) -> PairSimilarity:
        """Compare m pairs of texts; `NONE` is similar to nothing."""
        known = np.flatnonzero((a != NONE) & (b != NONE))
        (x, y), inverse = _distinct_pairs(a[known], b[known])
        distinct = PairSimilarity.nothing(len(x))
        if self.vectors is not None:
            distinct = self.vectors.compare(x, y, Basis.CAPTION)
        # Texts of similar wording have a similar meaning, so the wording is not compared if the
        # meaning is known and differs. That saves most comparisons.
        rows = np.flatnonzero((distinct.rarity >= MIN_VECTOR_RARITY) | (distinct.similarity <= 0))
        by_wording = self._by_wording(x[rows], y[rows])
        distinct = distinct.put(rows, distinct.take(rows).or_rarer(by_wording))
        pairs = replace(distinct.take(inverse), a=a[known], b=b[known])
        return PairSimilarity.nothing(len(a)).put(known, pairs)

    def _by_wording(self, a: np.ndarray, b: np.ndarray) -> PairSimilarity:
        jaccard = _jaccards(self.keys, a, b)
        rarity = np.where(a == b, np.float32(MAX_RARITY), self.wording.rarity(jaccard))
        return PairSimilarity(rarity, jaccard, np.full(len(a), Basis.CAPTION_KEY, np.int8), a, b)


def _languages(case: Case, contents: Contents, progress: Progress) -> Languages:
    """The languages of the texts, if the case's model reads more than one.

    Comparing the few other languages in which the English model sees Latin letters by themselves
    costs precision: of real posts about 14 events (B-cubed), 0.954 instead of 0.998.
    """
    made_by = case.epoch.signals.get(Caption.name)
    if made_by is None or made_by.get("languages") == ENGLISH:
        return Languages.one(len(contents.wordings))
    with progress.track("languages of texts", len(contents.wordings)) as advance:
        return Languages.of(counted(contents.wordings.to_pylist(), advance))


def _jaccards(keys: pa.StringArray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The Jaccard similarity of the keys of each pair of texts, (m,) float32."""
    similarity: np.ndarray = jaccards(keys, a, b).astype(np.float32)
    return similarity


def _distinct_pairs(
    a: np.ndarray, b: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The distinct unordered pairs, and the index of each pair among them."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    width = int(high.max(initial=0)) + 1
    key, inverse = np.unique(low * width + high, return_inverse=True)
    return np.divmod(key, width), inverse
