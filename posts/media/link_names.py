"""Pictures that were downloaded under the name of their link: `…/media/FaaBBccXwAA1?format=jpg`.

Downloaders keep the last part of a link, with or without what follows a question mark, with a
suffix of their own or none. So a file is the picture of a link where the names before all suffixes
are one, where a server made it and no camera or person, and no other link and no other file has it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.paths import is_picture

__all__ = ["LinkNames", "Waiting", "is_distinct", "link_name", "stem_of"]

# What servers make: a long number, an identifier with hyphens, or a word whose letters and digits
# change as by chance. `photo_1`, `IMG_20190819_140322`, `banner-1200x630` occur everywhere.
_NAME = re.compile(r"[\w.-]{8,}", re.ASCII)
_NUMBER = re.compile(r"(?<![0-9])(?!(?:19|20)\d\d[01]\d[0-3]\d[0-2]\d[0-5])\d{12,}", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_WORD = re.compile(r"[0-9A-Za-z]{10,}")
_CHANGE = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])")
_CHANGES = 4  # within a word

_SIZES = frozenset(("format", "name"))  # behind X's question mark: sizes of one picture
_LARGE = re.compile(r"(?::|_)(?:large|orig|medium|small|thumb)\Z")  # what X adds to a name


def stem_of(name: str) -> str:
    """A file's name before all suffixes, and before what a link had behind a question mark."""
    bare = _LARGE.sub("", PurePosixPath(name).name.partition("?")[0])
    stem, dot, suffix = bare.rpartition(".")
    return stem if dot and len(suffix) <= 10 else bare


def link_name(link: str) -> str:
    """What a file that was downloaded from a link would be named; empty if that says nothing."""
    try:
        parts = urlsplit(link)
        asked = parse_qs(parts.query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return ""
    name = unquote(parts.path).rstrip("/").rpartition("/")[2]
    if not (is_picture(name) or _SIZES.issuperset(asked)):
        return ""  # `image.php?id=7`
    stem = stem_of(name)
    return stem if is_distinct(stem) else ""


def is_distinct(stem: str) -> bool:
    """Whether no other picture will be named so, but by chance."""
    if not _NAME.fullmatch(stem):
        return False
    if _NUMBER.search(stem) or _UUID.fullmatch(stem):
        return True
    return any(len(_CHANGE.findall(word)) >= _CHANGES for word in _WORD.findall(stem))


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A link of a post that a file of the media folders is named like."""

    post: Post
    link: str
    name: str


@dataclass(slots=True)
class LinkNames:
    """Links that wait until all are known: a name that two of them have says nothing."""

    _links: dict[str, set[str]] = field(default_factory=dict)
    _posts: list[tuple[str, str, tuple[str, str], str, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._posts)

    def note(self, waiting: Waiting) -> None:
        """Note a link and its post."""
        bare = waiting.link.partition("?")[0].partition("://")[2]
        self._links.setdefault(waiting.name, set()).add(bare)
        post = waiting.post
        key = post.platform, post.post_id
        self._posts.append((waiting.name, waiting.link, key, post.source, post.line))

    def resolved(
        self, files: dict[str, list[MediaFile]]
    ) -> Iterator[tuple[tuple[str, str], str, int, MediaFile | Skipped]]:
        """Give each post the file of its link, or say why it has none; `files` go by name."""
        for name, link, key, source, line in self._posts:
            named = files.get(name, [])
            if len(named) == 1 and len(self._links[name]) == 1:
                yield key, source, line, named[0]
            else:
                what = f"{len(named)} files" if len(named) > 1 else "several links"
                reason = f"not downloaded, or not to be told: {what} have its name {name}"
                yield key, source, line, Skipped(source, line, link, reason)
