"""Ranges are expanded as Python's own `range` would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from frametrace.index.ranges import expand_ranges


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 5)), max_size=20))
def test_each_range_has_its_consecutive_numbers(ranges):
    starts, counts = np.array(ranges, np.int64).reshape(-1, 2).T
    which, numbers = expand_ranges(starts, counts)
    expected = [(i, start + at) for i, (start, count) in enumerate(ranges) for at in range(count)]
    assert list(zip(which.tolist(), numbers.tolist(), strict=True)) == expected
