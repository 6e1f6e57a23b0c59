"""Adding sources to a case: posts, profiles, and the pictures that posts carry.

Work goes in batches; each becomes one unit. Adding the same source again changes nothing: what the
case already holds is left out before a unit is written.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from frametrace.embed.arrow_rows import (
    accounts_table,
    links_table,
    media_table,
    posts_table,
    skipped_table,
)
from frametrace.embed.case import Case, CaseWriter
from frametrace.embed.column_maps import keep_maps
from frametrace.embed.decode import MAX_BYTES
from frametrace.embed.held import Held
from frametrace.embed.progress import Progress, Silent
from frametrace.embed.tables import POST_MEDIA
from frametrace.embed.union import is_union
from frametrace.posts.errors import DecodeError, UsageError
from frametrace.posts.folders import printable
from frametrace.posts.guesses import Guess
from frametrace.posts.media import Base, MediaLibrary, identify
from frametrace.posts.model import Account, MediaFile, MediaItem, Post, Skipped
from frametrace.posts.reading import Entry, Opened, open_source
from frametrace.posts.settings import ReadSettings

__all__ = ["Added", "add_sources"]

_BATCH = 20_000  # rows of a source; some 40 MB of Python objects
_CHARACTERS = 20_000_000  # of captions in a batch: a thousand a row, more than any platform allows
_NAMESAKE = (
    "its post was added with another picture of this name from elsewhere; "
    "where two folders have one name, rename one or add the folder above"
)
_ANOTHER = "another account"
_KEY = ["platform", "post_id"]
_THREADS = 4  # reading files and SHA-256 both let other threads run
_PART = 50  # files handed to a thread at once: one by one costs as much as reading them


@dataclass(slots=True)
class Added:
    """How many rows one call read, and how many of each kind it added to a case."""

    rows: int = field(default=0, compare=False)
    posts: int = 0
    accounts: int = 0
    media: int = 0
    skipped: int = 0
    known: int = 0  # posts that the case held already
    completed: int = 0  # posts that the case held in part and now holds whole
    # Rows and files of posts that were not read, and besides these posts that were not taken.
    unreadable: int = field(default=0, compare=False)
    dropped: int = field(default=0, compare=False)
    # Pictures by what joined them to their post, and those of media folders that belong to none.
    by_map: int = field(default=0, compare=False)
    by_row: int = field(default=0, compare=False)
    by_name: int = field(default=0, compare=False)
    unowned: int = field(default=0, compare=False)
    absent: int = field(default=0, compare=False)  # pictures that rows name and that aren't there
    lost: Skipped | None = field(default=None, compare=False)  # the first of the dropped
    aside: Mapping[str, int] = field(default_factory=dict, compare=False)  # no pictures, by suffix


@dataclass(slots=True)
class _Rows:
    """What one batch brings, before the case is asked what it holds already."""

    posts: dict[tuple[str, str], Post] = field(default_factory=dict)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    media: dict[str, MediaItem] = field(default_factory=dict)
    post_media: dict[tuple[str, str, str], str] = field(default_factory=dict)
    said: dict[tuple[str, str, str], str] = field(default_factory=dict)  # by the row: in which root
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
        self.skipped[(found.source, found.line, found.item, found.reason)] = None


def add_sources(
    case: Case,
    sources: Sequence[Path | Opened],
    *,
    library: MediaLibrary,
    reading: ReadSettings = ReadSettings(),
    progress: Progress | None = None,
) -> Added:
    """Read every source into the case and find its posts' pictures.

    Pictures in a folder or an archive with posts are looked for there as well.

    The sources are opened before anything is written: raises `SourceError` where one can't be read
    at all, `UsageError` for a union of cases. Rows that can't be read become rows of `skipped`.
    """
    progress = progress or Silent()
    if is_union(case):
        raise UsageError(
            f"{case.path} is a union of cases, which is made anew from these: add to one of them, "
            "then match them again"
        )
    opened = [
        open_source(source, reading) if isinstance(source, Path) else source for source in sources
    ]
    library.search(
        *(found.path for found in opened if found.holds_media),
        read={part.place for found in opened for part in found.parts},
    )
    added, refused = Added(), set[tuple[str, str]]()
    with case.writer() as writer:
        keep_maps(case.path, (p.columns for found in opened for p in found.parts if p.columns))
        for found in opened:
            with progress.track(f"reading {printable(found.path.resolve().name)}", None) as advance:
                for batch in _batches(found.readings()):
                    refused |= _put(writer, _rows_of(batch, library), added)
                    lost = [e for _, e in batch if isinstance(e, Skipped) and not e.kept]
                    added.rows += sum(not isinstance(e, Skipped) for _, e in batch) + len(lost)
                    added.unreadable += len(lost)
                    added.dropped += len(lost)
                    added.lost = added.lost or next(iter(lost), None)
                    advance(len(batch))
        if library.waits:
            with progress.track("joining pictures by name", None) as advance:
                named = (row for row in library.guessed(Held(case).keys) if row[0] not in refused)
                while guesses := list(islice(named, _BATCH)):
                    _put(writer, _guessed(guesses, Held(case)), added)
                    advance(len(guesses))
        rows = _Rows()
        for unused in library.unused(Held(case).keys(library.unasked())):
            rows.skip(unused)
        _put(writer, rows, added)
        added.by_map, added.by_row, added.by_name = (
            library.joined[rule] for rule in ("map", "row", "name")
        )
        added.unowned = len(Held(case).without(library.unowned()))
        added.aside = dict(library.aside.most_common())
        writer.commit()
    return added


def _batches(
    readings: Iterable[tuple[Base, Iterable[Entry]]],
) -> Iterator[list[tuple[Base, Entry]]]:
    """What was read, with where its paths are relative to, however many files it comes from.

    A folder may hold a small document beside each of a hundred thousand pictures.
    """
    batch: list[tuple[Base, Entry]] = []
    characters = 0
    for base, entry in ((base, entry) for base, entries in readings for entry in entries):
        batch.append((base, entry))
        if isinstance(entry, Post):
            characters += len(entry.text) + sum(map(len, entry.extra.values()))
        if len(batch) == _BATCH or characters > _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _rows_of(batch: Sequence[tuple[Base, Entry]], library: MediaLibrary) -> _Rows:
    rows = _Rows()
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
                rows.said[key] = item.root
    return rows


def _guessed(found: Sequence[Guess], held: Held) -> _Rows:
    """What the names of files give to posts: no file that the case holds as another post's."""
    rows = _Rows()
    items = _identified(file for *_, file in found if isinstance(file, MediaFile))
    identified = {item.sha256: item for item in items.values() if isinstance(item, MediaItem)}
    owners = held.owners([(item.sha256, item.path) for item in identified.values()])
    for key, source, line, file in found:
        if isinstance(file, Skipped):
            rows.lack(file)
        elif isinstance(item := items[file], Skipped):
            rows.lack(replace(item, source=source, line=line))
        elif others := owners.get((item.sha256, item.path), set()) - {key}:
            reason = f"is the picture of {'/'.join(min(others))} already"
            rows.skip(Skipped(source, line, item.path, reason))
        else:
            rows.join(key, item)
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


def _is_new(rows: _Rows, post: Post) -> bool:
    """Take the post unless its key is taken; other text or another account there is reported.

    A whole post takes the place of one that was shown in part.
    """
    key = post.platform, post.post_id
    first = rows.posts.setdefault(key, post)
    if first.account_id == post.account_id and first.is_partial != post.is_partial:
        if first.is_partial:
            rows.posts[key] = post
        return True
    same = (first.account_id, first.text) == (post.account_id, post.text)
    if not same:
        differs = "other text" if first.account_id == post.account_id else _ANOTHER
        rows.refuse(_conflict(post.source, post.line, post.platform, post.post_id, differs))
    return same


def _conflict(source: str, line: int, platform: str, post_id: str, differs: str) -> Skipped:
    reason = f"another post with this key and {differs} was kept"
    return Skipped(source, line, f"{platform}/{post_id}", reason)


def _put(writer: CaseWriter, rows: _Rows, added: Added) -> set[tuple[str, str]]:
    """Leave out what the case holds, then write the rest as one unit.

    Returns the keys of the posts that were refused.
    """
    held = Held(writer.case)
    read = posts_table(rows.posts.values())
    posts, known, conflicts = held.new_posts(read)
    whole = held.partial(read) if read.num_rows else read
    if whole.num_rows:
        replaced = set(zip(*(whole[name].to_pylist() for name in _KEY), strict=True))
        keys = list(zip(*(conflicts[name].to_pylist() for name in _KEY), strict=True))
        conflicts = conflicts.filter(pa.array([key not in replaced for key in keys], pa.bool_()))
    for row in conflicts.to_pylist():
        rows.refuse(_conflict(**row))
    added.dropped += len(rows.refused)
    added.lost = added.lost or next(iter(rows.refused), None)
    refused = {(row["platform"], row["post_id"]) for row in conflicts.to_pylist()}
    links = _new_links(held, rows, refused)
    media = sorted(set(links["sha256"].to_pylist()))
    tables = {
        "posts": posts,
        "accounts": held.new("accounts", accounts_table(rows.accounts.values())),
        "media": held.new("media", media_table(rows.media[sha256] for sha256 in media)),
        "post_media": links,
        "skipped": held.new("skipped", skipped_table(rows.skipped)),
    }
    instead: dict[str, list[str]] = {}
    if whole.num_rows:
        left, instead["posts"] = held.without_posts(whole)
        tables["posts"] = pa.concat_tables([posts, whole, left])
    added.posts += posts.num_rows
    added.completed += whole.num_rows
    added.known += known
    added.accounts += tables["accounts"].num_rows
    added.media += tables["media"].num_rows
    added.skipped += tables["skipped"].num_rows
    added.absent += rows.absent
    if any(table.num_rows for table in tables.values()):
        writer.put(f"add-{_digest(tables)}", tables, instead)
    return refused


def _new_links(held: Held, rows: _Rows, refused: set[tuple[str, str]]) -> pa.Table:
    """Which pictures posts are to get: not the one of a namesake in another folder."""
    keys = [key for key in rows.post_media if key[:2] not in refused]
    new = held.new("post_media", links_table(keys, rows.post_media))
    found = list(zip(*(new[name].to_pylist() for name in POST_MEDIA.names[:3]), strict=True))
    roots = pa.array([rows.said.get(key) for key in found], pa.string())
    namesakes = set(held.namesakes(new.append_column("root", roots)))
    for key in sorted(namesakes):
        post = rows.posts[key[:2]]
        rows.skip(Skipped(post.source, post.line, rows.post_media[key], _NAMESAKE))
    return new.filter(pa.array([key not in namesakes for key in found], pa.bool_()))


def _digest(tables: dict[str, pa.Table]) -> str:
    """A name for a unit: the same rows give the same name."""
    digest = hashlib.sha256()
    for name, table in tables.items():
        digest.update(name.encode())
        for batch in table.combine_chunks().to_batches():
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as stream:
                stream.write_batch(batch)
            digest.update(sink.getvalue())
    return digest.hexdigest()[:16]
