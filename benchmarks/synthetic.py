"""Makes synthetic pictures for large benchmarks: values of `local` that resemble real ones.

Each picture has 360 features. Every feature takes each bit from a feature of a real photograph or
from one of the 16 features nearest to it in other photographs, at random. Then an eighth of the
bits in which a real pair of agreeing features (of a photo and its edit) differs are flipped. So
bits keep the statistics of real ones: unrelated features are within 10 bits for 5.5 of a million
(photographs: 5.6), and 1 % of the features have nine tenths of those neighbours (photographs: 95
%). Positions, scales and orientations are those of other real features, so that pictures agree only
by chance; there are no watermarks and the like.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
from copies.preparing import Source
from copies.sources import Edited

from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals.local import Features, Local, bits_between
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.thumbnail import Thumbnail

__all__ = ["BASE", "BASE_QUICK", "FEATURE", "Described", "Synthesis", "described", "packed"]

FEATURES = 360
NEAREST, BASE, BASE_QUICK = 16, 60_000, 4_000  # features that others are made of
FARTHEST = 20  # bits of a real pair whose differences are used
FEATURE = np.dtype(
    [("x", "<u2"), ("y", "<u2"), ("scale", "u1"), ("angle", "u1"), ("bits", "u1", (16,))]
)


@dataclass(frozen=True, slots=True)
class Described:
    """A set of n pictures: SHA-256 digests, values of `local` and `thumbnail`, rows of `pdq`."""

    digests: list[str]
    codes: list[bytes]
    thumbnails: list[bytes]
    hashes: list[tuple[bytes, int]]

    def __len__(self) -> int:
        return len(self.codes)


def described(sources: Sequence[Source]) -> list[Described]:
    """Make pictures and their values, in a process for every core."""
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_describe, sources))


def _describe(source: Source) -> Described:
    pictures = list(source.pictures())
    digests = [hashlib.sha256(picture).hexdigest() for picture in pictures]
    shown = [decode(picture) for picture in pictures]
    return Described(
        digests, *([*map(maker.preparer(), shown)] for maker in (Local(), Thumbnail(), Pdq()))
    )


class Synthesis:
    """Makes pictures of features whose bits are like real ones; see above."""

    def __init__(self, base: np.ndarray, near: np.ndarray, flips: np.ndarray, rows: np.ndarray):
        self._base, self._near, self._flips, self._rows = base, near, flips, rows

    @classmethod
    def of(
        cls, originals: Described, edits: Sequence[Edited], edited: Sequence[Described], size: int
    ) -> "Synthesis":
        """Of the features of real photos, and of what edits change in them."""
        codes = originals.codes
        features = [Features.of(code) for code in codes]
        words = np.concatenate([each.words for each in features])
        owner = np.repeat(np.arange(len(features)), [len(each) for each in features])
        rng = np.random.default_rng(7)
        some = rng.choice(len(words), min(size, len(words)), replace=False)
        near = _nearest(words[some], owner[some])
        flips = [
            _differences(features[number], Features.of(code))
            for edit, made in zip(edits, edited, strict=True)
            if edit.edit != "mirror"
            for number, code in zip(edit.numbers, made.codes, strict=True)
        ]
        rows = np.frombuffer(b"".join(code[4:] for code in codes), FEATURE)
        return cls(words[some], near, np.concatenate(flips), rows)

    def codes(self, count: int, seed: int) -> np.ndarray:
        """(count, bytes) uint8: values of `local` for `count` pictures, all of one length."""
        rng = np.random.default_rng([11, seed])
        size = count * FEATURES

        def masks() -> np.ndarray:
            return rng.integers(0, 2**64, (size, 2), np.uint64)

        parent = rng.integers(0, len(self._base), size)
        other = self._base[self._near[parent, rng.integers(0, NEAREST, size)]]
        chosen = masks()
        words = self._base[parent] & chosen | other & ~chosen
        words ^= self._flips[rng.integers(0, len(self._flips), size)] & masks() & masks() & masks()
        rows = self._rows[rng.integers(0, len(self._rows), size)]
        rows["bits"] = words.view(np.uint8).reshape(-1, 16)
        codes = np.empty((count, 4 + FEATURES * FEATURE.itemsize), np.uint8)
        codes[:, :4] = np.array([400, 300], "<u2").view(np.uint8)
        codes[:, 4:] = rows.view(np.uint8).reshape(count, -1)
        return codes


def packed(codes: np.ndarray) -> pa.Array:
    """(n, k) uint8 as a column of n values of k bytes."""
    ends = np.arange(len(codes) + 1, dtype=np.int32) * codes.shape[1]
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(codes))]
    return pa.BinaryArray.from_buffers(pa.binary(), len(codes), buffers)


def _nearest(words: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The nearest features of other photos, (n, NEAREST)."""
    near = np.empty((len(words), NEAREST), np.int64)
    for at in range(0, len(words), 256):
        bits = bits_between(words[at : at + 256], words)
        bits[owner[at : at + 256, None] == owner] = 255
        near[at : at + 256] = np.argpartition(bits, NEAREST, axis=1)[:, :NEAREST]
    return near


def _differences(photo: Features, edit: Features) -> np.ndarray:
    """What features differ in that are each other's nearest and 10 to `FARTHEST` bits apart."""
    bits = bits_between(photo.words, edit.words)
    mutual = (bits == bits.min(1, keepdims=True)) & (bits == bits.min(0, keepdims=True))
    a, b = np.nonzero(mutual & (bits >= 10) & (bits <= FARTHEST))
    different: np.ndarray = photo.words[a] ^ edit.words[b]
    return different
