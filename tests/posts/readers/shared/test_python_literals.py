"""What Python programs print into cells is read like JSON, and nothing of it is executed."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.dates.parse_time import parse_time
from frametrace.posts.readers.shared.python_literals import objects_in, parse_literal

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab'\"\\\n(,", max_size=5), inner),
    max_leaves=8,
)


@given(_PLAIN)
def test_what_python_prints_is_read_as_it_was(value: Any) -> None:
    assert parse_literal(repr({"x": [value]})) == {"x": [value]}
    assert parse_literal(json.dumps(value)) == value


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
    st.none() | st.just(UTC) | st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m))),
)
def test_printed_times_are_read_as_times(moment: datetime, zone: timezone | None) -> None:
    written = moment.replace(tzinfo=zone, fold=0)
    wanted = written.replace(microsecond=0, tzinfo=zone or UTC)
    assert parse_time(parse_literal(repr([written]))[0])[0] == wanted


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "[", "['a", "['a\\", "{'a': open('x')}", "[datetime.datetime(1)]", "[" * 10_000),
        *("'" + "\\'" * 200_000, "['" + "\\'" * 200_000 + "\\", "[datetime.datetime(" * 20_000),
        "__import__('os')",
        f"[datetime.datetime(1, 1, 1, {'9' * 5000})]",
    ],
)
def test_anything_else_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="is neither JSON nor what Python prints") as caught:
        parse_literal(text)
    assert len(str(caught.value)) < 300
    assert objects_in(text) == []


def test_only_the_objects_of_a_list_are_returned() -> None:
    assert objects_in("[{'a': True}, 1, None, ['b'], {}]") == [{"a": True}, {}]
    assert objects_in("{'a': 1}") == []
