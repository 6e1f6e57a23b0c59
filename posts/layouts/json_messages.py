"""Streams the messages of Telegram Desktop's JSON documents, which may be gigabytes long.

Messages are in arrays named `messages`, at any depth. Each is returned with the values that come
before its array in the object around it, such as the chat's id.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from frametrace.posts.layouts.json_lists import NOT_AN_OBJECT
from frametrace.posts.sources.source import LINE_LIMIT

__all__ = ["messages_in"]

_MESSAGES = "messages"
_CHAT = "chat"

_MAX_DEPTH = 50  # levels; Telegram's exports have some ten
_MAX_CHAT_VALUES = 100
_MAX_CHAT_VALUE = 1000  # characters of a name or a value

_TOO_DEEP = f"it is nested deeper than {_MAX_DEPTH} levels"
_OPENED = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}

_Event = tuple[str, Any]


@dataclass(slots=True)
class _Feed:
    """The text as the binary file that the parser reads.

    The parser buffers a value until its end: `unparsed` counts the bytes since the last event.
    """

    chunks: Iterator[str]
    unparsed: int = 0

    def read(self, size: int) -> bytes:
        if size == 0:  # the parser asks whether this is bytes or text
            return b""
        if self.unparsed > LINE_LIMIT:
            raise ValueError(f"a value is longer than {LINE_LIMIT:,} bytes")
        data = next(filter(None, self.chunks), "").encode("utf-8", "replace")
        self.unparsed += len(data)
        return data


@dataclass(slots=True)
class _Level:
    """An object or array around messages that the parser is inside of."""

    holds_messages: bool
    is_array: bool
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def messages_in(chunks: Iterable[str]) -> Iterator[dict[str, Any] | str]:
    """Yield each message, with the values around it as `chat`, or the reason why it can't be read.

    Only one message is in memory, with at most `LINE_LIMIT` characters. Raises ValueError, with a
    plain reason, if the document can't be read any further.
    """
    import ijson

    feed = _Feed(iter(chunks))
    levels: list[_Level] = []
    try:
        # Without `use_float`, ijson's C code crashes on a number of 5,000 digits.
        events = _counted(ijson.basic_parse(feed, use_float=True), feed)
        for event, value in events:
            if not (levels and levels[-1].holds_messages) or event in {"start_array", "end_array"}:
                _enter_or_leave(levels, event, value)
            elif event == "start_map":
                yield _message(events, levels[-2].values)
            else:
                yield NOT_AN_OBJECT
    except (ijson.JSONError, ValueError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> ValueError:
    reason = (str(error).splitlines() or [""])[0].strip()
    return ValueError(f"the document can't be read from here on: {reason}")


def _counted(events: Iterable[_Event], feed: _Feed) -> Iterator[_Event]:
    for event in events:
        feed.unparsed = 0
        yield event


def _enter_or_leave(levels: list[_Level], event: str, value: Any) -> None:
    """Track where in the document the parser is, and the values around messages."""
    if event in {"start_map", "start_array"}:
        if len(levels) == _MAX_DEPTH:
            raise ValueError(_TOO_DEEP)
        is_array = event == "start_array"
        name = levels[-1].name if levels and not levels[-1].is_array else ""
        levels.append(_Level(is_array and name == _MESSAGES, is_array))
    elif event in {"end_map", "end_array"}:
        levels.pop()
    elif event == "map_key":
        levels[-1].name = value
    elif levels and len(levels[-1].values) < _MAX_CHAT_VALUES:
        name = levels[-1].name
        if max(len(name), len(str(value))) <= _MAX_CHAT_VALUE:
            levels[-1].values[name] = value


def _message(events: Iterator[_Event], chat: dict[str, Any]) -> dict[str, Any] | str:
    """Build a message up to its end; one that is too long is replaced by the reason."""
    from ijson.common import ObjectBuilder

    builder = ObjectBuilder()
    builder.event("start_map", None)
    depth, size = 1, 0
    while depth:
        event, value = next(events)
        depth += _OPENED.get(event, 0)
        if depth > _MAX_DEPTH:
            raise ValueError(_TOO_DEEP)
        size += 8 + (len(value) if isinstance(value, str) else 0)
        if size <= LINE_LIMIT:
            builder.event(event, value)
        else:
            builder = ObjectBuilder()  # frees the memory of the values so far
    if size > LINE_LIMIT:
        return f"the row is longer than {LINE_LIMIT:,} characters"
    message: dict[str, Any] = builder.value
    return {**message, _CHAT: dict(chat)}
