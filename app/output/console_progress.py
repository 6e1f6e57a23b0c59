"""Shows progress on standard error: a bar on a terminal, otherwise plain lines.

The elapsed time moves even while nothing can be counted. An estimate of the time left appears as
soon as it is reliable (see `work.pace`).
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from frametrace.app.output.console_output import without_control_characters
from frametrace.work.pace import Pace
from frametrace.work.progress import Advance, uncounted
from frametrace.work.repeated import repeated

__all__ = ["LINE_INTERVAL", "Console"]

LINE_INTERVAL = 5.0  # seconds between plain lines
_BRIEF = 1.0  # seconds; work that takes no longer leaves no line
_REDRAWN = 0.1  # seconds between changes of a bar


class Console:
    """Shows the progress of long work on standard error; results go to standard output."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Advance]:
        """Show how much of a task is done, the rate, and the time left."""
        if self._quiet or total == 0:
            yield uncounted
        else:
            show = _bar if sys.stderr.isatty() else _lines
            with show(without_control_characters(label), total) as advance:
                yield advance

    def note(self, line: str) -> None:
        """Print one sentence."""
        print(without_control_characters(line), file=sys.stderr, flush=True)


@contextmanager
def _bar(label: str, total: int | None) -> Iterator[Advance]:
    from rich.console import Console as RichConsole
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    pace = Pace(total, time.monotonic())
    drawn = 0.0
    with Progress(*columns, console=RichConsole(stderr=True)) as bar:
        task = bar.add_task(escape(label), total=total, rate="", left="")

        def draw(now: float) -> None:
            left = _left(pace.left(now))
            bar.update(task, completed=pace.done, rate=_rate(pace.rate(now)), left=left)

        def advance(count: int) -> None:
            nonlocal drawn
            now = time.monotonic()
            pace.advance(count, now)
            if now - drawn >= _REDRAWN:
                drawn = now
                draw(now)

        yield advance
        now = time.monotonic()
        bar.live.transient = pace.seconds(now) < _BRIEF
        draw(now)


@contextmanager
def _lines(label: str, total: int | None) -> Iterator[Advance]:
    pace = Pace(total, time.monotonic())

    def say(line: str) -> None:
        print(f"{label}: {line}", file=sys.stderr, flush=True)

    with repeated(LINE_INTERVAL, lambda: say(_told(pace, time.monotonic()))):
        yield lambda count: pace.advance(count, time.monotonic())
    now = time.monotonic()
    if pace.seconds(now) >= _BRIEF:
        counted = f"{pace.done:,} in " if pace.done else ""
        rate = f" ({_rate(pace.rate(now))})" if pace.done else ""
        say(f"{counted}{_span(pace.seconds(now))}{rate}")


def _told(pace: Pace, now: float) -> str:
    """What is said of work that goes on."""
    of_total = f" of {pace.total:,}" if pace.total else ""
    counted = f"{pace.done:,}{of_total} after " if pace.total or pace.done else ""
    rate = _rate(pace.rate(now)) if pace.done else ""
    told = (f"{counted}{_span(pace.seconds(now))}", rate, _left(pace.left(now)))
    return ", ".join(filter(None, told))


def _rate(rate: float) -> str:
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"about {_span(seconds)} left"


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes < 100 else f"{minutes / 60:.1f} h"
