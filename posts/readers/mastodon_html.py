"""The HTML of Mastodon's posts as plain text, and where its links lead.

Python's own parser takes minutes for some 100 kB of unclosed tags: these expressions read on.
"""

import re
from collections.abc import Iterator

from frametrace.posts.readers.html_characters import unescaped

__all__ = ["links_in", "plain"]

_BREAK = re.compile(r"<br\b[^<>]*>|</p>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--[^<>]*-->")
_ANCHOR = re.compile(r"<a\s[^<>]*>", re.IGNORECASE)
_HREF = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_CLASS = re.compile(r"""\sclass=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_INWARD = frozenset(("mention", "hashtag"))


def plain(html: str) -> str:
    """Leave out the tags, and write what stands for characters as these characters."""
    return unescaped(_TAG.sub("", _BREAK.sub("\n", html))).strip()


def links_in(html: str) -> tuple[str, ...]:
    """Where the links lead, but for those to accounts and hashtags; each once."""
    return tuple(dict.fromkeys(_links(html)))


def _links(html: str) -> Iterator[str]:
    for anchor in _ANCHOR.findall(html):
        link = unescaped(_attribute(_HREF, anchor)).strip()
        classes = _attribute(_CLASS, anchor).split()
        if link.startswith(("http://", "https://")) and _INWARD.isdisjoint(classes):
            yield link


def _attribute(pattern: re.Pattern[str], anchor: str) -> str:
    found = pattern.search(anchor)
    return (found[1] or found[2] or "") if found else ""
