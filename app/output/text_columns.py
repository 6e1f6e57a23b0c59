"""Lays out rows in columns whose cells wrap; with rules on a terminal, else as plain text."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frametrace.app.output.console_output import without_control_characters

__all__ = ["Screen", "wrapped_columns"]

# Widths in terminal columns.
_NAME_WIDTH = 16  # of the first column, the names of the rows
_GAP = 2
_MIN_WIDTH = 24  # of each other column; columns that don't fit are printed below


@dataclass(frozen=True, slots=True)
class Screen:
    """The width of the output in columns, and whether it is a terminal."""

    width: int = 120
    is_terminal: bool = False


def wrapped_columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen
) -> Iterator[str]:
    """The lines of a table whose first column names the rows; no cell can control a terminal."""
    max_columns = max(1, (screen.width - _NAME_WIDTH) // _MIN_WIDTH)
    for start in range(1, len(header), max_columns):
        chosen = [0, *range(start, min(start + max_columns, len(header)))]
        if start > 1:
            yield ""
        yield from _table(
            [header[index] for index in chosen],
            [[row[index] for index in chosen] for row in rows],
            screen,
        )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen) -> Iterator[str]:
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD if screen.is_terminal else None, pad_edge=False, padding=(0, _GAP, 0, 0)
    )
    name_width = min(_NAME_WIDTH, max(cell_len(row[0]) for row in (header, *rows)))
    cell_width = (screen.width - name_width) // (len(header) - 1) - _GAP
    for index, name in enumerate(header):
        max_width = cell_width if index else _NAME_WIDTH
        table.add_column(
            Text(without_control_characters(name)), max_width=max_width, overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(without_control_characters(cell)) for cell in row))
    buffer = io.StringIO()
    Console(
        file=buffer,
        width=screen.width,
        force_terminal=screen.is_terminal,
        color_system="standard" if screen.is_terminal else None,
        legacy_windows=False,
    ).print(table)
    yield from (line.rstrip() for line in buffer.getvalue().splitlines())
