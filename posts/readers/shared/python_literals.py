"""Reads what Python programs print into a table's cells instead of JSON."""

import re
from typing import Any

from frametrace.posts.values import json_text, parse_json, parse_python_list

__all__ = ["objects_in", "parse_literal"]

# The closing quote is optional, so that an unclosed string is matched once and not tried again.
_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.)*+(?:'|(?P<cut>\\?\Z))"""
    r"""|"(?:[^"\\]|\\.)*+(?:"|(?P<cut_too>\\?\Z)))"""
    r"""|datetime\.datetime\((?P<parts>\d+,\ \d+,\ \d+(?:,\ \d+)*+)"""
    r"""(?:,\ tzinfo=(?:(?P<utc>datetime\.timezone\.utc|tzutc\(\)|UTC)"""
    r"""|datetime\.timezone\(datetime\.timedelta\((?:days=(?P<days>-?\d+),\ )?"""
    r"""seconds=(?P<seconds>\d+)\)\)))?\)"""
    r"""|\b(?P<word>True|False|None)\b""",
    re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}


def parse_literal(text: str) -> Any:
    """Read JSON, or lists, dictionaries and times as Python prints them; nothing is executed.

    Raises ValueError, with a plain reason, for anything else.
    """
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        pass
    try:
        return parse_json(_TOKEN.sub(_as_json, text))
    except (ValueError, IndexError, RecursionError) as error:
        raise ValueError(f"{text[:40]!r} is neither JSON nor what Python prints: {error}") from None


def objects_in(text: str) -> list[dict[str, Any]]:
    """The objects of a list that `parse_literal` reads; none if the cell holds no such list."""
    try:
        items = parse_literal(text) if text.startswith("[") else []
    except ValueError:
        return []
    return [item for item in items if isinstance(item, dict)]


def _as_json(token: re.Match[str]) -> str:
    if token["cut"] is not None or token["cut_too"] is not None:
        raise ValueError("a string has no end")
    if token["string"]:
        return json_text("".join(parse_python_list(f"[{token['string']}]")))
    if token["word"]:
        return _WORDS[token["word"]]
    numbers = [*map(int, token["parts"].split(",")), 0, 0, 0][:6]
    return json_text("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*numbers) + _offset(token))


def _offset(token: re.Match[str]) -> str:
    if not token["seconds"]:
        return "+00:00" if token["utc"] else ""
    minutes = int(token["days"] or 0) * 24 * 60 + int(token["seconds"]) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
