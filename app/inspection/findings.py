"""The results of an inspection: sources, files, posts, media, times and reasons."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from frametrace.posts.model import Post, Skipped

__all__ = [
    "DRAFT",
    "DraftedMap",
    "InspectedFile",
    "InspectedSource",
    "Inspection",
    "MediaSummary",
    "Reason",
    "Reasons",
    "ShownFile",
    "ShownPost",
    "TimeColumn",
]

DRAFT = "draft"  # the format name of files that a drafted column map reads

_MAX_REASONS = 20
_MAX_CHARACTERS = 200  # of an example
_FILE = re.compile(r"\A[^:]{1,300}\.[^:]{1,20}: ")
_VALUE = re.compile(r"""'[^']{0,500}'|"[^"]{0,500}"|(?<!\S)[^\s\d]{0,80}\d\S*""")
_EXPECTED = " such as "  # the text after it is the same for all reasons of a kind


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows or fields can't be read: the reason, how many, and one example with its position."""

    reason: str
    count: int
    example: str


@dataclass(slots=True)
class Reasons:
    """Counts reasons why something can't be read, and keeps an example of each.

    Reasons that differ only in a value, a number or a file name count as one.
    """

    _counts: dict[str, int] = field(default_factory=dict)
    _examples: dict[str, str] = field(default_factory=dict)
    _shown: dict[str, str] = field(default_factory=dict)  # verbatim if all of a kind are the same

    def note(self, skipped: Skipped, named: bool = False) -> None:
        """Count one; its example gives its position and, with `named`, the item."""
        reason = skipped.reason
        bare = _FILE.sub("", reason)[:_MAX_CHARACTERS]
        varying, separator, expected = bare.partition(_EXPECTED)
        kind = _VALUE.sub("…", varying) + separator + expected
        if kind not in self._counts and len(self._counts) >= _MAX_REASONS:
            kind = "another reason"
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._shown.setdefault(kind, bare) != bare:
            self._shown[kind] = kind
        if kind not in self._examples:
            position = f"{skipped.source}, row {skipped.line}" if skipped.line else skipped.source
            text = f"{skipped.item}: {reason}" if named and skipped.item else reason
            self._examples[kind] = f"{position}: {text}"[:_MAX_CHARACTERS]

    def ranked(self) -> Sequence[Reason]:
        """The reasons, the most frequent first."""
        ranked = sorted(self._counts.items(), key=lambda item: -item[1])
        return [
            Reason(self._shown[reason], count, self._examples[reason]) for reason, count in ranked
        ]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A picture or video of a post: the file, and the rule that joined it (`map`, `row`, `name`).

    `pixels` is the width and height of a picture, if its header gives them.
    """

    path: str
    rule: str
    pixels: str = ""


@dataclass(frozen=True, slots=True)
class ShownPost:
    """A post as it is read, its time as written, and its `pictures`, videos included."""

    post: Post
    written_time: str = ""
    pictures: tuple[ShownFile, ...] = ()
    absent: tuple[str, ...] = ()  # named but missing files, each with the reason


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """How the times of one column are understood.

    `zone` gives their time zone and how it is known, `order` whether the day or the month comes
    first in dates like 05/06/2024 and how that is known; empty where there are none.
    """

    column: str
    read: int
    unread: int
    precisions: Mapping[str, int]
    zone: str
    order: str


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """How a file, a list or sheet in it, or several files of one format are read.

    Counts are those of the inspected rows; `is_cut` if there are more.
    """

    name: str
    files: int
    how: str
    encoding: str
    packing: str
    format: str
    title: str
    because: str
    rows: int
    is_cut: bool
    posts: int
    different_posts: int
    accounts: int
    dropped: int
    used: tuple[str, ...]
    kept: tuple[str, ...]
    empty: tuple[str, ...]
    times: tuple[TimeColumn, ...]
    reasons: tuple[Reason, ...]
    shown: tuple[ShownPost, ...]


@dataclass(frozen=True, slots=True)
class DraftedMap:
    """A column map that was drafted for a table of no known format.

    `columns` maps fields to columns, `rows` are the first rows as written, `toml` is the file that
    `--draft` writes.
    """

    table: str
    how: str
    is_complete: bool
    columns: Mapping[str, str]
    platform: str
    doubts: Mapping[str, str]
    lacking: Mapping[str, str]
    toml: str
    rows: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class InspectedSource:
    """The result for one path.

    `unread` includes lists in documents and sheets of workbooks; `error` says why nothing is read
    without a draft.
    """

    path: str
    holds: str
    files: tuple[InspectedFile, ...] = ()
    drafts: tuple[DraftedMap, ...] = ()
    unread: tuple[Reason, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class MediaSummary:
    """The files of all inspected posts by the rule that joined them, and files of no post.

    `unowned` counts those in the media folders, `aside` other files there by their suffix;
    `unused` are lines of media maps, `closed` archives and download lists that can't be read.
    """

    joined: Mapping[str, int]
    absent: tuple[Reason, ...]
    unowned: int
    unowned_such_as: tuple[str, ...]
    aside: Mapping[str, int]
    unused: tuple[Reason, ...]
    closed: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """The results for all paths, and for their `pictures` together, videos included."""

    sources: tuple[InspectedSource, ...]
    pictures: MediaSummary
    rows_looked_at: int
    is_cut: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def gives_posts(self) -> bool:
        """Whether any post can be read, with a draft or without."""
        files = [file for source in self.sources for file in source.files]
        return any(file.posts or file.accounts for file in files)

    @property
    def drafts(self) -> tuple[DraftedMap, ...]:
        """The column maps that were drafted."""
        return tuple(draft for source in self.sources for draft in source.drafts)
