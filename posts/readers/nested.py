"""Finding what lies deep in a JSON value of which nobody knows for certain how it is built."""

from typing import Any

__all__ = ["objects_at", "text_at", "value_at"]


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
