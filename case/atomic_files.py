"""Writes files atomically: a crash loses nothing, and a reader never sees half a file."""

import glob
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from frametrace.posts.errors import CaseError

__all__ = [
    "TEMPORARY",
    "delete_unused",
    "flush",
    "link_file",
    "make_folder",
    "replace_folder",
    "replacing",
    "replacing_output",
    "reserve_space",
    "sweep",
    "when_free",
    "write_atomically",
    "write_failed",
    "write_secret",
]

TEMPORARY = ".*.tmp"  # files that a killed process may leave half written
_RANDOM = 8  # hexadecimal digits in the name of a temporary file
_IS_WINDOWS = os.name == "nt"
# Windows refuses to replace or delete a file that another process has open. Seconds to wait before
# each further attempt, 3 in all: virus scanners and readers are done by then.
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5) if _IS_WINDOWS else ()
_ZEROS = bytes(2**20)
_OWNER_ONLY = 0o600

Value = TypeVar("Value")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, and a crash loses neither.

    Raises `CaseError` if it can't be written, and leaves the old content.
    """
    with replacing(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that nobody but its owner can read (mode 0600).

    Raises `CaseError` if it can't be written or there is one: a secret is never overwritten.
    """
    with _temporary(path) as temporary:
        with open(temporary, "wb", opener=_for_owner) as file:
            file.write(content)
            _flush_open(file)
        try:
            path.hardlink_to(temporary)  # unlike a rename, never replaces a file
        except FileExistsError:
            raise CaseError(f"{path} exists: it is not overwritten; name another file") from None
        except OSError:  # a disk without hard links
            temporary.rename(path)
        _flush_folder(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to; when the block succeeds, it is flushed to disk and replaces `path`.

    Raises `CaseError` if it can't be written, and leaves nothing behind.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise CaseError(f"{path} can't be written: it is a device, not a file")
    with _temporary(path) as temporary:
        with temporary.open("wb") as file:
            yield file
            _flush_open(file)
        when_free(lambda: temporary.replace(path))
        _flush_folder(path.parent)


@contextmanager
def replacing_output(path: Path) -> Iterator[IO[bytes]]:
    """Like `replacing`, for a file outside of cases, beside which nothing else deletes leftovers.

    What a killed process left half written beside `path` is deleted first; what another process
    is writing there stays.
    """
    digits = "[0-9a-f]" * _RANDOM
    for left in filter(Path.is_file, path.parent.glob(f".{glob.escape(path.name)}.{digits}.tmp")):
        _delete_unless_in_use(left)
    with replacing(path) as file:
        if not _IS_WINDOWS:
            _lock_alone(file)
        yield file


def _lock_alone(file: IO[bytes]) -> bool:
    """Lock a file, unless another process has, or the disk has no locks; returns whether it is."""
    from portalocker import LockException, LockFlags, lock

    try:
        lock(file, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
    except LockException:
        return False
    return True


def _delete_unless_in_use(file: Path) -> None:
    with suppress(OSError):
        if _IS_WINDOWS:  # doesn't delete a file that is open
            file.unlink()
            return
        with file.open("r+b") as opened:
            if _lock_alone(opened):
                file.unlink()


def replace_folder(new: Path, folder: Path) -> None:
    """Move a finished folder to a path, and replace a folder that is there. Raises `OSError`."""

    def replace() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)

    when_free(replace)


def link_file(file: Path, link: Path) -> None:
    """Give a file that never changes a second name; an existing one stays as it is.

    A hard link, so that the content stays when the first name is deleted; on another disk a
    symbolic link; if neither can be made, a copy. Raises `CaseError` if the file is gone or
    the link can't be written.
    """
    try:
        make_folder(link.parent)
        file.stat()
        try:
            link.hardlink_to(file)
        except FileExistsError:
            return
        except FileNotFoundError:
            raise
        except OSError:
            _link_or_copy(file, link)
        _flush_folder(link.parent)
    except FileNotFoundError:
        raise CaseError(
            f"{file} is gone: the case changed meanwhile, or is damaged. Run the same command again"
        ) from None
    except OSError as error:
        raise write_failed(link, error) from None


def _link_or_copy(file: Path, link: Path) -> None:
    try:
        link.symlink_to(file.resolve())
    except OSError:  # Windows lets few users make one
        with file.open("rb") as source, replacing(link) as copy:
            shutil.copyfileobj(source, copy)


def when_free(action: Callable[[], Value]) -> Value:
    """Do something with a file; on Windows, retry for 3 seconds while another process has it open.

    Raises what the last attempt raised.
    """
    for pause in _PAUSES:
        try:
            return action()
        except (PermissionError, FileExistsError):
            time.sleep(pause)
    return action()


def delete_unused(file: Path) -> None:
    """Delete a file; one that Windows won't delete because it is open stays until next time."""
    try:
        file.unlink()
    except PermissionError:
        if not _IS_WINDOWS:
            raise


def sweep(folder: Path) -> None:
    """Delete what a killed process left half written; the caller holds the folder's lock."""
    for file in folder.glob(TEMPORARY):
        delete_unused(file)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they are still there after a power failure.

    Raises `OSError`.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush_folder(folder.parent)


def reserve_space(file: IO[bytes], size: int) -> None:
    """Take `size` bytes of disk space after what was written, and leave them zero.

    Raises `OSError` if the disk is full. If the system has no call for it (macOS, Windows),
    zeros are written.
    """
    file.flush()
    if allocate := getattr(os, "posix_fallocate", None):
        allocate(file.fileno(), file.tell(), size)
        return
    for start in range(0, size, len(_ZEROS)):
        file.write(_ZEROS[: size - start])


def flush(path: Path) -> None:
    """Flush a written file to disk. Raises `CaseError` if that fails."""
    try:
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise write_failed(path, error) from None


def write_failed(path: Path, error: OSError) -> CaseError:
    """The error that says why a file or folder of the case can't be written, and what to do."""
    in_use = _IS_WINDOWS and isinstance(error, PermissionError | FileExistsError)
    advice = "Close the programs that use it" if in_use else "Make room or fix the permissions"
    return CaseError(
        f"{path} can't be written: {error.strerror or error}. {advice}, then run the same command "
        "again; nothing is lost"
    )


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """The name of a file beside `path`, which is deleted unless the block moves it."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:_RANDOM]}.tmp")
    try:
        make_folder(path.parent)
        yield temporary
    except OSError as error:
        raise write_failed(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)


def _flush_open(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if _IS_WINDOWS:  # can't open folders, and flushes their entries itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
