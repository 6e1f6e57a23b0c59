"""Defines executors, which apply one function to independent parts of work, wherever they run.

A stage lists its independent parts and calls `map`. Whether the parts run in this process
(`InProcess`), in other processes (`process_pool`), in threads (`thread_pool`) or on other machines
is the executor's business: the stage and its results stay the same.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from frametrace.posts.errors import FrametraceError

__all__ = ["Crashed", "Executor", "InProcess", "all_results"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Crashed:
    """The result of an item whose process ended again and again while it worked on the item.

    `by_system`: something outside ended it, most often the system for lack of memory. The item may
    be innocent and is worth another try later. Otherwise it crashed, or took too long.
    """

    reason: str
    by_system: bool = False


class Executor(Protocol):
    """Applies a picklable function to independent items."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result | Crashed]:
        """Yield the result of each item, in the items' order.

        Items are taken as they are needed: only a bounded number of them is in progress at any
        time. An exception that `function` raises is raised here, and the executor stays usable.
        """


class InProcess:
    """Runs everything in this process: for short work, and for tests."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result | Crashed]:
        """Yield the result of each item, in the items' order."""
        return map(function, items)


def all_results(
    results: Iterable[Result | Crashed], *, failure: str = "part of the work failed"
) -> Iterator[Result]:
    """The results of work that is useless unless complete.

    Raises `FrametraceError`, with the `failure` and its reason, at the first item that crashed.
    """
    for result in results:
        if isinstance(result, Crashed):
            raise FrametraceError(f"{failure}: {result.reason}")
        yield result
