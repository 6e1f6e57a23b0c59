"""Streams the lists of objects in JSON documents, which may be gigabytes long.

A list is an array of objects inside nested objects; its path joins their names (`data.videos`;
empty if the document itself is the array). Only one object of a list is in memory at a time.
Nothing else is decoded, however large or deep it is.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from frametrace.posts.sources.source import LINE_LIMIT
from frametrace.posts.values import SURROGATE_ESCAPE, parse_json

__all__ = [
    "MAX_LISTS",
    "NOT_AN_OBJECT",
    "TOO_DEEP",
    "lists_in",
    "members_at",
    "objects_at",
]

NOT_AN_OBJECT = "the row is not a JSON object"
_TOO_LONG = f"the row is longer than {LINE_LIMIT:,} characters"
TOO_DEEP = "the row is nested too deeply"

_CHUNK = 2**16  # characters
_MAX_DEPTH = 50  # objects around a list
_MAX_PATH = 1000  # characters of a list's path
MAX_LISTS = 1000  # of a document

_SPACE = re.compile(r"[ \t\n\r]*")
# To find the end of an object: its brackets, and its strings, which may contain brackets.
_BRACKETS = re.compile(
    r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+(?P<opening>[\[{]*+)(?P<closing>[\]}]*+)', re.DOTALL
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?P<end>"|\\?\Z)', re.DOTALL)
_SCALAR = re.compile(r'[^\s,:\[\]{}"]+')
_decode = json.JSONDecoder().raw_decode


def objects_at(chunks: Iterable[str], path: str | None) -> Iterator[dict[str, Any] | str]:
    """Yield the objects of the list at `path`, or the reason why one can't be read.

    Without a path, it yields whole documents; several may follow each other. Raises
    ValueError, with a plain reason, if the document can't be read any further.
    """
    text = _Text(iter(chunks))
    try:
        if path is None:
            while text.next_character():
                yield text.item()
        else:
            yield from (item for _, item in _list_items(text, path.__eq__))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the document can't be read from here on: {error}") from None


def members_at(chunks: Iterable[str], path: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield the members of the object at `path`, each with its name.

    For a member that is not an object, or can't be read, it yields the reason. Raises ValueError
    like `objects_at`.
    """
    text = _Text(iter(chunks))
    try:
        yield from _list_items(text, lambda _: False, path)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the document can't be read from here on: {error}") from None


def lists_in(chunks: Iterable[str], max_items: int) -> tuple[dict[str, list[dict[str, Any]]], bool]:
    """The lists of a document by path, each with the objects among its first `max_items` items.

    The second value says whether the document has more lists than these.
    """
    lists: dict[str, list[dict[str, Any]]] = {}
    seen = Counter[str]()
    too_many = False

    def wanted(path: str) -> bool:
        nonlocal too_many
        if path not in seen and len(seen) >= MAX_LISTS:
            too_many = True
            return False
        return seen[path] < max_items

    try:
        for path, item in _list_items(_Text(iter(chunks)), wanted):
            seen[path] += 1
            if isinstance(item, dict):
                lists.setdefault(path, []).append(item)
            if path == "" and seen[path] >= max_items:
                break  # the document is one array, and its first items are enough
    except (ValueError, RecursionError):
        pass  # the items before the error are enough, or there are none
    return lists, too_many


class _Unreadable(ValueError):
    """A value can't be decoded, but its end can be found."""


@dataclass(slots=True)
class _Text:
    """JSON text that arrives in chunks; it buffers no more than one value needs.

    `at` is the position in `buffer` that is read next.
    """

    chunks: Iterator[str]
    buffer: str = ""
    at: int = 0

    def read_more(self) -> bool:
        """Extend the buffer to about twice its unread length; False at the end of the text."""
        parts = [self.buffer[self.at :]]
        wanted = max(_CHUNK, min(len(parts[0]), LINE_LIMIT - len(parts[0]) + 1))
        for chunk in self.chunks:
            parts.append(chunk)
            wanted -= len(chunk)
            if wanted <= 0:
                break
        self.buffer, self.at = "".join(parts), 0
        return len(parts) > 1

    def next_character(self) -> str:
        """The next character that isn't a space, without consuming it; empty at the end."""
        while True:
            self.at = _SPACE.match(self.buffer, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.read_more():
                return ""

    def take(self, expected: str) -> str:
        """Consume one of the expected characters. Raises ValueError for any other."""
        character = self.next_character()
        if not character or character not in expected:
            raise ValueError(
                f"expected {' or '.join(map(repr, expected))}, found {_shown(character)}"
            )
        self.at += 1
        return character

    def value(self) -> Any:
        """Decode the next value. Raises ValueError, or RecursionError if it is too deep."""
        self.next_character()
        while True:
            try:
                value, end = _decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                if len(self.buffer) - self.at > LINE_LIMIT:
                    raise _Unreadable(_TOO_LONG) from None
                if not self.read_more():
                    raise ValueError(error.msg) from None
            except ValueError:
                raise _Unreadable("a number in the row has too many digits") from None
            else:
                if end - self.at > LINE_LIMIT:
                    raise _Unreadable(_TOO_LONG)
                if (
                    end < len(self.buffer)
                    or not isinstance(value, int | float)
                    or not self.read_more()
                ):
                    return self._take_value(value, end)

    def item(self) -> dict[str, Any] | str:
        """Decode the next object, or say why it can't be read. Raises ValueError if damaged."""
        if self.next_character() != "{":
            self.skip()
            return NOT_AN_OBJECT
        try:
            record: dict[str, Any] = self.value()
        except _Unreadable as error:
            reason = str(error)
        except RecursionError:
            reason = TOO_DEEP
        else:
            return record
        self.skip()
        return reason

    def skip(self) -> None:
        """Skip the next value without decoding it. Raises ValueError at the end of the text."""
        if (character := self.next_character()) == '"':
            self._skip_string()
            return
        if character and character in "[{":
            self.at += 1
            self.close_levels(1)
            return
        while (scalar := _SCALAR.match(self.buffer, self.at)) and (
            scalar.end() == len(self.buffer)
        ):
            if len(self.buffer) - self.at > LINE_LIMIT or not self.read_more():
                break
        if scalar is None:
            raise ValueError(f"expected a value, found {_shown(self.next_character())}")
        self.at = scalar.end()

    def close_levels(self, depth: int) -> None:
        """Skip until `depth` open objects and arrays are closed. Raises ValueError at the end."""
        while True:
            brackets = _BRACKETS.match(self.buffer, self.at)
            if brackets is None:  # never: the pattern matches the empty text
                raise ValueError("it can't be read")
            depth += len(brackets["opening"])
            closing = len(brackets["closing"])
            if closing >= depth:
                self.at = brackets.start("closing") + depth
                return
            depth -= closing
            # Inside a string that the buffer cuts off, nothing matches.
            is_cut = brackets.end() == self.at and self.at < len(self.buffer)
            self.at = brackets.end()
            if is_cut or self.at == len(self.buffer):
                self._require_more()

    def _skip_string(self) -> None:
        """Skip a string. Raises ValueError if it is too long or has no end."""
        while True:
            string = _STRING.match(self.buffer, self.at)
            if string is not None and string["end"] == '"':
                self.at = string.end()
                return
            self._require_more()

    def _require_more(self) -> None:
        """Read more text. Raises ValueError at its end, or if a string is too long."""
        if len(self.buffer) - self.at > LINE_LIMIT:
            raise ValueError(f"a text is longer than {LINE_LIMIT:,} characters")
        if not self.read_more():
            raise ValueError("it ends too early")

    def _take_value(self, value: Any, end: int) -> Any:
        """Consume a decoded value, with lone surrogates in it replaced."""
        start, self.at = self.at, end
        if SURROGATE_ESCAPE.search(self.buffer, start, end):
            return parse_json(self.buffer[start:end])
        return value


def _shown(character: str) -> str:
    return repr(character) if character else "its end"


@dataclass(slots=True)
class _Level:
    """An object or array that the parser is inside of, with its path."""

    is_array: bool
    path: str


def _list_items(
    text: _Text, wanted: Callable[[str], bool], members: str | None = None
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield the items of the wanted lists, each with its list's path.

    Also the members of the object at the path `members`, each with its name.
    """
    levels = [_Level(text.take("[{") == "[", "")]
    just_opened = True  # whether the last bracket was an opening one
    while levels:
        level = levels[-1]
        if text.next_character() == ("]" if level.is_array else "}"):
            text.at += 1
            levels.pop()
            just_opened = False
            continue
        if level.is_array and not wanted(level.path):
            text.close_levels(1)
            levels.pop()
            just_opened = False
            continue
        if not just_opened:
            text.take(",")
        just_opened = False
        if level.is_array:
            yield level.path, text.item()
        elif level.path == members:
            yield _name(text), text.item()
        elif inner := _enter_member(text, level, len(levels)):
            levels.append(inner)
            just_opened = True
    if text.next_character():
        raise ValueError("there is more after its end")


def _enter_member(text: _Text, level: _Level, depth: int) -> _Level | None:
    """Read a member's name, and enter its value if that may contain lists; else skip it."""
    name = _name(text)
    path = f"{level.path}.{name}" if level.path else name
    bracket = text.next_character()
    if bracket not in {"{", "["} or depth >= _MAX_DEPTH or len(path) > _MAX_PATH:
        text.skip()
        return None
    text.take("[{")
    return _Level(bracket == "[", path)


def _name(text: _Text) -> str:
    """Read a member's name. Raises ValueError if there is none."""
    if text.next_character() != '"':
        text.take('"')
    name: str = text.value()
    text.take(":")
    return name
