"""Writes and reads small JSON files that carry a checksum of their content."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xxhash

from frametrace.case.atomic_files import when_free, write_atomically
from frametrace.posts.errors import CaseError

__all__ = ["parse_json", "read_json", "sealed_json", "to_json", "write_json"]

_CHECKSUM = "checksum"


class _NotAnObject(ValueError):
    """A text is JSON, but not an object."""


def to_json(value: object) -> str:
    """The value as indented JSON with sorted keys: the same value gives the same text."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def sealed_json(value: Mapping[str, Any]) -> str:
    """The text of an object that `parse_json` verifies: it has the member `checksum` as well."""
    return to_json({**value, _CHECKSUM: _checksum(value)})


def parse_json(text: str) -> dict[str, Any]:
    """The object in a text, without its checksum. Raises `ValueError` if they don't agree.

    A text without a checksum is taken as it is: versions before 0.9 wrote none.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise _NotAnObject("it doesn't hold a JSON object")
    checksum = value.pop(_CHECKSUM, None)
    if checksum not in (None, _checksum(value)):
        raise ValueError(
            "its content doesn't have its checksum; if you changed it, delete the checksum"
        )
    return value


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object with its checksum. Raises `CaseError` if it can't be written."""
    write_atomically(path, sealed_json(value))


def read_json(path: Path) -> dict[str, Any]:
    """Read an object. Raises `CaseError` if the file is missing or damaged."""
    try:
        return parse_json(when_free(lambda: path.read_text("utf-8")))
    except FileNotFoundError:
        raise CaseError(f"{path} is missing: restore it from a copy of the case") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CaseError(f"{path} can't be read ({error}): restore it from a copy") from None


def _checksum(value: Mapping[str, Any]) -> str:
    return xxhash.xxh3_64(to_json(value).encode()).hexdigest()
