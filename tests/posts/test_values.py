"""Single fields: lists in several spellings, counts, characters that UTF-8 can't hold."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.values import (
    first_texts,
    json_text,
    json_value,
    parse_count,
    parse_list,
    parse_objects,
    parse_python_list,
    without_surrogates,
)

any_text = st.text(st.characters())  # lone surrogates too
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
)
sound_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(any_json, st.sampled_from(["", "\n", "\r\n", " \n", "x", "\n\n\n\n"]))
def test_json_is_read_and_written_as_by_json_itself(value: object, end: str) -> None:
    text = json_text(value)
    assert text == json.dumps(value, ensure_ascii=False)
    for written in (text + end, f" {text}{end}", f"\ufeff{text}", text[:-1]):
        try:
            expected = repr(json.loads(written))
        except ValueError as error:
            with pytest.raises(ValueError, match=re.escape(str(error))):
                json_value(written)
        else:
            assert repr(json_value(written)) == expected


@given(st.lists(sound_text))
def test_every_list_that_python_prints_is_read_back(items: list[str]) -> None:
    assert parse_python_list(repr(items)) == tuple(items)
    assert parse_python_list(ascii(items)) == tuple(items)


@pytest.mark.parametrize("text", ["", "[]", "[ ]", "['']", "[,]"])
def test_an_empty_list_holds_nothing(text: str) -> None:
    assert parse_python_list(text) == ()


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("['a', \"b's\"]", ("a", "b's")),
        ("[a, b]", ("a", "b")),
        ("[it's, 10228272]", ("it's", "10228272")),
        ("['a, b', c]", ("a, b", "c")),
        ("[https://example.org/x?a=1&b=2, #香港]", ("https://example.org/x?a=1&b=2", "#香港")),
        (r"['it\'s', 'caf\xe9', '\U0001f525', 'a\\b']", ("it's", "café", "🔥", "a\\b")),
        (r"['\ud83d\ude00', '\ud800']", ("😀", "\ufffd")),
        ("['open", ("open",)),
    ],
)
def test_a_list_is_read_however_a_program_printed_it(text: str, items: tuple[str, ...]) -> None:
    assert parse_python_list(text) == items


@given(st.lists(sound_text))
def test_json_and_python_lists_are_told_apart(items: list[str]) -> None:
    assert parse_list(json.dumps(items)) == tuple(items)
    assert parse_list(repr(items)) == tuple(items)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        ("a", ("a",)),
        (" a | b||c ", ("a", "b", "c")),
        ("images/a, b.jpg", ("images/a, b.jpg",)),
        ('["a", "", null, {"url": "b"}, 0]', ("a", '{"url": "b"}', "0")),
        ('["\\ud83d\\ude00\\ud800"]', ("😀\ufffd",)),
        ("[a, b]", ("a", "b")),
        ("[" * 100_000, ()),
    ],
)
def test_a_list_of_frametraces_format_may_be_spelled_in_three_ways(
    text: str, items: tuple[str, ...]
) -> None:
    assert parse_list(text) == items


@given(any_text)
def test_no_text_breaks_a_list(text: str) -> None:
    for items in (
        parse_python_list(without_surrogates(text)),
        parse_list(without_surrogates(text)),
    ):
        assert all(item and item.encode() for item in items)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_count_that_can_be_stored_is_read(number: int) -> None:
    assert parse_count(str(number)) == number
    assert parse_count(f" {number:,} ") == number
    assert parse_count(f"{number}.0") == number


@pytest.mark.parametrize(
    "text",
    (
        *(
            "",
            "absent",
            "many",
            "1.2K",
            "1.5",
            "1.000",
            "1,23",
            "1,2345",
            "12,34,567",
            "1e3",
            "--1",
        ),
        *("+1", "0x10", "1_000", "9" * 19, "-" + "9" * 19, "9" * 10_000, "²", "nan", "inf", "1,"),
    ),
)
def test_what_is_not_certainly_a_count_is_none(text: str) -> None:
    assert parse_count(text) is None


@given(any_text)
def test_what_utf8_cannot_hold_is_replaced_and_nothing_else(text: str) -> None:
    sound = without_surrogates(text)
    assert sound.encode("utf-8").decode("utf-8") == without_surrogates(sound) == sound
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert sound == text


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ('[{"a": "1"}, 3, null, "x", {"a": {"b": []}}]', [{"a": "1"}, {"a": {"b": []}}]),
        ('[{"a": "\\ud83d\\ude00 \\ud800"}]', [{"a": "😀 \ufffd"}]),
        *((text, []) for text in ("", "[", "{}", '{"a": 1}', "[{'a': 1}]", "absent", "[" * 9999)),
    ],
)
def test_only_the_objects_of_a_list_are_read(text: str, items: list[object]) -> None:
    assert parse_objects(text) == items


def test_of_each_object_the_first_named_text_is_picked_once() -> None:
    items = [{"a": "1", "b": "2"}, {"a": "", "b": " 3 "}, {"b": "1"}, {"a": 4}, {"c": "5"}]
    assert first_texts(items, "a", "b") == ("1", "3")
