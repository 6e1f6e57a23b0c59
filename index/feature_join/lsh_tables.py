"""The tables of one part: which records are near each other and share a key.

A table is a mask of bits. Records of a part whose bits under the mask hash alike are a bucket, in
the order of the records. Two records of different pictures are a pair, once, in the first table
whose bits they have in common, if they differ in few bits (`Nearness`). In a bucket of more
than `crowd` records (a pattern that many pictures have, a picture with very many copies) each meets
the next `reach` only, so that time and pairs grow with the records and not with their square.

With earlier records, only pairs that have a new record are listed, and of the earlier ones only
those are looked at whose keys occur among the new ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametrace.index.feature_join.feature_records import PICTURE_SHIFT, Records, picture_numbers
from frametrace.index.feature_join.lsh_keys import key_bits, table_masks

__all__ = ["PairCriteria", "RecordPairs", "key_hashes", "pairs_by_table"]

_MANY = 1 << 18  # pictures above which less is looked at; see `Nearness.among`
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
_SLICE = 1 << 23  # records that are joined at a time: 0.3 GB
_ROOM = 1 << 20  # pairs that are written at a time
_MAX_BITMAP = 26  # log2 of its bits


@dataclass(frozen=True, slots=True)
class PairCriteria:
    """What makes a pair.

    `masks` are (tables, 2) uint64; `radius` is in bits of 128; in a bucket of more than `crowd`
    records each meets the next `reach`.
    """

    masks: np.ndarray
    radius: int
    crowd: int
    reach: int

    @classmethod
    def among(cls, pictures: int) -> "PairCriteria":
        """What is looked for among so many pictures.

        Every pair of verified edits has some inliers within 12 bits, most have more within 10. Of
        unrelated features of photographs 12 of a million are within 12 bits, 6 within 10: among a
        million pictures their votes are most of the work, and features that are common in all
        tables tell nothing. There 8 tables and smaller crowds take a third of the time.
        """
        masks = table_masks(key_bits(pictures))
        return cls(masks, 12, 64, 8) if pictures <= _MANY else cls(masks[:8], 10, 32, 3)


@dataclass(frozen=True, slots=True)
class RecordPairs:
    """n pairs of records of a part, by their rows.

    `first` and `second` are (n,) uint32, first < second; `crowd` is (n,) uint16: how many records
    their bucket has if it is crowded, else 1.
    """

    first: np.ndarray
    second: np.ndarray
    crowd: np.ndarray

    def __len__(self) -> int:
        return len(self.first)


def key_hashes(words: np.ndarray, mask: np.ndarray, *, compiled: bool) -> np.ndarray:
    """(n,) uint32: hashes of the bits of (n, 2) words under a mask."""
    if compiled:
        from frametrace.index.feature_join.lsh_kernels import hash_keys

        hashes = np.empty(len(words), np.uint32)
        hash_keys(words, mask, hashes)
        return hashes
    mixed = (words[:, 0] & mask[0]) * _C1 ^ (words[:, 1] & mask[1]) * _C2
    mixed ^= mixed >> _29
    mixed *= _C3
    high: np.ndarray = (mixed >> _32).astype(np.uint32)
    return high


def pairs_by_table(
    records: Records, first_new: int, near: PairCriteria, counts: np.ndarray, *, compiled: bool
) -> Iterator[RecordPairs]:
    """The pairs of one part's records, table by table, of which `second` is `first_new` or more.

    Adds to (n,) uint32 `counts` how many pairs each record has. A table of many records gives its
    pairs in several pieces, for the sake of memory. The order within a table is not defined.
    """
    if first_new >= len(records) or len(records) < 2:
        return
    sift = _sifted if compiled else _plainly_sifted
    join = _joined if compiled else _plainly_joined
    if not first_new:
        for table in range(len(near.masks)):
            yield from join(records, 0, near, table, counts)
        return
    new = np.arange(first_new, len(records), dtype=np.uint32)
    for table, earlier in enumerate(sift(records.words, first_new, near.masks)):
        rows = np.concatenate([earlier, new])
        some = Records(records.words[rows], records.owners[rows])
        some_counts = np.zeros(len(rows), np.uint32)
        for pairs in join(some, len(earlier), near, table, some_counts):
            yield RecordPairs(rows[pairs.first], rows[pairs.second], pairs.crowd)
        counts[rows] += some_counts


def _bitmap_bits(keys: int) -> int:
    return min(max(keys.bit_length() + _SPARSE, 10), _MAX_BITMAP)


def _plainly_sifted(words: np.ndarray, first_new: int, masks: np.ndarray) -> list[np.ndarray]:
    """For each table, the rows before `first_new` whose hash may occur among the others'."""
    bits = _bitmap_bits(len(words) - first_new)
    sifted = []
    for mask in masks:
        marks = np.zeros(1 << bits, bool)
        marks[key_hashes(words[first_new:], mask, compiled=False) >> np.uint32(32 - bits)] = True
        hashes = key_hashes(words[:first_new], mask, compiled=False)
        sifted.append(np.flatnonzero(marks[hashes >> np.uint32(32 - bits)]).astype(np.uint32))
    return sifted


def _sifted(words: np.ndarray, first_new: int, masks: np.ndarray) -> list[np.ndarray]:
    """The same, block by block through all tables."""
    from frametrace.index.feature_join import lsh_kernels

    bits = _bitmap_bits(len(words) - first_new)
    bitmaps = np.zeros((len(masks), 1 << (bits - 6)), np.uint64)
    lsh_kernels.mark_hashes(words[first_new:], masks, 32 - bits, bitmaps)
    rows = np.empty((len(masks), _BLOCK + 1), np.uint32)
    counts = np.empty(len(masks), np.int64)
    sifted: list[list[np.ndarray]] = [[] for _ in masks]
    for begin in range(0, first_new, _BLOCK):
        block = words[begin : min(begin + _BLOCK, first_new)]
        lsh_kernels.find_marked(block, begin, masks, 32 - bits, bitmaps, rows, counts)
        for table, count in enumerate(counts.tolist()):
            sifted[table].append(rows[table, :count].copy())
    return [np.concatenate(each) for each in sifted]


def _joined(
    records: Records, first_new: int, near: PairCriteria, table: int, counts: np.ndarray
) -> Iterator[RecordPairs]:
    """The pairs of one table by compiled loops, slice by slice: of some values of the hash."""
    from frametrace.index.feature_join import lsh_kernels

    hashes = key_hashes(records.words, near.masks[table], compiled=True)
    slices = 1 << ((len(records) - 1) // _SLICE).bit_length()
    sizes = np.bincount(hashes & np.uint32(slices - 1), minlength=slices)
    upper = min(max(int(sizes.max()).bit_length() - _SCATTERED, 1), 12)
    starts = np.empty((1 << upper) + 1, np.int64)
    moved, keys = np.empty((sizes.max(), 3), np.uint64), np.empty(sizes.max(), np.uint64)
    for value in range(slices):
        count = lsh_kernels.order_by_hash(
            records.words,
            records.owners,
            hashes,
            (slices - 1, value),
            32 - upper,
            starts,
            moved,
            keys,
        )
        yield _compared((starts, moved[:count], keys[:count]), first_new, near, table, counts)


def _compared(
    scattered: tuple[np.ndarray, np.ndarray, np.ndarray],
    first_new: int,
    near: PairCriteria,
    table: int,
    counts: np.ndarray,
) -> RecordPairs:
    """The pairs among records that lie by their hashes: starts, moved, keys."""
    from frametrace.index.feature_join import lsh_kernels

    starts, moved, keys = scattered
    most = int(np.diff(starts).max())
    ends, ordered = np.empty(2 * most + 3, np.int64), np.empty(most, np.uint64)
    work = ends, ordered, np.empty((4, most), np.uint64)
    room = max(_ROOM, most * max(near.crowd, 2 * near.reach) // 2)
    made = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.uint16)
    rule, at, parts = (near.radius, near.crowd, near.reach), 0, []
    shift = 33 - (len(starts) - 1).bit_length()
    while at < len(starts) - 1:
        at, count = lsh_kernels.pairs_in_buckets(
            at,
            moved,
            keys,
            starts,
            shift,
            work,
            near.masks,
            table,
            first_new,
            rule,
            PICTURE_SHIFT,
            counts,
            made,
        )
        parts.append([column[:count].copy() for column in made])
    return RecordPairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _plainly_joined(
    records: Records, first_new: int, near: PairCriteria, table: int, counts: np.ndarray
) -> Iterator[RecordPairs]:
    """The pairs of one table by sorting: each record beside the next in its bucket, and so on."""
    hashes = key_hashes(records.words, near.masks[table], compiled=False)
    ordered = np.sort(hashes.astype(np.uint64) << _32 | np.arange(len(hashes), dtype=np.uint64))
    rows, keys = ordered.astype(np.uint32), (ordered >> _32).astype(np.uint32)
    ends = np.searchsorted(keys, keys, "right")
    sizes = ends - np.searchsorted(keys, keys, "left")
    crowded = sizes > near.crowd
    at = np.arange(len(keys))
    reached = np.minimum(ends, at + 1 + np.where(crowded, near.reach, near.crowd))
    parts = []
    for step in range(1, max(near.crowd, near.reach + 1)):
        at = at[at + step < reached[at]]
        if not len(at):
            break
        beside = at[rows[at + step] >= first_new]
        beside = beside[_are_near(records, rows[beside], rows[beside + step], near, table)]
        parts.append((beside, beside + step))
    first = np.concatenate([one for one, _ in parts]) if parts else np.zeros(0, np.int64)
    second = np.concatenate([other for _, other in parts]) if parts else np.zeros(0, np.int64)
    crowd = np.where(crowded, np.minimum(sizes, _MAX_CROWD), 1)[first]
    pairs = RecordPairs(rows[first], rows[second], crowd.astype(np.uint16))
    for side in (pairs.first, pairs.second):
        counts += np.bincount(side, minlength=len(counts)).astype(np.uint32)
    yield pairs


def _are_near(
    records: Records, a: np.ndarray, b: np.ndarray, near: PairCriteria, table: int
) -> np.ndarray:
    """Which records are pairs in a table and in none before: (n,) bool."""
    different = records.words[a] ^ records.words[b]
    are: np.ndarray = np.bitwise_count(different).sum(axis=1, dtype=np.int64) <= near.radius
    are &= picture_numbers(records.owners[a]) != picture_numbers(records.owners[b])
    kept = np.flatnonzero(are)
    touched = (different[kept, None, :] & near.masks[: table + 1]).any(axis=2)
    are[kept] = ~touched[:, -1] & touched[:, :-1].all(axis=1)
    return are
