"""What a piece of HTML says, without its tags, and where its links lead.

Python's own parser takes minutes for some 100 kB of unclosed tags: these expressions read on.
"""

import re
from collections.abc import Iterator
from html import unescape

from frametrace.posts.values import distinct

__all__ = ["links_in", "plain_text", "unescaped"]

_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--[^<>]*-->")
_ANCHOR = re.compile(r"<a\s[^<>]*>", re.IGNORECASE)
_HREF = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_CLASS = re.compile(r"""\sclass=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_INWARD = frozenset(("mention", "hashtag"))
# No character has so long a number, and Python refuses to read one of 5,000 digits.
_ENDLESS = re.compile(r"&#\d{20,};?", re.ASCII)


def plain_text(html: str) -> str:
    """Leave out the tags, and write what stands for characters as these characters."""
    return unescaped(_TAG.sub("", _BREAK.sub("\n", html))).strip()


def unescaped(text: str) -> str:
    """Write characters in the place of `&amp;` and `&#9731;`; U+FFFD for what is none."""
    return unescape(_ENDLESS.sub("\ufffd", text)) if "&" in text else text


def links_in(html: str) -> tuple[str, ...]:
    """Where the links lead, but for those to accounts and hashtags; each once."""
    return distinct(_links(html))


def _links(html: str) -> Iterator[str]:
    for anchor in _ANCHOR.findall(html):
        link = unescaped(_attribute(_HREF, anchor)).strip()
        classes = _attribute(_CLASS, anchor).split()
        if link.startswith(("http://", "https://")) and _INWARD.isdisjoint(classes):
            yield link


def _attribute(pattern: re.Pattern[str], anchor: str) -> str:
    found = pattern.search(anchor)
    return (found[1] or found[2] or "") if found else ""
