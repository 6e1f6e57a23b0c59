"""Prints what commands show: labelled lines, tables in aligned columns, or JSON documents."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "json_line",
    "labelled",
    "moment_text",
    "print_error",
    "print_json",
    "print_json_line",
    "print_line",
    "print_lines",
    "print_rows",
    "print_table",
    "print_text",
    "table_text",
    "without_control_characters",
]

_LABEL_WIDTH = 10  # terminal columns
# Characters that control a terminal, or change the direction of text.
_CONTROL = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def labelled(label: str, text: object) -> str:
    """A line that begins with its label, without control characters."""
    return without_control_characters(f"{label:<{_LABEL_WIDTH}}{text}").rstrip()


def print_line(label: str, text: object) -> None:
    """Print a labelled line."""
    print(labelled(label, text))


def print_text(text: str = "") -> None:
    """Print a line without a label, without control characters."""
    print(without_control_characters(text))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are, such as those of a table that was laid out for the terminal."""
    for line in lines:
        print(line)


def print_error(message: str) -> None:
    """Print a message on standard error, behind the name of the program."""
    print(f"frametrace: {without_control_characters(message)}", file=sys.stderr)


def print_json(content: object) -> None:
    """Print one JSON document; times as ISO 8601, keys in a fixed order.

    Characters that could control a terminal are escaped, as JSON allows.
    """
    print(_json(content, indent=1))


def json_line(content: object) -> str:
    """The same document in one line."""
    return _json(content)


def print_json_line(content: object) -> None:
    """Print the same document in one line."""
    print(json_line(content))


def _json(content: object, indent: int | None = None) -> str:
    text = json.dumps(content, ensure_ascii=False, indent=indent, sort_keys=True, default=_plain)
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def without_control_characters(text: str) -> str:
    """The text without control characters, so that no post or file name can control a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def table_text(header: Sequence[str], rows: Sequence[Sequence[object]], width: int = 60) -> str:
    """Rows in aligned columns, each cell cut at `width` terminal columns; None is empty.

    An empty `header` is left out.
    """
    from rich.cells import cell_len, set_cell_size

    cells = [list(header)] if header else []
    cells += [
        ["" if cell is None else without_control_characters(str(cell)) for cell in row]
        for row in rows
    ]
    widths = [min(width, max(map(cell_len, column))) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(
            set_cell_size(cell, size) for cell, size in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )
    return "\n".join(lines)


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], width: int = 60) -> None:
    """Print what `table_text` gives."""
    print(table_text(header, rows, width))


def print_rows(table: "pa.Table", columns: Mapping[str, str], width: int = 60) -> None:
    """Print the columns of a table that `columns` maps to headers, times in UTC."""
    rows: list[Sequence[Any]] = [
        [_cell(row[name]) for name in columns] for row in table.to_pylist()
    ]
    print_table(list(columns.values()), rows, width)


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    return value


def moment_text(moment: datetime | None) -> str:
    """A time to the minute, in UTC; empty for None."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
