"""Whatever cells, records and bytes a source holds, each row is a valid post or is skipped."""

import gzip
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import (
    every_file,
    every_json,
    every_table,
    first_record,
    head_of,
    is_sound,
    json_text,
    source_of,
    table_text,
)
from trying import examples

from frametrace.posts.open_source import read_source
from frametrace.posts.readers import Reader
from frametrace.posts.rows import Row, Shape

# What breaks parsers: half a list, text that is almost a number or a link, other scripts.
_AWKWARD = st.sampled_from(
    (
        *("[", "['", '["a', "[[1]]", "{", "null", "1e999", "-1", "1,23", "٣", "9" * 30, "nan"),
        *("2019-02-30", "9999-12-31T23:59:59-14:00", "0001-01-01 00:00 +14:00", "14:03 XST"),
        *(
            "https://[",
            "http://x/?fbid=&v=%00",
            "//",
            "a" * 300 + "/..",
            "\u202egpj.exe",
            "\\ud800",
        ),
        *("absent", " ", "\n", "\r", '"', "'", ",", "\ufeff", "\u2028", "🔥", "page", "instagram"),
    )
)
_CELL = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), _AWKWARD)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _CELL | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_CELL, inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples, since each overwrites the last one's file."""
    return tmp_path_factory.mktemp("fuzz")


@cache
def _columns_of(expected: Path) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The names of a sample's columns, and its first row."""
    head = head_of(source_of(expected))
    first = next(head.rows())
    assert isinstance(first, Row)
    return tuple(head.names), first.values


@every_table
@given(data=st.data())
def test_any_row_of_a_table_is_a_post_or_skipped(
    reader: Reader, expected: Path, scratch: Path, data: st.DataObject
) -> None:
    header, filler = _columns_of(expected)
    drawn = data.draw(st.lists(st.dictionaries(st.sampled_from(header), _CELL), max_size=3))
    rows = [[row.get(name, filler.get(name, "")) for name in header] for row in drawn]
    source = scratch / "cells.csv"
    source.write_text(table_text([header, *rows]), "utf-8", newline="")
    entries = list(read_source(source, reader.name))
    # A post with an odd field has a second entry, which reports it.
    assert len({entry.line for entry in entries if entry.line}) == len(rows)
    assert all(map(is_sound, entries))


@every_json
@given(data=st.data())
def test_any_record_is_a_post_or_skipped(
    reader: Reader, expected: Path, scratch: Path, data: st.DataObject
) -> None:
    text = source_of(expected).read_text("utf-8")
    records = [first_record(reader, text) for _ in range(3)]
    for record in records[1:]:
        for _ in range(data.draw(st.integers(1, 3))):
            container, key = data.draw(st.sampled_from(list(_places(record))))
            container[key] = data.draw(_JSON)
    source = scratch / "records.json"
    source.write_text(json_text(reader, records), "utf-8")
    entries = list(read_source(source, reader.name))
    assert all(map(is_sound, entries))
    if reader.parts is None:
        rows = dict.fromkeys(entry.line for entry in entries if entry.line)
        assert list(rows) == [1, 2, 3]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a record where something can be put: a container and a key in it."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


@every_file
@examples(20)  # each for every sample
@given(garbage=st.binary(max_size=200))
def test_garbage_after_the_beginning_never_raises(
    reader: Reader, expected: Path, scratch: Path, garbage: bytes
) -> None:
    sample = source_of(expected).read_bytes()
    source = scratch / "garbage"
    half = sample[: len(sample) // 2]  # a document has no first line to speak of
    first = half if reader.shape is Shape.DOCUMENT else sample.split(b"\n")[0] + b"\n"
    for beginning in (first, sample):
        source.write_bytes(beginning + garbage)
        assert all(map(is_sound, read_source(source, reader.name)))
        source.write_bytes(gzip.compress(beginning)[:-4] + garbage)
        assert all(map(is_sound, read_source(source, reader.name)))
