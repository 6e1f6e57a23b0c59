"""Turns the entries read in one batch into rows, with the files of their posts."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from frametrace.case.post_key_conflicts import KeyConflict, key_conflict
from frametrace.case.stored_rows import StoredRows
from frametrace.posts.errors import DecodeError
from frametrace.posts.media.guesses_by_file_name import PostKey, Resolution
from frametrace.posts.media.identify_picture import identify
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MEDIA_FOLDER, Account, MediaFile, MediaItem, Post, Skipped
from frametrace.posts.source_parts import Entry
from frametrace.posts.sources.containers import SourceLocation
from frametrace.work.progress import Advance
from frametrace.work.thread_pool import ThreadPool

__all__ = ["BatchRows", "Link", "batch_rows", "guessed_file_rows"]

Link = tuple[str, str, str]  # (platform, post id, SHA-256)
SourceLine = tuple[str, int]

_THREADS = 4  # reading files and SHA-256 both release Python's lock
_FILES_PER_PART = 50  # per task of a thread: single files cost as much to hand over as to read


@dataclass(slots=True)
class BatchRows:
    """The rows of one batch, before they are compared with the rows of the case."""

    posts: dict[PostKey, Post] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    media: dict[str, MediaItem] = field(default_factory=dict)
    post_media: dict[Link, MediaItem] = field(default_factory=dict)
    sources: dict[Link, SourceLine] = field(default_factory=dict)  # which row gave each link
    guessed: dict[Link, str] = field(default_factory=dict)  # links by a guess: the file's full path
    roots: dict[Link, str] = field(default_factory=dict)  # links by a row: the file's root
    lost: list[Skipped] = field(default_factory=list)  # posts not added: another post has their key
    absent: int = 0  # files that are named but can't be read
    skipped: dict[tuple[str, int, str, str], None] = field(default_factory=dict)

    def add_file(
        self, post: PostKey, item: MediaItem, source: SourceLine, *, guess: bool = False
    ) -> Link:
        """Give a post a file; `source` is the row that says so."""
        link = (*post, item.sha256)
        self.sources.setdefault(link, source)
        self.media.setdefault(item.sha256, item)
        self.post_media.setdefault(link, item)
        if guess:
            self.guessed[link] = item.full_path
        return link

    def add_conflict(self, conflict: KeyConflict) -> None:
        """Report a post that is not added because another post has its key."""
        if conflict.is_lost:
            self.lost.append(conflict.skipped)
        self.add_skipped(conflict.skipped)

    def add_absent(self, file: Skipped) -> None:
        """Report a file that a post names but that can't be read."""
        self.absent += 1
        self.add_skipped(file)

    def add_skipped(self, row: Skipped) -> None:
        """Report what could not be read or used; the same report counts once."""
        self.skipped[(row.source, row.line, row.item, row.reason)] = None


def batch_rows(
    batch: Sequence[tuple[SourceLocation, Entry]],
    library: MediaLibrary,
    advance: Advance,
) -> BatchRows:
    """The rows of a batch, with the files that `library` finds for its posts.

    While files are read, `advance` receives the number of further rows that are done.
    """
    rows = BatchRows()
    posts = []
    for base, entry in batch:
        match entry:
            case Skipped():
                rows.add_skipped(entry)
            case Account():
                rows.accounts.setdefault((entry.platform, entry.account_id), entry)
            case Post() if _add_post(rows, entry):
                posts.append((base, entry))
    files = [(post, file) for base, post in posts for file in library.find(post, base)]
    named = (file for _, file in files if isinstance(file, MediaFile))
    items = _identified(named, len(batch), advance)
    for post, file in files:
        if isinstance(file, Skipped):
            rows.add_absent(file)
        elif isinstance(item := items[file], Skipped):
            rows.add_absent(replace(item, source=post.source, line=post.line))
        else:
            alone = post.platform == MEDIA_FOLDER
            source = post.source, post.line
            link = rows.add_file((post.platform, post.post_id), item, source, guess=alone)
            if item.path.endswith((*post.media, *post.stills)):
                rows.roots[link] = item.root
    return rows


def guessed_file_rows(
    guesses: Sequence[Resolution],
    stored: StoredRows | None,
    advance: Advance,
    *,
    guess: bool,
) -> BatchRows:
    """The rows of files that were assigned to posts once all posts were known.

    With `stored`, files that another post of the case has are left out, unless that post got
    them by a weaker guess. `guess` says that a file was assigned by its name alone.
    """
    rows = BatchRows()
    named = (file for *_, file in guesses if isinstance(file, MediaFile))
    items = _identified(named, len(guesses), advance)
    identified = {item.sha256: item for item in items.values() if isinstance(item, MediaItem)}
    owners, earlier_guesses = {}, {}
    if stored:
        owners = stored.owners([(item.sha256, item.path) for item in identified.values()])
        earlier_guesses = stored.guesses_at([item.full_path for item in identified.values()])
    for key, source, line, file in guesses:
        if isinstance(file, Skipped):
            rows.add_absent(file)
        elif isinstance(item := items[file], Skipped):
            rows.add_absent(replace(item, source=source, line=line))
        elif owned_by := _other_owners(key, item, owners, earlier_guesses, guess=guess):
            reason = f"is already a file of {'/'.join(min(owned_by))}"
            rows.add_skipped(Skipped(source, line, item.path, reason))
        else:
            link = rows.add_file(key, item, (source, line), guess=guess)
            if stored is None:
                rows.roots[link] = item.root
    return rows


def _other_owners(
    key: PostKey,
    item: MediaItem,
    owners: Mapping[tuple[str, str], Set[PostKey]],
    guesses: Mapping[str, Collection[Link]],
    *,
    guess: bool,
) -> Set[PostKey]:
    """The posts whose claim to a file is stronger than that of the post of `key`."""
    weaker = {
        (platform, post_id)
        for platform, post_id, _ in guesses.get(item.full_path, ())
        if not guess or platform == MEDIA_FOLDER or len(post_id) < len(key[1])
    }
    stronger = owners.get((item.sha256, item.path), set()) - weaker
    return set() if key in stronger else stronger


def _identified(
    files: Iterable[MediaFile], rows: int, advance: Advance
) -> dict[MediaFile, MediaItem | Skipped]:
    """Read each file once, however many posts carry it; one that can't be read is a Skipped.

    Their `rows` are reported as done in proportion to the files.
    """
    distinct = list(dict.fromkeys(files))
    starts = range(0, len(distinct), _FILES_PER_PART)
    parts = [distinct[start : start + _FILES_PER_PART] for start in starts]
    items: dict[MediaFile, MediaItem | Skipped] = {}
    done = 0
    with ThreadPool(_THREADS) as executor:
        for part, identified in zip(parts, executor.map(_identify_all, parts), strict=True):
            items.update(zip(part, identified, strict=True))
            before, done = done, rows * len(items) // len(distinct)
            advance(done - before)
    advance(rows - done)
    return items


def _identify_all(files: Sequence[MediaFile]) -> list[MediaItem | Skipped]:
    items: list[MediaItem | Skipped] = []
    for file in files:
        try:
            items.append(identify(file))
        except DecodeError as error:
            items.append(Skipped("", 0, file.path, str(error)))
    return items


def _add_post(rows: BatchRows, post: Post) -> bool:
    """Add the post unless a different one has its key; a whole post replaces a partial one."""
    key = post.platform, post.post_id
    first = rows.posts.setdefault(key, post)
    if conflict := key_conflict(first, post):
        rows.add_conflict(conflict)
    elif first.is_partial and not post.is_partial:
        rows.posts[key] = post
    return conflict is None
