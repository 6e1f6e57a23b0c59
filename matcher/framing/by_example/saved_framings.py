"""Saves and loads named framings: one file CASE/framings/NAME.json for each framing by example.

A file has posts by their keys, and pictures and texts by their values, so that the originals are
not needed later. It may come with a case from anyone, so it is read as hostile input. A process
that changes a framing holds the folder's lock, and writes the file atomically.
"""

import hashlib
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from frametrace.case.atomic_files import link_file, write_atomically
from frametrace.case.json_files import parse_json, sealed_json
from frametrace.case.locks import writer_lock
from frametrace.case.store import Case
from frametrace.matcher.framing.by_example.examples import Framing
from frametrace.matcher.framing.by_example.framing_json import framing_from_json, framing_to_json
from frametrace.posts.errors import CaseError, UsageError

__all__ = [
    "checked_framing_name",
    "delete_framing",
    "framing_digests",
    "framing_names",
    "framings_lock",
    "load_framing",
    "save_framing",
    "share_framings",
]

_MAX_SAVED_FRAMINGS = 1000  # of a case; further files are ignored
_FOLDER = "framings"
_MAX_NAME_CHARS = 64
_MAX_NAME_BYTES = 200  # in UTF-8; file names may have 255, and a temporary name adds 19
_MAX_FILE_BYTES = 1 << 25  # twice the size of 200 pictures and 200 texts of the greatest length
_MARKS = ("Mn", "Mc")  # Unicode categories: vowels and tones that are written on letters
# Reserved whatever the suffix: learn.microsoft.com/windows/win32/fileio/naming-a-file
_WINDOWS_DEVICES = re.compile("con|prn|aux|nul|(com|lpt)[1-9¹²³]", re.IGNORECASE)


def checked_framing_name(name: str) -> str:
    """A name in the form in which it is saved. Raises `UsageError` if it is not valid.

    Letters and digits of any script, `-` and `_`: a safe file name on every system.
    """
    normal = unicodedata.normalize("NFC", name.strip())
    valid = normal[:1].isalnum() and all(map(_is_name_character, normal))
    if not valid or len(normal) > _MAX_NAME_CHARS:
        raise UsageError(
            f"{name[:80]!r} is not a valid framing name: use up to {_MAX_NAME_CHARS} letters, "
            "digits, - and _, and begin with a letter or a digit"
        )
    if (size := len(normal.encode())) > _MAX_NAME_BYTES:
        raise UsageError(
            f"{normal!r} is not a valid framing name: it has {size} bytes in UTF-8, use up to "
            f"{_MAX_NAME_BYTES}"
        )
    if _WINDOWS_DEVICES.fullmatch(normal):
        raise UsageError(
            f"{normal!r} is not a valid framing name: Windows reserves it for a device; choose "
            "another"
        )
    return normal


def _is_name_character(character: str) -> bool:
    plain = character.isalnum() or character in "-_"
    return plain or unicodedata.category(character) in _MARKS


def framing_names(case: Case) -> list[str]:
    """The names of a case's framings, sorted; files with other names are ignored."""
    names = []
    with suppress(OSError):
        for path in (case.path / _FOLDER).glob("*.json"):
            with suppress(UsageError, UnicodeError):
                if checked_framing_name(path.stem) == path.stem and path.is_file():
                    names.append(path.stem)
    return sorted(names)[:_MAX_SAVED_FRAMINGS]


def framing_digests(case: Case) -> dict[str, str]:
    """The SHA-256 digest of each framing's file."""
    digests = {}
    for name in framing_names(case):
        with suppress(OSError), (path := _path(case, name)).open("rb") as file:
            if path.stat().st_size <= _MAX_FILE_BYTES:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def share_framings(cases: Sequence[Case], union: Case) -> None:
    """Copy the named framings of a union's cases into the union; of equal names, the first is used.

    Framings that were named in the union itself, under other names, are kept.
    """
    shared: set[str] = set()
    for case in cases:
        for name in set(framing_names(case)) - shared:
            _path(union, name).unlink(missing_ok=True)
            link_file(_path(case, name), _path(union, name))
            shared.add(name)


def load_framing(case: Case, name: str) -> Framing:
    """Load a framing by name.

    Raises `UsageError` if there is none, `CaseError` if its file is damaged or can't be read.
    """
    name = checked_framing_name(name)
    path = _path(case, name)
    try:
        return framing_from_json(_read(path))
    except FileNotFoundError:
        known = ", ".join(framing_names(case)) or "none"
        raise UsageError(
            f"{case.path} has no framing {name!r} (it has: {known}). To create it, name examples: "
            f"frametrace framing {case.path} --name {name} --like POST"
        ) from None
    except OSError as error:
        raise CaseError(
            f"{path} can't be read: {error.strerror or error}. Fix the file or its "
            "permissions, then run the same command again"
        ) from None
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = str(error)
    raise CaseError(
        f"{path} is damaged ({reason}): restore it from a copy of the case, or delete it with: "
        f"frametrace framing {case.path} --name {name} --delete"
    )


def _read(path: Path) -> dict[str, Any]:
    if not stat.S_ISREG((status := path.stat()).st_mode):
        raise FileNotFoundError(path)
    _check_size(status.st_size)
    return parse_json(path.read_text("utf-8"))


def _check_size(size: int) -> None:
    if size > _MAX_FILE_BYTES:
        raise ValueError(f"it has {size:,} bytes, more than {_MAX_FILE_BYTES:,}")


@contextmanager
def framings_lock(case: Case) -> Iterator[None]:
    """Hold the lock for changing a case's framings; raises `CaseLocked` if another process does."""
    folder = case.path / _FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise CaseError(
            f"{folder} can't be made: {error.strerror or error}. Make room or fix the "
            "permissions, then run the same command again"
        ) from None
    with writer_lock(folder):
        yield


def save_framing(case: Case, name: str, framing: Framing) -> None:
    """Save a framing under a name; the caller holds `framings_lock`.

    Raises `UsageError` if it could not be read back, or if the name of another framing differs only
    in capitals: on some systems both would be one file.
    """
    name = checked_framing_name(name)
    text = _file_text(name, framing)
    known = framing_names(case)
    same = [saved for saved in known if saved != name and saved.casefold() == name.casefold()]
    if same:
        raise UsageError(f"{same[0]!r} is a framing of the case: choose another name for this one")
    if name not in known and len(known) >= _MAX_SAVED_FRAMINGS:
        raise UsageError(f"the case has {_MAX_SAVED_FRAMINGS:,} framings already: delete one first")
    write_atomically(_path(case, name), text)


def _file_text(name: str, framing: Framing) -> str:
    """The text of a framing's file. Raises `UsageError` if it could not be read back."""
    content = framing_to_json(framing)
    try:
        framing_from_json(content)
        text = sealed_json(content)
        _check_size(len(text.encode()))
    except ValueError as error:
        raise UsageError(
            f"the framing {name!r} can't be saved, because it could not be read back: {error}. "
            "Leave that example out, or run the command without --name"
        ) from None
    return text


def delete_framing(case: Case, name: str) -> None:
    """Delete a framing, damaged or not; the caller holds `framings_lock`.

    Raises `UsageError` if there is none with that name.
    """
    path = _path(case, checked_framing_name(name))
    try:
        path.unlink()
    except FileNotFoundError:
        known = ", ".join(framing_names(case)) or "none"
        raise UsageError(f"{case.path} has no framing {name!r}; it has: {known}") from None
    except OSError as error:
        raise CaseError(f"{path} can't be deleted: {error.strerror or error}") from None


def _path(case: Case, name: str) -> Path:
    return case.path / _FOLDER / f"{name}.json"
