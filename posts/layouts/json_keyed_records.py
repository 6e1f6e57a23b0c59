"""Finds records that a JSON document stores by id: `{"117": {"text": …}, "118": {"text": …}}`.

Such an object has two or more members, all of them similar objects, whose names look like ids.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from frametrace.posts.layouts.json_lists import NOT_AN_OBJECT, members_at

__all__ = ["KEY_COLUMN", "keyed_paths", "keyed_paths_in_value", "keyed_records_at"]

KEY_COLUMN = "key"  # the column for the name of a record

_MAX_MEMBERS = 20  # of an object that are examined
_MAX_DEPTH = 2  # objects around the records
_MAX_OBJECTS = 10  # of a long document that are examined
_MAX_ID = 300  # characters of an id, which may be a link
_MIN_SHARE = 0.8  # of the records that have a name, for it to count as shared

_Chunks = AbstractContextManager[Iterator[str]]
_Members = Sequence[tuple[str, Any]]


def keyed_records_at(chunks: Iterable[str], path: str) -> Iterator[dict[str, Any] | str]:
    """Yield the records of the object at `path`, each with its id as `key`, or the reason."""
    for name, record in members_at(chunks, path):
        yield {KEY_COLUMN: name, **record} if isinstance(record, dict) else record


def keyed_paths_in_value(value: dict[str, Any], path: str = "") -> list[str]:
    """The paths of the objects in a value (or of the value itself) that hold records by id."""
    members = list(islice(value.items(), _MAX_MEMBERS))
    if _are_records(members):
        return [path]
    if path.count(".") >= _MAX_DEPTH - 1 and path:
        return []
    return [
        inner
        for name, member in members
        if isinstance(member, dict)
        for inner in keyed_paths_in_value(member, f"{path}.{name}" if path else name)
    ]


def keyed_paths(chunks: Callable[[], _Chunks]) -> list[str]:
    """The same for a document that is too long to be decoded; `chunks` opens it again."""
    paths: list[str] = []
    waiting = [""]
    for _ in range(_MAX_OBJECTS):
        if not waiting:
            break
        path = waiting.pop(0)
        members: list[tuple[str, Any]] = []
        try:
            with chunks() as opened:
                for name, member in islice(members_at(opened, path), _MAX_MEMBERS):
                    names = dict.fromkeys(member) if isinstance(member, dict) else member
                    members.append((name, names))
        except ValueError:
            pass  # the members before the error are enough
        if _are_records(members):
            paths.append(path)
        elif not path or path.count(".") < _MAX_DEPTH - 1:
            inside = (name for name, member in members if member != NOT_AN_OBJECT)
            waiting += (f"{path}.{name}" if path else name for name in inside)
    return paths


def _are_records(members: _Members) -> bool:
    """Whether the members of an object are records stored by id."""
    if len(members) < 2 or not all(member and isinstance(member, dict) for _, member in members):
        return False
    keys = [name for name, _ in members]
    if any(len(key) > _MAX_ID or key.split() != [key] for key in keys):
        return False
    if 2 * sum(any(map(str.isdigit, key)) for key in keys) < len(keys):
        return False  # words, such as names of settings
    names = Counter(name for _, member in members for name in member)
    shared = sum(count >= _MIN_SHARE * len(members) for count in names.values())
    return shared >= 2 and 2 * shared * len(members) >= names.total()
