"""Things side by side, a column each, in cells that wrap: with lines on a terminal, else plain."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frametrace.app.output.render import printable

__all__ = ["Screen", "side_by_side"]

_NAMES = 16  # cells of a terminal for the names of the rows
_GAP = 2
_NARROWEST = 24  # cells of a terminal for each column; more columns stand below


@dataclass(frozen=True, slots=True)
class Screen:
    """Where lines are shown: how wide it is, and whether it is a terminal."""

    width: int = 120
    is_terminal: bool = False


def side_by_side(
    header: Sequence[str], rows: Sequence[Sequence[str]], screen: Screen
) -> Iterator[str]:
    """The lines of a table whose first column names the rows; no cell can steer a terminal."""
    most = max(1, (screen.width - _NAMES) // _NARROWEST)
    for at in range(1, len(header), most):
        chosen = [0, *range(at, min(at + most, len(header)))]
        if at > 1:
            yield ""
        yield from _table(
            [header[each] for each in chosen],
            [[row[each] for each in chosen] for row in rows],
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
    names = min(_NAMES, max(cell_len(row[0]) for row in (header, *rows)))
    widest = (screen.width - names) // (len(header) - 1) - _GAP
    for number, name in enumerate(header):
        most = widest if number else _NAMES
        table.add_column(Text(printable(name)), max_width=most, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    held = io.StringIO()
    Console(
        file=held,
        width=screen.width,
        force_terminal=screen.is_terminal,
        color_system="standard" if screen.is_terminal else None,
        legacy_windows=False,
    ).print(table)
    yield from (line.rstrip() for line in held.getvalue().splitlines())
