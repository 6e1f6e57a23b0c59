"""The compiled loops of the join of features; importing this file needs numba (extra `fast`).

Each gives exactly what its plain counterpart gives: `records.canonical` and `tables`.
Tuples are passed as plain ones: the code is kept by the types it was compiled for.
"""

from typing import Any

import numpy as np

from frametrace.index.hamming.hamming_kernels import compiled, popcount

__all__ = [
    "find_marked",
    "hash_keys",
    "mark_hashes",
    "order_by_hash",
    "pairs_in_buckets",
    "write_by_part",
    "write_canonical",
]

_C1, _C2, _C3 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xC2B2AE3D27D4EB4F),
    np.uint64(0x165667B19E3779F9),
)
_29, _32, _63 = np.uint64(29), np.uint64(32), np.uint64(63)


@compiled
def write_canonical(  # noqa: PLR0913, PLR0917  compiled loops take arrays one by one
    words: np.ndarray,
    owners: np.ndarray,
    mirror: np.ndarray,
    lean: np.ndarray,
    unclear: int,
    made_words: np.ndarray,
    made_owners: np.ndarray,
) -> int:
    """Write the records of features and return how many there are; see `records.canonical`."""
    count = 0
    for i in range(len(words)):
        total = np.int64(0)
        lower, upper = np.uint64(0), np.uint64(0)
        for word in range(2):
            left = words[i, word]
            for at in range(8):
                value = left & np.uint64(255)
                left >>= np.uint64(8)
                total += lean[8 * word + at, value]
                lower |= mirror[8 * word + at, value, 0]
                upper |= mirror[8 * word + at, value, 1]
        if total >= -unclear:
            made_words[count, 0], made_words[count, 1] = words[i, 0], words[i, 1]
            made_owners[count] = owners[i]
            count += 1
        if total <= unclear:
            made_words[count, 0], made_words[count, 1] = lower, upper
            made_owners[count] = owners[i] | np.uint32(1)
            count += 1
    return count


@compiled
def _hashed(lower: int, upper: int, mask: np.ndarray) -> Any:
    mixed = (lower & mask[0]) * _C1 ^ (upper & mask[1]) * _C2
    mixed ^= mixed >> _29
    return (mixed * _C3) >> _32


@compiled
def hash_keys(words: np.ndarray, mask: np.ndarray, hashes: np.ndarray) -> None:
    """Fill (n,) uint32 hashes of the bits under a mask."""
    for i in range(len(words)):
        hashes[i] = _hashed(words[i, 0], words[i, 1], mask)


@compiled
def mark_hashes(words: np.ndarray, masks: np.ndarray, shift: int, bitmaps: np.ndarray) -> None:
    """Set the bits of all keys' hashes in the bitmap of each table, (tables, 2**(26 - shift))."""
    for table in range(len(masks)):
        for i in range(len(words)):
            key = _hashed(words[i, 0], words[i, 1], masks[table]) >> np.uint64(shift)
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
    """Write the rows of words whose hash is marked: (tables, n) uint32, and how many for each.

    The first of the words has the row `begin`.
    """
    for table in range(len(masks)):
        bitmap, into = bitmaps[table], rows[table]
        count: Any = 0
        for i in range(len(words)):
            key = _hashed(words[i, 0], words[i, 1], masks[table]) >> np.uint64(shift)
            into[count] = begin + i
            count += np.int64((bitmap[key >> np.uint64(6)] >> (key & _63)) & np.uint64(1))
        counts[table] = count


@compiled
def order_by_hash(  # noqa: PLR0913, PLR0917
    words: np.ndarray,
    owners: np.ndarray,
    hashes: np.ndarray,
    last: tuple[int, int],
    shift: int,
    starts: np.ndarray,
    moved: np.ndarray,
    keys: np.ndarray,
) -> int:
    """Order records by the upper bits of their hashes, keeping the order of equal ones.

    Only those whose hash has the `last` bits: a mask and what it leaves. `starts` (values + 1,)
    int64 is filled; `moved` (n, 3) uint64 are words and owner; `keys` (n,) uint64 are hash << 32 |
    row. What is compared together then lies together. Returns how many there are.
    """
    mask, value = np.uint32(last[0]), np.uint32(last[1])
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
            moved[at, 0], moved[at, 1], moved[at, 2] = words[i, 0], words[i, 1], owners[i]
            keys[at] = (np.uint64(hashes[i]) << _32) | np.uint64(i)
    return int(starts[-1])


@compiled
def _in_order(keys: np.ndarray, shift: int, ends: np.ndarray, ordered: np.ndarray) -> None:
    """Order the places of keys by hash, then place: hash << 32 | place. Keys agree above `shift`.

    Counting by as many bits as there are keys leaves little to be sorted.
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
        ordered[at] = ((keys[i] >> _32) << _32) | np.uint64(i)
    begin = 0
    for value in range(count):
        end = ends[value]
        if end - begin > 32:
            ordered[begin:end].sort()
        else:
            for i in range(begin + 1, end):
                key, at = ordered[i], i
                while at > begin and ordered[at - 1] > key:
                    ordered[at] = ordered[at - 1]
                    at -= 1
                ordered[at] = key
        begin = end


@compiled
def _agree(lower: int, upper: int, masks: np.ndarray, table: int) -> Any:
    """Whether differing bits leave this table's key alone, and touch those of all before it."""
    if ((lower & masks[table, 0]) | (upper & masks[table, 1])) != 0:
        return False  # so the loop ends
    first = 0
    while ((lower & masks[first, 0]) | (upper & masks[first, 1])) != 0:
        first += 1
    return first == table


@compiled
def pairs_in_buckets(  # noqa: PLR0913, PLR0917
    begin: int,
    moved: np.ndarray,
    keys: np.ndarray,
    starts: np.ndarray,
    shift: int,
    work: tuple[np.ndarray, np.ndarray, np.ndarray],
    masks: np.ndarray,
    table: int,
    first_new: int,
    rule: tuple[int, int, int],
    owner_bits: int,
    counts: np.ndarray,
    made: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[int, int]:
    """The pairs of one table, from what `scatter` made; see `tables.Pairs`. Counts those of each.

    Begins at `begin` of the values in `starts`, and stops where there may be too little room in
    `made`. Returns where to go on and how many pairs there are. `work` is room for as many keys as
    any value has: (2 * n + 3,) int64, (n,) uint64 and (4, n) uint64.
    """
    ends, ordered, run = work
    low, most = np.uint64(0xFFFFFFFF), max(rule[1], 2 * rule[2])
    count, value = 0, begin
    while value < len(starts) - 1:
        at, size = starts[value], starts[value + 1] - starts[value]
        if count + size * most // 2 > len(made[0]):
            break
        value += 1
        if size < 2:
            continue
        _in_order(keys[at : at + size], shift, ends, ordered)
        start = 0
        while start < size:
            key = ordered[start] >> _32
            end = start + 1
            while end < size and ordered[end] >> _32 == key:
                end += 1
            length = end - start
            last = np.int64(keys[at + np.int64(ordered[end - 1] & low)] & low)
            if length > 1 and last >= first_new:
                for i in range(length):
                    place = at + np.int64(ordered[start + i] & low)
                    run[0, i], run[1, i] = moved[place, 0], moved[place, 1]
                    run[2, i] = moved[place, 2] >> np.uint64(owner_bits)
                    run[3, i] = keys[place] & low
                count = _compare(run, length, masks, table, first_new, rule, counts, made, count)
            start = end
    return value, count


@compiled
def _compare(  # noqa: PLR0913, PLR0917
    run: np.ndarray,
    length: int,
    masks: np.ndarray,
    table: int,
    first_new: int,
    rule: tuple[int, int, int],
    counts: np.ndarray,
    made: tuple[np.ndarray, np.ndarray, np.ndarray],
    count: int,
) -> Any:
    """Add the pairs of one bucket to those made; returns how many there are then."""
    radius, most, reach = rule
    first, second, crowd = made
    fresh = 0  # the first new record
    while np.int64(run[3, fresh]) < first_new:
        fresh += 1
    farthest, told = length, 1
    if length > most:
        farthest, told = reach, min(length, 65535)
    for i in range(length - 1):
        lower, upper = run[0, i], run[1, i]
        for j in range(max(i + 1, fresh), min(length, i + 1 + farthest)):
            x, y = lower ^ run[0, j], upper ^ run[1, j]
            if np.int64(popcount(x)) + np.int64(popcount(y)) > radius or run[2, i] == run[2, j]:
                continue
            if _agree(x, y, masks, table):
                first[count], second[count], crowd[count] = run[3, i], run[3, j], told
                counts[run[3, i]] += 1
                counts[run[3, j]] += 1
                count += 1
    return count


@compiled
def write_by_part(
    words: np.ndarray, owners: np.ndarray, parts: np.ndarray, ends: np.ndarray, rows: np.ndarray
) -> None:
    """Write records by part, in their order: (n, 5) uint32. `ends` is where each part begins."""
    low = np.uint64(0xFFFFFFFF)
    for i in range(len(owners)):
        at = ends[parts[i]]
        ends[parts[i]] = at + 1
        rows[at, 0], rows[at, 1] = words[i, 0] & low, words[i, 0] >> _32
        rows[at, 2], rows[at, 3] = words[i, 1] & low, words[i, 1] >> _32
        rows[at, 4] = owners[i]
