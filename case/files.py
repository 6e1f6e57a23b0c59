"""Writing files so that a crash loses nothing and a reader never sees one half written."""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from frametrace.posts.errors import CaseError, CaseLocked

__all__ = [
    "TEMPORARY",
    "holding",
    "link_file",
    "read_json",
    "replacing",
    "to_json",
    "write_atomically",
]

TEMPORARY = ".*.tmp"  # what a killed process can leave of a file that it was writing


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, and a crash loses neither.

    Raises `CaseError` where it can't be written, and leaves the old content.
    """
    with replacing(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to; it is flushed to disk and takes its place when the block ends well.

    Raises `CaseError` where it can't be written, and leaves nothing behind.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise CaseError(f"{path} can't be written: it is a device, not a file")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def link_file(file: Path, link: Path) -> None:
    """Give a file that never changes a second name; one that is there already stays.

    A hard link, so that the content stays when the first name goes; on another disk a symbolic one.
    Raises `CaseError` where the file is gone, or where neither can be made.
    """
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        file.stat()
        try:
            link.hardlink_to(file)
        except FileExistsError:
            return
        except FileNotFoundError:
            raise
        except OSError:
            link.symlink_to(file.resolve())
    except FileNotFoundError:
        raise CaseError(
            f"{file} is gone: the case changed meanwhile, or is damaged. Run the same command again"
        ) from None
    except OSError as error:
        raise _unwritable(link, error) from None


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Be the only process that writes to a folder; the lock goes with the process, however it ends.

    Raises `CaseLocked` where another one holds it.
    """
    path = folder / ".lock"
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(path.open("ab+", buffering=0))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
        except BlockingIOError:
            lock.seek(0)
            raise CaseLocked(
                f"process {lock.read().decode() or 'unknown'} is writing to {folder}; wait until "
                "it ends, then run the same command again"
            ) from None
        except OSError as error:
            raise _unwritable(path, error) from None
        yield


def _unwritable(path: Path, error: OSError) -> CaseError:
    return CaseError(
        f"{path} can't be written: {error.strerror or error}. Make room or mend the permissions, "
        "then run the same command again; nothing is lost"
    )


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def to_json(value: object) -> str:
    """The value as indented JSON with sorted keys: the same value gives the same text."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises `CaseError` where the file is missing, damaged or no object."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CaseError(f"{path} is missing: restore it from a copy of the case") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CaseError(f"{path} can't be read ({error}): restore it from a copy") from None
    if not isinstance(value, dict):
        raise CaseError(f"{path} holds no JSON object: restore it from a copy of the case")
    return value
