"""Adding sources to a case: posts, profiles, and the pictures that posts carry.

Work goes in batches; each becomes one unit. Adding the same source again changes nothing: what the
case already holds is left out before a unit is written.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa

from frametrace.case.arrow_rows import accounts_table, media_table, posts_table, skipped_table
from frametrace.case.ingest_batch import BatchRows, rows_guessed, rows_of
from frametrace.case.key_conflicts import Refused
from frametrace.case.picture_links import corrections, guesses_in, new_links
from frametrace.case.saved_column_maps import keep_maps
from frametrace.case.store import Case, CaseWriter
from frametrace.case.views import Held
from frametrace.posts.errors import UsageError
from frametrace.posts.media.guesses import PostKey
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import OpenedSource, open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.source_parts import Entry
from frametrace.posts.sources.containers import SourceLocation
from frametrace.posts.sources.paths import printable
from frametrace.work.progress import Progress, Silent

__all__ = ["Added", "add_sources"]

_BATCH = 20_000  # rows of a source; some 40 MB of Python objects
_CHARACTERS = 20_000_000  # of captions in a batch: a thousand a row, more than any platform allows


@dataclass(slots=True)
class Added:
    """How many rows one call read, and how many of each kind it added to a case."""

    rows: int = field(default=0, compare=False)
    posts: int = 0
    accounts: int = 0
    media: int = 0
    skipped: int = 0
    known: int = 0  # posts that the case held already
    other_times: int = field(default=0, compare=False)  # of these: are now read at another time
    completed: int = 0  # posts that the case held in part and now holds whole
    # Rows and files of posts that were not read, and besides these posts that were not taken.
    unreadable: int = field(default=0, compare=False)
    unreadable_files: int = field(default=0, compare=False)  # of these: the files, sheets and lists
    dropped: int = field(default=0, compare=False)
    # Pictures by what joined them to their post, and those of media folders that belong to none.
    by_map: int = field(default=0, compare=False)
    by_row: int = field(default=0, compare=False)
    by_name: int = field(default=0, compare=False)
    unowned: int = field(default=0, compare=False)
    absent: int = field(default=0, compare=False)  # pictures that rows name and that aren't there
    by_kept: Mapping[str, str] = field(default_factory=dict, compare=False)  # maps, by source
    lost: Skipped | None = field(default=None, compare=False)  # the first of the dropped
    aside: Mapping[str, int] = field(default_factory=dict, compare=False)  # no pictures, by suffix


def add_sources(
    case: Case,
    sources: Sequence[Path | OpenedSource],
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
    if case.is_union:
        raise UsageError(
            f"{case.path} is a union of cases, which is made anew from these: add to one of them, "
            "then match them again"
        )
    opened = [
        open_source(source, reading) if isinstance(source, Path) else source for source in sources
    ]
    parts = [part for found in opened for part in found.parts]
    library.add_sources(
        *(path for found in opened for path in found.searched),
        read={part.full_path for part in parts},
        siblings=[group for found in opened for group in found.siblings],
    )
    added, refused = Added(), set[tuple[PostKey, str, int]]()
    added.by_kept = {
        p.source.name: p.columns.saved_as for p in parts if p.columns and p.columns.saved_as
    }
    with case.writer() as writer:
        keep_maps(case.path, (part.columns for part in parts if part.columns))
        for each in opened:
            with progress.track(f"reading {printable(each.path.resolve().name)}", None) as advance:
                for batch in _batches(each.readings()):
                    refused |= _put(writer, rows_of(batch, library), added)
                    lost = [e for _, e in batch if isinstance(e, Skipped) and not e.kept]
                    added.rows += sum(not isinstance(e, Skipped) for _, e in batch) + len(lost)
                    added.unreadable += len(lost)
                    added.unreadable_files += sum(not skipped.line for skipped in lost)
                    added.dropped += len(lost)
                    added.lost = added.lost or next(iter(lost), None)
                    advance(len(batch))
        if library.has_pending:
            with progress.track("joining pictures by name", None) as advance:
                held = Held(case)
                for named, checks, guess in (
                    (library.resolve_own_claims(), None, False),
                    (library.resolve_claims(held.keys), held, False),
                    (library.resolve_guesses(held.keys), held, True),
                ):
                    taken = (row for row in named if row[:3] not in refused)
                    while found := list(islice(taken, _BATCH)):
                        rows = rows_guessed(found, checks, guess=guess)
                        _put(writer, rows, added)
                        added.by_name += len(rows.guessed)
                        advance(len(found))
        unused = BatchRows()
        for row in library.unused_entries(Held(case).keys(library.unrequested_posts())):
            unused.skip(row)
        _put(writer, unused, added)
        added.by_map, added.by_row = library.counts_by_rule["map"], library.counts_by_rule["row"]
        added.unowned = len(Held(case).without(library.unassigned()))
        added.aside = dict(library.other_files.most_common())
        writer.commit()
    return added


def _batches(
    readings: Iterable[tuple[SourceLocation, Iterable[Entry]]],
) -> Iterator[list[tuple[SourceLocation, Entry]]]:
    """What was read, with where its paths are relative to, however many files it comes from.

    A folder may hold a small document beside each of a hundred thousand pictures.
    """
    batch: list[tuple[SourceLocation, Entry]] = []
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


@dataclass(frozen=True, slots=True)
class _Posts:
    """The posts of a batch: those that are new, those that complete one held in part, and others.

    `known` counts those that are held, of which `other_times` had another time when first read.
    """

    new: pa.Table
    whole: pa.Table
    refused: tuple[Refused, ...]
    known: int
    other_times: int

    @property
    def refused_keys(self) -> set[PostKey]:
        """The keys of those that are not taken."""
        return {(post.platform, post.post_id) for post in self.refused}


def _put(writer: CaseWriter, rows: BatchRows, added: Added) -> set[tuple[PostKey, str, int]]:
    """Leave out what the case holds, then write the rest as one unit.

    Returns the keys of the posts that were refused, each with its source and line.
    """
    held = Held(writer.case)
    posts = _posts_of(rows, held)
    for refused in posts.refused:
        rows.refuse(refused)
    tables, instead = _unit(held, rows, posts)
    added.posts += posts.new.num_rows
    added.completed += posts.whole.num_rows
    added.known += posts.known
    added.other_times += posts.other_times
    added.accounts += tables["accounts"].num_rows
    added.media += tables["media"].num_rows
    added.skipped += tables["skipped"].num_rows
    added.absent += rows.absent
    added.dropped += len(rows.lost)
    added.lost = added.lost or next(iter(rows.lost), None)
    if any(table.num_rows for table in tables.values()) or any(instead.values()):
        writer.put(f"add-{_digest(tables)}", tables, instead)
    return {((post.platform, post.post_id), post.source, post.line) for post in posts.refused}


def _posts_of(rows: BatchRows, held: Held) -> _Posts:
    read = posts_table(rows.posts.values())
    new, known, conflicts = held.new_posts(read)
    whole = held.partial(read) if read.num_rows else read
    replaced = _keys_of(whole)
    refused = (Refused(**row) for row in conflicts.to_pylist())
    return _Posts(
        new=new,
        whole=whole,
        refused=tuple(post for post in refused if (post.platform, post.post_id) not in replaced),
        known=known,
        other_times=held.other_times(read) if known else 0,
    )


def _unit(
    held: Held, rows: BatchRows, posts: _Posts
) -> tuple[dict[str, pa.Table], dict[str, list[str]]]:
    """The tables of one unit, and the shards that these stand instead of."""
    refused = posts.refused_keys
    links = new_links(held, rows, refused)
    corrected = corrections(held, rows, refused)
    media = sorted(set(links["sha256"].to_pylist()))
    tables = {
        "posts": posts.new,
        "accounts": held.new("accounts", accounts_table(rows.accounts.values())),
        "media": held.new("media", media_table(rows.media[sha256] for sha256 in media)),
        "post_media": links,
        "guessed": guesses_in(links, rows),
        "skipped": held.new("skipped", skipped_table(rows.skipped)),
    }
    gone: Mapping[str, Collection[tuple[str, ...]]] = {
        "posts": _keys_of(posts.whole),
        "post_media": corrected.withdrawn,
        "guessed": corrected.withdrawn | corrected.confirmed,
    }
    instead: dict[str, list[str]] = {}
    for name, without in gone.items():
        if without:
            left, instead[name] = held.left_of(name, without)
            tables[name] = pa.concat_tables([tables[name], left])
    tables["posts"] = pa.concat_tables([tables["posts"], posts.whole])
    return tables, instead


def _keys_of(posts: pa.Table) -> set[PostKey]:
    return set(zip(posts["platform"].to_pylist(), posts["post_id"].to_pylist(), strict=True))


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
