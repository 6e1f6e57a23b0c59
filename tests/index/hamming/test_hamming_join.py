"""The Hamming join: all pairs within a radius, each once, compared with brute force."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trying import examples

from frametrace.embed.signals.base import bits_distance
from frametrace.index.base import Hits
from frametrace.index.hamming import pigeonhole
from frametrace.index.hamming.hamming_join import HammingJoin
from frametrace.index.numba_compile import has_numba

numba = pytest.mark.skipif(not has_numba(), reason="needs the extra `fast`")
Triples = list[tuple[int, int, int]]

WIDTHS = st.sampled_from([8, 32])
RADII = st.sampled_from([0, 1, 3, 8, 15, 31, 47, 70, 255])


def triples(batches: Iterator[Hits]) -> Triples:
    found = Hits.concatenate(list(batches), np.int32)
    columns = (found.query, found.row, found.value)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def within(a: np.ndarray, b: np.ndarray, radius: int) -> Triples:
    distances = bits_distance(a, b)
    return [(x, y, int(distances[x, y])) for x, y in np.argwhere(distances <= radius).tolist()]


def flipped(codes: np.ndarray, bits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each (n, k) code with `bits[i]` random bits flipped."""
    order = rng.random((len(codes), 8 * codes.shape[1])).argsort(axis=1).argsort(axis=1)
    return codes ^ np.packbits(order < bits[:, None], axis=1)


@st.composite
def code_sets(draw: st.DrawFn, width: int, radius: int) -> np.ndarray:
    """(n, width) codes of one of the shapes that are hard on buckets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 60))
    anywhere = rng.integers(0, 256, (n, width), np.uint8)
    centres = anywhere[: max(1, n // 8)]
    of = rng.integers(0, max(1, len(centres)), n)
    codes = anywhere.copy()
    match draw(st.sampled_from(["random", "near", "edge", "equal", "chunk", "word", "one bit"])):
        case "near":
            codes = flipped(centres[of], rng.integers(0, 12, n), rng)
        case "edge":
            far = np.minimum(radius + rng.integers(0, 2, n), 8 * width)
            codes = np.concatenate([centres, flipped(centres[of], far, rng)])
        case "equal":
            codes[:] = anywhere[:1]
        case "chunk":
            codes[:, 2:] = anywhere[:1, 2:]
        case "word":
            codes[:, : width // 2] = 255
        case "one bit":
            codes[:] = anywhere[:1]
            codes = flipped(codes, np.ones(n, int), rng)
    return codes


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Two sets of codes of one width, some of them in both, and a radius."""
    width, radius = draw(WIDTHS), draw(RADII)
    a, b = draw(code_sets(width, radius)), draw(code_sets(width, radius))
    a = a[: draw(st.sampled_from([0, 1, 100]))]
    rng = np.random.default_rng(len(a))
    shared = flipped(a[::3], rng.integers(0, min(40, 8 * width), len(a[::3])), rng)
    return a, np.concatenate([b, shared]), radius


@contextmanager
def small_limits() -> Iterator[None]:
    """Chunks pay at once, few codes make hot buckets and dense blocks, few pairs fill a batch."""
    from frametrace.index.hamming import bucket_join, dense_blocks

    with (
        patch.object(pigeonhole, "_VISIT_COST", 0.0),
        patch.object(bucket_join, "_MAX_COMPARISONS", 3),
        patch.object(bucket_join, "_MAX_COMPARISONS_DENSE", 2),
        patch.object(bucket_join, "_MIN_PLANNED", 2),
        patch.object(dense_blocks, "_MIN_SIZE", 6),
        patch.object(bucket_join, "_BATCH_PAIRS", 2),
        patch.object(bucket_join, "_TILE", 7),
    ):
        yield


@given(cases())
def test_faiss_finds_the_pairs_of_brute_force(drawn: tuple[np.ndarray, np.ndarray, int]) -> None:
    agrees(*drawn, compiled=False)


@numba
@given(cases())
def test_compiled_loops_find_the_pairs_of_brute_force(
    drawn: tuple[np.ndarray, np.ndarray, int],
) -> None:
    agrees(*drawn, compiled=True)


@numba
@examples(40)
@given(cases())
def test_every_chunk_split_bucket_and_full_batch_finds_the_pairs_of_brute_force(
    drawn: tuple[np.ndarray, np.ndarray, int],
) -> None:
    with small_limits():
        agrees(*drawn, compiled=True)


def agrees(a: np.ndarray, b: np.ndarray, radius: int, *, compiled: bool) -> None:
    found = triples(iter(HammingJoin(a, b, radius=radius, compiled=compiled)))
    assert sorted(found) == within(a, b, radius)
    own = triples(iter(HammingJoin(b, radius=radius, compiled=compiled)))
    assert sorted(own) == [hit for hit in within(b, b, radius) if hit[0] < hit[1]]


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=numba)])
@pytest.mark.parametrize("width", [8, 32])
def test_blocks_and_units_change_nothing(width: int, compiled: bool) -> None:
    rng, radius = np.random.default_rng(width), width // 2
    codes = rng.integers(0, 256, (2_000, width), np.uint8)
    codes = np.concatenate([codes, flipped(codes, rng.integers(0, radius + 3, len(codes)), rng)])
    expected = [hit for hit in within(codes, codes, radius) if hit[0] < hit[1]]
    small = HammingJoin(codes, radius=radius, compiled=compiled, memory=0)
    assert len({unit.a.start for unit in small.units}) > 1
    assert sorted(triples(iter(small))) == expected
    backwards = [hit for unit in small.units[::-1] for hit in triples(small.run(unit))]
    assert sorted(backwards) == expected
    assert sorted(triples(iter(HammingJoin(codes, radius=radius, compiled=compiled)))) == expected


@numba
def test_a_large_join_by_chunks_agrees_with_faiss_and_repeats_itself() -> None:
    rng = np.random.default_rng(3)
    far = rng.integers(0, 256, (30_000, 32), np.uint8)
    copies = flipped(far[:3_000], rng.integers(0, 34, 3_000), rng)
    codes = np.concatenate([far, copies])
    codes[5_000:15_000, 8:12] = 0  # a third of the codes share 32 bits: hot buckets
    fast = HammingJoin(codes, radius=31)
    assert all(unit.chunk is not None for unit in fast.units)
    found = triples(iter(fast))
    assert sorted(found) == sorted(triples(iter(HammingJoin(codes, radius=31, compiled=False))))
    assert len(found) > 2_500
    assert triples(iter(HammingJoin(codes, radius=31))) == found


@given(st.lists(st.integers(0, 2**16 - 1), max_size=300), st.lists(st.integers(0, 2**16 - 1)))
@example([0] * 50, [0] * 50)
def test_the_cost_of_a_chunk_is_the_number_of_its_candidates(a: list[int], b: list[int]) -> None:
    x, y = (np.bincount(values, minlength=2**16)[None] for values in (a, b))
    differing = [(one ^ other).bit_count() for one in a for other in b]
    with patch.object(pigeonhole, "_VISIT_COST", 0.0):
        for radius in range(3):  # one chunk has to take it all
            cost = pigeonhole.cheapest_plan(x, y, radius, same=False).costs[0]
            assert cost == sum(bits <= radius for bits in differing)


@given(
    st.lists(st.lists(st.floats(0, 100), min_size=4, max_size=4), min_size=1, max_size=3),
    st.integers(0, 10),
)
def test_budgets_are_the_cheapest_of_all(costs: list[list[float]], shares: int) -> None:
    table = np.cumsum(np.array(costs), axis=1) - np.array(costs)[:, :1]
    chosen = pigeonhole._cheapest_shares(table, shares)
    rows = range(len(table))
    options = [c for c in np.ndindex(*[4] * len(table)) if sum(c) >= shares]
    if options:
        assert chosen.sum() >= shares
        least = min(sum(table[row, c[row]] for row in rows) for c in options)
        assert sum(table[row, chosen[row]] for row in rows) == pytest.approx(least)


def test_a_radius_beyond_any_budget_compares_all_pairs() -> None:
    counts = np.ones((16, 2**16), np.int64)
    assert not pigeonhole.cheapest_plan(counts, counts, 64, same=True).pays
    assert pigeonhole.cheapest_plan(counts * 100, counts * 100, 31, same=True).pays
