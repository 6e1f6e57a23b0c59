"""Does something again and again while other work goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

__all__ = ["repeated"]


@contextmanager
def repeated(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Call a function in a thread of its own every so many seconds, until the block ends.

    What goes on in the block needn't do anything for it: one step of it may take minutes.
    """
    ended = Event()

    def act_on() -> None:
        while not ended.wait(seconds):
            act()

    thread = Thread(target=act_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
