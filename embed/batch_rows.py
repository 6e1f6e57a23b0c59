"""What one batch of entries brings to a case, before the case is asked what it holds already."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain

from frametrace.embed.decode import MAX_BYTES
from frametrace.embed.held import Held
from frametrace.posts.errors import DecodeError
from frametrace.posts.guesses import Guess
from frametrace.posts.media import MediaLibrary
from frametrace.posts.media_files import identify
from frametrace.posts.model import Account, MediaFile, MediaItem, Post, Skipped
from frametrace.posts.parts import Entry
from frametrace.posts.roots import Base

__all__ = ["BatchRows", "conflict", "rows_guessed", "rows_of"]

_ANOTHER = "another account"
_THREADS = 4  # reading files and SHA-256 both let other threads run
_PART = 50  # files handed to a thread at once: one by one costs as much as reading them


@dataclass(slots=True)
class BatchRows:
    """What one batch brings, before the case is asked what it holds already."""

    posts: dict[tuple[str, str], Post] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    media: dict[str, MediaItem] = field(default_factory=dict)
    post_media: dict[tuple[str, str, str], str] = field(default_factory=dict)
    # What a row says itself: in which root a picture lies, and which row it is.
    said: dict[tuple[str, str, str], tuple[str, str, int]] = field(default_factory=dict)
    refused: list[Skipped] = field(default_factory=list)  # posts of another account by one key
    absent: int = 0  # pictures that are named and can't be had
    skipped: dict[tuple[str, int, str, str], None] = field(default_factory=dict)

    def join(self, post: tuple[str, str], item: MediaItem) -> tuple[str, str, str]:
        """Let a post have a picture; returns the key of both."""
        key = (*post, item.sha256)
        self.media.setdefault(item.sha256, item)
        self.post_media.setdefault(key, item.path)
        return key

    def refuse(self, found: Skipped) -> None:
        """Note a post that is not taken; one that somebody else made is lost with it."""
        if _ANOTHER in found.reason:
            self.refused.append(found)
        self.skip(found)

    def lack(self, found: Skipped) -> None:
        """Note a picture that a post is without."""
        self.absent += 1
        self.skip(found)

    def skip(self, found: Skipped) -> None:
        """Note what could not be read or used, once however often it is told."""
        self.skipped[(found.source, found.line, found.item, found.reason)] = None


def rows_of(batch: Sequence[tuple[Base, Entry]], library: MediaLibrary) -> BatchRows:
    """The rows of what was read, with the pictures that `library` finds for its posts."""
    rows = BatchRows()
    posts = []
    for base, entry in batch:
        match entry:
            case Skipped():
                rows.skip(entry)
            case Account():
                rows.accounts.setdefault((entry.platform, entry.account_id), entry)
            case Post() if _is_new(rows, entry):
                posts.append((base, entry))
    found = [(post, file) for base, post in posts for file in library.find(post, base)]
    items = _identified(file for _, file in found if isinstance(file, MediaFile))
    for post, file in found:
        if isinstance(file, Skipped):
            rows.lack(file)
        elif isinstance(item := items[file], Skipped):
            rows.lack(replace(item, source=post.source, line=post.line))
        else:
            key = rows.join((post.platform, post.post_id), item)
            if item.path.endswith(post.media):
                rows.said[key] = item.root, post.source, post.line
    return rows


def rows_guessed(found: Sequence[Guess], held: Held | None) -> BatchRows:
    """What was found once all posts were known: of what `held` holds no file of another post."""
    rows = BatchRows()
    items = _identified(file for *_, file in found if isinstance(file, MediaFile))
    identified = {item.sha256: item for item in items.values() if isinstance(item, MediaItem)}
    files = [(item.sha256, item.path) for item in identified.values()]
    owners = held.owners(files) if held else {}
    for key, source, line, file in found:
        if isinstance(file, Skipped):
            rows.lack(file)
        elif isinstance(item := items[file], Skipped):
            rows.lack(replace(item, source=source, line=line))
        elif (others := owners.get((item.sha256, item.path), set())) and key not in others:
            reason = f"is the picture of {'/'.join(min(others))} already"
            rows.skip(Skipped(source, line, item.path, reason))
        else:
            joined = rows.join(key, item)
            if held is None:
                rows.said[joined] = item.root, source, line
    return rows


def _identified(files: Iterable[MediaFile]) -> dict[MediaFile, MediaItem | Skipped]:
    """Read each file once, however many posts carry it; one that can't be read is a Skipped."""

    def identified(file: MediaFile) -> MediaItem | Skipped:
        try:
            return identify(file, MAX_BYTES)
        except DecodeError as error:
            return Skipped("", 0, file.path, str(error))

    distinct = list(dict.fromkeys(files))
    parts = [distinct[at : at + _PART] for at in range(0, len(distinct), _PART)]
    with ThreadPoolExecutor(_THREADS) as threads:
        done = threads.map(lambda part: list(map(identified, part)), parts)
        return dict(zip(distinct, chain.from_iterable(done), strict=True))


def _is_new(rows: BatchRows, post: Post) -> bool:
    """Take the post unless its key is taken; other text or another account there is reported.

    A whole post takes the place of one that was shown in part.
    """
    key = post.platform, post.post_id
    first = rows.posts.setdefault(key, post)
    same_account = first.is_of_the_account(post)
    if same_account and first.is_partial != post.is_partial:
        if first.is_partial:
            rows.posts[key] = post
        return True
    same = same_account and first.text == post.text
    if not same:
        differs = "other text" if same_account else _ANOTHER
        rows.refuse(conflict(post.source, post.line, post.platform, post.post_id, differs))
    return same


def conflict(source: str, line: int, platform: str, post_id: str, differs: str) -> Skipped:
    """Tell of a post that is not taken, as its key is another's."""
    reason = f"another post with this key and {differs} was kept"
    return Skipped(source, line, f"{platform}/{post_id}", reason)
