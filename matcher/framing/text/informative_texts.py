"""Decides which texts say enough to carry a framing: "breaking", "so true!!" and bare links don't.

The content of a text is the number of distinct informative words in it: neither function words nor
chatter (see `stopwords`). In scripts without spaces, two Chinese characters or three others count
as a word, after common words are cut out. A word of a hashtag counts half: hashtags name a subject
more often than they say something about it. A word that many texts of the case contain counts less;
as a small case can't show that, counts are taken as if there were many further texts without it.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from frametrace.embed.text.tokenize import characters, part_of_word, pieces
from frametrace.matcher.framing.text.stopwords import (
    common_words,
    cut_common_words,
    is_informative,
    unstretched,
)
from frametrace.work.progress import SILENT, Progress

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["MIN_CONTENT", "commonness_weights", "informative_words", "says_enough"]

# Words. Of 83 chatter phrases in seven languages, written after the word lists were final, 10 reach
# it; of 130 short framings, 2 don't ("no different from ISIS" has one informative word). At 2.0,
# these numbers would be 7 and 10. Of 10,000 captions of pictures, 22 don't reach it.
MIN_CONTENT = 1.5
# A word in 1 of 100 texts or fewer counts fully, in 1 of 10 half, in 1 of 3 or more a quarter: six
# words are enough however common they are.
_RARE_SHARE = 0.01
_MIN_WEIGHT = 0.25
# Further texts that are assumed. With them, two words are enough as long as no more than 1 in 6
# texts has them in a case of 1,000 texts, or 1 in 30 in a case of 100,000.
_ASSUMED_TEXTS = 5_000
_HASHTAG_WEIGHT = 0.5
_BUCKETS = 1 << 20
_BLOCK = 8_192  # texts read at a time


def says_enough(texts: Sequence[str], progress: Progress = SILENT) -> np.ndarray:
    """Which of a case's n distinct texts say enough, (n,) bool.

    The texts themselves show which words are common in the case. The result doesn't depend on the
    order of the texts.
    """
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(_BUCKETS, alternate_sign=False, dtype=np.float32)
    frequency = np.zeros(_BUCKETS, np.int64)
    enough = np.zeros(len(texts), bool)
    undecided: list[tuple[np.ndarray, csr_matrix]] = []
    with progress.track("texts that say enough", len(texts)) as advance:
        for start in range(0, len(texts), _BLOCK):
            words = hasher.transform(map(informative_words, texts[start : start + _BLOCK]))
            frequency += np.bincount(words.indices, minlength=_BUCKETS)
            total = _total(words)
            enough[start : start + _BLOCK] = total >= MIN_CONTENT / _MIN_WEIGHT
            rows = np.flatnonzero((total >= MIN_CONTENT) & (total < MIN_CONTENT / _MIN_WEIGHT))
            undecided.append((start + rows, words[rows]))
            advance(words.shape[0])
    for rows, words in undecided:
        words.data *= commonness_weights(frequency[words.indices], len(texts))
        enough[rows] = _total(words) >= MIN_CONTENT
    return enough


def commonness_weights(frequency: np.ndarray, count: int) -> np.ndarray:
    """The weights of words that `frequency` of `count` texts contain, float32 in [0.25, 1]."""
    share = np.maximum(frequency, 1) / (count + _ASSUMED_TEXTS)
    weight: np.ndarray = np.clip(np.log(share) / math.log(_RARE_SHARE), _MIN_WEIGHT, 1).astype(
        np.float32
    )
    return weight


def informative_words(text: str) -> dict[str, float]:
    """The distinct informative words of a text, and the fraction of a word that each counts as.

    In scripts without spaces they are pairs of neighbouring characters, or a single one.
    """
    words: dict[str, float] = {}
    for piece in pieces(text):
        weight = _HASHTAG_WEIGHT if piece.hashtag else 1.0
        if piece.spaceless:
            for part, share in _parts(unstretched(piece.text)):
                words[part] = max(words.get(part, 0.0), weight * share)
        elif is_informative(piece.text):
            words[piece.text] = max(words.get(piece.text, 0.0), weight)
    return words


def _total(words: "csr_matrix") -> np.ndarray:
    return np.asarray(words.sum(axis=1)).ravel()


def _parts(run: str) -> Iterator[tuple[str, float]]:
    """The pairs of characters between a run's common words, each with its fraction of a word."""
    weak = common_words().weak
    for part in cut_common_words(run):
        letters = characters(part)
        pairs = [a + b for a, b in pairwise(letters)] or letters
        share = sum(part_of_word(c) for c in letters if c not in weak) / len(pairs)
        if share:
            for pair in pairs:
                yield pair, share
