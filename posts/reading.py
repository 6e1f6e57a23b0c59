"""Recognising a source's format and reading it: posts, accounts, and what could not be read."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.model import Account, Post, Skipped
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.rows import Head, Row, read_head, read_rows
from frametrace.posts.sources import Source, sources_in

__all__ = ["Entry", "detect", "formats_table", "read_source"]

Entry = Post | Account | Skipped


def detect(path: Path) -> str:
    """Name the format of a source: for an archive, of its first member that is recognised.

    Raises SourceError if no reader knows it.
    """
    readable, _ = _recognised(path, None)
    return readable[0][1].name


def read_source(path: Path, format: str | None = None) -> Iterator[Entry]:
    """Read a file, a `.gz`, every member of a `.zip`, or a folder of pictures, row by row.

    `format` names a reader and spares the recognition. What can't be read is given as a Skipped.
    The beginning is checked at once: raises SourceError if there is nothing to read, and
    UsageError if there is no such format. Nothing is held in memory but the current row.
    """
    readable, unreadable = _recognised(path, format)
    return chain(unreadable, chain.from_iterable(_read(*found) for found in readable))


def formats_table() -> str:
    """Describe every registered reader in a Markdown table, for the documentation."""
    lines = ["| format | what it is | required | platform | time | example |"]
    lines.append("|---|---|---|---|---|---|")
    for reader in READERS:
        required = ", ".join(" or ".join(f"`{n}`" for n in names) for names in reader.required)
        lines.append(
            f"| `{reader.name}` | {reader.title} ({reader.shape}) | {required} "
            f"| {reader.platform} | {reader.time} | `{reader.example}` |"
        )
    return "\n".join(lines) + "\n"


def _recognised(
    path: Path, format: str | None
) -> tuple[list[tuple[Source, Reader]], list[Skipped]]:
    named = None if format is None else _reader_named(format)
    readable: list[tuple[Source, Reader]] = []
    errors: list[tuple[Source, SourceError]] = []
    for source in sources_in(path):
        try:
            head = read_head(source)
            readable.append((source, _checked(source, head, named or _reader_of(source, head))))
        except SourceError as error:
            errors.append((source, error))
    if not readable:
        raise errors[0][1]
    return readable, [Skipped(source.name, 0, "", str(error)) for source, error in errors]


def _read(source: Source, reader: Reader) -> Iterator[Entry]:
    parse, parts = reader.parse, reader.parts
    for row in read_rows(source, reader.shape):
        if isinstance(row, Skipped):
            yield row
            continue
        try:
            if parts is None:
                yield parse(row)
                if row.told:
                    yield from _told(row)
            else:
                for part in parts(row):
                    yield from _entries(reader, part)
        except (ValueError, RecursionError) as error:
            yield Skipped(row.source, row.line, "", str(error))


def _entries(reader: Reader, row: Row) -> Iterator[Entry]:
    try:
        yield reader.parse(row)
    except ValueError as error:
        yield Skipped(row.source, row.line, "", str(error))
    else:
        yield from _told(row)


def _told(row: Row) -> Iterator[Skipped]:
    return (Skipped(row.source, row.line, "", reason, kept=True) for reason in row.told)


def _reader_named(name: str) -> Reader:
    for reader in READERS:
        if reader.name == name:
            return reader
    raise UsageError(f"there is no format {name!r}. Choose from: {_names()}")


def _reader_of(source: Source, head: Head) -> Reader:
    for reader in READERS:
        if reader.recognises(head):
            return reader
    nearest = max(
        (reader for reader in READERS if reader.shape == head.shape and reader.missing(head.names)),
        key=lambda reader: len(reader.required) - 2 * len(reader.missing(head.names)),
    )
    raise SourceError(
        f"{source.name}: no format is recognised. Nearest is {nearest.name}, which also needs "
        f"{', '.join(nearest.missing(head.names))}. Found: {head.shown}. Rename the "
        f"columns, or name the format with --format: {_names()}."
    )


def _checked(source: Source, head: Head, reader: Reader) -> Reader:
    if head.shape != reader.shape:
        raise SourceError(
            f"{source.name}: is laid out as {head.shape}, but {reader.name} reads {reader.shape}. "
            "Leave --format out to have it recognised."
        )
    if missing := reader.missing(head.names):
        raise SourceError(
            f"{source.name}: {reader.name} needs the column {', '.join(missing)}. Found: "
            f"{head.shown}. Rename the columns, or name another --format: {_names()}."
        )
    return reader


def _names() -> str:
    return ", ".join(reader.name for reader in READERS)
