"""Serializes JSON in canonical form: the bytes that digests and signatures of tips cover.

The form is RFC 8785 (JSON Canonicalization Scheme), restricted to the values that tips hold:
objects with ASCII keys, arrays, strings, integers within ±(2^53 - 1), true, false and null. Keys
are sorted, there is no white space between tokens, and strings escape only what JSON requires.
Strings are not Unicode-normalised: é as one character and é as two are different strings. There are
no fractions, because JSON writers format them differently; thresholds are decimal strings.
"""

import hashlib
from typing import Any

import rfc8785

__all__ = ["MAX_INTEGER", "canonical_bytes", "digest_of", "short_digest"]

MAX_INTEGER = 2**53 - 1  # the largest integer that every JSON reader keeps exact


def canonical_bytes(value: Any) -> bytes:
    """The canonical form in UTF-8. Raises `ValueError` for text with an unpaired surrogate."""
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """The SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def short_digest(value: Any) -> str:
    """The first 16 digits of `digest_of`: enough to identify an item among millions."""
    return digest_of(value)[:16]
