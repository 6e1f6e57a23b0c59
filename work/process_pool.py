"""Runs parts of work in a pool of processes, which may crash or hang, and isolates the culprits.

A codec that meets hostile input can crash its whole process or never return. So items are sent in
chunks; when a process dies, the items in progress are tried again one at a time, and an item that
kills its process again yields `Crashed`. Every other item gets its result.
"""

import ctypes
import faulthandler
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self, TypeVar

from frametrace.posts.errors import FrametraceError
from frametrace.work.cpus import cpu_count
from frametrace.work.executor import Crashed, Executor, InProcess

__all__ = ["ProcessPool", "executor_for"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK_ITEMS = 16  # one chunk of decoded model inputs is then some 2 MB
_SECONDS_PER_ITEM = 60.0  # a 108-megapixel picture takes about 2
# NumPy's matrix products use one thread in each worker: the workers already fill the machine, and
# threads that wait for each other cost eight times the processor time.
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h


@contextmanager
def executor_for(
    executor: Executor | None, items: int, *, few: int, seconds: float = _SECONDS_PER_ITEM
) -> Iterator[Executor]:
    """The given executor; without one, this process for up to `few` items and a pool for more.

    Starting a pool takes as long as some hundred short items take in this process.
    """
    if executor is not None:
        yield executor
    elif items <= few:
        yield InProcess()
    else:
        with ProcessPool(seconds=seconds) as pool:
            yield pool


class ProcessPool:
    """An executor of `workers` spawned processes, by default one per processor.

    Use it as a context manager. A process that takes longer than `seconds` over one item is killed.
    """

    def __init__(self, workers: int = 0, *, seconds: float = _SECONDS_PER_ITEM) -> None:
        self._workers = workers or cpu_count()
        self._user_chose_threads = _BLAS_THREADS in os.environ
        os.environ.setdefault(_BLAS_THREADS, "1")
        self._seconds = seconds
        self._pool = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(wait=error is None, cancel_futures=True)
        if not self._user_chose_threads:
            os.environ.pop(_BLAS_THREADS, None)

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result | Crashed]:
        """Yield the result of each item in order; at most two chunks per worker are in progress."""
        remaining = iter(items)
        in_progress: deque[tuple[tuple[Item, ...], Future[list[Result]]]] = deque()
        exhausted = False
        while in_progress or not exhausted:
            while not exhausted and len(in_progress) < 2 * self._workers:
                chunk = tuple(islice(remaining, _CHUNK_ITEMS))
                exhausted = not chunk
                if chunk:
                    in_progress.append((chunk, self._submit(function, chunk)))
            if in_progress:
                try:
                    results = in_progress[0][1].result()
                except BrokenProcessPool:
                    lost = [chunk for chunk, _ in in_progress]
                    in_progress.clear()
                    yield from self._one_by_one(function, [i for chunk in lost for i in chunk])
                else:
                    in_progress.popleft()
                    yield from results

    def _submit(
        self, function: Callable[[Item], Result], chunk: tuple[Item, ...]
    ) -> "Future[list[Result]]":
        try:
            return self._pool.submit(_run, function, chunk, self._seconds)
        # An earlier chunk has just killed a process; if another process was starting, its pipes
        # were closed. Whatever else keeps processes from starting is reported by `_restart`.
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
        # A process that was starting when another one broke the pool never gets the signal to
        # stop, and `shutdown` would wait for it forever.
        for process in list((self._pool._processes or {}).values()):
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._start()
        try:
            self._pool.submit(os.getpid).result()
        except BrokenProcessPool:
            raise FrametraceError(
                "worker processes end as soon as they start: is there enough memory? Try again "
                "with --workers 1"
            ) from None

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_prepare_worker)


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    _reuse_freed_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _reuse_freed_memory() -> None:
    """Have the C library keep the memory of a decoded picture for the next one, if it can.

    Returning it to the system and faulting it in again takes a third of a worker's processor time.
    """
    try:
        libc = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return
    if hasattr(libc, "mallopt"):  # glibc
        libc.mallopt(_TRIM_THRESHOLD, 128 * 2**20)
        libc.mallopt(_MMAP_THRESHOLD, 32 * 2**20)


def _end_with_parent() -> None:
    """End this worker when its parent is killed: nobody would send more work, or stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run(function: Callable[[Item], Result], items: Sequence[Item], seconds: float) -> list[Result]:
    with _time_limit(seconds) as restart:
        results = []
        for item in items:
            restart()
            results.append(function(item))
        return results


@contextmanager
def _time_limit(seconds: float) -> Iterator[Callable[[], object]]:
    """Kill this process unless the function it yields is called again within `seconds`.

    Both ways work while C code holds Python's lock: the default action of SIGALRM, and on systems
    without it (Windows) the watchdog of `faulthandler`, a thread in C.
    """
    set_timer = getattr(signal, "setitimer", None)
    if set_timer is not None:
        real_time = getattr(signal, "ITIMER_REAL", 0)
        try:
            yield partial(set_timer, real_time, seconds)
        finally:
            set_timer(real_time, 0)
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        try:
            yield partial(faulthandler.dump_traceback_later, seconds, exit=True, file=nowhere)
        finally:
            faulthandler.cancel_dump_traceback_later()
