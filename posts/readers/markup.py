"""Text of posts that a platform gives as HTML."""

import re
from html import unescape

__all__ = ["plain"]

_BREAK = re.compile(r"<br[^<>]*>|</p>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--[^<>]*-->")


def plain(text: str) -> str:
    """Leave out the tags of HTML, and write what stands for characters as these characters."""
    return unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()
