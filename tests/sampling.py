"""The sample exports, each with what reading it must give, and what every entry must keep."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from frametrace.posts.layouts.json_messages import messages_in
from frametrace.posts.model import Account, AccountKind, Post, Precision, Skipped
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.rows import Head, Shape
from frametrace.posts.source_parts import Entry

__all__ = [
    "FIXTURES",
    "built_of",
    "every_file",
    "every_json",
    "every_sample",
    "every_table",
    "first_record",
    "head_of",
    "is_sound",
    "json_text",
    "source_of",
    "table_text",
]

FIXTURES = Path(__file__).parents[1] / "fixtures"


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
_FILES = tuple(shape for shape in Shape if shape is not Shape.FOLDER)
_IN_JSON = (Shape.RECORDS, Shape.DOCUMENT)
every_file = pytest.mark.parametrize(("reader", "expected"), _samples(*_FILES))
every_json = pytest.mark.parametrize(("reader", "expected"), _samples(*_IN_JSON))
every_table = pytest.mark.parametrize(("reader", "expected"), _samples(Shape.TABLE))


@cache
def source_of(expected: Path) -> Path:
    return expected.with_name(json.loads(expected.read_text("utf-8"))["reads"])


def built_of(
    kind: type[Post] | type[Account], written: dict[str, Any], source: str
) -> Post | Account:
    """What somebody wrote down by hand, as it must be read."""
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


def head_of(path: Path, format: str | None = None) -> Head:
    return open_source(path, ReadSettings(format)).parts[0].head


def first_record(reader: Reader, text: str) -> dict[str, Any]:
    plain = text.lstrip("\ufeff")
    if reader.shape is Shape.DOCUMENT:
        return next(row for row in messages_in([plain]) if isinstance(row, dict))
    whole = plain.splitlines()[0] if reader.shape is Shape.RECORDS else plain
    record: dict[str, Any] = json.loads(whole)
    return record


def json_text(reader: Reader, records: list[dict[str, Any]]) -> str:
    if reader.shape is Shape.RECORDS:
        return "\n".join(map(json.dumps, records))
    return json.dumps({**records[0].get("chat", {}), "messages": records})


def table_text(rows: Iterable[Iterable[str]]) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows(rows)
    return sink.getvalue()


def is_sound(entry: Entry) -> bool:
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
