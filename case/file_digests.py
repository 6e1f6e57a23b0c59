"""Computes digests of files, and verifies that a file still has the digest it was written with.

A disk or a copy that changes a bit must not change an answer. So whoever opens a file that an
answer depends on verifies it first: once per process, as long as the file keeps its size, its time
of modification and its inode.
"""

import hashlib
import os
import zlib
from pathlib import Path

import xxhash

__all__ = ["digest_of", "has_checksum", "is_intact", "note_checksum", "sha256_of"]

_SHA256_DIGITS = 64
_BLOCK = 2**20  # bytes read at a time
_verified: dict[Path, tuple[int, int, int, str]] = {}  # size, time, inode and digest by path


def digest_of(path: Path) -> str:
    """The XXH3-128 digest of a file, 32 hexadecimal digits. It detects damage, not forgery."""
    with path.open("rb") as file:
        # The buffer of 256 kB is hashed from the processor's cache, at the speed of memory.
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 digest of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, digest: str) -> bool:
    """Whether a file has a digest of `digest_of` or `sha256_of`. Raises `OSError`."""
    compute = sha256_of if len(digest) == _SHA256_DIGITS else digest_of
    return _known(path, digest) or _noted(path, digest, compute(path) == digest)


def has_checksum(path: Path, size: int, crc32: int) -> bool:
    """Whether the first `size` bytes of a file that grows have a CRC-32. Raises `OSError`."""
    digest = f"{size}:{crc32}"
    return _known(path, digest) or _noted(path, digest, _crc32(path, size) == crc32)


def note_checksum(path: Path, size: int, crc32: int) -> None:
    """Count a file as verified that this process has just written. Raises `OSError`."""
    _noted(path, f"{size}:{crc32}", is_intact=True)


def _known(path: Path, digest: str) -> bool:
    return _verified.get(path) == _state(path, digest)


def _noted(path: Path, digest: str, is_intact: bool) -> bool:
    if is_intact:
        _verified[path] = _state(path, digest)
    return is_intact


def _state(path: Path, digest: str) -> tuple[int, int, int, str]:
    status = os.stat(path)  # noqa: PTH116
    return status.st_size, status.st_mtime_ns, status.st_ino, digest


def _crc32(path: Path, size: int) -> int:
    """The CRC-32 of the first `size` bytes of a file; -1 if it has fewer."""
    checksum = 0
    with path.open("rb") as file:
        while size:
            block = file.read(min(size, _BLOCK))
            if not block:
                return -1
            checksum = zlib.crc32(block, checksum)
            size -= len(block)
    return checksum
