"""Follows paths into nested JSON values whose layout may vary, without raising."""

from collections.abc import Mapping
from typing import Any

from frametrace.posts.values import json_text

__all__ = ["objects_at", "packed", "text_at", "value_at"]


def value_at(value: Any, *path: str | int) -> Any:
    """Follow names and positions; None if they lead nowhere."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def text_at(value: Any, *path: str | int) -> str:
    """Follow names and positions; an empty string if they lead nowhere or to anything but text."""
    text = value_at(value, *path)
    return text.strip() if isinstance(text, str) else ""


def objects_at(value: Any, *path: str | int) -> list[dict[str, Any]]:
    """Follow names and positions to a list; its objects, or none if there is no list."""
    items = value_at(value, *path)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def packed(extra: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Pack all names that begin with a prefix into one JSON object: hundreds take much memory."""
    others = {name: value for name, value in extra.items() if not name.startswith(prefix)}
    inside = {name.removeprefix(prefix): extra[name] for name in extra if name.startswith(prefix)}
    return others | ({prefix.rstrip("."): json_text(inside)} if inside else {})
