"""Runs parts of work in a pool of processes, which may crash or hang, and isolates the culprits.

A codec that meets hostile input can crash its whole process or never return. So items are sent in
chunks; when a process dies, the items in progress are tried again one at a time, and an item that
kills its process again yields `Crashed`. Every other item gets its result.

A process can also be ended from outside: by the system when memory is short, or by a person. How it
ended tells the two apart. Then there are half as many processes and smaller chunks until the end of
the call, and only an item whose process is ended several times in a row yields `Crashed`.
"""

import ctypes
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import wait
from typing import Self, TypeVar

from frametrace.posts.errors import FrametraceError
from frametrace.work.cpus import cpu_count
from frametrace.work.executor import Crashed, Executor, InProcess
from frametrace.work.time_limit import time_limit

__all__ = ["ProcessPool", "executor_for"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK_ITEMS = 16  # one chunk of decoded model inputs is then some 2 MB
_SECONDS_PER_ITEM = 60.0  # a 108-megapixel picture takes about 2
# NumPy's matrix products use one thread in each worker: the workers already fill the machine, and
# threads that wait for each other cost eight times the processor time.
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h


_ATTEMPTS = 3  # for an item whose process is ended from outside, and for starting processes
_MAX_ENDED_IN_A_ROW = 8  # items; then it is the machine
_ENDED_ADVICE = (
    "worker processes end as soon as they start or work: is there enough memory? Close other "
    "programs, then run the same command again, with --workers 1 if it has that option"
)
_SIGKILL: int = getattr(signal, "SIGKILL", 9)
_SIGTERM = signal.SIGTERM


@dataclass(frozen=True, slots=True)
class _Load:
    """How much is in progress: processes, and items in a chunk."""

    workers: int
    chunk: int

    def halved(self) -> "_Load":
        return _Load(max(1, self.workers // 2), max(1, self.chunk // 2))


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

    Use it as a context manager. A process that takes longer than `seconds` over one item is killed;
    the function may allow an item more (`time_limit.allow_seconds`).
    """

    def __init__(self, workers: int = 0, *, seconds: float = _SECONDS_PER_ITEM) -> None:
        self._workers = workers or cpu_count()
        self._user_chose_threads = _BLAS_THREADS in os.environ
        os.environ.setdefault(_BLAS_THREADS, "1")
        self._seconds = seconds
        self._load = _Load(self._workers, _CHUNK_ITEMS)
        self._pool = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:  # nobody waits for what is in progress
            self._kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if not self._user_chose_threads:
            os.environ.pop(_BLAS_THREADS, None)

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[Result | Crashed]:
        """Yield the result of each item in order; at most two chunks per worker are in progress.

        Raises `FrametraceError` if processes are ended from outside so often that no item is done.
        """
        full = _Load(self._workers, _CHUNK_ITEMS)
        if self._load != full:
            self._load = full
            self._restart()
        remaining = iter(items)
        in_progress: deque[tuple[tuple[Item, ...], Future[list[Result]]]] = deque()
        exhausted = False
        while in_progress or not exhausted:
            while not exhausted and len(in_progress) < 2 * self._load.workers:
                chunk = tuple(islice(remaining, self._load.chunk))
                exhausted = not chunk
                if chunk:
                    in_progress.append((chunk, self._submit(function, chunk)))
            if in_progress:
                try:
                    results = in_progress[0][1].result()
                except BrokenProcessPool:
                    lost = [item for chunk, _ in in_progress for item in chunk]
                    in_progress.clear()
                    if self._ended_by_system():
                        self._load = self._load.halved()
                    yield from self._one_by_one(function, lost)
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
        """Each item's result, with no other item in progress."""
        self._restart()
        failed_in_a_row = 0
        for item in items:
            result = self._alone(function, item)
            yield result
            ended = isinstance(result, Crashed) and result.by_system
            failed_in_a_row = failed_in_a_row + 1 if ended else 0
            if failed_in_a_row == _MAX_ENDED_IN_A_ROW:
                raise FrametraceError(_ENDED_ADVICE)

    def _alone(self, function: Callable[[Item], Result], item: Item) -> Result | Crashed:
        """An item's result; it is tried again when its process was ended from outside."""
        for _ in range(_ATTEMPTS):
            try:
                return self._submit(function, (item,)).result()[0]
            except BrokenProcessPool:
                by_system = self._ended_by_system()
                self._restart()
                if not by_system:
                    return Crashed(
                        f"its decoder crashed, or took more than {self._seconds:g} seconds "
                        "(more for a long video)"
                    )
        return Crashed("the system ended its worker, most often for lack of memory", by_system=True)

    def _ended_by_system(self) -> bool:
        """Whether the process that broke the pool was ended from outside.

        The pool then ends the others with SIGTERM, which so counts only where nothing else does.
        """
        processes = list((self._pool._processes or {}).values())
        for _ in range(100):  # the pool collects how they ended in another thread
            codes = {process.exitcode for process in processes} - {None, 0}
            if codes - {-_SIGTERM}:
                break
            time.sleep(0.01)
        return bool(codes) and codes <= {-_SIGTERM, -_SIGKILL}

    def _restart(self) -> None:
        for _ in range(_ATTEMPTS):
            # A process that was starting when another one broke the pool never gets the signal to
            # stop, and `shutdown` would wait for it forever.
            self._kill()
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = self._start()
            try:
                self._pool.submit(os.getpid).result()
            except BrokenProcessPool:
                continue
            return
        raise FrametraceError(_ENDED_ADVICE)

    def _kill(self) -> None:
        for process in list((self._pool._processes or {}).values()):
            process.kill()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._load.workers, mp_context=context, initializer=_prepare_worker
        )


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
    with time_limit(seconds) as restart:
        results = []
        for item in items:
            restart()
            results.append(function(item))
        return results
