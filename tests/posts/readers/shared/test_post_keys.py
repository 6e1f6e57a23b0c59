"""Ids and links of posts are normalised to one key; what may be no id is unchanged."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.readers.shared.post_keys import (
    facebook_post_id,
    id_in_link,
    shortcode_of,
    weibo_number,
)


@given(st.integers(1, 2**64 - 1))
def test_a_shortcode_of_instagram_is_the_number_in_base_64(number: int) -> None:
    in_nine_bytes = base64.urlsafe_b64encode(number.to_bytes(9, "big")).decode()
    assert shortcode_of(str(number)) == in_nine_bytes.lstrip("A")
    assert shortcode_of(f"{number}_77") == in_nine_bytes.lstrip("A")


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("0", "A"),
        ("1929261108986102451", "BrGHMHIF8Kz"),
        ("1929261108986102451_429173", "BrGHMHIF8Kz"),
        ("2277033926878261772", "B-ZpkrRF3IM"),
        ("123_", "123_"),
        ("1_2_3", "1_2_3"),
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
def test_a_number_becomes_its_shortcode_and_anything_else_stays(id: str, code: str) -> None:
    assert shortcode_of(id) == code


@pytest.mark.parametrize(
    ("short", "number"),
    [
        ("ImTGkcdDn", "4454572602912349"),
        ("z0JH2lOMb", "3501756485200075"),
        ("4454572602912349", "4454572602912349"),
        ("not a name", "not a name"),
        ("", ""),
        ("ImTGkcdDn" * 2, "ImTGkcdDn" * 2),
    ],
)
def test_a_short_name_holds_the_number(short: str, number: str) -> None:
    assert weibo_number(short) == number


@pytest.mark.parametrize(
    ("id", "post"),
    [
        ("100001_9001", "9001"),
        ("9001", "9001"),
        ("pfbid0aB_1", "pfbid0aB_1"),
        ("1_2_3", "1_2_3"),
        ("", ""),
    ],
)
def test_a_facebook_post_is_keyed_by_the_tail_of_its_link(id: str, post: str) -> None:
    assert facebook_post_id(id) == post


@pytest.mark.parametrize(
    ("platform", "link"),
    [
        ("twitter", "https://x.com/lin"),
        ("facebook", "https://www.facebook.com/"),
        ("facebook", "https://www.facebook.com/lin/"),
        ("instagram", "https://www.instagram.com/lin/"),
        ("youtube", "https://www.youtube.com/@lin"),
        ("vk", "https://vk.com/photo-1_2"),
        ("telegram", "https://t.me/harbour_news"),
        ("unknown", "https://example.org/1"),
        ("twitter", "https://[x/status/1"),
        ("twitter", "https://x.com/lin/status/1?" + "a=1&" * 200),
        ("4chan", "https://boards.4chan.org/" + "a/thread/1" * 100_000),
    ],
)
def test_a_link_that_names_no_post_is_an_error(platform: str, link: str) -> None:
    with pytest.raises(ValueError, match="the link 'https://"):
        id_in_link(platform, link)
