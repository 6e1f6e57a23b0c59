"""Detects the layout of a source (table, workbook, JSON, text, …) and reads its rows."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice

from frametrace.posts.errors import SourceError
from frametrace.posts.layouts.delimited import (
    DelimitedTable,
    TableFormat,
    likeliest_format,
    possible_formats,
    repeats_header,
    unique_names,
    with_quoting,
)
from frametrace.posts.layouts.json_records import json_heads
from frametrace.posts.layouts.parquet import is_parquet, open_parquet, parquet_names, parquet_rows
from frametrace.posts.layouts.workbooks import embedded_pictures, is_workbook, sheet_rows, sheets_in
from frametrace.posts.model import Skipped
from frametrace.posts.rows import Head, Heads, Row, Rows, Shape, ids_in
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.containers import container_at
from frametrace.posts.sources.media_files import media_in
from frametrace.posts.sources.source import LINE_LIMIT, Source
from frametrace.posts.values import MISSING_VALUES

__all__ = ["heads_of", "table_head", "text_rows"]

_SAMPLE_LINES = 200
_SAMPLE_BYTES = 2**21  # of these lines
_BEGINNING = 2**12  # characters that readers of texts get for recognition
_MAX_BLANK = 2**24  # bytes of blanks at the beginning of a text; longer ones count as empty

_DATED = re.compile(r"\[\d{1,4}[./-]", re.ASCII)  # a line of a chat, and not an array
_NumberedCells = tuple[int, list[str]]  # the number of a row's line, its cells
_SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def heads_of(source: Source) -> Heads:
    """Read the beginning of a source. Raises SourceError if it is empty or unreadable."""
    if source.is_folder:
        return _folder_heads(source)
    try:
        with source.opened() as file:
            first_bytes = file.peek(16)[:16]
    except READ_ERRORS as error:
        raise SourceError(f"{source.name}: can't be opened: {error}") from error
    if is_parquet(first_bytes):
        return _parquet_heads(source)
    if is_workbook(first_bytes, source.suffix):
        return _workbook_heads(source)
    with source.chunks(_MAX_BLANK) as chunks:
        text = next(filter(str.strip, chunks), "")
    first = text.lstrip().lstrip("\ufeff").lstrip()
    if not first:
        raise SourceError(f"{source.name}: the file is empty. Export it again.")
    is_json = first[0] in "{[" and not _DATED.match(first)
    return json_heads(source) if is_json else _text_heads(source, first)


def table_head(source: Source, fits: Callable[[Head], bool]) -> Head:
    """The first head that fits, or else the last one. Raises SourceError."""
    heads = heads_of(source)
    candidates = (*heads.alternatives, *chain.from_iterable(heads.parts))
    fitting = next((head for head in candidates if fits(head)), None)
    return fitting or (candidates[-1] if candidates else Head(Shape.TEXT, ()))


def text_rows(
    source: Source, split: Callable[[Iterable[str]], Iterator[tuple[int, Mapping[str, str] | str]]]
) -> Rows:
    """The rows that a reader splits a text into."""
    line = 0
    with source.lines() as lines:
        try:
            for line, values in split(lines):
                if isinstance(values, str):
                    yield Skipped(source.name, line, "", values)
                else:
                    yield Row(dict(values), source.name, line)
        except (SourceError, ValueError, RecursionError) as error:
            yield Skipped(source.name, line + 1, "", str(error))


def _folder_heads(source: Source) -> Heads:
    container = container_at(source.path)
    if next(media_in(container), None) is None:
        raise SourceError(
            f"{source.name}: the folder holds no pictures or videos. Name a file with posts "
            "instead."
        )
    what = "pictures and videos"
    return Heads(
        (Head(Shape.FOLDER, ("path",), partial(_folder_rows, source), description=what),),
        description=f"a folder or an archive of {what}",
    )


def _folder_rows(source: Source) -> Rows:
    for line, path in enumerate(media_in(container_at(source.path)), start=1):
        if isinstance(path, Skipped):
            yield path
        else:
            yield Row({"path": path}, source.name, line)


# Delimited tables


def _text_heads(source: Source, first: str) -> Heads:
    text = Head(Shape.TEXT, (), beginning=first[:_BEGINNING], description="text")
    if first[0] == "<":
        return Heads((text,), description="an HTML page or another document in angle brackets")
    with source.lines(_SAMPLE_BYTES) as lines:
        sample = list(islice(lines, _SAMPLE_LINES))
    tables = [
        _table(source, sample, table_format, names)
        for table_format, names in possible_formats(sample)
    ]
    if likeliest := likeliest_format(sample):
        tables.append(_table(source, sample, *likeliest))
    if likeliest:
        name = _SEPARATOR_NAMES.get(likeliest[0].separator, "other characters")
        description = f"a table separated by {name}"
    else:
        description = "text"
    return Heads((text, *tables), description=description)


def _table(
    source: Source, sample: list[str], table_format: TableFormat, names: tuple[str, ...]
) -> Head:
    separator = table_format.separator
    description = f"a table separated by {_SEPARATOR_NAMES.get(separator, repr(separator))}"
    if table_format.lines_before:
        description += f", its header in line {table_format.lines_before + 1}"
    rows = partial(_table_rows, source, sample, table_format)
    return Head(
        Shape.TABLE,
        names,
        rows,
        description=description,
        filled_rows=partial(rows, short_rows=True),
    )


def _table_rows(
    source: Source, sample: list[str], table_format: TableFormat, *, short_rows: bool = False
) -> Rows:
    name = source.name
    with source.lines() as lines:
        table = DelimitedTable(lines, with_quoting(sample, table_format))
        try:
            header = table.header()
            yield from _rows_under(
                header, _full_rows(table, len(header), name, short_rows=short_rows), name
            )
        except (SourceError, ValueError) as error:
            yield Skipped(name, table.line, "", str(error))


def _full_rows(
    table: DelimitedTable, width: int, name: str, *, short_rows: bool
) -> Iterator[_NumberedCells | Skipped]:
    """Yield the rows as wide as the header, with their lines; a Skipped for each other row."""
    for cells in table.rows():
        if isinstance(cells, str):
            yield Skipped(name, table.line, "", cells)
        elif len(cells) == width:
            yield table.line, cells
        elif short_rows and 1 < len(cells) < width:
            yield table.line, cells + [""] * (width - len(cells))
        elif cells:
            reason = f"the row has {len(cells)} values, the header {width}"
            yield Skipped(name, table.line, "", reason, ids=ids_in(cells))


def _rows_under(
    header: tuple[str, ...], rows: Iterable[_NumberedCells | Skipped], name: str
) -> Rows:
    """Make rows of the cells under a header; those under one with another order are skipped."""
    reordered = 0  # the line of the header with another order; 0: none
    for row in rows:
        if isinstance(row, Skipped):
            yield row
            continue
        line, cells = row
        if repeats_header(cells, header):
            is_same = unique_names(map(str.strip, cells)) == header
            reordered = 0 if is_same else line
            order = "" if is_same else " with the columns in another order"
            yield Skipped(name, line, "", f"the row repeats the header{order}", kept=True)
        elif reordered:
            reason = (
                f"row {reordered} has the header again, with the columns in another order: "
                "put the rows below it into a table of their own"
            )
            yield Skipped(name, line, "", reason, ids=ids_in(cells))
        else:
            yield _row(header, cells, name, line)


def _row(header: tuple[str, ...], cells: list[str], name: str, line: int) -> Row:
    values = dict(zip(header, cells, strict=True))
    if not MISSING_VALUES.isdisjoint(cells):
        values = {k: "" if v in MISSING_VALUES else v for k, v in values.items()}
    return Row(values, name, line)


# Workbooks and Parquet


def _workbook_heads(source: Source) -> Heads:
    with source.opened() as file:
        sheets = sheets_in(file, source.name)
        pictures = embedded_pictures(file)
    parts = [_sheet_heads(source, number, *sheet) for number, sheet in enumerate(sheets)]
    unread = ""
    if pictures:
        embedded = f"holds {pictures:,} picture{'s' * (pictures > 1)} itself, which"
        unread = f"{embedded} can't be read: save each as a file that the row names"
    return Heads((), tuple(filter(None, parts)), description="a workbook", unread=unread)


def _sheet_heads(
    source: Source, number: int, sheet: str, first: list[list[str]]
) -> tuple[Head, ...]:
    heads = []
    for before, cells in enumerate(first):
        names = unique_names(name.strip() for name in cells)
        if any(names):
            rows = partial(_sheet_rows, source, number, before)
            description = f"the sheet {sheet!r} of a workbook"
            heads.append(Head(Shape.TABLE, names, rows, part=sheet, description=description))
    return tuple(heads)


def _sheet_rows(source: Source, number: int, before: int) -> Rows:
    name, line = source.name, before + 1
    try:
        with source.opened() as file:
            rows = sheet_rows(file, name, number)
            header = unique_names(cell.strip() for cell in next(islice(rows, before, None), ()))
            for entry in _rows_under(header, _padded(rows, len(header), before + 2), name):
                line = entry.line
                yield entry
    except (SourceError, *READ_ERRORS) as error:
        yield Skipped(name, line, "", str(error))


def _padded(rows: Iterator[list[str]], width: int, start: int) -> Iterator[_NumberedCells]:
    for line, cells in enumerate(rows, start=start):
        if any(cells):
            yield line, [*cells, *[""] * (width - len(cells))][:width]


def _parquet_heads(source: Source) -> Heads:
    with source.opened() as file:
        names = parquet_names(open_parquet(file, source.name))
    head = Head(Shape.TABLE, names, partial(_parquet_rows, source), description="a Parquet file")
    return Heads((head,), description="a Parquet file")


def _parquet_rows(source: Source) -> Rows:
    line = 0
    try:
        with source.opened() as file:
            for line, values in enumerate(parquet_rows(open_parquet(file, source.name)), start=1):
                if sum(map(len, values.values())) > LINE_LIMIT:
                    reason = f"the row is longer than {LINE_LIMIT:,} characters"
                    yield Skipped(source.name, line, "", reason)
                else:
                    yield Row(values, source.name, line)
    except SourceError as error:
        yield Skipped(source.name, line + 1, "", str(error))
