"""Records: the features of pictures in a form that a mirror does not change, and where they belong.

The canonical form of a feature is that of its code and its mirrored code which leans left (see
`bits.LEAN`); both where that is unclear. Two pictures that share a feature, mirrored or not, then
have the same record of it, and one join finds both.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from frametrace.embed.signals.local import BITS, FEATURES, mirrored_order
from frametrace.index.feature_join.bit_layout import LEAN, PART_BITS, UNCLEAR, as_mask

__all__ = [
    "MAX_PICTURES",
    "OWNER_BITS",
    "PARTS",
    "RECORD",
    "SLOTS",
    "Records",
    "canonical",
    "owners_of",
    "parts_of",
    "pictures_of",
]

# Features of a picture that are joined: all. With the first 300 of 360 three times as many of 670
# edits, and a half more of 3,923 pairs of edits of one photograph, are not proposed.
SLOTS = FEATURES
OWNER_BITS = 10  # of an owner below its picture: 9 for the slot, 1 for mirrored
MAX_PICTURES = 1 << (32 - OWNER_BITS)
PARTS = 256  # files that records are spread over
# On disk. `owner` is picture << 10 | slot << 1 | mirrored.
RECORD = np.dtype([("words", "<u8", (2,)), ("owner", "<u4")])

# Of the golden ratio, and another odd number: products with them spread over the upper bits.
_MIX, _OTHER_MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x3C6EF372FE94F82B)


@dataclass(frozen=True, slots=True)
class Records:
    """n records: `words` (n, 2) uint64, the canonical bits; `owners` (n,) uint32."""

    words: np.ndarray
    owners: np.ndarray

    def __len__(self) -> int:
        return len(self.owners)


def owners_of(counts: np.ndarray, first: int) -> np.ndarray:
    """Owners of the features of pictures numbered from `first` that have (n,) `counts` each."""
    ends = np.cumsum(counts)
    slots = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    pictures = first + np.repeat(np.arange(len(counts)), counts)
    owners: np.ndarray = (pictures << OWNER_BITS | slots << 1).astype(np.uint32)
    return owners


def pictures_of(owners: np.ndarray) -> np.ndarray:
    """The pictures' numbers, (n,) uint32."""
    pictures: np.ndarray = owners >> np.uint32(OWNER_BITS)
    return pictures


def canonical(words: np.ndarray, owners: np.ndarray, *, compiled: bool) -> Records:
    """The records of (n, 2) words and (n,) owners, in their order, plain before mirrored."""
    mirror, lean = _mirror_table(), _lean_table()
    if compiled:
        from frametrace.index.feature_join.join_kernels import canonical_records

        made = np.empty((2 * len(words), 2), np.uint64), np.empty(2 * len(words), np.uint32)
        count = canonical_records(words, owners, mirror, lean, UNCLEAR, *made)
        return Records(*(array[:count] for array in made))
    octets = np.ascontiguousarray(words).view(np.uint8)
    sums, mirrored = np.zeros(len(words), np.int32), np.zeros_like(words)
    for at in range(octets.shape[1]):
        sums += lean[at, octets[:, at]]
        mirrored |= mirror[at, octets[:, at]]
    kept = np.stack([sums >= -UNCLEAR, sums <= UNCLEAR], 1)
    both = np.stack([words, mirrored], 1), np.stack([owners, owners | np.uint32(1)], 1)
    return Records(both[0][kept], both[1][kept])


def parts_of(words: np.ndarray) -> np.ndarray:
    """The part that each record lies in, (n,) uint8: a hash of the bits of `PART_BITS`."""
    mask = as_mask(PART_BITS)
    mixed = (words[:, 0] & mask[0]) * _MIX ^ (words[:, 1] & mask[1]) * _OTHER_MIX
    mixed ^= mixed >> np.uint64(31)
    mixed *= _MIX
    parts: np.ndarray = (mixed >> np.uint64(56)).astype(np.uint8)
    return parts


@lru_cache(maxsize=1)
def _mirror_table() -> np.ndarray:
    """(16, 256, 2) uint64: what a value of each byte gives to the mirrored words."""
    values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    table = np.zeros((BITS // 8, 256, BITS), np.uint8)
    for goes_to, comes_from in enumerate(mirrored_order().tolist()):
        table[comes_from // 8, :, goes_to] = values[:, comes_from % 8]
    words: np.ndarray = np.packbits(table, axis=2).view(np.uint64)
    return words


@lru_cache(maxsize=1)
def _lean_table() -> np.ndarray:
    """(16, 256) int32: what a value of each byte adds to the lean."""
    values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.int32)
    table: np.ndarray = np.array(LEAN, np.int32).reshape(BITS // 8, 8) @ values.T
    return table
