"""Replaces accounts in tips with pseudonyms: HMAC-SHA256 under a secret that the sender keeps."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from frametrace.case.atomic_files import write_secret
from frametrace.matcher.tips.signatures import read_key_file
from frametrace.posts.errors import TipError

__all__ = ["account_key", "pseudonym"]

_KEY_BYTES = 32


def account_key(path: Path) -> bytes:
    """Read the secret from a file of 64 hexadecimal digits; it is made if absent (mode 0600).

    Raises `TipError` if the file is not such a key or if other users can read it.
    """
    if not path.exists():
        write_secret(path, secrets.token_hex(_KEY_BYTES).encode() + b"\n")
    if os.name != "nt" and path.stat().st_mode & 0o077:  # Windows has no such modes
        raise TipError(f"other users can read {path}: run chmod 600 {path}, or name another key")
    try:
        key = bytes.fromhex(read_key_file(path).decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise TipError(
            f"{path} is not an account key, which has 64 hexadecimal digits: name another file"
        )
    return key


def pseudonym(key: bytes, platform: str, account_id: str) -> str:
    """The HMAC-SHA256 of an account: always the same under one key, meaningless without the key."""
    return hmac.new(key, f"{platform}\0{account_id}".encode(), hashlib.sha256).hexdigest()
