"""Running one function over many items, in processes that may crash.

A codec that meets hostile input can take its whole process down, or never come back. So items go
out in chunks; when a process dies, the items that were out are tried again one at a time, and the
one that kills its process again is given back as `Crashed`. All others get their results.
"""

import ctypes
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait
from types import TracebackType
from typing import Protocol, Self, TypeVar

from frametrace.posts.errors import FrametraceError

__all__ = ["Crashed", "Executor", "InProcess", "SpawnPool", "cpu_count", "executing"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = 16  # items; a decoded chunk of vectors' inputs is then some 2 MB
_SECONDS_PER_ITEM = 60.0  # a 108-megapixel picture takes about 2
# NumPy's matrix products in workers take one thread each: the workers fill the machine by
# themselves, and threads that wait for each other cost eight times the processor time.
_THREADS = "OPENBLAS_NUM_THREADS"
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h


@dataclass(frozen=True, slots=True)
class Crashed:
    """An item whose process ended, or had to be ended, twice."""

    reason: str


class Executor(Protocol):
    """Runs a picklable function over items and gives the results in the items' order."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result | Crashed]:
        """Apply `function` to each item; only a bounded number of items is under way."""


class InProcess:
    """The same in this very process: for tests, and where a crash may end everything."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result | Crashed]:
        """Apply `function` to each item in turn."""
        return map(function, items)


@contextmanager
def executing(
    executor: Executor | None, items: int, *, few: int, seconds: float = _SECONDS_PER_ITEM
) -> Iterator[Executor]:
    """The executor that was given; else this process for a `few` items, and a pool for more.

    A pool takes as long to start as some hundred short items take here.
    """
    if executor is not None:
        yield executor
    elif items <= few:
        yield InProcess()
    else:
        with SpawnPool(seconds=seconds) as pool:
            yield pool


class SpawnPool:
    """A pool of `spawn` processes; use it as a context manager.

    A process that takes longer than `seconds` over one item is ended.
    """

    def __init__(self, workers: int = 0, *, seconds: float = _SECONDS_PER_ITEM) -> None:
        self._workers = workers or cpu_count()
        self._threads_chosen = _THREADS in os.environ
        os.environ.setdefault(_THREADS, "1")
        self._seconds = seconds
        self._pool = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=error is None, cancel_futures=True)
        if not self._threads_chosen:
            os.environ.pop(_THREADS, None)

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result | Crashed]:
        """Apply `function` to each item; at most two chunks a worker are under way."""
        remaining = iter(items)
        under_way: deque[tuple[tuple[Item, ...], Future[list[Result]]]] = deque()
        exhausted = False
        while under_way or not exhausted:
            while not exhausted and len(under_way) < 2 * self._workers:
                chunk = tuple(islice(remaining, _CHUNK))
                exhausted = not chunk
                if chunk:
                    under_way.append((chunk, self._submit(function, chunk)))
            if under_way:
                try:
                    results = under_way[0][1].result()
                except BrokenProcessPool:
                    lost = [chunk for chunk, _ in under_way]
                    under_way.clear()
                    yield from self._one_by_one(function, [i for chunk in lost for i in chunk])
                else:
                    under_way.popleft()
                    yield from results

    def _submit(
        self, function: Callable[[Item], Result], chunk: tuple[Item, ...]
    ) -> "Future[list[Result]]":
        try:
            return self._pool.submit(_run, function, chunk, self._seconds)
        # A chunk before this one has just ended a process; where another was being started, its
        # pipes were closed. What else keeps one from starting is told when the pool is restarted.
        except (BrokenProcessPool, OSError) as error:
            broken: Future[list[Result]] = Future()
            broken.set_exception(BrokenProcessPool(str(error)))
            return broken

    def _one_by_one(
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | Crashed]:
        self._restart()
        for item in items:
            try:
                yield self._submit(function, (item,)).result()[0]
            except BrokenProcessPool:
                yield Crashed(f"its decoder crashed, or took more than {self._seconds:g} seconds")
                self._restart()

    def _restart(self) -> None:
        # A process that was just starting when another one broke the pool is told nothing, and
        # `shutdown` would wait for it without end.
        for process in list((self._pool._processes or {}).values()):
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._started()
        try:
            self._pool.submit(os.getpid).result()
        except BrokenProcessPool:
            raise FrametraceError(
                "worker processes end as soon as they start: is there enough memory? Try again "
                "with --workers 1"
            ) from None

    def _started(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_prepare)


def cpu_count() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _keep_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _keep_memory() -> None:
    """Have the C library keep a decoded picture's memory for the next one, where it can.

    Giving it back and faulting it in again takes a third of a worker's processor time.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        libc.mallopt(_TRIM_THRESHOLD, 128 * 2**20)
        libc.mallopt(_MMAP_THRESHOLD, 32 * 2**20)


def _end_with_parent() -> None:
    """Don't outlive a parent that was killed: nobody would ever send more work or say stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run(function: Callable[[Item], Result], items: Sequence[Item], seconds: float) -> list[Result]:
    results = []
    try:
        for item in items:
            signal.setitimer(signal.ITIMER_REAL, seconds)  # its default action ends the process
            results.append(function(item))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return results
