"""X ids hold the time when they were made."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.model import Precision
from frametrace.posts.readers.shared.x_values import snowflake_time

BEGINNING = datetime(2010, 11, 4, 1, 42, 54, 657_000, UTC)


@given(
    at=st.datetimes(datetime(2010, 11, 5), datetime(2060, 1, 1), timezones=st.just(UTC)),
    rest=st.integers(0, 2**22 - 1),
)
def test_an_id_holds_its_second(at: datetime, rest: int) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    milliseconds = (at - BEGINNING) // timedelta(milliseconds=1)
    assert snowflake_time(str(milliseconds << 22 | rest)) == (
        at.replace(microsecond=0),
        Precision.SECOND,
    )


@pytest.mark.parametrize(
    "post_id",
    ["", "29700859247", "abc=", "-5", "1.16E+18", "٣" * 19, "9" * 19, "9" * 40, "1163#2"],
)
def test_other_ids_hold_no_time(post_id: str) -> None:
    assert snowflake_time(post_id) == (None, Precision.NONE)
