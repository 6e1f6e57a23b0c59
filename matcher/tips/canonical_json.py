"""The canonical form of a tip: the bytes that its digest is made of, whatever the file looks like.

It is RFC 8785 (JSON Canonicalization Scheme) for the values that tips hold: objects whose keys are
ASCII, arrays, texts, whole numbers within ±(2^53 - 1), true, false and null. Keys are sorted,
nothing stands between tokens, texts keep their characters as they are (no Unicode normalisation: é
in one character or in two are two texts) and escape only what JSON demands. There are no fractions,
because writers disagree on them; thresholds are decimal text.
"""

import hashlib
from typing import Any

import rfc8785

__all__ = ["MOST", "canonical", "digest_of", "short_digest"]

MOST = 2**53 - 1  # whole numbers that every JSON reader keeps exact


def canonical(value: Any) -> bytes:
    """The canonical bytes. Raises `ValueError` for text with half a surrogate pair."""
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def short_digest(value: Any) -> str:
    """Its first 16 digits, which name an item among millions."""
    return digest_of(value)[:16]
