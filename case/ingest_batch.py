"""What one batch of entries brings to a case, before the case is asked what it holds already."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain

from frametrace.case.key_conflicts import Refused, refusal
from frametrace.case.views import Held
from frametrace.posts.errors import DecodeError
from frametrace.posts.media.guesses import PostKey, Resolution
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.media.picture_bytes import identify
from frametrace.posts.model import PICTURE_FOLDER, Account, MediaFile, MediaItem, Post, Skipped
from frametrace.posts.source_parts import Entry
from frametrace.posts.sources.containers import SourceLocation
from frametrace.work.thread_pool import ThreadPool

__all__ = ["BatchRows", "Link", "rows_guessed", "rows_of"]

Link = tuple[str, str, str]  # (platform, post id, SHA-256)
Told = tuple[str, int]  # by which source, in which line

_THREADS = 4  # reading files and SHA-256 both let other threads run
_PART = 50  # files handed to a thread at once: one by one costs as much as reading them


@dataclass(slots=True)
class BatchRows:
    """What one batch brings, before the case is asked what it holds already."""

    posts: dict[tuple[str, str], Post] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    media: dict[str, MediaItem] = field(default_factory=dict)
    post_media: dict[Link, MediaItem] = field(default_factory=dict)
    told: dict[Link, Told] = field(default_factory=dict)
    guessed: dict[Link, str] = field(default_factory=dict)  # of these: in which place
    said: dict[Link, str] = field(default_factory=dict)  # by the row: in which root
    lost: list[Skipped] = field(default_factory=list)  # posts that stand under no key
    absent: int = 0  # pictures that are named and can't be had
    skipped: dict[tuple[str, int, str, str], None] = field(default_factory=dict)

    def join(self, post: PostKey, item: MediaItem, told: Told, *, guess: bool = False) -> Link:
        """Let a post have a picture, as was `told`; returns the key of both."""
        key = (*post, item.sha256)
        self.told.setdefault(key, told)
        self.media.setdefault(item.sha256, item)
        self.post_media.setdefault(key, item)
        if guess:
            self.guessed[key] = item.full_path
        return key

    def refuse(self, post: Refused) -> None:
        """Note a post that is not taken, as its key is another's."""
        if post.is_lost:
            self.lost.append(post.told)
        self.skip(post.told)

    def lack(self, found: Skipped) -> None:
        """Note a picture that a post is without."""
        self.absent += 1
        self.skip(found)

    def skip(self, found: Skipped) -> None:
        """Note what could not be read or used, once however often it is told."""
        self.skipped[(found.source, found.line, found.item, found.reason)] = None


def rows_of(batch: Sequence[tuple[SourceLocation, Entry]], library: MediaLibrary) -> BatchRows:
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
            alone = post.platform == PICTURE_FOLDER
            told = post.source, post.line
            key = rows.join((post.platform, post.post_id), item, told, guess=alone)
            if item.path.endswith(post.media):
                rows.said[key] = item.root
    return rows


def rows_guessed(found: Sequence[Resolution], held: Held | None, *, guess: bool) -> BatchRows:
    """What was found once all posts were known: of what `held` holds no file of another post.

    But one that a weaker guess gave to it; a `guess` is what a file's name alone says.
    """
    rows = BatchRows()
    items = _identified(file for *_, file in found if isinstance(file, MediaFile))
    identified = {item.sha256: item for item in items.values() if isinstance(item, MediaItem)}
    owners, guesses = {}, {}
    if held:
        owners = held.owners([(item.sha256, item.path) for item in identified.values()])
        guesses = held.guesses_at([item.full_path for item in identified.values()])
    for key, source, line, file in found:
        if isinstance(file, Skipped):
            rows.lack(file)
        elif isinstance(item := items[file], Skipped):
            rows.lack(replace(item, source=source, line=line))
        elif others := _owning(key, item, owners, guesses, guess=guess):
            reason = f"is the picture of {'/'.join(min(others))} already"
            rows.skip(Skipped(source, line, item.path, reason))
        else:
            link = rows.join(key, item, (source, line), guess=guess)
            if held is None:
                rows.said[link] = item.root
    return rows


def _owning(
    key: PostKey,
    item: MediaItem,
    owners: Mapping[tuple[str, str], Set[PostKey]],
    guesses: Mapping[str, Collection[Link]],
    *,
    guess: bool,
) -> Set[PostKey]:
    """The posts that keep a file as theirs, though something gives it to the post of `key`."""
    weaker = {
        (platform, post_id)
        for platform, post_id, _ in guesses.get(item.full_path, ())
        if not guess or platform == PICTURE_FOLDER or len(post_id) < len(key[1])
    }
    others = owners.get((item.sha256, item.path), set()) - weaker
    return set() if key in others else others


def _identified(files: Iterable[MediaFile]) -> dict[MediaFile, MediaItem | Skipped]:
    """Read each file once, however many posts carry it; one that can't be read is a Skipped."""
    distinct = list(dict.fromkeys(files))
    parts = [distinct[at : at + _PART] for at in range(0, len(distinct), _PART)]
    with ThreadPool(_THREADS) as executor:
        items = chain.from_iterable(executor.map(_identify_all, parts))
        return dict(zip(distinct, items, strict=True))


def _identify_all(files: Sequence[MediaFile]) -> list[MediaItem | Skipped]:
    items: list[MediaItem | Skipped] = []
    for file in files:
        try:
            items.append(identify(file))
        except DecodeError as error:
            items.append(Skipped("", 0, file.path, str(error)))
    return items


def _is_new(rows: BatchRows, post: Post) -> bool:
    """Take the post unless its key is taken; a whole one takes the place of one shown in part."""
    key = post.platform, post.post_id
    first = rows.posts.setdefault(key, post)
    if refused := refusal(first, post):
        rows.refuse(refused)
    elif first.is_partial and not post.is_partial:
        rows.posts[key] = post
    return refused is None
