"""Searching hashes: all within a radius, none missed, compared with brute force."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.pdq import from_hex
from frametrace.index.base import Hits
from frametrace.index.distinct_codes import Codes
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.hamming.hamming_join import HammingJoin

Found = list[tuple[int, int, int]]


def digests(count: int) -> np.ndarray:
    """(count, 32) different digests."""
    items = np.zeros((count, 32), np.uint8)
    items[:, -4:] = np.arange(count, dtype=">u4").view(np.uint8).reshape(-1, 4)
    return items


def collapsed(codes: np.ndarray) -> Codes:
    return Codes.collapse(codes, digests(len(codes)))


def flipped(code: np.ndarray, bits: int) -> np.ndarray:
    """The code with its first `bits` bits flipped."""
    mask = np.zeros(8 * len(code), np.uint8)
    mask[:bits] = 1
    return code ^ np.packbits(mask)


@st.composite
def related_codes(draw: st.DrawFn) -> np.ndarray:
    """(n, 8) or (n, 32) codes around a few centres: far apart, near each other, or equal."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, width = draw(st.integers(0, 40)), draw(st.sampled_from([8, 32]))
    centres = rng.integers(0, 256, (draw(st.integers(1, 5)), width), np.uint8)
    share = draw(st.sampled_from([0.0, 0.01, 0.06, 0.12]))
    noise = np.packbits(rng.random((count, 8 * width)) < share, axis=1)
    return centres[rng.integers(0, len(centres), count)] ^ noise


def triples(hits: Hits) -> Found:
    assert (hits.query.dtype, hits.row.dtype, hits.value.dtype) == (int, int, np.int32)
    columns = (hits.query, hits.row, hits.value)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def within(queries: np.ndarray, codes: np.ndarray, radius: int) -> Found:
    distances = bits_distance(queries, codes)
    return [(q, r, int(distances[q, r])) for q, r in np.argwhere(distances <= radius).tolist()]


@examples(150)
@given(related_codes(), st.sampled_from([0, 1, 7, 8, 15, 31, 47, 255]))
def test_every_search_agrees_with_brute_force(codes: np.ndarray, radius: int) -> None:
    index = HammingIndex(collapsed(codes))
    held = index.codes.codes
    expected = within(codes, held, radius)
    in_batches = [hit for hits in index.pairs_between(codes, radius) for hit in triples(hits)]
    assert in_batches == expected
    nearest_first = sorted(expected, key=lambda hit: (hit[0], hit[2], hit[1]))
    assert triples(index.search(codes, radius)) == nearest_first
    pairs = [hit for hits in HammingJoin(held, radius=radius) for hit in triples(hits)]
    assert sorted(pairs) == [hit for hit in within(held, held, radius) if hit[0] < hit[1]]


def test_pairs_across_batches_are_found_once() -> None:
    rng = np.random.default_rng(5)
    far = rng.integers(0, 256, (1500, 32), np.uint8)
    near = np.array([flipped(code, at % 34) for at, code in enumerate(far[:700])])
    held = collapsed(np.concatenate([far, near])).codes
    pairs = [hit for hits in HammingJoin(held, radius=31) for hit in triples(hits)]
    assert sorted(pairs) == [hit for hit in within(held, held, 31) if hit[0] < hit[1]]
    # 20 or 21 of every 34 distances: 0 makes one code, 32 and 33 are too far.
    assert len(pairs) == sum(1 <= at % 34 <= 31 for at in range(700))


@pytest.mark.parametrize("width", [8, 32])
@pytest.mark.parametrize("radius", [0, 1, 8, 31])
def test_exactly_the_radius_is_near_and_one_bit_more_is_not(width: int, radius: int) -> None:
    code = np.random.default_rng(width).integers(0, 256, width, np.uint8)
    others = np.array([flipped(code, radius), flipped(code, radius + 1)])
    index = HammingIndex(collapsed(others))
    at_radius = index.codes.codes.tolist().index(others[0].tolist())
    assert triples(index.search(code[None], radius)) == [(0, at_radius, radius)]
    assert [triples(hits) for hits in index.pairs_between(code[None], radius)] == [
        [(0, at_radius, radius)]
    ]


def test_equal_codes_make_no_pairs() -> None:
    codes = collapsed(np.full((1000, 32), 7, np.uint8))
    assert [triples(hits) for hits in HammingJoin(codes.codes, radius=31)] == [[]]
    assert len(codes.items_of(0)) == 1000


def test_needles_are_found_in_the_haystack(shared: Path) -> None:
    haystack, needles = (
        np.array([np.frombuffer(from_hex(line), np.uint8) for line in lines])
        for lines in (
            (shared / "pdq" / name).read_text("utf-8").split()
            for name in ("haystack.txt", "needles.txt")
        )
    )
    assert (len(haystack), len(needles)) == (1350, 100)
    index = HammingIndex(collapsed(haystack))
    sizes = np.diff(index.codes.starts)
    published: Mapping[int, int] = {0: 50, 15: 151, 31: 250, 47: 287}
    for radius, pairs in published.items():
        hits = Hits.concatenate(list(index.pairs_between(needles, radius)), np.int32)
        assert int(sizes[hits.row].sum()) == pairs
        assert int(sizes[index.search(needles, radius).row].sum()) == pairs
