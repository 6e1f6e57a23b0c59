"""Functions for worker processes: well-behaved ones, and ones that take their process down."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frametrace.work.time_limit import allow_seconds

__all__ = ["Crashing", "Sleeping", "counted", "failing", "hanging", "pid", "squared"]


@dataclass(frozen=True, slots=True)
class Sleeping:
    """Sleeps over one item, which may be allowed a time."""

    slow: int
    allowed: float

    def __call__(self, item: int) -> int:
        if item == self.slow:
            if self.allowed:
                allow_seconds(self.allowed)
            time.sleep(2.5)
        return item


@dataclass(frozen=True, slots=True)
class Crashing:
    """Squares, but `killers` crash their process and `hangers` never come back.

    The processes of `ended` are killed as the system does it: at the first `times` attempts, which
    files in `folder` count.
    """

    killers: frozenset[int] = frozenset()
    hangers: frozenset[int] = frozenset()
    ended: frozenset[int] = frozenset()
    times: int = 10**6
    folder: str = ""

    def __call__(self, item: int) -> int:
        if item in self.killers:
            os.kill(os.getpid(), signal.SIGSEGV)
        if item in self.ended and self._attempt(item) <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        while item in self.hangers:
            time.sleep(1)
        return item * item

    def _attempt(self, item: int) -> int:
        with (Path(self.folder) / str(item)).open("ab") as file:
            file.write(b".")
            return file.tell()


def squared(item: int) -> int:
    return item * item


def pid(item: int) -> int:
    return os.getpid()


def hanging(item: int) -> int:
    time.sleep(600)
    return item


def failing(item: int) -> int:
    if item == 1:
        raise KeyError("a bug, not a crash")
    return item


def counted(items: list[int], taken: list[int]) -> Iterator[int]:
    """Give the items one by one, noting each that was asked for."""
    for item in items:
        taken.append(item)
        yield item
