"""The `caption_key` signal: a normalized caption, to find copy-paste with small changes.

The key is the text in one spelling (see `embed.text.normalize`), in any language. Two keys are
compared by the Jaccard similarity of their character n-grams (see `embed.text.ngrams`). MinHash
values of the n-grams let an index propose similar keys, which are then verified on the keys.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.base import Bound, CaptionSignal, Example, Metric
from frametrace.embed.text.char_tables import dictionary_digest
from frametrace.embed.text.minhash_values import PERMUTATIONS, minhashes
from frametrace.embed.text.ngrams import jaccard, weighted_length
from frametrace.embed.text.normalize import keys_of

__all__ = ["MIN_LENGTH", "MIN_SIMILARITY", "CaptionKey"]

MIN_SIMILARITY = 0.8  # Jaccard; docs/signals.md measures it
# Characters; a Chinese one counts as two. Shorter keys ("breaking") are shared by chance.
MIN_LENGTH = 10


class CaptionKey(CaptionSignal):
    """The key of a caption and the (64,) uint32 MinHash of its n-grams."""

    name = "caption_key"
    metric = Metric.JACCARD
    sees = "copied captions with small changes, in any language: evidence for framings"
    bound = Bound(MIN_SIMILARITY, "of pairs at 0.8 nearly all are right (docs/signals.md)")

    @property
    def made_by(self) -> Mapping[str, str]:
        """The normalization, the classes of Chinese characters and the hash."""
        spelling = f"nfkc-opencc-{dictionary_digest()}"
        return {"fingerprint": f"{spelling}-grams-minhash-affine32-{PERMUTATIONS}:2"}

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Jaccard similarities, (m, n) float64, of two arrays of keys (not of their hashes)."""
        return np.array([[jaccard(x, y) for y in b] for x in a]).reshape(len(a), len(b))

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Keys that are equal, that share half of their trigrams, that share none."""
        return Example("abcd", "abcd", 1), Example("abcd", "abc", 0.5), Example("abcd", "wxyz", 0)

    @classmethod
    def explain(cls, row: Mapping[str, Any]) -> str:
        """The Jaccard similarity."""
        shared = f"{row['similarity']:.0%} of the character n-grams"
        return f"same wording: {shared} are shared (Jaccard)"

    def compute(self, texts: Sequence[str]) -> pa.Table:
        """Columns `key` and `code`; both null for captions that are too short."""
        keys = keys_of(texts)
        short = pa.array(weighted_length(keys) < MIN_LENGTH)
        codes = pa.array(minhashes(keys).ravel())
        kind = pa.list_(pa.uint32(), PERMUTATIONS)
        return pa.table(
            {
                "key": pc.if_else(short, pa.scalar(None, pa.string()), keys),
                "code": pa.FixedSizeListArray.from_arrays(codes, type=kind, mask=short),
            }
        )
