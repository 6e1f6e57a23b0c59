"""JSON as rows: records one a line, arrays and lists of records, whole documents, messages."""

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
from frametrace.posts.layouts.json_lists import MAX_LISTS, NOT_AN_OBJECT, lists_in, objects_at
from frametrace.posts.layouts.json_messages import messages_in
from frametrace.posts.model import Skipped
from frametrace.posts.rows import Head, Heads, Row, Rows, Shape, flatten
from frametrace.posts.sources.source import LINE_LIMIT, Source
from frametrace.posts.values import parse_json

__all__ = ["json_heads"]

# A record may lack what the others have; a hostile one may have names without end.
_RECORDS_LOOKED_AT = 100
_NAMES_ENOUGH = 10_000
_CHARACTERS_ENOUGH = 2**22  # pages of an API's answers are long, and all alike
_TOO_DEEP = "the row is nested too deeply"
_REFERRED = "includes"  # where X's API puts posts and users that the page's posts refer to
_LOOKED_AT = 2**25  # bytes: the contacts come before the chats


def json_heads(source: Source) -> Heads:
    """Records one a line, a document of messages, one record as a document, or its lists."""
    with source.lines(_LOOKED_AT) as lines:
        first, second = islice(chain(filter(str.strip, lines), ["", ""]), 2)
    by_line = _line_heads(source) if _is_by_line(first, second) else ()
    if by_line and second:
        return Heads(by_line, what="JSON")
    messages = _message_names(source)
    chats = (Head(Shape.DOCUMENT, messages, partial(_message_rows, source), how="JSON"),)
    whole, keyed = (
        (by_line, keyed_paths_in_value(_value(first))) if by_line else _whole_heads(source)
    )
    lists = [(head,) for head in _list_heads(source) if not _is_under(head.part, keyed)]
    lists += ((head,) for path in keyed for head in _keyed_heads(source, path))
    whole = tuple(each for head in whole if (each := _without(head, keyed)).names)
    if not (messages or whole or lists):
        raise SourceError(f"{source.name}: its beginning can't be read: it is not JSON")
    return Heads((*(chats if messages else ()), *whole), tuple(lists), what="a JSON document")


def _is_by_line(first: str, second: str) -> bool:
    """Whether each line is a record: as one of two shows, since the other may be damaged.

    Or it is an array of records, as truthbrush writes one a page; a single line is a document.
    """
    begin = first.lstrip("\ufeff")[:1]
    if begin == "[":
        return bool(second) and all(isinstance(_value(line), list) for line in (first, second))
    return begin == "{" and any(isinstance(_value(line), dict) for line in (first, second))


def _value(line: str) -> Any:
    try:
        return parse_json(line.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _line_heads(source: Source) -> tuple[Head, ...]:
    with source.lines(_LOOKED_AT) as lines:
        written = filter(str.strip, lines)
        first = next(written, "")
        in_arrays = first.lstrip("\ufeff").startswith("[")
        try:
            names = _record_names(chain([first], written), in_arrays)
        except (ValueError, SourceError):
            return ()
    how = "an array of records a line" if in_arrays else "a record a line"
    return (Head(Shape.RECORDS, names, partial(_record_rows, source, in_arrays), how=how),)


def _whole_heads(source: Source) -> tuple[tuple[Head, ...], list[str]]:
    """The head of a document that is one record, or of several that follow each other.

    Also the paths in one document at which records are kept by their ids.
    """
    with source.pieces(_LOOKED_AT) as pieces:
        try:
            sample = list(islice(objects_at(pieces, None), _RECORDS_LOOKED_AT))
        except ValueError:
            sample = []
    names = _names_of(record for record in sample if isinstance(record, dict))
    rows = partial(_object_rows, source, None)
    whole = (Head(Shape.RECORDS, names, rows, how="a JSON document"),) if names else ()
    if len(sample) == 1 and isinstance(sample[0], dict):
        return whole, keyed_paths_in_value(sample[0])
    return whole, [] if whole else keyed_paths(partial(source.pieces, _LOOKED_AT))


def _keyed_heads(source: Source, path: str) -> Iterator[Head]:
    with source.pieces(_LOOKED_AT) as pieces:
        sample = islice(_until_damage(keyed_records_at(pieces, path)), _RECORDS_LOOKED_AT)
        names = _names_of(record for record in sample if isinstance(record, dict))
    if names:
        rows = partial(_keyed_rows, source, path)
        how = f"records by their ids in {path or 'a JSON document'}, which are {KEY_COLUMN!r} here"
        yield Head(Shape.RECORDS, names, rows, part=path, how=how)


def _until_damage(found: Iterator[dict[str, Any] | str]) -> Iterator[dict[str, Any] | str]:
    with suppress(ValueError):
        yield from found


def _keyed_rows(source: Source, path: str) -> Rows:
    with source.pieces() as pieces:
        yield from _numbered(source.name, keyed_records_at(pieces, path))


def _is_under(path: str, keyed: Iterable[str]) -> bool:
    """Whether a list is part of a record."""
    return any(not each or path.startswith(f"{each}.") for each in keyed)


def _without(head: Head, keyed: Sequence[str]) -> Head:
    """A document's head without the names of the records that are kept in it."""
    return replace(head, names=tuple(name for name in head.names if not _is_under(name, keyed)))


def _list_heads(source: Source) -> Iterator[Head]:
    with source.pieces(_LOOKED_AT) as pieces:
        found, too_many = lists_in(pieces, _RECORDS_LOOKED_AT)
    for path, records in found.items():
        if path.partition(".")[0] == _REFERRED:
            continue
        if names := _names_of(records):
            rows = partial(_object_rows, source, path, MAX_LISTS if too_many else 0)
            how = f"the list {path} of a JSON document" if path else "a JSON array"
            yield Head(Shape.RECORDS, names, rows, part=path, how=how)
            too_many = False


def _names_of(records: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for record in records:
        if len(names) < _NAMES_ENOUGH:
            try:
                names |= dict.fromkeys(flatten(record))
            except (RecursionError, ValueError):
                continue
    return tuple(names)


def _object_rows(source: Source, path: str | None, most: int = 0) -> Rows:
    """The objects of a list; `most` is how many lists are known where there are more."""
    with source.pieces() as pieces:
        yield from _numbered(source.name, objects_at(pieces, path))
    if most:
        reason = f"the lists of the document after the first {most:,} are not read"
        yield Skipped(source.name, 0, "", reason)


def _message_rows(source: Source) -> Rows:
    with source.pieces() as pieces:
        yield from _numbered(source.name, messages_in(pieces))


def _numbered(name: str, objects: Iterator[dict[str, Any] | str]) -> Rows:
    """Rows of a document are counted; its lines say nothing."""
    line = 0
    try:
        for line, found in enumerate(objects, start=1):
            if isinstance(found, str):
                yield Skipped(name, line, "", found)
                continue
            try:
                yield Row(flatten(found), name, line)
            except RecursionError:
                yield Skipped(name, line, "", _TOO_DEEP)
            except ValueError as error:
                yield Skipped(name, line, "", str(error))
    except (SourceError, ValueError) as error:
        yield Skipped(name, line + 1, "", str(error))


def _message_names(source: Source) -> tuple[str, ...]:
    """The names in the first messages of a document; none if it holds none near its beginning."""
    names: dict[str, None] = {}
    with source.pieces(_LOOKED_AT) as pieces:
        try:
            for found in islice(messages_in(pieces), _RECORDS_LOOKED_AT):
                if not isinstance(found, str) and len(names) < _NAMES_ENOUGH:
                    names |= dict.fromkeys(flatten(found))
        except (ValueError, RecursionError):
            pass  # what comes before is enough, or there is nothing to read
    return tuple(names)


def _record_rows(source: Source, in_arrays: bool) -> Rows:
    name = source.name
    line = 0
    with source.lines() as lines:
        try:
            for line, text in enumerate(lines, start=1):
                if text.strip():
                    for found in _records(text, in_arrays):
                        yield (
                            Skipped(name, line, "", found)
                            if isinstance(found, str)
                            else Row(found, name, line)
                        )
        except SourceError as error:
            yield Skipped(name, line + 1, "", str(error))


def _record_names(lines: Iterable[str], in_arrays: bool) -> tuple[str, ...]:
    names: dict[str, None] = {}
    errors: list[str] = []
    looked_at = 0
    try:
        for text in islice(lines, _RECORDS_LOOKED_AT):
            for found in _records(text, in_arrays):
                if isinstance(found, str):
                    errors.append(found)
                else:
                    names |= dict.fromkeys(found)
            looked_at += len(text)
            if len(names) > _NAMES_ENOUGH or (names and looked_at > _CHARACTERS_ENOUGH):
                break
    except SourceError as error:
        errors.append(str(error))
    if errors and not names:
        raise ValueError(errors[0])
    return tuple(names)


def _records(text: str, in_arrays: bool) -> Iterator[dict[str, str] | str]:
    """The record of a line, or those of its array, or the reason why something there is none."""
    if len(text) >= LINE_LIMIT:
        yield f"the record is longer than {LINE_LIMIT:,} characters"
        return
    try:
        held = parse_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        yield f"the row is not JSON: {error}"
        return
    except RecursionError:
        yield _TOO_DEEP
        return
    records = held if in_arrays and isinstance(held, list) else [held]
    if not all(isinstance(record, dict) for record in records):
        yield NOT_AN_OBJECT
    for record in (record for record in records if isinstance(record, dict)):
        try:
            yield flatten(record)
        except RecursionError:
            yield _TOO_DEEP
        except ValueError as error:
            yield str(error)
