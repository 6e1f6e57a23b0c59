"""Caption keys: what is left of a caption when copy-paste changes are set aside, in any language.

The key is the text in one spelling (NFKC, case folded) without links, mentions, punctuation and
spaces; vowel signs and the like (Thai, Hindi) stay. Two keys are compared by the Jaccard similarity
of their character trigrams; MinHash values of the trigrams let an index find similar keys among
many (Broder 1997; 64 permutations estimate a similarity of 0.8 with a standard error of 0.05, so
candidates are verified on the keys themselves).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from frametrace.embed.signals.base import CaptionSignal, Metric

__all__ = [
    "MIN_LENGTH",
    "MIN_SIMILARITY",
    "PERMUTATIONS",
    "CaptionKey",
    "jaccard",
    "key_of",
    "minhash",
    "set_aside",
    "trigrams",
]

MIN_SIMILARITY = 0.8  # Jaccard; the design's bound for near copy-paste
MIN_LENGTH = 10  # characters of the key; shorter ones ("breaking news") say nothing together
PERMUTATIONS = 64
_BLOCK = 4096  # trigrams hashed at a time; 2 MB
# Links and mentions end where other scripts begin: Chinese is written without spaces around them.
_SET_ASIDE = re.compile(
    r"(?:https?://|www\.)[!-~]+|(?<![A-Za-z0-9_.])@[A-Za-z0-9_]+|^\s*RT\s+(?=@)", re.IGNORECASE
)
_EMOJI_STYLES = range(0xFE00, 0xFE10)  # variation selectors, which are marks too
# The raw stream of a bit generator never changes between versions of NumPy.
_FACTORS, _TERMS = np.random.PCG64(1).random_raw(2 * PERMUTATIONS).reshape(2, PERMUTATIONS)


def set_aside(text: str) -> str:
    """A text in the spelling NFKC without links, mentions and the mark of a repost."""
    return _SET_ASIDE.sub(" ", unicodedata.normalize("NFKC", text))


def key_of(text: str) -> str:
    """The key of a caption; empty where nothing but links, mentions and signs is in it."""
    return "".join(filter(_is_said, set_aside(text).casefold()))


def _is_said(character: str) -> bool:
    return character.isalnum() or (
        unicodedata.category(character) in ("Mn", "Mc") and ord(character) not in _EMOJI_STYLES
    )


def trigrams(key: str) -> frozenset[str]:
    """The distinct runs of three characters of a key."""
    return frozenset(key[at : at + 3] for at in range(max(len(key) - 2, 0)))


def jaccard(a: str, b: str) -> float:
    """The Jaccard similarity of two keys' trigrams, 0 to 1."""
    ours, theirs = trigrams(a), trigrams(b)
    return len(ours & theirs) / (len(ours | theirs) or 1)


def minhash(key: str) -> np.ndarray:
    """(64,) uint32: the least values that 64 hash functions take on the key's trigrams.

    A trigram is one 63-bit number, scrambled by the finaliser of SplitMix64 (Steele, Lea and Flood
    2014); each hash function is then a multiplication, an addition and the upper half.
    """
    points = np.frombuffer(key.encode("utf-32-le"), np.uint32).astype(np.uint64)
    grams = np.unique(points[:-2] | points[1:-1] << 21 | points[2:] << 42)
    grams = (grams ^ (grams >> 30)) * np.uint64(0xBF58476D1CE4E5B9)
    grams = (grams ^ (grams >> 27)) * np.uint64(0x94D049BB133111EB)
    grams ^= grams >> 31
    least = np.full(PERMUTATIONS, 2**32 - 1, np.uint64)
    for start in range(0, len(grams), _BLOCK):
        hashed = (grams[start : start + _BLOCK, None] * _FACTORS + _TERMS) >> 32
        np.minimum(least, hashed.min(axis=0), out=least)
    return least.astype(np.uint32)


class CaptionKey(CaptionSignal):
    """The key of a caption and the (64,) uint32 MinHash of its trigrams."""

    name = "caption_key"
    metric = Metric.JACCARD

    @property
    def made_by(self) -> Mapping[str, str]:
        """The spelling and the hash."""
        return {"fingerprint": f"nfkc-trigrams-minhash-{PERMUTATIONS}:1"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Jaccard similarities, (m, n) float64, of two arrays of keys (not of their hashes)."""
        return np.array([[jaccard(x, y) for y in b] for x in a]).reshape(len(a), len(b))

    def compute(self, texts: Sequence[str]) -> pa.Table:
        """Columns `key` and `code`; both null for captions that say too little."""
        keys = [key if len(key) >= MIN_LENGTH else None for key in map(key_of, texts)]
        codes = np.zeros((len(keys), PERMUTATIONS), np.uint32)
        for code, key in zip(codes, keys, strict=True):
            if key is not None:
                code[:] = minhash(key)
        unknown = pa.array([key is None for key in keys], pa.bool_())
        kind = pa.list_(pa.uint32(), PERMUTATIONS)
        return pa.table(
            {
                "key": pa.array(keys, pa.string()),
                "code": pa.FixedSizeListArray.from_arrays(
                    pa.array(codes.ravel()), type=kind, mask=unknown
                ),
            }
        )
