"""Finding a text deep in a JSON value of which nobody knows for certain how it is built."""

from typing import Any

__all__ = ["text_at"]


def text_at(value: Any, *way: str | int) -> str:
    """Follow names and positions; an empty string if it leads nowhere or to anything but text."""
    for step in way:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value.strip() if isinstance(value, str) else ""
