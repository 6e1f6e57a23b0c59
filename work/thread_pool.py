"""Runs parts of work in threads: for file reads and compiled loops, which release Python's lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import ParamSpec, Self, TypeVar

from frametrace.work.cpus import cpu_count

__all__ = ["Future", "ThreadPool"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class ThreadPool:
    """An executor of `threads` threads, by default one per processor; use it as a context manager.

    `map` keeps at most `in_progress` items started or finished but not yet yielded, by default two
    per thread. Threads can't crash by themselves, so no result is a `Crashed`.
    """

    def __init__(self, threads: int = 0, *, in_progress: int = 0) -> None:
        self.threads = threads or cpu_count()
        self._in_progress = in_progress or 2 * self.threads
        self._pool = ThreadPoolExecutor(self.threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the result of each item, in the items' order."""
        remaining = iter(items)
        started: deque[Future[Result]] = deque()
        try:
            while True:
                for item in islice(remaining, self._in_progress - len(started)):
                    started.append(self._pool.submit(function, item))
                if not started:
                    return
                yield started.popleft().result()
        finally:
            for future in started:
                future.cancel()

    def submit(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kw: Arguments.kwargs
    ) -> "Future[Result]":
        """Start one call, for work in steps that depend on each other, which `map` can't order."""
        return self._pool.submit(function, *args, **kw)
