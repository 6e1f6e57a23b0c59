"""Records that a JSON document keeps by their ids: `{"117": {"text": …}, "118": {"text": …}}`.

That is an object with two members or more, all of them objects alike, whose names look like ids.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from frametrace.posts.layouts.json_lists import NOT_AN_OBJECT, members_at

__all__ = ["KEY_COLUMN", "keyed_paths", "keyed_paths_in_value", "keyed_records_at"]

KEY_COLUMN = "key"  # the column that a record's name becomes

_LOOKED_AT = 20  # members of an object
_DEEPEST = 2  # objects around one
_MOST = 10  # objects that are looked at in a long document
_LONGEST = 300  # characters of an id, which may be a link
_MOSTLY = 0.8  # of the records have each of the names that they share

_Pieces = AbstractContextManager[Iterator[str]]
_Members = Sequence[tuple[str, Any]]


def keyed_records_at(pieces: Iterable[str], path: str) -> Iterator[dict[str, Any] | str]:
    """The records of the object at `path`, each with its id as `key`, or why one can't be had."""
    for name, found in members_at(pieces, path):
        yield {KEY_COLUMN: name, **found} if isinstance(found, dict) else found


def keyed_paths_in_value(value: dict[str, Any], path: str = "") -> list[str]:
    """The paths of all objects in a value, or of itself, that hold records by their ids."""
    members = list(islice(value.items(), _LOOKED_AT))
    if _are_records(members):
        return [path]
    if path.count(".") >= _DEEPEST - 1 and path:
        return []
    return [
        found
        for name, each in members
        if isinstance(each, dict)
        for found in keyed_paths_in_value(each, f"{path}.{name}" if path else name)
    ]


def keyed_paths(pieces: Callable[[], _Pieces]) -> list[str]:
    """The same of a document that is too long to be decoded; `pieces` opens it anew."""
    found: list[str] = []
    waiting = [""]
    for _ in range(_MOST):
        if not waiting:
            break
        path = waiting.pop(0)
        members: list[tuple[str, Any]] = []
        try:
            with pieces() as opened:
                for name, each in islice(members_at(opened, path), _LOOKED_AT):
                    names = dict.fromkeys(each) if isinstance(each, dict) else each
                    members.append((name, names))
        except ValueError:
            pass  # what comes before is enough
        if _are_records(members):
            found.append(path)
        elif not path or path.count(".") < _DEEPEST - 1:
            inside = (name for name, each in members if each != NOT_AN_OBJECT)
            waiting += (f"{path}.{name}" if path else name for name in inside)
    return found


def _are_records(members: _Members) -> bool:
    """Whether members of an object are records by their ids."""
    if len(members) < 2 or not all(each and isinstance(each, dict) for _, each in members):
        return False
    keys = [name for name, _ in members]
    if any(len(key) > _LONGEST or key.split() != [key] for key in keys):
        return False
    if 2 * sum(any(map(str.isdigit, key)) for key in keys) < len(keys):
        return False  # words, such as names of settings
    names = Counter(name for _, each in members for name in each)
    shared = sum(count >= _MOSTLY * len(members) for count in names.values())
    return shared >= 2 and 2 * shared * len(members) >= names.total()
