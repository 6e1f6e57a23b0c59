"""The contract that every registered reader keeps, and what its sample export must give."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.model import Account, AccountKind, Post, Precision, Skipped
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.reading import Entry, detect, read_source
from frametrace.posts.rows import Row, Shape, read_head, read_rows
from frametrace.posts.sources import Source

FIXTURES = Path(__file__).parents[2] / "fixtures"
BY_NAME = {reader.name: reader for reader in READERS}


def _samples(*shapes: Shape) -> list[Any]:
    found = [
        (reader, expected)
        for reader in READERS
        for expected in sorted((FIXTURES / reader.name).glob("*.expected.json"))
        if reader.shape in (shapes or tuple(Shape))
    ]
    return [
        pytest.param(reader, expected, id=f"{reader.name}/{expected.name.partition('.')[0]}")
        for reader, expected in found
    ]


every_sample = pytest.mark.parametrize(("reader", "expected"), _samples())
every_file = pytest.mark.parametrize(("reader", "expected"), _samples(Shape.TABLE, Shape.RECORDS))
every_records = pytest.mark.parametrize(("reader", "expected"), _samples(Shape.RECORDS))
every_table = pytest.mark.parametrize(("reader", "expected"), _samples(Shape.TABLE))


def _source(expected: Path) -> Path:
    return expected.with_name(json.loads(expected.read_text("utf-8"))["reads"])


def _built(
    kind: type[Post] | type[Account], written: dict[str, Any], source: str
) -> Post | Account:
    made: dict[str, Any] = {"source": source} | written
    for name in ("posted_at", "created_at"):
        if name in made:
            made[name] = datetime.fromisoformat(made[name])
    for name in ("account_kind", "kind"):
        if name in made:
            made[name] = AccountKind(made[name])
    if "precision" in made:
        made["precision"] = Precision(made["precision"])
    made |= {name: tuple(value) for name, value in made.items() if isinstance(value, list)}
    return kind(**made)


def _nameless(entries: Iterable[Entry]) -> list[Entry]:
    return [replace(entry, source="") for entry in entries]


def _is_sound(entry: Entry) -> bool:
    """Whether an entry keeps what the model promises; every stage after this one relies on it."""
    json.dumps(list(map(str, _values(entry))), ensure_ascii=False).encode()  # UTF-8 can hold it
    if isinstance(entry, Skipped):
        return bool(entry.source and entry.reason) and entry.line >= 0
    identified = all(isinstance(key, str) and key == key.strip() and key for key in _key(entry))
    when = entry.posted_at if isinstance(entry, Post) else entry.created_at
    timed = when is None or when.utcoffset() == timedelta(0)
    if isinstance(entry, Post):
        timed &= (when is None) == (entry.precision is Precision.NONE)
        counts = entry.engagement.values()
        timed &= all(type(count) is int and abs(count) < 2**63 for count in counts)
    return identified and timed and entry.line > 0


def _values(entry: Entry) -> list[object]:
    return [getattr(entry, field.name) for field in fields(entry)]


def _key(entry: Post | Account) -> tuple[str, ...]:
    post_id = (entry.post_id,) if isinstance(entry, Post) else ()
    return (entry.platform, entry.account_id, *post_id)


def test_every_reader_has_a_sample_and_every_sample_a_reader() -> None:
    sampled = {expected.parent.name for expected in FIXTURES.glob("*/*.expected.json")}
    assert sampled == set(BY_NAME)
    assert len(BY_NAME) == len(READERS)


@every_sample
def test_a_sample_reads_as_was_written_down_by_hand(reader: Reader, expected: Path) -> None:
    wanted = json.loads(expected.read_text("utf-8"))
    entries = list(read_source(_source(expected)))
    kinds = (("posts", Post), ("accounts", Account))
    for key, kind in kinds:
        built = [_built(kind, written, wanted["reads"]) for written in wanted.get(key, [])]
        assert [entry for entry in entries if isinstance(entry, kind)] == built
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    assert [entry.line for entry in skipped] == [row["line"] for row in wanted.get("skipped", [])]
    for entry, row in zip(skipped, wanted.get("skipped", []), strict=True):
        assert entry.reason.startswith(row["reason"])
    assert all(map(_is_sound, entries))


@every_sample
def test_a_sample_is_recognised_by_its_own_reader_only(reader: Reader, expected: Path) -> None:
    head = read_head(Source(_source(expected)))
    assert [other.name for other in READERS if other.recognises(head)] == [reader.name]
    assert detect(_source(expected)) == reader.name


@every_sample
def test_naming_the_format_or_reading_again_gives_the_same(reader: Reader, expected: Path) -> None:
    source = _source(expected)
    recognised = list(read_source(source))
    assert list(read_source(source, reader.name)) == recognised
    assert list(read_source(source)) == recognised


@every_sample
def test_a_format_that_does_not_fit_is_refused(reader: Reader, expected: Path) -> None:
    names = read_head(Source(_source(expected))).names
    for other in READERS:
        if other.shape != reader.shape:
            with pytest.raises(SourceError, match=f"as {reader.shape}, but {other.name}"):
                read_source(_source(expected), other.name)
        elif other.missing(names):
            with pytest.raises(SourceError, match=f"{other.name} needs the column"):
                read_source(_source(expected), other.name)
    with pytest.raises(UsageError, match=reader.name):
        read_source(_source(expected), "no-such-format")


@every_file
def test_packed_sources_read_like_plain_ones(
    reader: Reader, expected: Path, tmp_path: Path
) -> None:
    source = _source(expected)
    plain = _nameless(read_source(source))
    packed = tmp_path / f"{source.name}.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.write(source, f"inner/{source.name}")
        opened.write(packed, f"inner/{packed.name}")
        opened.writestr(f"__MACOSX/inner/._{source.name}", "what a Mac notes")
        opened.mkdir("folder.csv")
    assert _nameless(read_source(packed)) == plain
    members = list(read_source(archive))
    assert _nameless(members) == plain * 2
    names = [f"export.zip/inner/{name}" for name in (source.name, packed.name)]
    assert list(dict.fromkeys(entry.source for entry in members)) == names


@every_file
def test_a_missing_required_column_is_an_error_that_names_it(
    reader: Reader, expected: Path, tmp_path: Path
) -> None:
    text = _source(expected).read_text("utf-8", errors="replace")
    for alternatives in reader.required:
        lacking = tmp_path / f"lacking.{'jsonl' if reader.shape is Shape.RECORDS else 'csv'}"
        without = _without_columns if reader.shape is Shape.TABLE else _without_fields
        lacking.write_text(without(text, alternatives), "utf-8", newline="")
        for format in (None, reader.name):
            with pytest.raises(SourceError) as caught:
                read_source(lacking, format)
            message = str(caught.value)
            assert message.startswith(f"{lacking.name}: ")
            assert f"{reader.name}" in message
            assert " or ".join(alternatives) in message
            found = read_head(Source(lacking)).names[0]
            assert f"Found: {found!r}" in message


def _without_columns(text: str, alternatives: tuple[str, ...]) -> str:
    plain = text.lstrip("\ufeff").replace("\0", "")
    rows = list(csv.reader(io.StringIO(plain, newline="")))
    kept = [at for at, name in enumerate(rows[0]) if name.strip() not in alternatives]
    return _table([row[at] for at in kept] for row in rows if len(row) == len(rows[0]))


def _without_fields(text: str, alternatives: tuple[str, ...]) -> str:
    return json.dumps(_lacking(_first_record(text), alternatives, ""))


def _lacking(record: dict[str, Any], names: tuple[str, ...], prefix: str) -> dict[str, Any]:
    return {
        name: _lacking(value, names, f"{prefix}{name}.") if isinstance(value, dict) else value
        for name, value in record.items()
        if prefix + name not in names
    }


def _first_record(text: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(text.lstrip("\ufeff").splitlines()[0])
    return record


def _table(rows: Iterable[Iterable[str]]) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows(rows)
    return sink.getvalue()


@every_table
def test_a_table_with_only_its_header_has_no_posts(
    reader: Reader, expected: Path, tmp_path: Path
) -> None:
    header = read_head(Source(_source(expected))).names
    for end in ("", "\n", "\r\n\r\n"):
        (tmp_path / "header.csv").write_text(_table([header]).rstrip() + end, "utf-8")
        assert detect(tmp_path / "header.csv") == reader.name
        assert list(read_source(tmp_path / "header.csv")) == []


# What breaks parsers: half a list, a number that is none, a link that is none, other scripts.
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


@every_table
@given(data=st.data())
def test_whatever_the_cells_hold_each_row_is_a_post_or_skipped(
    reader: Reader, expected: Path, scratch: Path, data: st.DataObject
) -> None:
    header = read_head(Source(_source(expected))).names
    drawn = data.draw(st.lists(st.dictionaries(st.sampled_from(header), _CELL), max_size=3))
    first = next(read_rows(Source(_source(expected)), reader.shape))
    assert isinstance(first, Row)
    filler = first.values
    rows = [[row.get(name, filler.get(name, "")) for name in header] for row in drawn]
    source = scratch / "cells.csv"
    source.write_text(_table([header, *rows]), "utf-8", newline="")
    entries = list(read_source(source, reader.name))
    assert len(entries) == len(rows)
    assert all(map(_is_sound, entries))


@every_records
@given(data=st.data())
def test_whatever_the_records_hold_each_one_is_a_post_or_skipped(
    reader: Reader, expected: Path, scratch: Path, data: st.DataObject
) -> None:
    records = [_first_record(_source(expected).read_text("utf-8")) for _ in range(3)]
    for record in records[1:]:
        for _ in range(data.draw(st.integers(1, 3))):
            container, key = data.draw(st.sampled_from(list(_places(record))))
            container[key] = data.draw(_JSON)
    source = scratch / "records.jsonl"
    source.write_text("\n".join(map(json.dumps, records)), "utf-8")
    entries = list(read_source(source, reader.name))
    assert all(map(_is_sound, entries))
    if reader.parts is None:
        assert [entry.line for entry in entries] == [1, 2, 3]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a record where something can be put: a container and a key of it."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


@every_file
@given(garbage=st.binary(max_size=200))
def test_garbage_after_the_beginning_never_raises(
    reader: Reader, expected: Path, scratch: Path, garbage: bytes
) -> None:
    sample = _source(expected).read_bytes()
    source = scratch / "garbage"
    for beginning in (sample.split(b"\n")[0] + b"\n", sample):
        source.write_bytes(beginning + garbage)
        assert all(map(_is_sound, read_source(source, reader.name)))
        source.write_bytes(gzip.compress(beginning)[:-4] + garbage)
        assert all(map(_is_sound, read_source(source, reader.name)))


def test_a_post_needs_nothing_but_its_key() -> None:
    needed = [f.name for f in fields(Post) if f.default is MISSING and f.default_factory is MISSING]
    assert needed == ["platform", "post_id", "account_id"]
