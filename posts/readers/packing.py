"""What is left of a record of hundreds of names, which would take much memory one by one."""

from collections.abc import Mapping

from frametrace.posts.values import spelled

__all__ = ["packed"]


def packed(extra: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Keep as one JSON object, under the prefix without its dot, all names that begin with it."""
    kept = {name: value for name, value in extra.items() if not name.startswith(prefix)}
    inside = {name.removeprefix(prefix): extra[name] for name in extra if name.startswith(prefix)}
    return kept | ({prefix.rstrip("."): spelled(inside)} if inside else {})
