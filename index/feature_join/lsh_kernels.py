"""The compiled loops of the LSH join of features. Importing this file needs numba (extra `fast`).

Each gives exactly what its plain counterpart in `lsh_keys` or `lsh_tables` gives. Arguments are
plain tuples, not named ones: machine code is cached by the types it was compiled for.
"""

from typing import Any

import numpy as np

from frametrace.index.feature_join.lsh_keys import KEY_MULTIPLIERS
from frametrace.index.numba_compile import compiled, popcount_intrinsic

__all__ = [
    "find_marked",
    "hash_keys",
    "mark_hashes",
    "order_by_hash",
    "pairs_in_buckets",
    "write_by_part",
    "write_canonical",
]

popcount = popcount_intrinsic()

_C1, _C2, _C3 = KEY_MULTIPLIERS
_29, _32, _63 = np.uint64(29), np.uint64(32), np.uint64(63)


@compiled
def write_canonical(  # noqa: PLR0913, PLR0917  compiled loops take arrays one by one
    words: np.ndarray,
    owners: np.ndarray,
    mirror: np.ndarray,
    weight_sums: np.ndarray,
    max_ambiguous: int,
    into_words: np.ndarray,
    into_owners: np.ndarray,
) -> int:
    """Write the records of features; return how many there are. See `canonical_records`."""
    count = 0
    for i in range(len(words)):
        total = np.int64(0)
        lower, upper = np.uint64(0), np.uint64(0)
        for word in range(2):
            left = words[i, word]
            for byte in range(8):
                value = left & np.uint64(255)
                left >>= np.uint64(8)
                total += weight_sums[8 * word + byte, value]
                lower |= mirror[8 * word + byte, value, 0]
                upper |= mirror[8 * word + byte, value, 1]
        if total >= -max_ambiguous:
            into_words[count, 0], into_words[count, 1] = words[i, 0], words[i, 1]
            into_owners[count] = owners[i]
            count += 1
        if total <= max_ambiguous:
            into_words[count, 0], into_words[count, 1] = lower, upper
            into_owners[count] = owners[i] | np.uint32(1)
            count += 1
    return count


@compiled
def _key_hash(lower: int, upper: int, mask: np.ndarray) -> Any:
    mixed = (lower & mask[0]) * _C1 ^ (upper & mask[1]) * _C2
    mixed ^= mixed >> _29
    return (mixed * _C3) >> _32


@compiled
def hash_keys(words: np.ndarray, mask: np.ndarray, hashes: np.ndarray) -> None:
    """Fill (n,) uint32 with the hashes of the bits under a mask."""
    for i in range(len(words)):
        hashes[i] = _key_hash(words[i, 0], words[i, 1], mask)


@compiled
def mark_hashes(words: np.ndarray, masks: np.ndarray, shift: int, bitmaps: np.ndarray) -> None:
    """Mark the hash of each key in the bitmap of each table, (tables, 2**(26 - shift)) uint64."""
    for table in range(len(masks)):
        for i in range(len(words)):
            key = _key_hash(words[i, 0], words[i, 1], masks[table]) >> np.uint64(shift)
            bitmaps[table, key >> np.uint64(6)] |= np.uint64(1) << (key & _63)


@compiled
def find_marked(  # noqa: PLR0913, PLR0917
    words: np.ndarray,
    begin: int,
    masks: np.ndarray,
    shift: int,
    bitmaps: np.ndarray,
    rows: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Write the rows of words whose hash is marked: (tables, n) uint32, and the count of each.

    The first word has the row `begin`.
    """
    for table in range(len(masks)):
        bitmap, into = bitmaps[table], rows[table]
        count: Any = 0
        for i in range(len(words)):
            key = _key_hash(words[i, 0], words[i, 1], masks[table]) >> np.uint64(shift)
            into[count] = begin + i
            count += np.int64((bitmap[key >> np.uint64(6)] >> (key & _63)) & np.uint64(1))
        counts[table] = count


@compiled
def order_by_hash(  # noqa: PLR0913, PLR0917
    words: np.ndarray,
    owners: np.ndarray,
    hashes: np.ndarray,
    low_bits: tuple[int, int],
    shift: int,
    starts: np.ndarray,
    ordered: np.ndarray,
    keys: np.ndarray,
) -> int:
    """Order records by the upper bits of their hashes, stably, so that buckets are contiguous.

    Only records whose hash, under the mask `low_bits[0]`, is `low_bits[1]`. Fills `starts`
    (values + 1,) int64; `ordered` (n, 3) uint64, words and owner; and `keys` (n,) uint64,
    hash << 32 | row. Returns the number of records.
    """
    mask, value = np.uint32(low_bits[0]), np.uint32(low_bits[1])
    starts[:] = 0
    for i in range(len(hashes)):
        if hashes[i] & mask == value:
            starts[(hashes[i] >> np.uint32(shift)) + np.uint32(1)] += 1
    for upper in range(1, len(starts)):
        starts[upper] += starts[upper - 1]
    ends = starts[:-1].copy()
    for i in range(len(hashes)):
        if hashes[i] & mask == value:
            upper = hashes[i] >> np.uint32(shift)
            at = ends[upper]
            ends[upper] = at + 1
            ordered[at, 0], ordered[at, 1], ordered[at, 2] = words[i, 0], words[i, 1], owners[i]
            keys[at] = (np.uint64(hashes[i]) << _32) | np.uint64(i)
    return int(starts[-1])


@compiled
def _sort_keys(keys: np.ndarray, shift: int, ends: np.ndarray, sorted_keys: np.ndarray) -> None:
    """Sort the positions of keys by hash, then position: hash << 32 | position.

    All hashes are equal above bit `shift`. A counting sort by log2(keys) bits leaves little to be
    sorted by insertion.
    """
    bits = 1
    while 1 << bits < len(keys) and bits < shift:
        bits += 1
    count = 1 << bits
    drop, cut = np.uint64(32 + shift - bits), np.uint64(count - 1)
    ends[: count + 1] = 0
    for i in range(len(keys)):
        ends[((keys[i] >> drop) & cut) + np.uint64(1)] += 1
    for value in range(1, count + 1):
        ends[value] += ends[value - 1]
    for i in range(len(keys)):
        value = (keys[i] >> drop) & cut
        at = ends[value]
        ends[value] = at + 1
        sorted_keys[at] = ((keys[i] >> _32) << _32) | np.uint64(i)
    begin = 0
    for value in range(count):
        end = ends[value]
        if end - begin > 32:
            sorted_keys[begin:end].sort()
        else:
            for i in range(begin + 1, end):
                key, at = sorted_keys[i], i
                while at > begin and sorted_keys[at - 1] > key:
                    sorted_keys[at] = sorted_keys[at - 1]
                    at -= 1
                sorted_keys[at] = key
        begin = end


@compiled
def _first_shares_key(lower: int, upper: int, masks: np.ndarray, table: int) -> Any:
    """Whether this table is the first whose key the differing bits leave unchanged."""
    if ((lower & masks[table, 0]) | (upper & masks[table, 1])) != 0:
        return False  # else the loop below would not end
    first = 0
    while ((lower & masks[first, 0]) | (upper & masks[first, 1])) != 0:
        first += 1
    return first == table


@compiled
def pairs_in_buckets(  # noqa: PLR0913, PLR0917
    begin: int,
    ordered: np.ndarray,
    keys: np.ndarray,
    starts: np.ndarray,
    shift: int,
    scratch: tuple[np.ndarray, np.ndarray, np.ndarray],
    masks: np.ndarray,
    table: int,
    first_new: int,
    limits: tuple[int, int, int],
    picture_shift: int,
    counts: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[int, int]:
    """Write the pairs of one table (see `RecordPairs`) from what `order_by_hash` wrote.

    Starts at value `begin` of `starts`, and stops when `pairs` may be too small. Adds to `counts`
    how many pairs each record has. `limits` are radius, max_bucket and reach of `PairCriteria`.
    `scratch` has room for the n keys of the most frequent value: (2 * n + 3,) int64, (n,) uint64
    and (4, n) uint64. Returns the value to continue at, and the number of pairs.
    """
    ends, sorted_keys, bucket = scratch
    low, max_partners = np.uint64(0xFFFFFFFF), max(limits[1], 2 * limits[2])
    count, value = 0, begin
    while value < len(starts) - 1:
        at, size = starts[value], starts[value + 1] - starts[value]
        if count + size * max_partners // 2 > len(pairs[0]):
            break
        value += 1
        if size < 2:
            continue
        _sort_keys(keys[at : at + size], shift, ends, sorted_keys)
        start = 0
        while start < size:
            key = sorted_keys[start] >> _32
            end = start + 1
            while end < size and sorted_keys[end] >> _32 == key:
                end += 1
            length = end - start
            last = np.int64(keys[at + np.int64(sorted_keys[end - 1] & low)] & low)
            if length > 1 and last >= first_new:
                for i in range(length):
                    position = at + np.int64(sorted_keys[start + i] & low)
                    bucket[0, i], bucket[1, i] = ordered[position, 0], ordered[position, 1]
                    bucket[2, i] = ordered[position, 2] >> np.uint64(picture_shift)
                    bucket[3, i] = keys[position] & low
                count = _compare_bucket(
                    bucket, length, masks, table, first_new, limits, counts, pairs, count
                )
            start = end
    return value, count


@compiled
def _compare_bucket(  # noqa: PLR0913, PLR0917
    bucket: np.ndarray,
    length: int,
    masks: np.ndarray,
    table: int,
    first_new: int,
    limits: tuple[int, int, int],
    counts: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
    count: int,
) -> Any:
    """Append the pairs of one bucket to the `count` pairs so far; returns the new count."""
    radius, max_bucket, reach = limits
    first, second, bucket_size = pairs
    new = 0  # the first new record
    while np.int64(bucket[3, new]) < first_new:
        new += 1
    partners, size = length, 1
    if length > max_bucket:
        partners, size = reach, min(length, 65535)
    for i in range(length - 1):
        lower, upper = bucket[0, i], bucket[1, i]
        for j in range(max(i + 1, new), min(length, i + 1 + partners)):
            x, y = lower ^ bucket[0, j], upper ^ bucket[1, j]
            bits = np.int64(popcount(x)) + np.int64(popcount(y))
            if bits > radius or bucket[2, i] == bucket[2, j]:
                continue
            if _first_shares_key(x, y, masks, table):
                first[count], second[count], bucket_size[count] = bucket[3, i], bucket[3, j], size
                counts[bucket[3, i]] += 1
                counts[bucket[3, j]] += 1
                count += 1
    return count


@compiled
def write_by_part(
    words: np.ndarray, owners: np.ndarray, parts: np.ndarray, ends: np.ndarray, rows: np.ndarray
) -> None:
    """Write records by part, stably, as (n, 5) uint32. `ends` is the start of each part."""
    low = np.uint64(0xFFFFFFFF)
    for i in range(len(owners)):
        at = ends[parts[i]]
        ends[parts[i]] = at + 1
        rows[at, 0], rows[at, 1] = words[i, 0] & low, words[i, 0] >> _32
        rows[at, 2], rows[at, 3] = words[i, 1] & low, words[i, 1] >> _32
        rows[at, 4] = owners[i]
