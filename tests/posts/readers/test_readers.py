"""The contract that every registered reader keeps, and what its sample export must give."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import pytest
from sampling import (
    FIXTURES,
    built_of,
    every_file,
    every_sample,
    every_table,
    first_record,
    head_of,
    is_sound,
    json_text,
    source_of,
    table_text,
)

from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.model import Account, Post, Skipped
from frametrace.posts.open_source import detect, open_source, read_source
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.rows import Shape
from frametrace.posts.source_parts import Entry

BY_NAME = {reader.name: reader for reader in READERS}


def _nameless(entries: Iterable[Entry]) -> list[Entry]:
    nameless = [replace(entry, source="") for entry in entries]
    return [
        replace(entry, post_id="")
        if isinstance(entry, Post) and entry.platform == "whatsapp"
        else entry
        for entry in nameless
    ]  # an archive's name is that of the chat


def test_every_reader_has_a_sample_and_every_sample_a_reader() -> None:
    sampled = {expected.parent.name for expected in FIXTURES.glob("*/*.expected.json")}
    sampled.remove("columns")  # of column maps, which are no readers of their own
    assert sampled == set(BY_NAME)
    assert len(BY_NAME) == len(READERS)


@every_sample
def test_a_sample_reads_as_was_written_down_by_hand(reader: Reader, expected: Path) -> None:
    wanted = json.loads(expected.read_text("utf-8"))
    entries = list(read_source(source_of(expected)))
    kinds = (("posts", Post), ("accounts", Account))
    for key, kind in kinds:
        built = [built_of(kind, written, wanted["reads"]) for written in wanted.get(key, [])]
        assert [entry for entry in entries if isinstance(entry, kind)] == built
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    assert [entry.line for entry in skipped] == [row["line"] for row in wanted.get("skipped", [])]
    for entry, row in zip(skipped, wanted.get("skipped", []), strict=True):
        assert entry.reason.startswith(row["reason"])
    assert all(map(is_sound, entries))


@every_sample
def test_a_sample_is_recognised_by_its_own_reader_only(reader: Reader, expected: Path) -> None:
    head = head_of(source_of(expected))
    assert [other.name for other in READERS if other.recognises(head)] == [reader.name]
    assert detect(source_of(expected)) == reader.name


@every_sample
def test_naming_the_format_or_reading_again_gives_the_same(reader: Reader, expected: Path) -> None:
    source = source_of(expected)
    recognised = list(read_source(source))
    assert list(read_source(source, reader.name)) == recognised
    assert list(read_source(source)) == recognised


@every_sample
def test_a_format_that_does_not_fit_is_refused(reader: Reader, expected: Path) -> None:
    names = head_of(source_of(expected)).names
    for other in READERS:
        if reader.shape is Shape.FOLDER or Shape.TEXT in {reader.shape, other.shape}:
            continue
        if other.shape != reader.shape:
            reason = f"but {other.name} reads {other.shape}|{other.name} needs the column"
            with pytest.raises(SourceError, match=reason):
                read_source(source_of(expected), other.name)
        elif other.missing(names):
            with pytest.raises(SourceError, match=f"{other.name} needs the column"):
                read_source(source_of(expected), other.name)
    with pytest.raises(UsageError, match=reader.name):
        read_source(source_of(expected), "no-such-format")


@every_file
def test_packed_sources_read_like_plain_ones(
    reader: Reader, expected: Path, tmp_path: Path
) -> None:
    source = source_of(expected)
    plain = _nameless(read_source(source))
    beside = [path for path in source.parent.iterdir() if path.suffix == ".js" and path != source]
    for path in beside:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    packed = tmp_path / f"{source.name}.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.write(source, f"inner/{source.name}")
        opened.write(packed, f"inner/{packed.name}")
        for path in beside:
            opened.write(path, f"inner/{path.name}")
        opened.writestr(f"__MACOSX/inner/._{source.name}", "what a Mac notes")
        opened.mkdir("folder.csv")
    assert _nameless(read_source(packed)) == plain
    members = [entry for entry in read_source(archive) if not _is_on_others(entry)]
    assert _nameless(members) == plain * 2
    names = [f"export.zip/inner/{name}" for name in (source.name, packed.name)]
    assert list(dict.fromkeys(entry.source for entry in members)) == names


def _is_on_others(entry: Entry) -> bool:
    """Whether it says that files beside the posts hold none."""
    return isinstance(entry, Skipped) and "beside the posts" in entry.reason


@every_file
def test_a_missing_required_column_is_an_error_that_names_it(
    reader: Reader, expected: Path, tmp_path: Path
) -> None:
    text = source_of(expected).read_text("utf-8", errors="replace")
    for alternatives in reader.required:
        lacking = tmp_path / f"lacking.{reader.shape.lower()}"
        if reader.shape is Shape.TABLE:
            without = _without_columns(text, alternatives)
        else:
            without = json_text(reader, [_lacking(first_record(reader, text), alternatives, "")])
        lacking.write_text(without, "utf-8", newline="")
        for format in (None, reader.name):
            if format is None and _is_of_another_kind(lacking, reader):
                continue
            with pytest.raises(SourceError) as caught:
                read_source(lacking, format)
            message = str(caught.value)
            assert message.startswith(f"{lacking.name}: ")
            if format is not None:
                assert f"{reader.name} needs the column {' or '.join(alternatives)}" in message
            assert "Found: '" in message


def _is_of_another_kind(lacking: Path, reader: Reader) -> bool:
    """Whether it is another format without the column, as a page without what is beside it."""
    try:
        return open_source(lacking).parts[0].reader != reader
    except SourceError:
        return False


def _without_columns(text: str, alternatives: tuple[str, ...]) -> str:
    plain = text.lstrip("\ufeff").replace("\0", "")
    rows = list(csv.reader(io.StringIO(plain, newline="")))
    kept = [at for at, name in enumerate(rows[0]) if name.strip() not in alternatives]
    return table_text([row[at] for at in kept] for row in rows if len(row) == len(rows[0]))


def _lacking(record: dict[str, Any], names: tuple[str, ...], prefix: str) -> dict[str, Any]:
    return {
        name: _lacking(value, names, f"{prefix}{name}.") if isinstance(value, dict) else value
        for name, value in record.items()
        if prefix + name not in names
    }


@every_table
def test_a_table_with_only_its_header_has_no_posts(
    reader: Reader, expected: Path, tmp_path: Path
) -> None:
    header = head_of(source_of(expected)).names
    for end in ("", "\n", "\r\n\r\n"):
        (tmp_path / "header.csv").write_text(table_text([header]).rstrip() + end, "utf-8")
        assert detect(tmp_path / "header.csv") == reader.name
        assert list(read_source(tmp_path / "header.csv")) == []


def test_a_post_needs_nothing_but_its_key() -> None:
    needed = [f.name for f in fields(Post) if f.default is MISSING and f.default_factory is MISSING]
    assert needed == ["platform", "post_id", "account_id"]
