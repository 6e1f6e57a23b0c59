"""Reads JSON as rows: JSON lines, arrays and lists of records, whole documents, messages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Any

from frametrace.posts.errors import SourceError
from frametrace.posts.layouts.json_keyed_records import (
    KEY_COLUMN,
    keyed_paths,
    keyed_paths_in_value,
    keyed_records_at,
)
from frametrace.posts.layouts.json_lists import (
    MAX_LISTS,
    NOT_AN_OBJECT,
    TOO_DEEP,
    lists_in,
    objects_at,
)
from frametrace.posts.layouts.json_messages import messages_in
from frametrace.posts.model import Skipped
from frametrace.posts.rows import Head, Heads, Row, Rows, Shape, flatten
from frametrace.posts.sources.source import LINE_LIMIT, Source
from frametrace.posts.values import parse_json

__all__ = ["json_heads"]

# Records may lack names that others have; a hostile one may have endless names.
_SAMPLE_RECORDS = 100
_MAX_NAMES = 10_000
_SAMPLE_CHARACTERS = 2**22  # pages of API responses are long, and all alike
_INCLUDES = "includes"  # X's API: the posts and users that the posts of the page refer to
_SAMPLE_BYTES = 2**25  # Telegram's contacts come before its chats


def json_heads(source: Source) -> Heads:
    """Recognise JSON lines, a document of messages, one record as a document, or lists in one."""
    with source.lines(_SAMPLE_BYTES) as lines:
        first, second = islice(chain(filter(str.strip, lines), ["", ""]), 2)
    by_line = _line_heads(source) if _is_by_line(first, second) else ()
    if by_line and second:
        return Heads(by_line, description="JSON")
    messages = _message_names(source)
    chats = (Head(Shape.DOCUMENT, messages, partial(_message_rows, source), description="JSON"),)
    whole, keyed = (
        (by_line, keyed_paths_in_value(_value(first))) if by_line else _whole_heads(source)
    )
    lists = [(head,) for head in _list_heads(source) if not _is_under(head.part, keyed)]
    lists += ((head,) for path in keyed for head in _keyed_heads(source, path))
    whole = tuple(narrowed for head in whole if (narrowed := _without(head, keyed)).names)
    if not (messages or whole or lists):
        raise SourceError(f"{source.name}: its beginning can't be read: it is not JSON")
    return Heads(
        (*(chats if messages else ()), *whole), tuple(lists), description="a JSON document"
    )


def _is_by_line(first: str, second: str) -> bool:
    """Whether each line is a record: one of two lines shows it, since the other may be damaged.

    Or each line is an array of records, which truthbrush writes for each page; then a single line
    is a document.
    """
    bracket = first.lstrip("\ufeff")[:1]
    if bracket == "[":
        return bool(second) and all(isinstance(_value(line), list) for line in (first, second))
    return bracket == "{" and any(isinstance(_value(line), dict) for line in (first, second))


def _value(line: str) -> Any:
    try:
        return parse_json(line.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _line_heads(source: Source) -> tuple[Head, ...]:
    with source.lines(_SAMPLE_BYTES) as lines:
        filled = filter(str.strip, lines)
        first = next(filled, "")
        in_arrays = first.lstrip("\ufeff").startswith("[")
        try:
            names = _record_names(chain([first], filled), in_arrays)
        except (ValueError, SourceError):
            return ()
    description = "an array of records per line" if in_arrays else "a record per line"
    return (
        Head(
            Shape.RECORDS, names, partial(_record_rows, source, in_arrays), description=description
        ),
    )


def _whole_heads(source: Source) -> tuple[tuple[Head, ...], list[str]]:
    """The head of a document that is one record, or of several documents in a row.

    Also the paths in one document at which records are stored by id.
    """
    with source.chunks(_SAMPLE_BYTES) as chunks:
        try:
            sample = list(islice(objects_at(chunks, None), _SAMPLE_RECORDS))
        except ValueError:
            sample = []
    names = _names_of(record for record in sample if isinstance(record, dict))
    rows = partial(_object_rows, source, None)
    whole = (Head(Shape.RECORDS, names, rows, description="a JSON document"),) if names else ()
    if len(sample) == 1 and isinstance(sample[0], dict):
        return whole, keyed_paths_in_value(sample[0])
    return whole, [] if whole else keyed_paths(partial(source.chunks, _SAMPLE_BYTES))


def _keyed_heads(source: Source, path: str) -> Iterator[Head]:
    with source.chunks(_SAMPLE_BYTES) as chunks:
        sample = islice(_until_damage(keyed_records_at(chunks, path)), _SAMPLE_RECORDS)
        names = _names_of(record for record in sample if isinstance(record, dict))
    if names:
        rows = partial(_keyed_rows, source, path)
        where = path or "a JSON document"
        description = f"records by id in {where}; their ids are in the column {KEY_COLUMN!r}"
        yield Head(Shape.RECORDS, names, rows, part=path, description=description)


def _until_damage(records: Iterator[dict[str, Any] | str]) -> Iterator[dict[str, Any] | str]:
    with suppress(ValueError):
        yield from records


def _keyed_rows(source: Source, path: str) -> Rows:
    with source.chunks() as chunks:
        yield from _numbered(source.name, keyed_records_at(chunks, path))


def _is_under(path: str, keyed: Iterable[str]) -> bool:
    """Whether a path is inside records stored by id, at one of the paths `keyed`."""
    return any(not parent or path.startswith(f"{parent}.") for parent in keyed)


def _without(head: Head, keyed: Sequence[str]) -> Head:
    """A document's head without the names inside records stored by id."""
    return replace(head, names=tuple(name for name in head.names if not _is_under(name, keyed)))


def _list_heads(source: Source) -> Iterator[Head]:
    with source.chunks(_SAMPLE_BYTES) as chunks:
        lists, too_many = lists_in(chunks, _SAMPLE_RECORDS)
    for path, records in lists.items():
        if path.partition(".")[0] == _INCLUDES:
            continue
        if names := _names_of(records):
            rows = partial(_object_rows, source, path, MAX_LISTS if too_many else 0)
            description = f"the list {path} of a JSON document" if path else "a JSON array"
            yield Head(Shape.RECORDS, names, rows, part=path, description=description)
            too_many = False


def _names_of(records: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for record in records:
        if len(names) < _MAX_NAMES:
            try:
                names |= dict.fromkeys(flatten(record))
            except (RecursionError, ValueError):
                continue
    return tuple(names)


def _object_rows(source: Source, path: str | None, max_lists: int = 0) -> Rows:
    """The objects of a list; a document with more than `max_lists` lists (if not 0) is reported."""
    with source.chunks() as chunks:
        yield from _numbered(source.name, objects_at(chunks, path))
    if max_lists:
        reason = f"the lists of the document after the first {max_lists:,} are not read"
        yield Skipped(source.name, 0, "", reason)


def _message_rows(source: Source) -> Rows:
    with source.chunks() as chunks:
        yield from _numbered(source.name, messages_in(chunks))


def _numbered(name: str, objects: Iterator[dict[str, Any] | str]) -> Rows:
    """Make rows of a document's objects, numbered from 1: its lines mean nothing."""
    line = 0
    try:
        for line, record in enumerate(objects, start=1):
            if isinstance(record, str):
                yield Skipped(name, line, "", record)
                continue
            try:
                yield Row(flatten(record), name, line)
            except RecursionError:
                yield Skipped(name, line, "", TOO_DEEP)
            except ValueError as error:
                yield Skipped(name, line, "", str(error))
    except (SourceError, ValueError) as error:
        yield Skipped(name, line + 1, "", str(error))


def _message_names(source: Source) -> tuple[str, ...]:
    """The names in the first messages of a document; none if its beginning has no messages."""
    names: dict[str, None] = {}
    with source.chunks(_SAMPLE_BYTES) as chunks:
        try:
            for message in islice(messages_in(chunks), _SAMPLE_RECORDS):
                if not isinstance(message, str) and len(names) < _MAX_NAMES:
                    names |= dict.fromkeys(flatten(message))
        except (ValueError, RecursionError):
            pass  # the messages before the error are enough, or there are none
    return tuple(names)


def _record_rows(source: Source, in_arrays: bool) -> Rows:
    name = source.name
    line = 0
    with source.lines() as lines:
        try:
            for line, text in enumerate(lines, start=1):
                if text and not text.isspace():
                    for record in _records(text, in_arrays):
                        yield (
                            Skipped(name, line, "", record)
                            if isinstance(record, str)
                            else Row(record, name, line)
                        )
        except SourceError as error:
            yield Skipped(name, line + 1, "", str(error))


def _record_names(lines: Iterable[str], in_arrays: bool) -> tuple[str, ...]:
    names: dict[str, None] = {}
    errors: list[str] = []
    characters = 0
    try:
        for text in islice(lines, _SAMPLE_RECORDS):
            for record in _records(text, in_arrays):
                if isinstance(record, str):
                    errors.append(record)
                else:
                    names |= dict.fromkeys(record)
            characters += len(text)
            if len(names) > _MAX_NAMES or (names and characters > _SAMPLE_CHARACTERS):
                break
    except SourceError as error:
        errors.append(str(error))
    if errors and not names:
        raise ValueError(errors[0])
    return tuple(names)


def _records(text: str, in_arrays: bool) -> Iterator[dict[str, str] | str]:
    """Yield the record of a line, or those of its array, or the reason why one can't be read."""
    if len(text) >= LINE_LIMIT:
        yield f"the record is longer than {LINE_LIMIT:,} characters"
        return
    try:
        value = parse_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        yield f"the row is not JSON: {error}"
        return
    except RecursionError:
        yield TOO_DEEP
        return
    records = value if in_arrays and isinstance(value, list) else [value]
    objects = [record for record in records if isinstance(record, dict)]
    if len(objects) < len(records):
        yield NOT_AN_OBJECT
    for record in objects:
        try:
            yield flatten(record)
        except RecursionError:
            yield TOO_DEEP
        except ValueError as error:
            yield str(error)
