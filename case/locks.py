"""Processes that take turns over a case's indexes and results; a lock goes with its process."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from frametrace.work.progress import Progress

__all__ = ["alone_comparing", "alone_in", "comparing"]


@contextmanager
def alone_in(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder, making it if need be, after waiting for any other process that does.

    Without `wait`, `BlockingIOError` is raised where another one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def comparing(index: Path) -> Path:
    """What a process holds that compares the pictures of an index: nobody deletes indexes then."""
    return index.parent.parent


@contextmanager
def alone_comparing(index: Path, progress: Progress) -> Iterator[None]:
    """Be the only process that compares the case's pictures; others go on from what was found."""
    with ExitStack() as stack:
        try:
            stack.enter_context(alone_in(comparing(index), wait=False))
        except BlockingIOError:
            progress.note("another process compares this case's pictures: waiting until it ends")
            stack.enter_context(alone_in(comparing(index)))
        yield
