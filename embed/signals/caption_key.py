"""Caption keys: what is left of a caption when copy-paste changes are set aside, in any language.

The key is the text in one spelling (see `spelling`); two keys are compared by the Jaccard
similarity of their grams, short runs of characters (see `trigrams`). MinHash values of the grams
let an index find similar keys among many: they only propose, candidates are verified on the keys.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.base import CaptionSignal, Metric
from frametrace.embed.text.char_tables import dictionary_digest
from frametrace.embed.text.minhash_values import PERMUTATIONS, minhashes
from frametrace.embed.text.ngrams import grams, jaccard, jaccards, length_of
from frametrace.embed.text.normalize import MAX_LENGTH, key_of, keys_of, set_aside

__all__ = [
    "MAX_LENGTH",
    "MIN_LENGTH",
    "MIN_SIMILARITY",
    "PERMUTATIONS",
    "CaptionKey",
    "grams",
    "jaccard",
    "jaccards",
    "key_of",
    "keys_of",
    "minhashes",
    "set_aside",
]

MIN_SIMILARITY = 0.8  # Jaccard; the design's bound for near copy-paste
# Characters, of which a Chinese one counts as two. Shorter keys ("breaking") say nothing together.
MIN_LENGTH = 10


class CaptionKey(CaptionSignal):
    """The key of a caption and the (64,) uint32 MinHash of its grams."""

    name = "caption_key"
    metric = Metric.JACCARD
    in_workers = True

    @property
    def made_by(self) -> Mapping[str, str]:
        """The spelling, the classes of Chinese characters and the hash."""
        spelling = f"nfkc-opencc-{dictionary_digest()}"
        return {"fingerprint": f"{spelling}-grams-minhash-affine32-{PERMUTATIONS}:2"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Jaccard similarities, (m, n) float64, of two arrays of keys (not of their hashes)."""
        return np.array([[jaccard(x, y) for y in b] for x in a]).reshape(len(a), len(b))

    def compute(self, texts: Sequence[str]) -> pa.Table:
        """Columns `key` and `code`; both null for captions that say too little."""
        keys = keys_of(texts)
        short = pa.array(length_of(keys) < MIN_LENGTH)
        codes = pa.array(minhashes(keys).ravel())
        kind = pa.list_(pa.uint32(), PERMUTATIONS)
        return pa.table(
            {
                "key": pc.if_else(short, pa.scalar(None, pa.string()), keys),
                "code": pa.FixedSizeListArray.from_arrays(codes, type=kind, mask=short),
            }
        )
