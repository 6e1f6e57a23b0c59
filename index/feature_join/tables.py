"""The tables of one part: which records are near each other and share a key.

A table is a mask of bits. Records of a part whose bits under the mask hash alike are a bucket, in
the order of the records. Two records of different pictures are a pair, once, in the first table
whose bits they have in common, if they differ in few bits (`Nearness`). In a bucket of more
than `CROWD` records (a pattern that many pictures have, a picture with very many copies) each meets
the next `REACH` only, so that time and pairs grow with the records and not with their square.

With earlier records, only pairs that have a new record are listed, and of the earlier ones only
those are looked at whose keys occur among the new ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametrace.index.feature_join.bits import key_bits, table_masks
from frametrace.index.feature_join.records import OWNER_BITS, Records, pictures_of

__all__ = ["CROWD", "REACH", "Nearness", "Pairs", "hashes_of", "pairs_by_table"]

CROWD, REACH = 64, 8  # records of a bucket, and how many of them each meets where there are more
# Bits of 128 that a pair differs in at most: among few pictures, and among more than `_FEW`. Every
# pair of verified edits has some inliers within 12; of unrelated features of photographs 12 of a
# million are, and 6 within 10: among a million pictures the votes of those are most of the work.
_RADIUS, _RADIUS_OF_MANY, _FEW = 12, 10, 1 << 18
_MAX_CROWD = 65_535  # larger ones are told as that

_C1, _C2, _C3 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xC2B2AE3D27D4EB4F),
    np.uint64(0x165667B19E3779F9),
)
_29, _32 = np.uint64(29), np.uint64(32)
_BLOCK = 1 << 16  # records that are sifted at a time: 1 MB of words
_SCATTERED = 12  # log2 of the keys that are ordered at a time: with their words 100 kB
_SPARSE = 5  # log2 of the bits in a bitmap for each of its keys
_SLICE = 1 << 23  # records that are joined at a time: 0.4 GB
_ROOM = 1 << 20  # pairs that are written at a time
_MAX_BITMAP = 26  # log2 of its bits


@dataclass(frozen=True, slots=True)
class Nearness:
    """What makes a pair: `masks`, (tables, 2) uint64, and `radius`, bits of 128."""

    masks: np.ndarray
    radius: int

    @classmethod
    def among(cls, pictures: int) -> "Nearness":
        """What is looked for among so many pictures."""
        radius = _RADIUS if pictures <= _FEW else _RADIUS_OF_MANY
        return cls(table_masks(key_bits(pictures)), radius)


@dataclass(frozen=True, slots=True)
class Pairs:
    """n pairs of records of a part, by their rows.

    `first` and `second` are (n,) uint32, first < second; `crowd` is (n,) uint16: how many records
    their bucket has if it is crowded, else 1.
    """

    first: np.ndarray
    second: np.ndarray
    crowd: np.ndarray

    def __len__(self) -> int:
        return len(self.first)


_NO_PAIRS = Pairs(np.zeros(0, np.uint32), np.zeros(0, np.uint32), np.zeros(0, np.uint16))


def hashes_of(words: np.ndarray, mask: np.ndarray, *, compiled: bool) -> np.ndarray:
    """(n,) uint32: hashes of the bits of (n, 2) words under a mask."""
    if compiled:
        from frametrace.index.feature_join.kernels import hash_keys

        hashes = np.empty(len(words), np.uint32)
        hash_keys(words, mask, hashes)
        return hashes
    mixed = (words[:, 0] & mask[0]) * _C1 ^ (words[:, 1] & mask[1]) * _C2
    mixed ^= mixed >> _29
    mixed *= _C3
    high: np.ndarray = (mixed >> _32).astype(np.uint32)
    return high


def pairs_by_table(
    records: Records, first_new: int, near: Nearness, counts: np.ndarray, *, compiled: bool
) -> Iterator[Pairs]:
    """The pairs of one part's records, table by table, of which `second` is `first_new` or more.

    Adds to (n,) uint32 `counts` how many pairs each record has. A table of many records gives its
    pairs in several pieces, for the sake of memory. The order within a table is not defined.
    """
    if first_new >= len(records) or len(records) < 2:
        return
    sift = _sifted if compiled else _plainly_sifted
    join = _joined if compiled else _plainly_joined
    sifted = sift(records.words, first_new, near.masks) if first_new else None
    new = np.arange(first_new, len(records), dtype=np.uint32)
    for table, mask in enumerate(near.masks):
        rows = new if sifted is None else np.concatenate([sifted[table], new])
        for some_rows in _slices(records.words, rows, mask, compiled=compiled):
            whole = len(some_rows) == len(records)
            some = records if whole else _some(records, some_rows)
            some_counts = np.zeros(len(some), np.uint32)
            earlier = int(np.searchsorted(some_rows, first_new))
            pairs = join(some, earlier, near, table, some_counts)
            counts[some_rows] += some_counts
            yield Pairs(some_rows[pairs.first], some_rows[pairs.second], pairs.crowd)


def _some(records: Records, rows: np.ndarray) -> Records:
    return Records(records.words[rows], records.owners[rows])


def _slices(
    words: np.ndarray, rows: np.ndarray, mask: np.ndarray, *, compiled: bool
) -> Iterator[np.ndarray]:
    """Rows whose records are joined at a time: those of some values of the hash, in order."""
    count = 1 << max((len(rows) - 1) // _SLICE, 0).bit_length()
    if count == 1:
        yield rows
        return
    hashes = hashes_of(words if len(rows) == len(words) else words[rows], mask, compiled=compiled)
    hashes &= np.uint32(count - 1)  # the lower bits: records are ordered by the upper ones
    for value in range(count):
        yield rows[hashes == value]


def _bitmap_bits(keys: int) -> int:
    return min(max(keys.bit_length() + _SPARSE, 10), _MAX_BITMAP)


def _plainly_sifted(words: np.ndarray, first_new: int, masks: np.ndarray) -> list[np.ndarray]:
    """For each table, the rows before `first_new` whose hash may occur among the others'."""
    bits = _bitmap_bits(len(words) - first_new)
    sifted = []
    for mask in masks:
        marks = np.zeros(1 << bits, bool)
        marks[hashes_of(words[first_new:], mask, compiled=False) >> np.uint32(32 - bits)] = True
        hashes = hashes_of(words[:first_new], mask, compiled=False)
        sifted.append(np.flatnonzero(marks[hashes >> np.uint32(32 - bits)]).astype(np.uint32))
    return sifted


def _sifted(words: np.ndarray, first_new: int, masks: np.ndarray) -> list[np.ndarray]:
    """The same, block by block through all tables."""
    from frametrace.index.feature_join import kernels

    bits = _bitmap_bits(len(words) - first_new)
    bitmaps = np.zeros((len(masks), 1 << (bits - 6)), np.uint64)
    kernels.mark(words[first_new:], masks, 32 - bits, bitmaps)
    rows = np.empty((len(masks), _BLOCK + 1), np.uint32)
    counts = np.empty(len(masks), np.int64)
    sifted: list[list[np.ndarray]] = [[] for _ in masks]
    for begin in range(0, first_new, _BLOCK):
        block = words[begin : min(begin + _BLOCK, first_new)]
        kernels.sift(block, begin, masks, 32 - bits, bitmaps, rows, counts)
        for table, count in enumerate(counts.tolist()):
            sifted[table].append(rows[table, :count].copy())
    return [np.concatenate(each) for each in sifted]


def _joined(
    records: Records, first_new: int, near: Nearness, table: int, counts: np.ndarray
) -> Pairs:
    """The pairs of one table by compiled loops."""
    from frametrace.index.feature_join import kernels

    if len(records) < 2:
        return _NO_PAIRS
    hashes = hashes_of(records.words, near.masks[table], compiled=True)
    upper = min(max(len(records).bit_length() - _SCATTERED, 1), 12)
    starts = np.empty((1 << upper) + 1, np.int64)
    moved, keys = np.empty((len(records), 3), np.uint64), np.empty(len(records), np.uint64)
    kernels.scatter(records.words, records.owners, hashes, 32 - upper, starts, moved, keys)
    most = int(np.diff(starts).max())
    work = (
        np.empty(2 * most + 3, np.int64),
        np.empty(most, np.uint64),
        np.empty((4, most), np.uint64),
    )
    room = max(_ROOM, most * max(CROWD, 2 * REACH) // 2)
    made = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.uint16)
    rule, at, parts = (near.radius, CROWD, REACH), 0, []
    while at < len(starts) - 1:
        at, count = kernels.pairs_in_buckets(
            at,
            moved,
            keys,
            starts,
            32 - upper,
            work,
            near.masks,
            table,
            first_new,
            rule,
            OWNER_BITS,
            counts,
            made,
        )
        parts.append([column[:count].copy() for column in made])
    return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _plainly_joined(
    records: Records, first_new: int, near: Nearness, table: int, counts: np.ndarray
) -> Pairs:
    """The pairs of one table by sorting: each record beside the next in its bucket, and so on."""
    hashes = hashes_of(records.words, near.masks[table], compiled=False)
    ordered = np.sort(hashes.astype(np.uint64) << _32 | np.arange(len(hashes), dtype=np.uint64))
    rows, keys = ordered.astype(np.uint32), (ordered >> _32).astype(np.uint32)
    ends = np.searchsorted(keys, keys, "right")
    sizes = ends - np.searchsorted(keys, keys, "left")
    crowded = sizes > CROWD
    at = np.arange(len(keys))
    reached = np.minimum(ends, at + 1 + np.where(crowded, REACH, CROWD))
    parts = []
    for step in range(1, CROWD):
        at = at[at + step < reached[at]]
        if not len(at):
            break
        beside = at[rows[at + step] >= first_new]
        beside = beside[_are_near(records, rows[beside], rows[beside + step], near, table)]
        parts.append((beside, beside + step))
    first = np.concatenate([one for one, _ in parts]) if parts else np.zeros(0, np.int64)
    second = np.concatenate([other for _, other in parts]) if parts else np.zeros(0, np.int64)
    crowd = np.where(crowded, np.minimum(sizes, _MAX_CROWD), 1)[first]
    pairs = Pairs(rows[first], rows[second], crowd.astype(np.uint16))
    for side in (pairs.first, pairs.second):
        counts += np.bincount(side, minlength=len(counts)).astype(np.uint32)
    return pairs


def _are_near(
    records: Records, a: np.ndarray, b: np.ndarray, near: Nearness, table: int
) -> np.ndarray:
    """Which records are pairs in a table and in none before: (n,) bool."""
    different = records.words[a] ^ records.words[b]
    are: np.ndarray = np.bitwise_count(different).sum(axis=1, dtype=np.int64) <= near.radius
    are &= pictures_of(records.owners[a]) != pictures_of(records.owners[b])
    kept = np.flatnonzero(are)
    touched = (different[kept, None, :] & near.masks[: table + 1]).any(axis=2)
    are[kept] = ~touched[:, -1] & touched[:, :-1].all(axis=1)
    return are
