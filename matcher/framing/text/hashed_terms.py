"""Hashes the terms of texts into sparse rows (feature hashing; Weinberger et al. 2009)."""

from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["BUCKETS", "hashed"]

BUCKETS = 1 << 22


def hashed(texts: Iterable[Iterable[str]]) -> "csr_matrix":
    """The terms of n texts as n sparse rows of float32: how often each has a term of each hash.

    The hashes of a row are distinct.
    """
    from scipy.sparse import csr_matrix

    rows = iter(texts)
    if (first := next(rows, None)) is None:
        return csr_matrix((0, BUCKETS), dtype=np.float32)
    return _hasher().transform(chain([first], rows))


@cache
def _hasher() -> Any:
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(BUCKETS, input_type="string", alternate_sign=False, dtype=np.float32)
