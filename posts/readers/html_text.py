"""What a piece of HTML says, without its tags."""

import re
from html import unescape

__all__ = ["plain"]

_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]*>", re.I)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def plain(html: str) -> str:
    """Leave out tags, break lines where paragraphs end, and read character references."""
    return unescape(_TAG.sub("", _BREAK.sub("\n", html))).strip()
