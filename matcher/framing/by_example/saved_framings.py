"""Named framings: CASE/framings/NAME.json, a framing by example each.

A file holds posts by their keys and pictures and texts by their values, so that what was named need
not stay. It may come from anybody who gave the case away: it is read as hostile input. Who changes
one holds the folder's lock, and it takes its place in one step.
"""

import hashlib
import json
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from frametrace.case.files import link_file, to_json, write_atomically
from frametrace.case.locks import writer_lock
from frametrace.case.store import Case
from frametrace.matcher.framing.by_example.examples import Framing
from frametrace.matcher.framing.by_example.framing_json import framing_of, json_of
from frametrace.posts.errors import CaseError, UsageError

__all__ = [
    "MOST_NAMED",
    "changing",
    "checked_name",
    "delete",
    "digests_of",
    "load",
    "names_in",
    "save",
    "share_framings",
]

MOST_NAMED = 1000  # framings of a case that are read
_FOLDER = "framings"
_MOST_OF_NAME = 64  # characters
_MOST_OF_NAME_BYTES = 200  # in UTF-8; file names have 255, of which a temporary one adds 19
_MOST_BYTES = 1 << 25  # of a file: 200 pictures and as many of the longest texts have half of it
_MARKS = ("Mn", "Mc")  # of Unicode: vowels and tones that are written on letters
# Whatever comes after the dot: learn.microsoft.com/windows/win32/fileio/naming-a-file
_OF_WINDOWS = re.compile("con|prn|aux|nul|(com|lpt)[1-9¹²³]", re.IGNORECASE)


class _NoObject(ValueError):
    """A file holds JSON, but no object."""


def checked_name(name: str) -> str:
    """A name as it is kept. Raises `UsageError` where it is none.

    Letters and digits of any script, `-` and `_`: a safe file name on every system.
    """
    kept = unicodedata.normalize("NFC", name.strip())
    if not kept[:1].isalnum() or not all(map(_is_of_names, kept)) or len(kept) > _MOST_OF_NAME:
        raise UsageError(
            f"{name[:80]!r} is no name for a framing: use up to {_MOST_OF_NAME} letters, digits, - "
            "and _, and begin with a letter or a digit"
        )
    if (size := len(kept.encode())) > _MOST_OF_NAME_BYTES:
        raise UsageError(
            f"{kept!r} is no name for a framing: it has {size} bytes in UTF-8, use up to "
            f"{_MOST_OF_NAME_BYTES}"
        )
    if _OF_WINDOWS.fullmatch(kept):
        raise UsageError(
            f"{kept!r} is no name for a framing: Windows calls a device so; choose another one"
        )
    return kept


def _is_of_names(character: str) -> bool:
    known = character.isalnum() or character in "-_"
    return known or unicodedata.category(character) in _MARKS


def names_in(case: Case) -> list[str]:
    """The names of a case's framings, sorted. Files that are called otherwise are none."""
    found = []
    with suppress(OSError):
        for path in (case.path / _FOLDER).glob("*.json"):
            with suppress(UsageError, UnicodeError):
                if checked_name(path.stem) == path.stem and path.is_file():
                    found.append(path.stem)
    return sorted(found)[:MOST_NAMED]


def digests_of(case: Case) -> dict[str, str]:
    """The SHA-256 digest of each framing's file."""
    found = {}
    for name in names_in(case):
        with suppress(OSError), (path := _path(case, name)).open("rb") as file:
            if path.stat().st_size <= _MOST_BYTES:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def share_framings(cases: Sequence[Case], union: Case) -> None:
    """Give a union the named framings of its cases as they are now; of one name the first counts.

    What was named in the union itself, under another name, stays.
    """
    known: set[str] = set()
    for case in cases:
        for name in set(names_in(case)) - known:
            _path(union, name).unlink(missing_ok=True)
            link_file(_path(case, name), _path(union, name))
            known.add(name)


def load(case: Case, name: str) -> Framing:
    """A framing by name.

    Raises `UsageError` where there is none, `CaseError` where its file is damaged or can't be read.
    """
    name = checked_name(name)
    path = _path(case, name)
    try:
        return framing_of(_read(path))
    except FileNotFoundError:
        known = ", ".join(names_in(case)) or "none"
        raise UsageError(
            f"{case.path} has no framing {name!r} (it has {known}): make it by naming examples, "
            f"with: frametrace framing {case.path} --name {name} --like POST"
        ) from None
    except OSError as error:
        raise CaseError(
            f"{path} can't be read: {error.strerror or error}. Mend that, its permissions for "
            "instance, then run the same command again"
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
    value = json.loads(path.read_text("utf-8"))
    if not isinstance(value, dict):
        raise _NoObject("it is no JSON object")
    return value


def _check_size(size: int) -> None:
    if size > _MOST_BYTES:
        raise ValueError(f"it has {size:,} bytes, at most {_MOST_BYTES:,} are read")


@contextmanager
def changing(case: Case) -> Iterator[None]:
    """Be the only process that changes a case's framings. Raises `CaseLocked` otherwise."""
    folder = case.path / _FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise CaseError(
            f"{folder} can't be made: {error.strerror or error}. Make room or mend the "
            "permissions, then run the same command again"
        ) from None
    with writer_lock(folder):
        yield


def save(case: Case, name: str, framing: Framing) -> None:
    """Keep a framing under a name; to be called while `changing`.

    Raises `UsageError` where it could not be read again, and where another one is called so but for
    capitals: some systems would take them for one file.
    """
    name = checked_name(name)
    text = _text_of(name, framing)
    known = names_in(case)
    alike = [other for other in known if other != name and other.casefold() == name.casefold()]
    if alike:
        raise UsageError(f"{alike[0]!r} is a framing of the case: call this one by another name")
    if name not in known and len(known) >= MOST_NAMED:
        raise UsageError(f"the case has {MOST_NAMED:,} framings: delete one of them first")
    write_atomically(_path(case, name), text)


def _text_of(name: str, framing: Framing) -> str:
    """What a framing's file holds. Raises `UsageError` where it could not be read again."""
    content = json_of(framing)
    try:
        framing_of(content)
        text = to_json(content)
        _check_size(len(text.encode()))
    except ValueError as error:
        raise UsageError(
            f"the framing {name!r} can't be kept, for it could not be read again: {error}. Leave "
            "that example out, or ask without --name"
        ) from None
    return text


def delete(case: Case, name: str) -> None:
    """Delete a framing, damaged or not; to be called while `changing`.

    Raises `UsageError` where there is none of that name.
    """
    path = _path(case, checked_name(name))
    try:
        path.unlink()
    except FileNotFoundError:
        known = ", ".join(names_in(case)) or "none"
        raise UsageError(f"{case.path} has no framing {name!r}; it has: {known}") from None
    except OSError as error:
        raise CaseError(f"{path} can't be deleted: {error.strerror or error}") from None


def _path(case: Case, name: str) -> Path:
    return case.path / _FOLDER / f"{name}.json"
