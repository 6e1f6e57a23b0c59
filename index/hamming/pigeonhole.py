"""Plans which pairs of hashes to compare: multi-index hashing by the pigeonhole principle.

No pair within the radius is missed, and none is found twice.

**Budgets.** A hash of 64 w bits is cut into chunks of 16. The chunks are the leaves of a balanced
binary tree; an inner node represents the chunks below it, the root the whole hash. Every chunk c
gets a budget t(c) ≥ -1 such that the sum of t(c) + 1 over all chunks is r + 1 or more. An
inner node's budget is one more than the sum of its two children's; so budget + 1 adds up from the
leaves to the root, and the root's budget is r or more. A node *holds* for two hashes if they differ
in at most as many of its bits as its budget.

**No pair is missed.** Where a node holds, one of its children does: otherwise each child would
differ in at least its budget + 1 bits, and the node in at least the sum of both, its own budget
+ 1. The root holds for every pair within r. So a path leads from the root to a chunk that holds,
along nodes that all hold.

**No pair is found twice.** Of two children that hold, the path takes the left one. That path is
unique, and so is the chunk where it ends: the pair is emitted there and nowhere else. A pair
belongs to chunk c if every node above c holds and, wherever the path goes right, the left child
does not hold.

**Cost.** Hashes are put in buckets by their value of chunk c. Candidates for c are the pairs of
buckets whose values differ in at most t(c) bits; few of them pass the tests of the nodes above.
The number of candidates of a budget is known in advance and exactly, from the histogram of the
chunk's values: the number of pairs whose values differ by x is the histogram's correlation with
itself under XOR, which a Walsh-Hadamard transform gives. The budgets with the least total cost are
chosen. Chunks that are equal in nearly all hashes thus get a budget of -1, evenly distributed
chunks a higher one.

The pigeonhole principle with one budget for all chunks: Norouzi, Punjani, Fleet, "Fast Exact Search
in Hamming Space with Multi-Index Hashing", 2014; with budgets by cost: Qin et al., "GPH: Similarity
Search in Hamming Space", 2018. The tree, which makes emission unique and candidates cheap to drop,
is ours.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = [
    "CHUNKS_PER_WORD",
    "CHUNK_BITS",
    "ChunkPlan",
    "PairTests",
    "cheapest_plan",
    "chunk_tests",
    "xor_masks",
]

CHUNK_BITS = 16  # 65,536 buckets, whose bounds stay in a processor's cache
CHUNKS_PER_WORD = 64 // CHUNK_BITS
_WORD_LEVEL = CHUNKS_PER_WORD.bit_length() - 2  # index of the word among the nodes above a chunk
_MAX_BUDGET = 3  # bits, of one chunk: each bucket is then compared with 697 buckets
# Measured, in units of one comparison of two words (0.09 ns).
_VISIT_COST = 100.0  # of one hash that visits one bucket
_FULL_COMPARISON_COST = 30.0  # of two whole hashes


class PairTests(NamedTuple):
    """Tests that a pair must all pass to belong to one chunk; the last test covers all bits.

    Test t counts the differing bits under `masks[t]`, (w,) uint64: at most `limits[t]` if
    `within[t]`, else more than that. Tests on the chunk's word alone are repeated for speed: at
    most `word_limit` of its bits differ, and more than `left_limits[i]` of `left_masks[i]`, uint64.
    """

    masks: np.ndarray
    limits: np.ndarray
    within: np.ndarray
    word_limit: int
    left_masks: np.ndarray
    left_limits: np.ndarray


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """A budget for each chunk, and its cost in comparisons of two words.

    `candidates` is the cost without the visits of buckets, `brute_force_cost` the cost of comparing
    all pairs. The plan `pays` if it costs less than that, and if no chunk leaves more than half of
    all pairs as candidates, so that splitting buckets terminates.
    """

    budgets: tuple[int, ...]
    costs: tuple[float, ...]
    candidates: float
    brute_force_cost: float
    pays: bool

    @property
    def chunks(self) -> list[int]:
        """The chunks whose budget is 0 or more."""
        return [chunk for chunk, budget in enumerate(self.budgets) if budget >= 0]


def cheapest_plan(a: np.ndarray, b: np.ndarray, radius: int, *, same: bool) -> ChunkPlan:
    """The plan of least cost for two (m, 65,536) histograms of the chunks' values.

    With `same`, both describe the same hashes, and each pair counts once.
    """
    sizes = float(a[0].sum()), float(b[0].sum())
    half = 0.5 if same else 1.0
    distance = np.bitwise_count(np.arange(2**CHUNK_BITS))
    candidates = np.zeros((len(a), _MAX_BUDGET + 2))
    for chunk in range(len(a)):
        pairs = np.bincount(distance, _xor_correlation(a[chunk], b[chunk]))
        candidates[chunk, 1:] = half * pairs.cumsum()[: _MAX_BUDGET + 1]
    visited_buckets = np.array([0, *((distance <= t).sum() for t in range(_MAX_BUDGET + 1))])
    costs = candidates + half * _VISIT_COST * min(sizes) * visited_buckets
    shares = _cheapest_shares(costs, radius + 1)
    chunks = np.arange(len(a))
    chosen_costs, chosen_candidates = costs[chunks, shares], candidates[chunks, shares]
    pairs_in_all = half * sizes[0] * sizes[1]
    brute_force_cost = _FULL_COMPARISON_COST * pairs_in_all
    pays = bool(
        shares.sum() > radius  # else no plan reaches so far
        and chosen_costs.sum() < brute_force_cost
        and chosen_candidates.max() <= pairs_in_all / 2
    )
    return ChunkPlan(
        tuple((shares - 1).tolist()),
        tuple(chosen_costs.tolist()),
        float(chosen_candidates.sum()),
        brute_force_cost,
        pays,
    )


def _xor_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """For histograms over 2^k values: how many pairs (x, y) have each value of x XOR y, float64."""
    product = _walsh_hadamard(a) * _walsh_hadamard(b)
    return _walsh_hadamard(product) / len(a)


def _walsh_hadamard(values: np.ndarray) -> np.ndarray:
    """The Walsh-Hadamard transform of (2^k,) values."""
    values = values.astype(np.float64)
    step = 1
    while step < len(values):
        pairs = values.reshape(-1, 2, step)
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).ravel()
        step *= 2
    return values


def _cheapest_shares(costs: np.ndarray, shares: int) -> np.ndarray:
    """Distribute shares (budget + 1) over m chunks at the least cost, by dynamic programming.

    `costs` is (m, t): the cost for chunk c to take 0, 1, … shares. The chunks take fewer than
    `shares` in total only if they can't take that many.
    """
    m, choices = costs.shape
    least_cost = np.full((m + 1, shares + 1), np.inf)  # of the first chunks, by their shares
    least_cost[0, 0] = 0
    last_share = np.zeros((m, shares + 1), np.int64)
    for chunk in range(m):
        for total in range(shares + 1):
            before = np.maximum(total - np.arange(choices), 0)
            options = least_cost[chunk, before] + costs[chunk]
            last_share[chunk, total] = options.argmin()
            least_cost[chunk + 1, total] = options.min()
    chosen, remaining = np.zeros(m, np.int64), shares
    for chunk in range(m - 1, -1, -1):
        chosen[chunk] = last_share[chunk, remaining]
        remaining = max(remaining - chosen[chunk], 0)
    return chosen


def xor_masks(budget: int) -> np.ndarray:
    """All values of a chunk with at most `budget` bits set, int64, ascending by bits."""
    values = np.arange(2**CHUNK_BITS)
    bits = np.bitwise_count(values)
    near = values[bits <= budget]
    masks: np.ndarray = near[np.argsort(bits[near], kind="stable")]
    return masks


def chunk_tests(budgets: tuple[int, ...], chunk: int, radius: int) -> PairTests:
    """The tests for pairs that belong to a chunk, except the test of the chunk itself.

    Tests that drop pairs of other chunks come first: if many hashes are alike, most pairs are such.
    """
    words = len(budgets) // CHUNKS_PER_WORD
    left, nodes = [], []  # (mask, budget) of left siblings along the path, and of the path's nodes
    shares, node, span = np.array(budgets) + 1, chunk, 1
    while len(shares) > 1:
        if node % 2:
            left.append((_mask(words, (node - 1) * span, span), int(shares[node - 1]) - 1))
        shares = shares.reshape(-1, 2).sum(axis=1)
        node, span = node // 2, span * 2
        nodes.append((_mask(words, node * span, span), int(shares[node]) - 1))
    nodes[-1] = nodes[-1][0], radius
    tests = [*left[::-1], *nodes]
    word = chunk // CHUNKS_PER_WORD
    in_word = [(mask[word], budget) for mask, budget in left if mask[word]]
    return PairTests(
        np.array([mask for mask, _ in tests]),
        np.array([budget for _, budget in tests], np.int64),
        np.arange(len(tests)) >= len(left),
        nodes[_WORD_LEVEL][1],
        np.array([mask for mask, _ in in_word], np.uint64),
        np.array([budget for _, budget in in_word], np.int64),
    )


def _mask(words: int, first: int, span: int) -> np.ndarray:
    """A mask of `span` chunks from `first`, (w,) uint64; chunk c of a word is at its bit 16 c."""
    chunks = np.zeros(words * CHUNKS_PER_WORD, np.uint16)
    chunks[first : first + span] = 2**CHUNK_BITS - 1
    return chunks.view("<u8").astype(np.uint64)
