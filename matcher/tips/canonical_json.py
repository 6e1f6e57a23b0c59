"""Serializes JSON in canonical form: the bytes that digests and signatures of tips cover.

The form is RFC 8785 (JSON Canonicalization Scheme), restricted to the values that tips hold:
objects with ASCII keys, arrays, strings, integers within ±(2^53 - 1), true, false and null. Keys
are sorted, there is no white space between tokens, and strings escape only what JSON requires.
Strings are not Unicode-normalised: é as one character and é as two are different strings. There are
no fractions, because JSON writers format them differently; thresholds are decimal strings.
"""

import hashlib
import re
from typing import Any

import rfc8785

from frametrace.posts.values import json_encoder

__all__ = [
    "MAX_INTEGER",
    "canonical_bytes",
    "canonical_bytes_of_exact",
    "digest_of",
    "short_digest",
]

MAX_INTEGER = 2**53 - 1  # the largest integer that every JSON reader keeps exact


def canonical_bytes(value: Any) -> bytes:
    """The canonical form in UTF-8. Raises `ValueError` for text with an unpaired surrogate."""
    return rfc8785.dumps(value)


_encode = json_encoder(sort_keys=True, separators=(",", ":"))
# With these in keys, the order of RFC 8785 (by UTF-16 units) is not that of Python.
_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")


def canonical_bytes_of_exact(value: Any) -> bytes:
    """The same bytes for a value without fractions, by Python's own encoder, which is faster.

    Such are the values of a `JsonStream` that refuses fractions, and items that were validated:
    their integers are exact. Raises `ValueError` for text with an unpaired surrogate.
    """
    text = _encode(value)
    if not text.isascii() and _BEYOND_16_BITS.search(text):
        return canonical_bytes(value)
    return text.encode("utf-8")


def digest_of(value: Any) -> str:
    """The SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def short_digest(value: Any) -> str:
    """The first 16 digits of `digest_of` for a value without fractions.

    They are enough to identify an item among millions.
    """
    return hashlib.sha256(canonical_bytes_of_exact(value)).hexdigest()[:16]
