"""JSON values that lie deep, of which nobody knows for certain how they are built."""

from collections.abc import Mapping
from typing import Any

from frametrace.posts.values import json_text

__all__ = ["objects_at", "packed", "text_at", "value_at"]


def value_at(value: Any, *way: str | int) -> Any:
    """Follow names and positions; None if they lead nowhere."""
    for step in way:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *way: str | int) -> str:
    """Follow names and positions; an empty string if it leads nowhere or to anything but text."""
    found = value_at(value, *way)
    return found.strip() if isinstance(found, str) else ""


def objects_at(value: Any, *way: str | int) -> list[dict[str, Any]]:
    """Follow names and positions to a list; its objects, or none if it leads to no list."""
    found = value_at(value, *way)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def packed(extra: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Keep as one JSON object all names that begin with a prefix: hundreds take much memory."""
    kept = {name: value for name, value in extra.items() if not name.startswith(prefix)}
    inside = {name.removeprefix(prefix): extra[name] for name in extra if name.startswith(prefix)}
    return kept | ({prefix.rstrip("."): json_text(inside)} if inside else {})
