"""Shows progress on standard error: a bar on a terminal, otherwise plain lines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from frametrace.app.output.console_output import without_control_characters

__all__ = ["Console"]

_LINE_INTERVAL = 10.0  # seconds between plain lines, so that the log of a long run stays short


class Console:
    """Shows the progress of long work on standard error; results go to standard output."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Show how much of a task is done, the rate, and the time left."""
        if self._quiet or total == 0:
            yield lambda done: None
        elif sys.stderr.isatty():
            with _bar(label, total) as advance:
                yield advance
        else:
            with _lines(label, total) as advance:
                yield advance

    def note(self, line: str) -> None:
        """Print one sentence."""
        print(without_control_characters(line), file=sys.stderr, flush=True)


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
    start = time.monotonic()
    with Progress(*columns, console=RichConsole(stderr=True)) as bar:
        task = bar.add_task(escape(without_control_characters(label)), total=total, rate="")

        def advance(done: int) -> None:
            bar.advance(task, done)
            bar.update(task, rate=_rate(bar.tasks[0].completed, time.monotonic() - start))

        yield advance


@contextmanager
def _lines(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    start = last_line = time.monotonic()
    done = 0

    def print_progress(line: str) -> None:
        print(without_control_characters(f"{label}: {line}"), file=sys.stderr, flush=True)

    def advance(count: int) -> None:
        nonlocal done, last_line
        done += count
        now = time.monotonic()
        if now - last_line >= _LINE_INTERVAL:
            last_line, seconds = now, now - start
            left = f", {_span((total - done) * seconds / done)} left" if total and done else ""
            of_total = f" of {total:,}" if total else ""
            print_progress(f"{done:,}{of_total}, {_rate(done, seconds)}{left}")

    yield advance
    seconds = time.monotonic() - start
    print_progress(f"{done:,} in {_span(seconds)} ({_rate(done, seconds)})")


def _rate(done: float, seconds: float) -> str:
    return f"{done / seconds:,.0f}/s" if seconds > 0 else ""


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 100 else f"{minutes / 60:.1f} h"
