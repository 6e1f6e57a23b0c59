"""The LSH tables of one part: finds pairs of records that share a key and differ in few bits.

A table is a mask of bits. Records of a part whose bits under the mask hash alike form a bucket, in
the order of the records. Two records of different pictures are a pair if they differ in few bits
(`PairCriteria`); it is found once, in the first table whose key they share. In a bucket of more
than `max_bucket` records (a pattern of many pictures, a picture with very many copies), each record
meets only the next `reach`, so that time and pairs grow with the records, not with their square.

If records were joined before, only pairs with a new record are found, and only those earlier
records are compared whose keys occur among the new ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametrace.index.feature_join.lsh_keys import (
    KEY_MULTIPLIERS,
    PICTURE_SHIFT,
    Records,
    key_bits,
    picture_numbers,
    table_masks,
)

__all__ = ["PairCriteria", "RecordPairs", "key_hashes", "pairs_by_table"]

_MANY_PICTURES = 1 << 18  # above which fewer pairs are searched; see `PairCriteria.among`
_MAX_BUCKET_SIZE = 65_535  # recorded; larger buckets are recorded as this

_29, _32 = np.uint64(29), np.uint64(32)
_BLOCK = 1 << 16  # earlier records filtered at a time: 1 MB of words
_LOG_SORTED_KEYS = 12  # log2 of the keys sorted at a time: 100 kB with their words
_LOG_BITS_PER_KEY = 5  # log2 of the bits of a bitmap for each of its keys
_SLICE = 1 << 23  # records joined at a time: 0.3 GB
_BATCH_PAIRS = 1 << 20  # pairs written at a time
_MAX_LOG_BITMAP = 26  # log2 of the bits of a bitmap


@dataclass(frozen=True, slots=True)
class PairCriteria:
    """What makes a pair.

    `masks` are (tables, 2) uint64; `radius` is in bits of 128; in a bucket of more than
    `max_bucket` records, each meets only the next `reach`.
    """

    masks: np.ndarray
    radius: int
    max_bucket: int
    reach: int

    @classmethod
    def among(cls, pictures: int) -> "PairCriteria":
        """The criteria for this number of pictures.

        Every pair of verified edits has some inliers within 12 bits, most have more within 10. Of
        unrelated features of photographs, 12 of a million are within 12 bits, 6 within 10: among a
        million pictures, their votes are most of the work, and features that are common in all
        tables carry no information. There, 8 tables and smaller buckets take a third of the time.
        """
        masks = table_masks(key_bits(pictures))
        return cls(masks, 12, 64, 8) if pictures <= _MANY_PICTURES else cls(masks[:8], 10, 32, 3)


@dataclass(frozen=True, slots=True)
class RecordPairs:
    """n pairs of records of a part, by their rows.

    `first` and `second` are (n,) uint32, first < second; `bucket_size` is (n,) uint16: the size of
    their bucket if it is above `max_bucket`, else 1.
    """

    first: np.ndarray
    second: np.ndarray
    bucket_size: np.ndarray

    def __len__(self) -> int:
        return len(self.first)


def key_hashes(words: np.ndarray, mask: np.ndarray, *, compiled: bool) -> np.ndarray:
    """(n,) uint32: hashes of the bits of (n, 2) words under a mask."""
    if compiled:
        from frametrace.index.feature_join.lsh_kernels import hash_keys

        hashes = np.empty(len(words), np.uint32)
        hash_keys(words, mask, hashes)
        return hashes
    mixed = (words[:, 0] & mask[0]) * KEY_MULTIPLIERS[0]
    mixed ^= (words[:, 1] & mask[1]) * KEY_MULTIPLIERS[1]
    mixed ^= mixed >> _29
    mixed *= KEY_MULTIPLIERS[2]
    high: np.ndarray = (mixed >> _32).astype(np.uint32)
    return high


def pairs_by_table(
    records: Records, first_new: int, criteria: PairCriteria, counts: np.ndarray, *, compiled: bool
) -> Iterator[RecordPairs]:
    """The pairs of one part's records, table by table, whose `second` is `first_new` or above.

    Adds to (n,) uint32 `counts` how many pairs each record has. A table of many records yields its
    pairs in several batches, to save memory. The order within a table is not defined.
    """
    if first_new >= len(records) or len(records) < 2:
        return
    filter_rows = _rows_with_new_keys_compiled if compiled else _rows_with_new_keys
    join = _join_table_compiled if compiled else _join_table
    if not first_new:
        for table in range(len(criteria.masks)):
            yield from join(records, 0, criteria, table, counts)
        return
    new = np.arange(first_new, len(records), dtype=np.uint32)
    for table, earlier in enumerate(filter_rows(records.words, first_new, criteria.masks)):
        rows = np.concatenate([earlier, new])
        selected = Records(records.words[rows], records.owners[rows])
        selected_counts = np.zeros(len(rows), np.uint32)
        for pairs in join(selected, len(earlier), criteria, table, selected_counts):
            yield RecordPairs(rows[pairs.first], rows[pairs.second], pairs.bucket_size)
        counts[rows] += selected_counts


def _bitmap_bits(keys: int) -> int:
    """log2 of the bits of a bitmap for this number of keys."""
    return min(max(keys.bit_length() + _LOG_BITS_PER_KEY, 10), _MAX_LOG_BITMAP)


def _rows_with_new_keys(words: np.ndarray, first_new: int, masks: np.ndarray) -> list[np.ndarray]:
    """For each table, the rows below `first_new` whose hash may occur in the rows above.

    As in a Bloom filter, some rows are listed needlessly, and none is missed.
    """
    bits = _bitmap_bits(len(words) - first_new)
    rows = []
    for mask in masks:
        is_marked = np.zeros(1 << bits, bool)
        new_hashes = key_hashes(words[first_new:], mask, compiled=False)
        is_marked[new_hashes >> np.uint32(32 - bits)] = True
        hashes = key_hashes(words[:first_new], mask, compiled=False)
        rows.append(np.flatnonzero(is_marked[hashes >> np.uint32(32 - bits)]).astype(np.uint32))
    return rows


def _rows_with_new_keys_compiled(
    words: np.ndarray, first_new: int, masks: np.ndarray
) -> list[np.ndarray]:
    """`_rows_with_new_keys` by compiled loops, block by block through all tables."""
    from frametrace.index.feature_join import lsh_kernels

    bits = _bitmap_bits(len(words) - first_new)
    bitmaps = np.zeros((len(masks), 1 << (bits - 6)), np.uint64)
    lsh_kernels.mark_hashes(words[first_new:], masks, 32 - bits, bitmaps)
    rows = np.empty((len(masks), _BLOCK + 1), np.uint32)
    counts = np.empty(len(masks), np.int64)
    blocks: list[list[np.ndarray]] = [[] for _ in masks]
    for begin in range(0, first_new, _BLOCK):
        block = words[begin : min(begin + _BLOCK, first_new)]
        lsh_kernels.find_marked(block, begin, masks, 32 - bits, bitmaps, rows, counts)
        for table, count in enumerate(counts.tolist()):
            blocks[table].append(rows[table, :count].copy())
    return [np.concatenate(table_blocks) for table_blocks in blocks]


def _join_table_compiled(
    records: Records, first_new: int, criteria: PairCriteria, table: int, counts: np.ndarray
) -> Iterator[RecordPairs]:
    """The pairs of one table by compiled loops, in slices by the low bits of the hash."""
    from frametrace.index.feature_join import lsh_kernels

    hashes = key_hashes(records.words, criteria.masks[table], compiled=True)
    slices = 1 << ((len(records) - 1) // _SLICE).bit_length()
    sizes = np.bincount(hashes & np.uint32(slices - 1), minlength=slices)
    upper = min(max(int(sizes.max()).bit_length() - _LOG_SORTED_KEYS, 1), 12)
    starts = np.empty((1 << upper) + 1, np.int64)
    ordered, keys = np.empty((sizes.max(), 3), np.uint64), np.empty(sizes.max(), np.uint64)
    for value in range(slices):
        count = lsh_kernels.order_by_hash(
            records.words,
            records.owners,
            hashes,
            (slices - 1, value),
            32 - upper,
            starts,
            ordered,
            keys,
        )
        slice_records = starts, ordered[:count], keys[:count]
        yield _compare_buckets(slice_records, first_new, criteria, table, counts)


def _compare_buckets(
    ordered_records: tuple[np.ndarray, np.ndarray, np.ndarray],
    first_new: int,
    criteria: PairCriteria,
    table: int,
    counts: np.ndarray,
) -> RecordPairs:
    """The pairs among records as `order_by_hash` wrote them: starts, ordered, keys."""
    from frametrace.index.feature_join import lsh_kernels

    starts, ordered, keys = ordered_records
    largest = int(np.diff(starts).max())
    ends, sorted_keys = np.empty(2 * largest + 3, np.int64), np.empty(largest, np.uint64)
    scratch = ends, sorted_keys, np.empty((4, largest), np.uint64)
    room = max(_BATCH_PAIRS, largest * max(criteria.max_bucket, 2 * criteria.reach) // 2)
    into = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.uint16)
    limits, value, batches = (criteria.radius, criteria.max_bucket, criteria.reach), 0, []
    shift = 33 - (len(starts) - 1).bit_length()
    while value < len(starts) - 1:
        value, count = lsh_kernels.pairs_in_buckets(
            value,
            ordered,
            keys,
            starts,
            shift,
            scratch,
            criteria.masks,
            table,
            first_new,
            limits,
            PICTURE_SHIFT,
            counts,
            into,
        )
        batches.append([column[:count].copy() for column in into])
    return RecordPairs(*(np.concatenate(columns) for columns in zip(*batches, strict=True)))


def _join_table(
    records: Records, first_new: int, criteria: PairCriteria, table: int, counts: np.ndarray
) -> Iterator[RecordPairs]:
    """The pairs of one table by sorting: each record with the next in its bucket, and so on."""
    hashes = key_hashes(records.words, criteria.masks[table], compiled=False)
    ordered = np.sort(hashes.astype(np.uint64) << _32 | np.arange(len(hashes), dtype=np.uint64))
    rows, keys = ordered.astype(np.uint32), (ordered >> _32).astype(np.uint32)
    ends = np.searchsorted(keys, keys, "right")
    sizes = ends - np.searchsorted(keys, keys, "left")
    is_crowded = sizes > criteria.max_bucket
    at = np.arange(len(keys))
    reach = np.where(is_crowded, criteria.reach, criteria.max_bucket)
    end_of_reach = np.minimum(ends, at + 1 + reach)
    firsts, seconds = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for step in range(1, max(criteria.max_bucket, criteria.reach + 1)):
        at = at[at + step < end_of_reach[at]]
        if not len(at):
            break
        candidates = at[rows[at + step] >= first_new]
        a, b = rows[candidates], rows[candidates + step]
        matches = candidates[_is_pair(records, a, b, criteria, table)]
        firsts.append(matches)
        seconds.append(matches + step)
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    bucket_size = np.where(is_crowded, np.minimum(sizes, _MAX_BUCKET_SIZE), 1)[first]
    pairs = RecordPairs(rows[first], rows[second], bucket_size.astype(np.uint16))
    for side in (pairs.first, pairs.second):
        counts += np.bincount(side, minlength=len(counts)).astype(np.uint32)
    yield pairs


def _is_pair(
    records: Records, a: np.ndarray, b: np.ndarray, criteria: PairCriteria, table: int
) -> np.ndarray:
    """Whether rows a and b are a pair whose first shared key is this table's: (n,) bool."""
    different = records.words[a] ^ records.words[b]
    is_pair: np.ndarray = np.bitwise_count(different).sum(axis=1, dtype=np.int64) <= criteria.radius
    is_pair &= picture_numbers(records.owners[a]) != picture_numbers(records.owners[b])
    near = np.flatnonzero(is_pair)
    differs = (different[near, None, :] & criteria.masks[: table + 1]).any(axis=2)
    is_pair[near] = ~differs[:, -1] & differs[:, :-1].all(axis=1)
    return is_pair
