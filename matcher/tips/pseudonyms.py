"""Replaces accounts in tips with pseudonyms: HMAC-SHA256 under a secret that the sender keeps."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import xxhash

from frametrace.case.atomic_files import write_secret
from frametrace.matcher.tips.signatures import read_key_file
from frametrace.posts.errors import TipError

__all__ = ["account_key", "pseudonym"]

_KEY_BYTES = 32
_LOST = (
    "Restore it from a copy. Without this key, accounts get other pseudonyms than in the tips that "
    "were sent before, and nobody can connect the two; to accept that, delete the file, and the "
    "next export makes a new key"
)


def account_key(path: Path) -> bytes:
    """Read the secret from a file of 64 hexadecimal digits; it is made if absent (mode 0600).

    A second line is the checksum of the first. Raises `TipError` if the file is not such a key, is
    damaged, or can be read by other users.
    """
    if not path.exists():
        digits = secrets.token_hex(_KEY_BYTES)
        write_secret(path, f"{digits}\n{_checksum(digits)}\n".encode())
    if os.name != "nt" and path.stat().st_mode & 0o077:  # Windows has no such modes
        raise TipError(f"other users can read {path}: run chmod 600 {path}, or name another key")
    content = read_key_file(path)
    if not content.strip():
        raise TipError(f"{path} is empty. {_LOST}")
    try:
        digits, *checksum = content.decode("ascii").split()
        key = bytes.fromhex(digits)
    except ValueError:
        key, checksum = b"", []
    if len(key) != _KEY_BYTES:
        raise TipError(
            f"{path} is not an account key, which has 64 hexadecimal digits: name another file. If "
            f"it was one: {_LOST}"
        )
    if checksum and checksum != [_checksum(digits)]:
        raise TipError(f"{path} is damaged. {_LOST}")
    return key


def _checksum(digits: str) -> str:
    return xxhash.xxh3_64(digits.encode()).hexdigest()


def pseudonym(key: bytes, platform: str, account_id: str) -> str:
    """The HMAC-SHA256 of an account: always the same under one key, meaningless without the key."""
    return hmac.new(key, f"{platform}\0{account_id}".encode(), hashlib.sha256).hexdigest()
