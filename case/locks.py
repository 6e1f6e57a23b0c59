"""Locks a case: one writer at a time, one comparison at a time, many readers.

A lock is a file `.lock` in the folder that it protects. The system releases it when the process
that holds it ends, however it ends.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from frametrace.case.atomic_files import write_failed
from frametrace.posts.errors import CaseLocked
from frametrace.work.progress import Progress

__all__ = [
    "comparison_folder",
    "comparison_lock",
    "exclusive_lock",
    "output_lock",
    "shared_lock",
    "writer_lock",
]

_FILE = ".lock"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Be the only process that writes to a folder; the lock file names the process.

    Raises `CaseLocked` if another process holds the lock, `CaseError` if the lock file can't
    be written.
    """
    path = folder / _FILE
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("ab+", buffering=0))
            stack.enter_context(_locked(file, wait=False))
            file.truncate(0)
            file.write(str(os.getpid()).encode())
        except BlockingIOError:
            raise CaseLocked(
                f"{_holder(file)} is writing to {folder}; wait until it ends, then run the same "
                "command again"
            ) from None
        except OSError as error:
            raise write_failed(path, error) from None
        yield


@contextmanager
def exclusive_lock(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder's lock alone, after waiting for the processes that hold it.

    Makes the folder if need be. Without `wait`, raises `BlockingIOError` if another process
    holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _FILE).open("ab") as file, _locked(file, wait=wait):
        yield


@contextmanager
def shared_lock(folder: Path) -> Iterator[None]:
    """Keep processes from holding a folder's `exclusive_lock`; others may share the lock.

    If the lock file can't be opened, as in a read-only folder, nothing is locked: no process can
    change such a folder.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            file = stack.enter_context((folder / _FILE).open("rb"))
            stack.enter_context(_locked(file, shared=True))
        yield


@contextmanager
def output_lock(folder: Path) -> Iterator[None]:
    """Hold a folder's lock alone and leave no lock file, for folders that users pass on."""
    path = folder / _FILE
    while True:
        with path.open("ab") as file, _locked(file):
            # Whoever held the lock before may have deleted the file that was just locked.
            if not _is_at(file, path):
                continue
            try:
                yield
            finally:
                with suppress(OSError):
                    path.unlink()
        with suppress(OSError):
            if os.name == "nt":  # Windows can't delete an open file
                path.unlink()
        return


def comparison_folder(index: Path) -> Path:
    """The folder whose lock is held while the pictures of an index are compared.

    Whoever deletes indexes holds it too.
    """
    return index.parent.parent


@contextmanager
def comparison_lock(index: Path, progress: Progress) -> Iterator[None]:
    """Be the only process that compares the case's pictures; others wait and reuse the results."""
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive_lock(comparison_folder(index), wait=False))
        except BlockingIOError:
            progress.note("another process is comparing this case's pictures: waiting for it")
            stack.enter_context(exclusive_lock(comparison_folder(index)))
        yield


@contextmanager
def _locked(file: IO[bytes], *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Raises `BlockingIOError` without `wait`, and `OSError` if files can't be locked."""
    import portalocker
    from portalocker import LockFlags

    flags = LockFlags.SHARED if shared else LockFlags.EXCLUSIVE
    if not wait:
        flags |= LockFlags.NON_BLOCKING
    while True:
        try:
            portalocker.lock(file, flags)
            break
        except portalocker.AlreadyLocked:  # with `wait`: Windows gives up after 10 seconds
            if not wait:
                raise BlockingIOError from None
        except portalocker.LockException as error:
            cause = error.__cause__
            raise cause if isinstance(cause, OSError) else OSError(str(error)) from None
    try:
        yield
    finally:
        portalocker.unlock(file)


def _holder(file: IO[bytes]) -> str:
    try:
        file.seek(0)
        return f"process {file.read().decode() or 'unknown'}"
    except (OSError, ValueError):  # on Windows, a locked file can't be read
        return "another process"


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
