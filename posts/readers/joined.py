"""Lists of links that programs join by commas, which links may hold too."""

import re

__all__ = ["joined_links"]

_BETWEEN = re.compile(r",\s*(?=https?://)")


def joined_links(text: str) -> tuple[str, ...]:
    """Take links joined by commas apart; what is not a link is left out."""
    found = (part.strip(" ,") for part in _BETWEEN.split(text))
    return tuple(dict.fromkeys(link for link in found if "://" in link))
