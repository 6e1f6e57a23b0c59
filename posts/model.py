"""What was posted: posts, accounts, media files, and what could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = [
    "ACCOUNT_NUMBER",
    "PARTIAL",
    "PICTURE_FOLDER",
    "WRITTEN_ID",
    "Account",
    "AccountKind",
    "MediaFile",
    "MediaItem",
    "Post",
    "Precision",
    "Skipped",
]

_REASON = 1000  # characters: what a library says may repeat all that it was given
ACCOUNT_NUMBER = "account_number"  # in what is kept: of an account that its handle names
WRITTEN_ID = "id_as_written"  # in what is kept: of a post whose key spells it otherwise
PICTURE_FOLDER = "folder"  # the platform of pictures that are posts of their own
PARTIAL = "_zs_partial"  # in what is kept of a post: what Zeeschuimer calls it


class AccountKind(StrEnum):
    """What kind of actor published a post."""

    ACCOUNT = "account"
    PAGE = "page"
    GROUP = "group"
    CHANNEL = "channel"


class Precision(StrEnum):
    """How finely the source knows a post's time; co-sharing windows can't be finer."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Post:
    """One published item; (platform, post_id) is its key.

    Ids are opaque strings: archives hash some of them, and a 64-bit id through a float is lost.
    `posted_at` is timezone-aware UTC, or None with `Precision.NONE`. `media` holds what the row
    itself says of its pictures: relative paths, SHA-256 digests or URLs; `MediaLibrary` turns them
    into files. `repost_of` is the key of the post that this one repeats natively (a retweet).
    `line` counts from 1 in the source, its header included.
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
    links: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    repost_of: str = ""
    engagement: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    line: int = 0

    def is_of_the_account(self, other: "Post") -> bool:
        """Whether both name one account: by its handle, or by the number that one tells beside."""
        named = self.account_id, other.account_id
        return named[0] == named[1] or any(
            post.extra.get(ACCOUNT_NUMBER) == account
            for post, account in zip((other, self), named, strict=True)
        )

    @property
    def ids(self) -> tuple[str, ...]:
        """What lists and files beside the row may call it: its id, and how the row writes that."""
        written = self.extra.get(WRITTEN_ID)
        return (self.post_id, written) if written else (self.post_id,)

    @property
    def is_partial(self) -> bool:
        """Whether it was taken from a page that showed it only in part; a whole one replaces it."""
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
    """Where one picture lies.

    `root` is an absolute folder or zip archive, `path` a relative POSIX path inside it.
    """

    root: str
    path: str

    @property
    def full_path(self) -> str:
        """The whole path: one file may be found from several roots."""
        return f"{self.root}/{self.path}"


@dataclass(frozen=True, slots=True)
class MediaItem:
    """The bytes of one picture: `sha256` identifies them, the rest says where a copy lies.

    `root` is an absolute folder or zip archive, `path` a relative POSIX path inside it.
    """

    sha256: str
    root: str
    path: str
    size: int

    @property
    def full_path(self) -> str:
        """The whole path."""
        return f"{self.root}/{self.path}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be read, and why; it never stops a run.

    `source` names the file, `line` its row (0: the file as a whole), `item` what was asked for (a
    post key, a path), `reason` a plain sentence, of which 1,000 characters are kept. `kept`: it is
    about one field, and the rest of the row was read. `ids` are what may have been the post's id.
    """

    source: str
    line: int
    item: str
    reason: str
    kept: bool = False
    ids: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.reason) > _REASON:
            object.__setattr__(self, "reason", f"{self.reason[: _REASON - 1]}…")
