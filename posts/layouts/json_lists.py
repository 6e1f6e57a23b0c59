"""Lists of objects in JSON documents: streamed, since a document may be gigabytes.

A list of a document is an array of objects that is reached through objects alone; its path joins
their names (`data.videos`; empty where the document itself is the array). In memory is one object
of a list. Nothing else is decoded, however large or deep it is.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from frametrace.posts.sources.source import LINE_LIMIT
from frametrace.posts.values import parse_json

__all__ = ["MAX_LISTS", "NOT_AN_OBJECT", "lists_in", "members_at", "objects_at"]

NOT_AN_OBJECT = "the row is not a JSON object"
_TOO_LONG = f"the row is longer than {LINE_LIMIT:,} characters"
_TOO_DEEP = "the row is nested too deeply"

_PIECE = 2**16  # characters
_DEEPEST = 50  # objects around a list
_LONGEST = 1000  # characters of a list's path
MAX_LISTS = 1000

_SPACE = re.compile(r"[ \t\n\r]*")
# What matters for the end of an object: brackets, and strings, in which there may be some.
_BRACKETS = re.compile(
    r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+(?P<opening>[\[{]*+)(?P<closing>[\]}]*+)', re.DOTALL
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?P<end>"|\\?\Z)', re.DOTALL)
_SCALAR = re.compile(r'[^\s,:\[\]{}"]+')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_decode = json.JSONDecoder().raw_decode


def objects_at(pieces: Iterable[str], path: str | None) -> Iterator[dict[str, Any] | str]:
    """Give the objects of the list at `path`, or the reason why one can't be had.

    Without a path it gives whole documents, which may follow each other. Raises ValueError, with a
    plain reason, where the document can't be read any further.
    """
    text = _Text(iter(pieces))
    try:
        if path is None:
            while text.sign():
                yield text.item()
        else:
            yield from (found for _, found in _listed(text, path.__eq__))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the document can't be read from here on: {error}") from None


def members_at(pieces: Iterable[str], path: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Give the objects that the members of the object at `path` are, each with its member's name.

    One that is not an object, or can't be had, is the reason. Raises ValueError like `objects_at`.
    """
    text = _Text(iter(pieces))
    try:
        yield from _listed(text, lambda _: False, path)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the document can't be read from here on: {error}") from None


def lists_in(pieces: Iterable[str], enough: int) -> tuple[dict[str, list[dict[str, Any]]], bool]:
    """The lists of a document by their paths, each with the objects among its first `enough` items.

    Also whether there are more lists than these.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    seen = Counter[str]()
    too_many = False

    def wanted(path: str) -> bool:
        nonlocal too_many
        if path not in seen and len(seen) >= MAX_LISTS:
            too_many = True
            return False
        return seen[path] < enough

    try:
        for path, row in _listed(_Text(iter(pieces)), wanted):
            seen[path] += 1
            if isinstance(row, dict):
                found.setdefault(path, []).append(row)
            if path == "" and seen[path] >= enough:
                break  # the document is one array, of which that much was seen
    except (ValueError, RecursionError):
        pass  # what comes before is enough, or there is nothing to read
    return found, too_many


class _Unreadable(ValueError):
    """A value can't be decoded; where it ends can still be found."""


@dataclass(slots=True)
class _Text:
    """JSON text that comes in pieces, of which no more is held than one value needs."""

    pieces: Iterator[str]
    held: str = ""
    at: int = 0

    def more(self) -> bool:
        """Hold about twice as much of what is still to be read; False at the end."""
        parts = [self.held[self.at :]]
        wanted = max(_PIECE, min(len(parts[0]), LINE_LIMIT - len(parts[0]) + 1))
        for piece in self.pieces:
            parts.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
        self.held, self.at = "".join(parts), 0
        return len(parts) > 1

    def sign(self) -> str:
        """The next sign that isn't a space, which is left to be read; empty at the end."""
        while True:
            self.at = _SPACE.match(self.held, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.held):
                return self.held[self.at]
            if not self.more():
                return ""

    def take(self, signs: str) -> str:
        """Read one of some signs. Raises ValueError where there is another."""
        sign = self.sign()
        if not sign or sign not in signs:
            raise ValueError(f"{sign or 'its end'} stands where {' or '.join(signs)} should")
        self.at += 1
        return sign

    def value(self) -> Any:
        """Decode the next value. Raises ValueError, or RecursionError where it is too deep."""
        self.sign()
        while True:
            try:
                value, end = _decode(self.held, self.at)
            except json.JSONDecodeError as error:
                if len(self.held) - self.at > LINE_LIMIT:
                    raise _Unreadable(_TOO_LONG) from None
                if not self.more():
                    raise ValueError(error.msg) from None
            except ValueError:
                raise _Unreadable("a number in the row has too many digits") from None
            else:
                if end - self.at > LINE_LIMIT:
                    raise _Unreadable(_TOO_LONG)
                if end < len(self.held) or not isinstance(value, int | float) or not self.more():
                    return self._sound(value, end)

    def item(self) -> dict[str, Any] | str:
        """Decode the next value, or say why it can't be had. Raises ValueError at damages."""
        if self.sign() != "{":
            self.skip()
            return NOT_AN_OBJECT
        try:
            found: dict[str, Any] = self.value()
        except _Unreadable as error:
            reason = str(error)
        except RecursionError:
            reason = _TOO_DEEP
        else:
            return found
        self.skip()
        return reason

    def skip(self) -> None:
        """Read over the next value, which is not decoded. Raises ValueError at the end."""
        if (sign := self.sign()) == '"':
            self._string()
            return
        if sign and sign in "[{":
            self.at += 1
            self.leave(1)
            return
        while (found := _SCALAR.match(self.held, self.at)) and found.end() == len(self.held):
            if len(self.held) - self.at > LINE_LIMIT or not self.more():
                break
        if found is None:
            raise ValueError(f"{self.sign() or 'its end'} stands where a value should")
        self.at = found.end()

    def leave(self, depth: int) -> None:
        """Read on until so many objects and arrays are closed. Raises ValueError at the end."""
        while True:
            found = _BRACKETS.match(self.held, self.at)
            assert found is not None  # it may be empty
            depth += len(found["opening"])
            closing = len(found["closing"])
            if closing >= depth:
                self.at = found.start("closing") + depth
                return
            depth -= closing
            is_cut = found.end() == self.at and self.at < len(self.held)  # a string is
            self.at = found.end()
            if is_cut or self.at == len(self.held):
                self._read_on()

    def _string(self) -> None:
        """Read over a string. Raises ValueError where it is too long or has no end."""
        while True:
            found = _STRING.match(self.held, self.at)
            if found is not None and found["end"] == '"':
                self.at = found.end()
                return
            self._read_on()

    def _read_on(self) -> None:
        """Hold more of what begins here. Raises ValueError at the end."""
        if len(self.held) - self.at > LINE_LIMIT:
            raise ValueError(f"a text is longer than {LINE_LIMIT:,} characters")
        if not self.more():
            raise ValueError("it ends too early")

    def _sound(self, value: Any, end: int) -> Any:
        start, self.at = self.at, end
        if _SURROGATE.search(self.held, start, end):
            return parse_json(self.held[start:end])
        return value


@dataclass(slots=True)
class _Open:
    """An object or an array that is open; `path` is that of a list, or of what names one."""

    is_array: bool
    path: str


def _listed(
    text: _Text, wanted: Callable[[str], bool], members: str | None = None
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """What is in the lists that are wanted, each with its list's path.

    Of the object at the path `members` they are its members, each with its name.
    """
    levels = [_Open(text.take("[{") == "[", "")]
    fresh = True  # whether the last bracket was an opening one
    while levels:
        level = levels[-1]
        if text.sign() == ("]" if level.is_array else "}"):
            text.at += 1
            levels.pop()
            fresh = False
            continue
        if level.is_array and not wanted(level.path):
            text.leave(1)
            levels.pop()
            fresh = False
            continue
        if not fresh:
            text.take(",")
        fresh = False
        if level.is_array:
            yield level.path, text.item()
        elif level.path == members:
            yield _name(text), text.item()
        elif opened := _member(text, level, len(levels)):
            levels.append(opened)
            fresh = True
    if text.sign():
        raise ValueError("there is more behind its end")


def _member(text: _Text, level: _Open, depth: int) -> _Open | None:
    """Read a name of an object, and go into what it names where there may be lists in it."""
    name = _name(text)
    path = f"{level.path}.{name}" if level.path else name
    sign = text.sign()
    if sign not in {"{", "["} or depth >= _DEEPEST or len(path) > _LONGEST:
        text.skip()
        return None
    text.take("[{")
    return _Open(sign == "[", path)


def _name(text: _Text) -> str:
    """Read a member's name. Raises ValueError where there is none."""
    if text.sign() != '"':
        text.take('"')
    name: str = text.value()
    text.take(":")
    return name
