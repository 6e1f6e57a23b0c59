"""Which pairs of hashes have to be compared: a pigeonhole plan that misses none and repeats none.

**Budgets.** A hash of 64 w bits is cut into chunks of 16. The chunks are the leaves of a balanced
binary tree; an inner node stands for the chunks below it, the root for the whole hash. Every chunk
c is given a budget t(c) ≥ -1 such that the sum of t(c) + 1 over all chunks is r + 1 or more. An
inner node's budget is one more than the sum of its two children's; so budget + 1 adds up from the
leaves to the root, and the root's budget is r or more. A node *holds* for two hashes that differ in
at most as many of its bits as its budget says.

**No pair is missed.** Where a node holds, one of its children does: otherwise each child would
differ in at least its budget + 1 bits, and the node in at least the sum of both, its own budget
+ 1. The root holds for every pair within r. So from the root there is a way down to a chunk that
holds, along nodes that all hold.

**No pair comes twice.** Of two children that hold, the way takes the left one. That way is unique,
and so is the chunk in which it ends: the pair is emitted there and nowhere else. A pair belongs to
chunk c if every node above c holds and, wherever the way goes right, the left child does not.

**What it costs.** Hashes are put in buckets by their value of chunk c. Candidates for c are the
pairs of buckets whose values differ in at most t(c) bits; few of them get past the nodes above.
How many candidates a budget makes is known beforehand and exactly, from the histogram of the
chunk's values: the number of pairs whose values differ by x is the histogram's correlation with
itself under XOR, which a Walsh-Hadamard transform gives. The budgets are those of least cost. Bits
that are alike in nearly all hashes thus end with a budget of -1, chunks of even values with more.

The pigeonhole with one budget for every part: Norouzi, Punjani, Fleet, "Fast Exact Search in
Hamming Space with Multi-Index Hashing", 2014; with budgets by cost: Qin et al., "GPH: Similarity
Search in Hamming Space", 2018. The tree, which makes emission unique and candidates cheap to drop,
is ours.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["CHUNK", "PER_WORD", "Plan", "Rule", "differences", "plan", "rule"]

CHUNK = 16  # bits; 65,536 buckets, whose bounds stay in a processor's cache
PER_WORD = 64 // CHUNK
_WORD_LEVEL = PER_WORD.bit_length() - 2  # of the nodes above a chunk, which one is its word
_MOST = 3  # the greatest budget of a chunk: 697 buckets to compare each bucket with
# Measured, in comparisons of two words (0.09 ns each): one visit of a bucket by one hash; one
# comparison of two whole hashes.
_VISIT = 100.0
_BRUTE = 30.0


class Rule(NamedTuple):
    """Which pairs belong to one chunk, as tests that must all pass; the last has all bits.

    Of test t, `masks[t]` (w,) uint64 are the bits, and at most `limits[t]` of them differ where
    `within[t]`, more where not. The tests that need no more than the chunk's word are told apart:
    at most `word_limit` of its bits differ; more than `left_limits[i]` of `left_masks[i]` (uint64).
    """

    masks: np.ndarray
    limits: np.ndarray
    within: np.ndarray
    word_limit: int
    left_masks: np.ndarray
    left_limits: np.ndarray


@dataclass(frozen=True, slots=True)
class Plan:
    """A budget for each chunk, and what each costs, in comparisons of two words.

    `candidates` is how many comparisons that is without the visits of buckets, `brute` what it
    costs to compare all pairs. The plan `pays` if it costs less, and if no chunk leaves more than
    half of all pairs as candidates: so splitting buckets comes to an end.
    """

    budgets: tuple[int, ...]
    costs: tuple[float, ...]
    candidates: float
    brute: float
    pays: bool

    @property
    def chunks(self) -> list[int]:
        """The chunks that have a budget."""
        return [chunk for chunk, budget in enumerate(self.budgets) if budget >= 0]


def plan(a: np.ndarray, b: np.ndarray, radius: int, *, same: bool) -> Plan:
    """The budgets of least cost for two (m, 65,536) histograms of the chunks' values.

    With `same`, both are of the same hashes, and each pair counts once.
    """
    sizes = float(a[0].sum()), float(b[0].sum())
    half = 0.5 if same else 1.0
    distance = np.bitwise_count(np.arange(2**CHUNK))
    candidates = np.zeros((len(a), _MOST + 2))
    for chunk in range(len(a)):
        pairs = np.bincount(distance, _correlation(a[chunk], b[chunk]))
        candidates[chunk, 1:] = half * pairs.cumsum()[: _MOST + 1]
    reach = np.array([0, *((distance <= t).sum() for t in range(_MOST + 1))])
    costs = candidates + half * _VISIT * min(sizes) * reach
    shares = _cheapest(costs, radius + 1)
    chunks = np.arange(len(a))
    spent, taken = costs[chunks, shares], candidates[chunks, shares]
    brute = half * _BRUTE * sizes[0] * sizes[1]
    far = shares.sum() <= radius  # for any plan
    pays = bool(not far and spent.sum() < brute and taken.max() <= brute / _BRUTE / 2)
    budgets = tuple((shares - 1).tolist())
    return Plan(budgets, tuple(spent.tolist()), float(taken.sum()), brute, pays)


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of two histograms over 2^k values: how many pairs (x, y) have each x XOR y, float64."""
    product = _transformed(a) * _transformed(b)
    return _transformed(product) / len(a)


def _transformed(values: np.ndarray) -> np.ndarray:
    """The Walsh-Hadamard transform."""
    values = values.astype(np.float64)
    step = 1
    while step < len(values):
        pairs = values.reshape(-1, 2, step)
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
        step *= 2
    return values


def _cheapest(costs: np.ndarray, shares: int) -> np.ndarray:
    """How many shares each of m chunks takes so that all are taken at the least cost.

    `costs` is (m, t): what it costs chunk c to take 0, 1, … shares. They take fewer than `shares`
    only where that many can't be taken.
    """
    m, choices = costs.shape
    best = np.full((m + 1, shares + 1), np.inf)
    best[0, 0] = 0
    taken = np.zeros((m, shares + 1), np.int64)
    for chunk in range(m):
        for have in range(shares + 1):
            before = np.maximum(have - np.arange(choices), 0)
            options = best[chunk, before] + costs[chunk]
            taken[chunk, have] = options.argmin()
            best[chunk + 1, have] = options.min()
    chosen, left = np.zeros(m, np.int64), shares
    for chunk in range(m - 1, -1, -1):
        chosen[chunk] = taken[chunk, left]
        left = max(left - chosen[chunk], 0)
    return chosen


def differences(budget: int) -> np.ndarray:
    """All values of a chunk with at most `budget` bits, int64, ascending by bits."""
    values = np.arange(2**CHUNK)
    bits = np.bitwise_count(values)
    near = values[bits <= budget]
    found: np.ndarray = near[np.argsort(bits[near], kind="stable")]
    return found


def rule(budgets: tuple[int, ...], chunk: int, radius: int) -> Rule:
    """The tests for pairs that belong to a chunk, but for that of the chunk itself.

    Those that drop pairs of another chunk come first: where many hashes are alike, most are such.
    """
    words = len(budgets) // PER_WORD
    left, nodes = [], []  # (mask, budget) of the left children beside the way, and of its nodes
    shares, node, span = np.array(budgets) + 1, chunk, 1
    while len(shares) > 1:
        if node % 2:
            left.append((_mask(words, (node - 1) * span, span), int(shares[node - 1]) - 1))
        shares = shares.reshape(-1, 2).sum(axis=1)
        node, span = node // 2, span * 2
        nodes.append((_mask(words, node * span, span), int(shares[node]) - 1))
    nodes[-1] = nodes[-1][0], radius
    tests = [*left[::-1], *nodes]
    in_word = [(mask[chunk // PER_WORD], most) for mask, most in left if mask[chunk // PER_WORD]]
    return Rule(
        np.array([mask for mask, _ in tests]),
        np.array([most for _, most in tests], np.int64),
        np.arange(len(tests)) >= len(left),
        nodes[_WORD_LEVEL][1],
        np.array([mask for mask, _ in in_word], np.uint64),
        np.array([most for _, most in in_word], np.int64),
    )


def _mask(words: int, first: int, span: int) -> np.ndarray:
    """The bits of some chunks, (w,) uint64; chunk c of a word stands at its bit 16 c."""
    chunks = np.zeros(words * PER_WORD, np.uint16)
    chunks[first : first + span] = 2**CHUNK - 1
    return chunks.view("<u8").astype(np.uint64)
