"""Which bits of a feature make its canonical form, its part and its keys in the tables.

Derived once from real features: 267,425 of 901 photographs (BSDS500 and everyday pictures), and
179,000 pairs of features at most 10 bits apart that verified pairs of edits have in common (675
scripted edits of 27 kinds of 30 of these photographs; the others measured the result).

`LEAN` is the first principal axis of what a descriptor differs in from its mirror image, rounded;
it is antisymmetric under the mirror, so that the sum of the weights of the bits that are set has
the other sign in the mirror image. Of pairs of features that agree, 0.6 % lean apart by more than
`UNCLEAR`; 1.12 records come of a feature.

`PART_BITS` and `TABLE_BITS` were added one by one, greedily: the bit that splits most of the
features of unrelated photographs that agree so far, for the least part of the true pairs that it
splits; pairs that earlier tables find count a third. Any beginning of a row of `TABLE_BITS` is a
mask of its own, so that more pictures can have longer keys (`key_bits`).
"""

import numpy as np

__all__ = [
    "MAX_AMBIGUOUS_SUM",
    "MIRROR_WEIGHTS",
    "PART_BITS",
    "TABLE_BITS",
    "bit_mask",
    "key_bits",
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
MAX_AMBIGUOUS_SUM = 18  # 0.15 standard deviations of the sum; within it both forms are kept
PART_BITS = (40, 80, 72, 48, 112, 55, 79, 77, 124, 30)  # agree in all records of a part
# A table a row: bits that agree in it besides, the most telling first.
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


def bit_mask(bits: tuple[int, ...]) -> np.ndarray:
    """(2,) uint64 words in which these of 128 bits are set, numbered as they are packed."""
    packed = np.zeros(128, np.uint8)
    packed[list(bits)] = 1
    mask: np.ndarray = np.packbits(packed).view(np.uint64)
    return mask


def table_masks(bits: int) -> np.ndarray:
    """(tables, 2) uint64: what agrees in each table, with `bits` bits besides those of the part."""
    return np.stack([bit_mask((*PART_BITS, *row[:bits])) for row in TABLE_BITS])


def key_bits(pictures: int) -> int:
    """How many bits of a table's row are used among so many pictures.

    Two bits split unrelated features as one fair coin would, so that with two more for each
    doubling every feature meets half as many more. 1,661 pictures are joined with 18; among 100,000
    28 find as much as 24 do, in half the time.
    """
    doublings = max(pictures.bit_length() - _FEW.bit_length(), 0)
    return min(_FEWEST + _PER_DOUBLING * doublings, len(TABLE_BITS[0]))


_FEW = 1 << 11  # pictures, below which no fewer bits are used
_FEWEST, _PER_DOUBLING = 18, 2  # bits
