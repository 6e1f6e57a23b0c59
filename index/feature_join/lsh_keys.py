"""Makes the LSH keys of features: mirror-invariant records, the part of each, and table masks.

The canonical form of a feature is its code or its mirrored code, whichever has the lower sign of
`MIRROR_WEIGHTS`; both if that is ambiguous. Two pictures that share a feature, mirrored or not,
then have the same record of it, and one join finds both.

The bits were derived once from real features: 267,425 of 901 photographs (BSDS500 and everyday
pictures), and 179,000 pairs of features at most 10 bits apart that verified pairs of edits have in
common (675 scripted edits of 27 kinds of 30 of these photographs; the others measured the result).

`MIRROR_WEIGHTS` is the first principal axis of the difference between a descriptor and that of its
mirror image, rounded. It is antisymmetric under mirroring: the sum of the weights of the bits that
are set has the opposite sign in the mirror image. Of matching features, 0.6 % have opposite signs
and differ by more than `MAX_AMBIGUOUS_SUM`. A feature has 1.12 records on average.

`PART_BITS` and `TABLE_BITS` were chosen one by one, greedily: the bit that splits most of the
features of unrelated photographs that still agree, for the smallest share of the true pairs that it
splits; pairs that earlier tables find count a third. Any prefix of a row of `TABLE_BITS` is a valid
mask, so that keys can be longer among more pictures (`key_bits`).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from frametrace.embed.signals.local import BITS, FEATURES, mirrored_order

__all__ = [
    "KEY_MULTIPLIERS",
    "MAX_AMBIGUOUS_SUM",
    "MAX_FEATURES",
    "MAX_JOINED_PICTURES",
    "MIRROR_WEIGHTS",
    "PART_BITS",
    "PART_COUNT",
    "PICTURE_BITS",
    "PICTURE_SHIFT",
    "SLOT_BITS",
    "TABLE_BITS",
    "Records",
    "canonical_records",
    "key_bits",
    "owner_numbers",
    "part_numbers",
    "picture_numbers",
    "table_masks",
]

# fmt: off
# (128,): the weight of each bit.
MIRROR_WEIGHTS = (
    -1, -7, -9, -8, 1, 8, 7, 4, 1, -7, -12, -10, -1, 9, 11, 8, -2, -9, -11, -10, -2, 10, 12, 5,
    -1, -5, -7, -10, -3, 8, 9, 5, 0, -8, -12, -12, 0, 12, 11, 8, 1, -6, -14, -13, -1, 15, 16, 7,
    -1, -7, -16, -15, 0, 13, 15, 5, 0, -7, -12, -13, -1, 12, 13, 7, 0, -8, -11, -12, 0, 12, 12, 8,
    -1, -7, -16, -15, 1, 13, 14, 6, 1, -5, -15, -13, 0, 15, 16, 7, 0, -7, -13, -12, 1, 13, 12, 7,
    1, -4, -7, -8, -1, 8, 9, 7, -1, -8, -11, -9, 1, 10, 12, 7, 2, -5, -12, -10, 2, 10, 11, 9, 1,
    -5, -9, -8, 3, 10, 7, 5,
)
MAX_AMBIGUOUS_SUM = 18  # 0.15 standard deviations of the sum; up to it, both codes are kept
PART_BITS = (40, 80, 72, 48, 112, 55, 79, 77, 124, 30)  # equal in records that are compared
# One row per table: the bits of its key besides those of the part, the most selective first.
TABLE_BITS = (
    (
        4, 54, 102, 20, 122, 118, 32, 17, 65, 59, 42, 89, 95, 1, 38, 103, 101, 14, 25, 113, 82,
        107, 93, 31, 78, 97, 19, 67, 126, 21, 6, 62, 57, 3, 29, 106,
    ),
    (
        68, 120, 53, 9, 110, 46, 34, 117, 86, 28, 121, 7, 70, 24, 5, 33, 127, 123, 94, 23, 25, 97,
        66, 90, 13, 71, 105, 10, 26, 102, 89, 61, 38, 1, 111, 54,
    ),
    (
        36, 49, 43, 91, 52, 118, 2, 114, 99, 50, 70, 15, 14, 94, 33, 125, 121, 127, 0, 100, 57, 9,
        27, 97, 110, 103, 113, 119, 63, 101, 58, 39, 122, 6, 54, 31,
    ),
    (
        12, 84, 68, 73, 56, 90, 22, 35, 18, 17, 86, 98, 115, 102, 65, 93, 121, 46, 5, 7, 2, 29,
        127, 105, 1, 117, 25, 108, 126, 6, 95, 97, 78, 81, 100, 43,
    ),
    (
        4, 85, 60, 83, 42, 96, 120, 21, 69, 11, 110, 94, 46, 9, 122, 57, 65, 99, 23, 71, 34, 113,
        26, 38, 22, 125, 25, 108, 89, 62, 106, 1, 102, 3, 63, 54,
    ),
    (
        53, 116, 36, 64, 88, 28, 118, 12, 14, 91, 101, 66, 18, 82, 78, 33, 35, 17, 7, 57, 105,
        111, 62, 121, 107, 38, 126, 31, 61, 25, 97, 37, 24, 119, 102, 89,
    ),
    (
        49, 4, 32, 20, 86, 24, 109, 58, 70, 42, 114, 100, 123, 61, 13, 85, 65, 6, 27, 121, 15, 2,
        127, 17, 22, 67, 71, 105, 126, 1, 98, 39, 102, 74, 62, 97,
    ),
    (
        68, 84, 73, 21, 59, 34, 19, 90, 75, 118, 70, 0, 56, 5, 103, 46, 94, 9, 3, 65, 28, 89, 31,
        25, 106, 113, 39, 6, 2, 33, 101, 54, 26, 38, 87, 57,
    ),
    (
        44, 53, 116, 10, 69, 91, 35, 122, 14, 20, 86, 29, 110, 63, 33, 66, 125, 127, 23, 4, 121,
        111, 50, 25, 7, 93, 109, 70, 62, 97, 57, 81, 67, 1, 101, 94,
    ),
    (
        52, 36, 11, 115, 64, 120, 45, 78, 58, 61, 34, 117, 98, 82, 22, 9, 95, 86, 69, 103, 113,
        38, 123, 25, 65, 108, 89, 110, 125, 105, 17, 1, 29, 31, 28, 62,
    ),
    (
        49, 96, 68, 60, 43, 114, 85, 51, 21, 10, 118, 66, 70, 59, 14, 5, 95, 54, 3, 65, 9, 89,
        119, 7, 105, 26, 102, 78, 71, 121, 122, 25, 41, 100, 33, 23,
    ),
    (
        12, 83, 53, 37, 32, 16, 18, 90, 99, 88, 42, 60, 110, 117, 46, 4, 103, 126, 73, 97, 17, 31,
        2, 29, 57, 6, 123, 121, 33, 54, 66, 102, 114, 127, 81, 105,
    ),
)
# fmt: on


# The maximum number of features of a picture that are joined: all. With the first 300 of 360, three
# times as many of 670 edits are missed, and half as many again of 3,923 pairs of edits of one
# photograph.
MAX_FEATURES = FEATURES
# An owner is picture << 10 | slot << 1 | mirrored, in 32 bits.
SLOT_BITS = 9  # of a feature's number in its picture
PICTURE_SHIFT = SLOT_BITS + 1
PICTURE_BITS = 32 - PICTURE_SHIFT
MAX_JOINED_PICTURES = 1 << PICTURE_BITS
PART_COUNT = 256  # files that records are spread over

# Multipliers of the hash of parts: the golden ratio in 64 bits, and another odd number. Products
# spread over the upper bits.
_MULTIPLIERS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x3C6EF372FE94F82B)
# Multipliers of the hash of keys in LSH tables, the same in plain and compiled code.
KEY_MULTIPLIERS = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xC2B2AE3D27D4EB4F),
    np.uint64(0x165667B19E3779F9),
)
_MIN_PICTURES = 1 << 11  # among fewer pictures, keys get no shorter
_MIN_KEY_BITS, _BITS_PER_DOUBLING = 18, 2


def _bit_mask(bits: tuple[int, ...]) -> np.ndarray:
    """(2,) uint64 words in which the given ones of 128 bits are set, in packed order."""
    packed = np.zeros(128, np.uint8)
    packed[list(bits)] = 1
    mask: np.ndarray = np.packbits(packed).view(np.uint64)
    return mask


def table_masks(bits: int) -> np.ndarray:
    """(tables, 2) uint64: the mask of each table, with `bits` bits besides those of the part."""
    return np.stack([_bit_mask((*PART_BITS, *row[:bits])) for row in TABLE_BITS])


def key_bits(pictures: int) -> int:
    """How many bits of a table's row make its key, given the number of pictures.

    Two bits split unrelated features about as one fair coin does, so two more bits for each
    doubling of the pictures halve the number of features that each one meets. 1,661 pictures are
    joined with 18 bits; among 100,000, 28 bits find as much as 24 do, in half the time.
    """
    doublings = max(pictures.bit_length() - _MIN_PICTURES.bit_length(), 0)
    return min(_MIN_KEY_BITS + _BITS_PER_DOUBLING * doublings, len(TABLE_BITS[0]))


@dataclass(frozen=True, slots=True)
class Records:
    """n records: `words` (n, 2) uint64, the canonical bits; `owners` (n,) uint32.

    An owner is picture << 10 | slot << 1 | mirrored.
    """

    words: np.ndarray
    owners: np.ndarray

    def __len__(self) -> int:
        return len(self.owners)


def owner_numbers(counts: np.ndarray, first: int) -> np.ndarray:
    """The owners of the features of n pictures numbered from `first`; `counts` is (n,)."""
    ends = np.cumsum(counts)
    slots = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    pictures = first + np.repeat(np.arange(len(counts)), counts)
    owners: np.ndarray = (pictures << PICTURE_SHIFT | slots << 1).astype(np.uint32)
    return owners


def picture_numbers(owners: np.ndarray) -> np.ndarray:
    """The picture of each owner, (n,) uint32."""
    pictures: np.ndarray = owners >> np.uint32(PICTURE_SHIFT)
    return pictures


def canonical_records(words: np.ndarray, owners: np.ndarray, *, compiled: bool) -> Records:
    """The records of (n, 2) words and (n,) owners, in their order, unmirrored before mirrored."""
    mirror, weight_sums = _mirror_table(), _weight_sum_table()
    if compiled:
        from frametrace.index.feature_join.lsh_kernels import write_canonical

        into = np.empty((2 * len(words), 2), np.uint64), np.empty(2 * len(words), np.uint32)
        count = write_canonical(words, owners, mirror, weight_sums, MAX_AMBIGUOUS_SUM, *into)
        return Records(*(array[:count] for array in into))
    octets = np.ascontiguousarray(words).view(np.uint8)
    sums, mirrored = np.zeros(len(words), np.int32), np.zeros_like(words)
    for byte in range(octets.shape[1]):
        sums += weight_sums[byte, octets[:, byte]]
        mirrored |= mirror[byte, octets[:, byte]]
    is_canonical = np.stack([sums >= -MAX_AMBIGUOUS_SUM, sums <= MAX_AMBIGUOUS_SUM], 1)
    both = np.stack([words, mirrored], 1), np.stack([owners, owners | np.uint32(1)], 1)
    return Records(both[0][is_canonical], both[1][is_canonical])


def part_numbers(words: np.ndarray) -> np.ndarray:
    """The part of each record, (n,) uint8: a hash of the bits of `PART_BITS`."""
    mask = _bit_mask(PART_BITS)
    mixed = (words[:, 0] & mask[0]) * _MULTIPLIERS[0] ^ (words[:, 1] & mask[1]) * _MULTIPLIERS[1]
    mixed ^= mixed >> np.uint64(31)
    mixed *= _MULTIPLIERS[0]
    parts: np.ndarray = (mixed >> np.uint64(56)).astype(np.uint8)
    return parts


@lru_cache(maxsize=1)
def _mirror_table() -> np.ndarray:
    """(16, 256, 2) uint64: the bits that each value of each byte sets in the mirrored words."""
    values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    table = np.zeros((BITS // 8, 256, BITS), np.uint8)
    for target, source in enumerate(mirrored_order().tolist()):
        table[source // 8, :, target] = values[:, source % 8]
    words: np.ndarray = np.packbits(table, axis=2).view(np.uint64)
    return words


@lru_cache(maxsize=1)
def _weight_sum_table() -> np.ndarray:
    """(16, 256) int32: what each value of each byte adds to the sum of `MIRROR_WEIGHTS`."""
    values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.int32)
    table: np.ndarray = np.array(MIRROR_WEIGHTS, np.int32).reshape(BITS // 8, 8) @ values.T
    return table
