"""Caption keys: what is left of a caption when copy-paste changes are set aside, in any language.

The key is the text in one spelling (NFKC, case folded) without links, mentions, punctuation and
spaces. Two keys are compared by the Jaccard similarity of their character trigrams; MinHash values
of the trigrams let an index find similar keys among many (Broder 1997; 64 permutations estimate a
similarity of 0.8 with a standard error of 0.05, so candidates are verified on the keys themselves).
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
    "trigrams",
]

MIN_SIMILARITY = 0.8  # Jaccard; the design's bound for near copy-paste
MIN_LENGTH = 10  # characters of the key; shorter ones ("breaking news") say nothing together
PERMUTATIONS = 64
_SEED = 1

_SET_ASIDE = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+|^\s*RT\s+@\w+:?", re.IGNORECASE)


def key_of(text: str) -> str:
    """The key of a caption; empty where nothing but links, mentions and signs is in it."""
    spelled = unicodedata.normalize("NFKC", _SET_ASIDE.sub(" ", text)).casefold()
    return "".join(character for character in spelled if character.isalnum())


def trigrams(key: str) -> frozenset[str]:
    """The distinct runs of three characters of a key."""
    return frozenset(key[at : at + 3] for at in range(max(len(key) - 2, 0)))


def jaccard(a: str, b: str) -> float:
    """The Jaccard similarity of two keys' trigrams, 0 to 1."""
    ours, theirs = trigrams(a), trigrams(b)
    return len(ours & theirs) / (len(ours | theirs) or 1)


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
        from datasketch import MinHash

        keys = [key if len(key) >= MIN_LENGTH else None for key in map(key_of, texts)]
        grams = [[g.encode() for g in sorted(trigrams(key))] for key in keys if key is not None]
        hashes = MinHash.bulk(grams, num_perm=PERMUTATIONS, seed=_SEED)
        codes = np.zeros((len(keys), PERMUTATIONS), np.uint32)
        known = np.array([key is not None for key in keys], bool)
        if hashes:
            codes[known] = np.stack([values.hashvalues for values in hashes])
        kind = pa.list_(pa.uint32(), PERMUTATIONS)
        return pa.table(
            {
                "key": pa.array(keys, pa.string()),
                "code": pa.FixedSizeListArray.from_arrays(
                    pa.array(codes.ravel()), type=kind, mask=pa.array(~known)
                ),
            }
        )
