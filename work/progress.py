"""Reports the progress of long work to a terminal, a log or nothing at all."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Receives the progress of work and shows it."""

    def track(self, label: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """Begin a piece of work of `total` items, or of an unknown number.

        The function that the block receives takes how many more items are done.
        """

    def note(self, line: str) -> None:
        """Show one plain sentence."""


class Silent:
    """Shows nothing."""

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Count nothing."""
        yield lambda done: None

    def note(self, line: str) -> None:
        """Show nothing."""
