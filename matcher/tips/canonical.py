"""The canonical form of a tip: the bytes that its digest is made of, whatever the file looks like.

It is RFC 8785 (JSON Canonicalization Scheme) for the values that tips hold: objects whose keys are
ASCII, arrays, texts, whole numbers within ±(2^53 - 1), true, false and null. Keys are sorted,
nothing stands between tokens, texts keep their characters as they are (no Unicode normalisation: é
in one character or in two are two texts) and escape only what JSON demands. There are no fractions,
because writers disagree on them; thresholds are decimal text.
"""

import hashlib
import json
from typing import Any

__all__ = ["MOST", "canonical", "digest_of", "short_digest"]

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
)
MOST = 2**53 - 1  # whole numbers that every JSON reader keeps exact


def canonical(value: Any) -> bytes:
    """The canonical bytes. Raises `ValueError` for text with half a surrogate pair."""
    return _ENCODER.encode(value).encode("utf-8")


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def short_digest(value: Any) -> str:
    """Its first 16 digits, which name an item among millions."""
    return digest_of(value)[:16]
