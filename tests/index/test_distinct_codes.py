"""Equal values once: what every index is built from."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.index.distinct_codes import Codes


@st.composite
def coded_items(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """(n, k) codes with many equal ones, and (n, 32) different digests in any order."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, width = draw(st.integers(0, 50)), draw(st.sampled_from([1, 3, 8, 64]))
    kind = draw(st.sampled_from([np.uint8, np.uint32, np.float32]))
    codes = rng.integers(0, draw(st.integers(1, 3)), (count, width)).astype(kind)
    items = rng.integers(0, 256, (count, 32), np.uint8)
    items[:, 0] = rng.permutation(count)
    return codes, items


@given(coded_items(), st.randoms(use_true_random=False))
def test_collapsing_keeps_every_item_with_its_code_once(
    coded: tuple[np.ndarray, np.ndarray], random: Random
) -> None:
    codes, items = coded
    made = Codes.collapse(codes, items)
    expected: dict[bytes, list[str]] = {}
    for code, item in zip(codes, items, strict=True):
        expected.setdefault(code.tobytes(), []).append(item.tobytes().hex())

    held = [code.tobytes() for code in made.codes]
    assert held == sorted(expected)
    assert [made.items_of(at) for at in range(len(made))] == [sorted(expected[c]) for c in held]
    firsts = made.digests(made.starts[:-1]).to_pylist()
    assert firsts == [min(expected[code]) for code in held]
    assert made.digests().to_pylist() == [item for code in held for item in sorted(expected[code])]
    assert made.rows_of_items().tolist() == [
        row for row, code in enumerate(held) for _ in expected[code]
    ]
    assert made.codes.dtype == codes.dtype

    order = list(range(len(codes)))
    random.shuffle(order)
    again = Codes.collapse(codes[order], items[order])
    for name in Codes.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))


def test_some_of_the_codes_keep_their_first_items() -> None:
    codes = np.array([[2], [1], [2], [3]], np.uint8)
    items = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 32, axis=1)
    some = Codes.collapse(codes, items).only(np.array([1, 2]))
    assert some.codes.tolist() == [[2], [3]]
    assert [some.items_of(at) for at in range(2)] == [["00" * 32], ["03" * 32]]


@pytest.mark.parametrize("width", [8, 384])
def test_no_items_make_no_codes(width: int) -> None:
    made = Codes.collapse(np.empty((0, width), np.float32), np.empty((0, 32), np.uint8))
    assert len(made) == 0
    assert made.starts.tolist() == [0]
    assert made.digests().to_pylist() == []
