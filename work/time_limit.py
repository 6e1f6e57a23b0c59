"""Limits how long a worker process takes over one item: past it, the process kills itself.

Both ways work while C code holds Python's lock: the default action of SIGALRM, and on systems
without it (Windows) the watchdog of `faulthandler`, a thread in C.
"""

import faulthandler
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["allow_seconds", "time_limit"]

_timers: list[Callable[[float], object]] = []  # what restarts the timer of this process


@contextmanager
def time_limit(seconds: float) -> Iterator[Callable[[], object]]:
    """Kill this process unless the function it yields is called again within `seconds`."""
    with _timer() as restart:
        _timers.append(restart)
        try:
            yield lambda: restart(seconds)
        finally:
            _timers.pop()


def allow_seconds(seconds: float) -> None:
    """Allow the current item `seconds` from now on: some items need more time than others.

    Nothing happens in a process without a limit.
    """
    if _timers:
        _timers[-1](seconds)


@contextmanager
def _timer() -> Iterator[Callable[[float], object]]:
    """A function that (re)starts the timer with a number of seconds."""
    set_timer = getattr(signal, "setitimer", None)
    if set_timer is not None:
        real_time = getattr(signal, "ITIMER_REAL", 0)
        try:
            yield lambda seconds: set_timer(real_time, seconds)
        finally:
            set_timer(real_time, 0)
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        try:
            yield lambda seconds: faulthandler.dump_traceback_later(
                seconds, exit=True, file=nowhere
            )
        finally:
            faulthandler.cancel_dump_traceback_later()
