"""How sources are laid out, by what they begin with, and the rows that each layout gives."""

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
from frametrace.posts.sources.picture_files import pictures_in
from frametrace.posts.sources.source import LINE_LIMIT, Source
from frametrace.posts.values import MISSING_VALUES

__all__ = ["heads_of", "table_head", "text_rows"]

_LINES_LOOKED_AT = 200
_TABLE_LOOKED_AT = 2**21  # bytes of these lines
_BEGINNING = 2**12  # characters
_BLANK = 2**24  # bytes of nothing at the beginning of a text that isn't empty

_DATED = re.compile(r"\[\d{1,4}[./-]", re.ASCII)  # a chat's lines may begin so, an array doesn't
_Line = tuple[int, list[str]]  # its number and its cells
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def heads_of(source: Source) -> Heads:
    """Look at the beginning of a source. Raises SourceError if it is empty or unreadable."""
    if source.is_folder:
        return _folder_heads(source)
    try:
        with source.opened() as file:
            begins = file.peek(16)[:16]
    except READ_ERRORS as error:
        raise SourceError(f"{source.name}: can't be opened: {error}") from error
    if is_parquet(begins):
        return _parquet_heads(source)
    if is_workbook(begins, source.suffix):
        return _workbook_heads(source)
    with source.pieces(_BLANK) as pieces:
        text = next(filter(str.strip, pieces), "")
    first = text.lstrip().lstrip("\ufeff").lstrip()
    if not first:
        raise SourceError(f"{source.name}: the file is empty. Export it again.")
    in_json = first[0] in "{[" and not _DATED.match(first)
    return json_heads(source) if in_json else _text_heads(source, first)


def table_head(source: Source, fits: Callable[[Head], bool]) -> Head:
    """The head of a table that fits, or else the likeliest. Raises SourceError."""
    heads = heads_of(source)
    every = (*heads.either, *chain.from_iterable(heads.parts))
    found = next((head for head in every if fits(head)), None)
    return found or (every[-1] if every else Head(Shape.TEXT, ()))


def text_rows(
    source: Source, split: Callable[[Iterable[str]], Iterator[tuple[int, Mapping[str, str] | str]]]
) -> Rows:
    """The rows that a reader takes a text apart into."""
    line = 0
    with source.lines() as lines:
        try:
            for line, found in split(lines):
                if isinstance(found, str):
                    yield Skipped(source.name, line, "", found)
                else:
                    yield Row(dict(found), source.name, line)
        except (SourceError, ValueError, RecursionError) as error:
            yield Skipped(source.name, line + 1, "", str(error))


def _folder_heads(source: Source) -> Heads:
    container = container_at(source.path)
    if next(pictures_in(container), None) is None:
        raise SourceError(
            f"{source.name}: the folder holds no pictures. Name a file with posts instead."
        )
    return Heads(
        (Head(Shape.FOLDER, ("path",), partial(_folder_rows, source), how="pictures"),),
        what="a folder or an archive of pictures",
    )


def _folder_rows(source: Source) -> Rows:
    for line, found in enumerate(pictures_in(container_at(source.path)), start=1):
        if isinstance(found, Skipped):
            yield found
        else:
            yield Row({"path": found}, source.name, line)


# Tables of text


def _text_heads(source: Source, first: str) -> Heads:
    text = Head(Shape.TEXT, (), beginning=first[:_BEGINNING], how="text")
    if first[0] == "<":
        return Heads((text,), what="an HTML page or another document in angle brackets")
    with source.lines(_TABLE_LOOKED_AT) as lines:
        sample = list(islice(lines, _LINES_LOOKED_AT))
    tables = [_table(source, sample, layout, names) for layout, names in possible_formats(sample)]
    if found := likeliest_format(sample):
        tables.append(_table(source, sample, *found))
    what = f"a table separated by {_SIGNS.get(found[0].separator, 'signs')}" if found else "text"
    return Heads((text, *tables), what=what)


def _table(source: Source, sample: list[str], layout: TableFormat, names: tuple[str, ...]) -> Head:
    how = f"a table separated by {_SIGNS.get(layout.separator, repr(layout.separator))}"
    if layout.before:
        how += f", its header in line {layout.before + 1}"
    rows = partial(_table_rows, source, sample, layout)
    return Head(Shape.TABLE, names, rows, how=how, filled=partial(rows, short_rows=True))


def _table_rows(
    source: Source, sample: list[str], layout: TableFormat, *, short_rows: bool = False
) -> Rows:
    name = source.name
    with source.lines() as lines:
        table = DelimitedTable(lines, with_quoting(sample, layout))
        try:
            header = table.header()
            yield from _under(header, _whole(table, len(header), name, short_rows=short_rows), name)
        except (SourceError, ValueError) as error:
            yield Skipped(name, table.line, "", str(error))


def _whole(
    table: DelimitedTable, width: int, name: str, *, short_rows: bool
) -> Iterator[_Line | Skipped]:
    """The rows of a table with their lines; of one that is not as wide as the header, why not."""
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


def _under(header: tuple[str, ...], rows: Iterable[_Line | Skipped], name: str) -> Rows:
    """Rows under a header; those under another one, with the columns in another order, are not."""
    turned = 0  # the row from which the columns are in another order
    for row in rows:
        if isinstance(row, Skipped):
            yield row
            continue
        line, cells = row
        if repeats_header(cells, header):
            same = unique_names(map(str.strip, cells)) == header
            turned = 0 if same else line
            order = "" if same else " with the columns in another order"
            yield Skipped(name, line, "", f"the row repeats the header{order}", kept=True)
        elif turned:
            reason = (
                f"row {turned} says that the columns are in another order from there on: "
                "put these rows into a table of their own"
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
        named = f"holds {pictures:,} picture{'s' * (pictures > 1)} itself, which"
        unread = f"{named} can't be read: save each as a file that the row names"
    return Heads((), tuple(filter(None, parts)), what="a workbook", unread=unread)


def _sheet_heads(
    source: Source, number: int, sheet: str, first: list[list[str]]
) -> tuple[Head, ...]:
    heads = []
    for before, cells in enumerate(first):
        names = unique_names(name.strip() for name in cells)
        if any(names):
            rows = partial(_sheet_rows, source, number, before)
            how = f"the sheet {sheet!r} of a workbook"
            heads.append(Head(Shape.TABLE, names, rows, part=sheet, how=how))
    return tuple(heads)


def _sheet_rows(source: Source, number: int, before: int) -> Rows:
    name, line = source.name, before + 1
    try:
        with source.opened() as file:
            rows = sheet_rows(file, name, number)
            header = unique_names(cell.strip() for cell in next(islice(rows, before, None), ()))
            for entry in _under(header, _padded(rows, len(header), before + 2), name):
                line = entry.line
                yield entry
    except (SourceError, *READ_ERRORS) as error:
        yield Skipped(name, line, "", str(error))


def _padded(rows: Iterator[list[str]], width: int, start: int) -> Iterator[_Line]:
    for line, cells in enumerate(rows, start=start):
        if any(cells):
            yield line, [*cells, *[""] * (width - len(cells))][:width]


def _parquet_heads(source: Source) -> Heads:
    with source.opened() as file:
        names = parquet_names(open_parquet(file, source.name))
    head = Head(Shape.TABLE, names, partial(_parquet_rows, source), how="a Parquet file")
    return Heads((head,), what="a Parquet file")


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
