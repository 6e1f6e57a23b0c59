"""Makes sets of hashes that look like real reuse, and all near pairs among them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from frametrace.embed.signals import pdq
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE

__all__ = ["PAIR", "frames", "near_pairs", "write_reuse"]

PAIR = np.dtype([("a", np.int32), ("b", np.int32), ("distance", np.uint8)])

PAIRS_EACH = 5  # pairs a hash, in the mean
LARGEST = 120  # hashes of an ordinary set; sets of k hashes are as frequent as k to the -2
VIRALS, VIRAL = 200, 1 / 500  # sets, and the largest one's part of all hashes; the k-th has 1/k
CHAINS, LONG_CHAIN = 0.02, 10  # of the ordinary sets; of the viral ones each tenth
EDITS, VIRAL_EDITS, FRAME_EDITS = (1, 24), (22, 30), (6, 6)  # bits that are turned
STEPS = (10, 16)  # bits that each link of a chain turns
SETS = 20_000  # that are made together


def write_reuse(folder: Path, count: int, seed: int) -> tuple[int, int]:
    """Write `count` hashes, how many posts each has, and their pairs in random order.

    Half of the hashes are alone; most others are in sets of a few edits of one photo each. Some
    photos are viral: their edits are near the photo, but seldom near each other. Some sets are
    chains of edits of edits. Returns how many hashes are in sets, and how many pairs there are.
    """
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (count, pdq.BITS // 8), np.uint8)
    parts, used, pairs = [], 0, 0
    for members, bits, chained in _sets(rng, count):
        _edit(rng, codes, members, bits, chained=chained)
        parts.append(_pairs(codes, members))
        used, pairs = members[-1, -1] + 1, pairs + len(parts[-1])
        if pairs >= PAIRS_EACH * count:
            break
    order = rng.permutation(count).astype(np.int32)
    shuffled = np.concatenate(parts)[rng.permutation(pairs)]
    shuffled["a"], shuffled["b"] = order[shuffled["a"]], order[shuffled["b"]]
    shuffled.tofile(folder / "pairs.bin")
    place = np.empty_like(order)
    place[order] = np.arange(count, dtype=np.int32)
    np.save(folder / "codes.npy", codes[place])
    np.save(folder / "posts.npy", np.minimum(rng.zipf(2.0, count), 100_000))
    return int(used), pairs


def frames(count: int, seed: int) -> np.ndarray:
    """Near-identical hashes, all within 31 bits: frames of one video."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(rng.integers(0, 256, (1, pdq.BITS // 8), np.uint8), count, axis=0)
    _edit(rng, codes, np.arange(count)[None], FRAME_EDITS)
    return np.unique(codes, axis=0)


def near_pairs(codes: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """For each hash those after it that are near, and their distances, by comparing all."""
    words = codes.view(np.uint64)
    for at in range(len(codes) - 1):
        distance = np.bitwise_count(words[at + 1 :, 0] ^ words[at, 0])
        for column in range(1, words.shape[1]):
            distance += np.bitwise_count(words[at + 1 :, column] ^ words[at, column])
        row = np.flatnonzero(distance <= PDQ_MAX_DISTANCE)
        yield at, at + 1 + row, distance[row].astype(np.int32)


def _sets(
    rng: np.random.Generator, count: int
) -> Iterator[tuple[np.ndarray, tuple[int, int], bool]]:
    """Sets of one size, (m, k) hashes; the bits of their edits; whether they are chains."""
    used = 0
    for rank in range(1, VIRALS + 1):
        size = max(2, int(count * VIRAL / rank))
        chained = rank % LONG_CHAIN == 0
        yield np.arange(used, used + size)[None], STEPS if chained else VIRAL_EDITS, chained
        used += size
    sizes = np.arange(2, LARGEST + 1)
    while used < 0.8 * count:
        drawn = rng.choice(sizes, min(SETS, count // 100), p=sizes**-2.0 / np.sum(sizes**-2.0))
        for size, many in zip(*np.unique(drawn, return_counts=True), strict=True):
            members = np.arange(used, used + many * size).reshape(many, size)
            used += many * size
            chains = round(many * CHAINS)
            if chains:
                yield members[:chains], STEPS, True
            yield members[chains:], EDITS, False


def _edit(
    rng: np.random.Generator,
    codes: np.ndarray,
    members: np.ndarray,
    bits: tuple[int, int],
    *,
    chained: bool = False,
) -> None:
    """Make a set's hashes edits of its first one, or each one of the one before."""
    turned = np.zeros((members.size, pdq.BITS), bool)
    many = rng.integers(bits[0], bits[1] + 1, members.size)
    for at in range(bits[1]):  # two that fall on one bit turn it once
        rows = np.flatnonzero(at < many)
        turned[rows, rng.integers(0, pdq.BITS, len(rows))] = True
    flips = np.packbits(turned, axis=1).reshape(*members.shape, -1)
    flips[:, 0] = 0
    if chained:
        flips = np.bitwise_xor.accumulate(flips, axis=1)
    codes[members] = codes[members[:, :1]] ^ flips


def _pairs(codes: np.ndarray, members: np.ndarray) -> np.ndarray:
    """All near pairs inside sets."""
    words = codes[members].view(np.uint64)
    found = []
    for step in range(1, members.shape[1]):
        distance = np.bitwise_count(words[:, step:] ^ words[:, :-step]).sum(axis=2, dtype=np.int32)
        row, column = np.nonzero(distance <= PDQ_MAX_DISTANCE)
        pairs = np.empty(len(row), PAIR)
        pairs["a"], pairs["b"] = members[row, column], members[row, column + step]
        pairs["distance"] = distance[row, column]
        found.append(pairs)
    return np.concatenate(found)
