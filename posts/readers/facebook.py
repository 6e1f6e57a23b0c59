"""Facebook's two names for a post: `<page>_<post>` in its APIs, `<post>` alone in its links."""

import re

__all__ = ["post_of"]

_WITH_PAGE = re.compile(r"\d+_(\d+)", re.ASCII)


def post_of(id: str) -> str:
    """Name a post by what its link ends in; an id of another form is returned unchanged."""
    match = _WITH_PAGE.fullmatch(id)
    return match[1] if match else id
