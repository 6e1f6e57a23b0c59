"""What people see while work goes on, on standard error: a bar on a terminal, else plain lines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from frametrace.app.output.render import printable

__all__ = ["Console"]

_EVERY = 10.0  # seconds between plain lines: a log of a day's work stays readable


class Console:
    """Listens to long work and tells a person about it; results themselves go elsewhere."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Show how far a piece of work is, at what rate, and the time left."""
        if self._quiet or total == 0:
            yield lambda done: None
        elif sys.stderr.isatty():
            with _bar(label, total) as advance:
                yield advance
        else:
            with _lines(label, total) as advance:
                yield advance

    def note(self, line: str) -> None:
        """Say one plain sentence."""
        print(printable(line), file=sys.stderr, flush=True)


@contextmanager
def _bar(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console as RichConsole
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    begun = time.monotonic()
    with Progress(*columns, console=RichConsole(stderr=True)) as bar:
        task = bar.add_task(escape(printable(label)), total=total, rate="")

        def advance(done: int) -> None:
            bar.advance(task, done)
            bar.update(task, rate=_rate(bar.tasks[0].completed, time.monotonic() - begun))

        yield advance


@contextmanager
def _lines(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    begun = told = time.monotonic()
    done = 0

    def say(line: str) -> None:
        print(printable(f"{label}: {line}"), file=sys.stderr, flush=True)

    def advance(more: int) -> None:
        nonlocal done, told
        done += more
        now = time.monotonic()
        if now - told >= _EVERY:
            told = now
            left = (
                f", {_span((total - done) * (now - begun) / done)} left" if total and done else ""
            )
            say(f"{done:,}{f' of {total:,}' if total else ''}, {_rate(done, now - begun)}{left}")

    yield advance
    spent = time.monotonic() - begun
    say(f"{done:,} in {_span(spent)} ({_rate(done, spent)})")


def _rate(done: float, seconds: float) -> str:
    return f"{done / seconds:,.0f}/s" if seconds > 0 else ""


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 100 else f"{minutes / 60:.1f} h"
