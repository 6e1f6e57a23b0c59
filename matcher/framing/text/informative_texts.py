"""Which texts say enough to carry a framing: "breaking", "so true!!" and a bare link don't.

The content of a text is the number of different words in it that say something: neither function
words nor words of chatter (see `common_words`). Where no spaces are written, two Chinese characters
or three others count as a word, after common words were cut out. A word of a hashtag counts half:
hashtags name a subject more often than they say something about it. A word that many texts of the
case hold counts less; a small case can't tell, so that its words count as if many other texts were
there that don't hold them.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from frametrace.matcher.framing.text.stopwords import (
    common_words,
    says_something,
    shortened,
    without_common,
)
from frametrace.matcher.framing.text.tokenize import characters, part_of_word, pieces, spelled

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["MIN_CONTENT", "content", "says_enough", "weights"]

# Words. Of 83 chatter phrases in seven languages that were invented after the lists of words were
# closed 10 say as much, of 130 short framings 2 don't ("no different from ISIS" has one word that
# says something). At 2.0 it would be 7 and 10. Of 10,000 captions of pictures 22 say less.
MIN_CONTENT = 1.5
# A word in one of 100 texts or fewer counts whole, in one of 10 half, in one of 3 and more a
# quarter: six words say enough however common they are.
_RARE = 0.01
_LEAST = 0.25
# Texts that a case's own are added to: two words that one of six of 1,000 texts holds still say
# enough, of 100,000 texts one of 30.
_OTHERS = 5_000
_HASHTAG = 0.5
_BUCKETS = 1 << 20
_BLOCK = 8_192  # texts


def says_enough(texts: Sequence[str]) -> np.ndarray:
    """Which of a case's n distinct texts say enough, (n,) bool.

    What is common in the case is told from the texts themselves; of one alone only its words are
    judged. The answer doesn't hang on the order of the texts.
    """
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(_BUCKETS, alternate_sign=False, dtype=np.float32)
    holding = np.zeros(_BUCKETS, np.int64)
    enough = np.zeros(len(texts), bool)
    doubtful: list[tuple[np.ndarray, csr_matrix]] = []
    for start in range(0, len(texts), _BLOCK):
        words = hasher.transform(map(content, texts[start : start + _BLOCK]))
        np.add.at(holding, words.indices, 1)
        total = _total(words)
        enough[start : start + _BLOCK] = total >= MIN_CONTENT / _LEAST
        rows = np.flatnonzero((total >= MIN_CONTENT) & (total < MIN_CONTENT / _LEAST))
        doubtful.append((start + rows, words[rows]))
    for rows, words in doubtful:
        words.data *= weights(holding[words.indices], len(texts))
        enough[rows] = _total(words) >= MIN_CONTENT
    return enough


def weights(holding: np.ndarray, count: int) -> np.ndarray:
    """How much words count that `holding` of `count` texts hold, float32 in [0.25, 1]."""
    share = np.maximum(holding, 1) / (count + _OTHERS)
    weight: np.ndarray = np.clip(np.log(share) / math.log(_RARE), _LEAST, 1).astype(np.float32)
    return weight


def content(text: str) -> dict[str, float]:
    """The different words of a text that say something, and what part of a word each is.

    Where no spaces are written they are pairs of neighbouring characters, or a single one.
    """
    found: dict[str, float] = {}
    for piece in pieces(spelled(text)):
        whole = _HASHTAG if piece.hashtag else 1.0
        if piece.spaceless:
            for part, share in _parts(shortened(piece.text)):
                found[part] = max(found.get(part, 0.0), whole * share)
        elif says_something(piece.text):
            found[piece.text] = max(found.get(piece.text, 0.0), whole)
    return found


def _total(words: "csr_matrix") -> np.ndarray:
    return np.asarray(words.sum(axis=1)).ravel()


def _parts(run: str) -> Iterator[tuple[str, float]]:
    """Pairs of characters of a run that are no common words; each with its part of a word."""
    weak = common_words().weak
    for said in without_common(run):
        read = characters(said)
        pairs = [a + b for a, b in pairwise(read)] or read
        share = sum(part_of_word(one) for one in read if one not in weak) / len(pairs)
        if share:
            for pair in pairs:
                yield pair, share
