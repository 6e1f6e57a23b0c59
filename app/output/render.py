"""How commands print: labelled lines, tables in aligned columns, or one JSON document."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "json_line",
    "moment_text",
    "print_json",
    "print_line",
    "printable",
    "rows_text",
    "table_text",
]

_LABEL = 10  # columns of a terminal
# Characters that steer a terminal, or change the direction of a text.
_CONTROL = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def print_line(label: str, text: object) -> None:
    """Print a labelled line, without control characters."""
    print(printable(f"{label:<{_LABEL}}{text}").rstrip())


def print_json(content: object) -> None:
    """Print one JSON document; times as ISO 8601, keys in a fixed order.

    Characters that could steer a terminal are escaped, as JSON allows.
    """
    print(_json(content, indent=1))


def json_line(content: object) -> str:
    """The same document in one line."""
    return _json(content)


def _json(content: object, indent: int | None = None) -> str:
    text = json.dumps(content, ensure_ascii=False, indent=indent, sort_keys=True, default=_plain)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def printable(text: str) -> str:
    """A text without control characters: what posts and file names hold can't steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def table_text(header: Sequence[str], rows: Sequence[Sequence[object]], width: int = 60) -> str:
    """Rows in aligned columns, each cell cut at `width` cells of a terminal; None is empty."""
    from rich.cells import cell_len, set_cell_size

    cells = [list(header)]
    cells += [["" if cell is None else printable(str(cell)) for cell in row] for row in rows]
    widths = [min(width, max(cell_len(row[at]) for row in cells)) for at in range(len(header))]
    lines = (
        "  ".join(
            set_cell_size(cell, size) for cell, size in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )
    return "\n".join(lines)


def rows_text(table: "pa.Table", columns: Mapping[str, str], width: int = 60) -> str:
    """Some columns of a table under other headers, times for people; cells cut at `width`."""
    rows: list[Sequence[Any]] = [
        [_cell(row[name]) for name in columns] for row in table.to_pylist()
    ]
    return table_text(list(columns.values()), rows, width)


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    return value


def moment_text(moment: datetime | None) -> str:
    """A time for people, in UTC; empty where there is none."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
