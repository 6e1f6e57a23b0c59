"""Ends the program at the second Ctrl-C, whatever it is doing.

The first one raises `KeyboardInterrupt` in the main thread, which cleans up: that may take as long
as the library call that it is in. Whoever presses it again does not want to wait. Cases stay whole
when a process is killed.
"""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ending_at_second_interrupt"]


@contextmanager
def ending_at_second_interrupt(exit_code: int) -> Iterator[None]:
    """While the block runs, a second SIGINT kills the worker processes and ends this one.

    Does nothing outside the main thread, where signals can't be set up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Python notes a signal in this socket at once, even if its handler has to wait for C code.
    wakeup, signals = socket.socketpair()
    wakeup.setblocking(False)
    before = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(signals, exit_code), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        wakeup.close()
        watcher.join()
        signals.close()


def _watch(signals: socket.socket, exit_code: int) -> None:
    count = 0
    while received := signals.recv(64):
        count += received.count(signal.SIGINT)
        if count > 1:
            import multiprocessing  # heavy, and rarely needed

            for worker in multiprocessing.active_children():
                worker.kill()
            os._exit(exit_code)
