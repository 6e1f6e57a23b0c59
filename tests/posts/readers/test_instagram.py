"""An Instagram post has one key: its shortcode, which is its number in base 64."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.readers.shared.post_keys import shortcode_of


@given(st.integers(1, 2**64 - 1))
def test_a_shortcode_is_the_number_in_base_64(number: int) -> None:
    in_nine_bytes = base64.urlsafe_b64encode(number.to_bytes(9, "big")).decode()
    assert shortcode_of(str(number)) == in_nine_bytes.lstrip("A")
    assert shortcode_of(f"{number}_77") == in_nine_bytes.lstrip("A")


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("0", "A"),
        ("63", "_"),
        ("64", "BA"),
        ("3501_77", "2t"),
        ("CsFaZNTtgAF", "CsFaZNTtgAF"),  # is one already
        ("", ""),
        ("12_", "12_"),
        ("1.0", "1.0"),
        ("٣", "٣"),
        ("9" * 21, "9" * 21),  # more than 64 bits hold
    ],
)
def test_what_is_not_a_number_stays_as_it_is(id: str, code: str) -> None:
    assert shortcode_of(id) == code
