"""JSON documents of messages: streamed, since they may be gigabytes.

Telegram Desktop's messages stand in arrays named `messages`, wherever these are, and what the
object around one says before it, such as the chat's id, goes along.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from frametrace.posts.sources.source import LINE_LIMIT

__all__ = ["messages_in"]

_ROWS = "messages"
_AROUND = "chat"

_DEEPEST = 50  # levels; Telegram's exports have some ten
_NAMES = 100  # of what stands around the rows, and of no more than so many characters each:
_LONGEST = 1000

_TOO_DEEP = f"it is nested deeper than {_DEEPEST} levels"
_OPENED = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}

_Event = tuple[str, Any]


@dataclass(slots=True)
class _Feed:
    """Text as the file of bytes that the parser reads.

    The parser holds a value until its end: `unparsed` counts what it was given since its last one.
    """

    pieces: Iterator[str]
    unparsed: int = 0

    def read(self, size: int) -> bytes:
        if size == 0:  # it asks whether there are bytes or characters
            return b""
        if self.unparsed > LINE_LIMIT:
            raise ValueError(f"a value is longer than {LINE_LIMIT:,} bytes")
        given = next(filter(None, self.pieces), "").encode("utf-8", "replace")
        self.unparsed += len(given)
        return given


@dataclass(slots=True)
class _Level:
    """An object or an array that is open, outside of rows."""

    holds_rows: bool
    is_array: bool
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def messages_in(pieces: Iterable[str]) -> Iterator[dict[str, Any] | str]:
    """Give each row, with `chat` for what stands around it, or the reason why it can't be read.

    Raises ValueError, with a plain reason, where the document can't be read any further. In memory
    is one row, of which no more than `LINE_LIMIT` characters are kept.
    """
    import ijson

    feed = _Feed(iter(pieces))
    levels: list[_Level] = []
    try:
        # Without `use_float` its C code crashes on a number that Python refuses (5,000 digits).
        events = _counted(ijson.basic_parse(feed, use_float=True), feed)
        for event, value in events:
            if not (levels and levels[-1].holds_rows) or event in {"start_array", "end_array"}:
                _step(levels, event, value)
            elif event == "start_map":
                yield _row(events, levels[-2].values)
            else:
                yield "the row is not a JSON object"
    except (ijson.JSONError, ValueError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> ValueError:
    reason = (str(error).splitlines() or [""])[0].strip()
    return ValueError(f"the document can't be read from here on: {reason}")


def _counted(events: Iterable[_Event], feed: _Feed) -> Iterator[_Event]:
    for event in events:
        feed.unparsed = 0
        yield event


def _step(levels: list[_Level], event: str, value: Any) -> None:
    """Keep track of where in the document the parser is, and of what stands around rows."""
    if event in {"start_map", "start_array"}:
        if len(levels) == _DEEPEST:
            raise ValueError(_TOO_DEEP)
        is_array = event == "start_array"
        named = levels[-1].name if levels and not levels[-1].is_array else ""
        levels.append(_Level(is_array and named == _ROWS, is_array))
    elif event in {"end_map", "end_array"}:
        levels.pop()
    elif event == "map_key":
        levels[-1].name = value
    elif levels and len(levels[-1].values) < _NAMES:
        name = levels[-1].name
        if max(len(name), len(str(value))) <= _LONGEST:
            levels[-1].values[name] = value


def _row(events: Iterator[_Event], around: dict[str, Any]) -> dict[str, Any] | str:
    """Build a row up to its end, with what stands around it; one that is too long is left out."""
    from ijson.common import ObjectBuilder

    builder = ObjectBuilder()
    builder.event("start_map", None)
    depth, size = 1, 0
    while depth:
        event, value = next(events)
        depth += _OPENED.get(event, 0)
        if depth > _DEEPEST:
            raise ValueError(_TOO_DEEP)
        size += 8 + (len(value) if isinstance(value, str) else 0)
        if size <= LINE_LIMIT:
            builder.event(event, value)
        else:
            builder = ObjectBuilder()  # lets go of what was built
    if size > LINE_LIMIT:
        return f"the row is longer than {LINE_LIMIT:,} characters"
    row: dict[str, Any] = builder.value
    return {**row, _AROUND: dict(around)}
