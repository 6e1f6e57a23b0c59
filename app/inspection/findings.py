"""What there is to say of sources that were looked at and not added."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from frametrace.posts.model import Post

__all__ = [
    "DraftFound",
    "FileFound",
    "Inspection",
    "PictureFound",
    "PicturesFound",
    "PostShown",
    "Reason",
    "SourceFound",
    "TimesFound",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some rows or fields can't be read: how many, and one of them with its place."""

    reason: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class PictureFound:
    """A picture of a post: the file, what gave it to the post, and its sides in pixels.

    `rule` is `map`, `row` or `name`; `pixels` is empty where they can't be told cheaply.
    """

    path: str
    rule: str
    pixels: str = ""


@dataclass(frozen=True, slots=True)
class PostShown:
    """A post as it is read, how its time was written, and its pictures."""

    post: Post
    written_time: str = ""
    pictures: tuple[PictureFound, ...] = ()
    absent: tuple[str, ...] = ()  # what it names in vain, each with the reason


@dataclass(frozen=True, slots=True)
class TimesFound:
    """How the times of one column are understood.

    `zone` says which zone they are in and why, `order` which of day and month comes first in dates
    like 05/06/2024 and why; empty where there are none.
    """

    column: str
    read: int
    unread: int
    precisions: Mapping[str, int]
    zone: str
    order: str


@dataclass(frozen=True, slots=True)
class FileFound:
    """A file, or a list or a sheet in it, or many files alike: what it is and how it is read.

    Counts are those of the rows that were looked at; `is_cut` where there are more.
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
    times: tuple[TimesFound, ...]
    reasons: tuple[Reason, ...]
    shown: tuple[PostShown, ...]


@dataclass(frozen=True, slots=True)
class DraftFound:
    """A column map that was drafted for a table which no format fits.

    `columns` maps fields to columns, `rows` are the first of the table as they stand, `toml` is the
    map as it would be written.
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
class SourceFound:
    """All that one named path gave.

    `unread` are also lists of documents and sheets of workbooks; `error` says why nothing is read
    as it stands.
    """

    path: str
    holds: str
    files: tuple[FileFound, ...] = ()
    drafts: tuple[DraftFound, ...] = ()
    unread: tuple[Reason, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class PicturesFound:
    """Pictures of all posts that were looked at, by what gave them, and files that nobody has.

    `unowned` are pictures in the media folders, `aside` other files there by their suffix,
    `unused` lines of media maps, `closed` archives and lists of downloads that can't be read.
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
    """What was found at each path, and of their pictures together."""

    sources: tuple[SourceFound, ...]
    pictures: PicturesFound
    rows_looked_at: int
    is_cut: bool
    notes: tuple[str, ...] = field(default=())

    @property
    def gives_posts(self) -> bool:
        """Whether anything can be read as it stands, or by a draft."""
        files = [file for source in self.sources for file in source.files]
        return any(file.posts or file.accounts for file in files)

    @property
    def drafts(self) -> tuple[DraftFound, ...]:
        """The column maps that were drafted."""
        return tuple(draft for source in self.sources for draft in source.drafts)
