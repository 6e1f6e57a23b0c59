"""Reports the progress of long work to a terminal, a log or nothing at all."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

__all__ = ["SILENT", "Advance", "Progress", "Silent", "counted", "uncounted"]

Item = TypeVar("Item")
Advance = Callable[[int], None]  # takes how many more items are done


class Progress(Protocol):
    """Receives the progress of work and shows it."""

    def track(self, label: str, total: int | None) -> AbstractContextManager[Advance]:
        """Begin a piece of work of `total` items, or of an unknown number.

        The function that the block receives takes how many more items are done.
        """

    def note(self, line: str) -> None:
        """Show one plain sentence."""


class Silent:
    """Shows nothing."""

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Advance]:
        """Count nothing."""
        yield uncounted

    def note(self, line: str) -> None:
        """Show nothing."""


SILENT = Silent()


def uncounted(done: int) -> None:
    """Count nothing."""


def _one(item: object) -> int:
    return 1


def counted(
    items: Iterable[Item], advance: Advance, size: Callable[[Item], int] = _one
) -> Iterator[Item]:
    """The items; each is reported as done, by its size, when the next one is requested."""
    for item in items:
        yield item
        advance(size(item))
