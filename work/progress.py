"""How long work tells about itself, without knowing who listens."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Somebody who listens: a terminal, a log, nobody."""

    def track(self, label: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """Begin a piece of work of `total` items; the function takes how many more are done."""

    def note(self, line: str) -> None:
        """Say one plain sentence."""


class Silent:
    """Nobody listens."""

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Count nothing."""
        yield lambda done: None

    def note(self, line: str) -> None:
        """Say nothing."""
