"""Defines the data model: posts, accounts, media files, and what was skipped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = [
    "ACCOUNT_NUMBER",
    "MEDIA_FOLDER",
    "PARTIAL",
    "WRITTEN_ID",
    "Account",
    "AccountKind",
    "MediaFile",
    "MediaItem",
    "Post",
    "Precision",
    "Skipped",
]

_MAX_REASON = 1000  # characters; messages of libraries may repeat their whole input
MEDIA_FOLDER = "folder"  # the platform of pictures and videos that are posts
# Names in `Post.extra`:
ACCOUNT_NUMBER = "account_number"  # the number of an account whose id is its handle
WRITTEN_ID = "id_as_written"  # a post's id, if the row spells it differently
PARTIAL = "_zs_partial"  # Zeeschuimer's mark of a post that a page showed only in part


class AccountKind(StrEnum):
    """What kind of actor published a post."""

    ACCOUNT = "account"
    PAGE = "page"
    GROUP = "group"
    CHANNEL = "channel"


class Precision(StrEnum):
    """How precisely the source gives a post's time; co-sharing windows can't be finer."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Post:
    """One published item; (platform, post_id) is its key.

    Ids are opaque strings: archives hash some of them, and a float can't hold a 64-bit id.
    `posted_at` is timezone-aware UTC, or None with `Precision.NONE`. `media` has the pictures and
    videos as the row names them: relative paths, SHA-256 digests or URLs; `MediaLibrary` finds
    their files. `stills` has the pictures that stand for videos of `media`: the post has them where
    they are found, and a missing one is not reported. `repost_of` is the key of the post that this
    one reposts natively (a retweet). `line` counts from 1 in the source, its header included.
    """

    platform: str
    post_id: str
    account_id: str
    account_kind: AccountKind = AccountKind.ACCOUNT
    account_name: str = ""
    posted_at: datetime | None = None
    precision: Precision = Precision.NONE
    text: str = ""
    media: tuple[str, ...] = ()
    stills: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    repost_of: str = ""
    engagement: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    line: int = 0

    def has_same_account_as(self, other: "Post") -> bool:
        """Whether both have one account, by its id or by the number in one's `extra`."""
        ids = self.account_id, other.account_id
        return ids[0] == ids[1] or any(
            post.extra.get(ACCOUNT_NUMBER) == account_id
            for post, account_id in zip((other, self), ids, strict=True)
        )

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that lists and file names may use: its own, and the row's spelling of it."""
        written_id = self.extra.get(WRITTEN_ID)
        return (self.post_id, written_id) if written_id else (self.post_id,)

    @property
    def is_partial(self) -> bool:
        """Whether a page showed it only in part; a complete copy replaces it."""
        return PARTIAL in self.extra


@dataclass(frozen=True, slots=True)
class Account:
    """A profile, from a users file: (platform, account_id) is its key."""

    platform: str
    account_id: str
    kind: AccountKind = AccountKind.ACCOUNT
    name: str = ""
    created_at: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class MediaFile:
    """The location of one picture or video.

    `root` is an absolute folder or zip archive, `path` a relative POSIX path inside it.
    """

    root: str
    path: str

    @property
    def full_path(self) -> str:
        """The absolute path: one file may be found from several roots."""
        return f"{self.root}/{self.path}"


@dataclass(frozen=True, slots=True)
class MediaItem:
    """The bytes of one picture or video: `sha256` identifies them, the rest locates a copy.

    `root` is an absolute folder or zip archive, `path` a relative POSIX path inside it. `is_video`
    is by its first bytes.
    """

    sha256: str
    root: str
    path: str
    size: int
    is_video: bool = False

    @property
    def full_path(self) -> str:
        """The absolute path."""
        return f"{self.root}/{self.path}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be read, and why; it never stops a run.

    `source` names the file, `line` the row (0: the whole file), `item` what was requested (a post
    key, a path), `reason` is a plain sentence, cut at 1,000 characters. `kept` means that only one
    field is concerned and the rest of the row was read. `ids` may have been the post's id.
    """

    source: str
    line: int
    item: str
    reason: str
    kept: bool = False
    ids: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.reason) > _MAX_REASON:
            object.__setattr__(self, "reason", f"{self.reason[: _MAX_REASON - 1]}…")
