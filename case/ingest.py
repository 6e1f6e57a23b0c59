"""Adds sources to a case: posts, profiles, and the pictures and videos of the posts.

Rows are added in batches; each batch becomes one unit. Adding the same source again changes
nothing: what the case already has is left out before a unit is written.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa

from frametrace.case.arrow_rows import accounts_table, media_table, posts_table, skipped_table
from frametrace.case.case_writer import CaseWriter
from frametrace.case.ingest_batch import BatchRows, batch_rows, guessed_file_rows
from frametrace.case.media_links import guess_corrections, new_guesses, new_links
from frametrace.case.post_key_conflicts import KeyConflict
from frametrace.case.saved_column_maps import save_column_maps
from frametrace.case.store import Case
from frametrace.case.stored_rows import StoredRows
from frametrace.posts.errors import UsageError
from frametrace.posts.media.guesses_by_file_name import PostKey
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import OpenedSource, open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.source_parts import Entry
from frametrace.posts.sources.containers import SourceLocation
from frametrace.posts.sources.paths import printable
from frametrace.work.progress import Progress, Silent
from frametrace.work.rare_collection import rarely_collecting

__all__ = ["Added", "add_sources"]

_BATCH_ROWS = 20_000  # some 40 MB of Python objects
# In the captions of a batch: a thousand per row, more than any platform allows.
_BATCH_CHARACTERS = 20_000_000

_RefusedRow = tuple[PostKey, str, int]  # of a post that was not added: its key, source and line


@dataclass(slots=True)
class Added:
    """Counts of the rows that one call read, and of the rows that it added to a case, by kind."""

    rows: int = field(default=0, compare=False)
    posts: int = 0
    accounts: int = 0
    media: int = 0
    videos: int = 0  # of the media
    skipped: int = 0
    known: int = 0  # posts that the case already had
    other_times: int = field(default=0, compare=False)  # known, but now with another time
    completed: int = 0  # posts that the case had only in part
    # Rows and files of posts that could not be read; `dropped` counts refused posts as well.
    unreadable: int = field(default=0, compare=False)
    unreadable_files: int = field(default=0, compare=False)  # of these: whole files, sheets, lists
    dropped: int = field(default=0, compare=False)
    # Files by the rule that assigned them; `unowned` are those in media folders without a post.
    by_map: int = field(default=0, compare=False)
    by_row: int = field(default=0, compare=False)
    by_name: int = field(default=0, compare=False)
    unowned: int = field(default=0, compare=False)
    absent: int = field(default=0, compare=False)  # files that rows name but that are missing
    by_kept: Mapping[str, str] = field(default_factory=dict, compare=False)  # saved maps, by source
    lost: Skipped | None = field(default=None, compare=False)  # the first one that was dropped
    aside: Mapping[str, int] = field(default_factory=dict, compare=False)  # other files, by suffix


def add_sources(
    case: Case,
    sources: Sequence[Path | OpenedSource],
    *,
    library: MediaLibrary,
    reading: ReadSettings = ReadSettings(),
    progress: Progress | None = None,
) -> Added:
    """Add the posts of every source to the case, with their pictures and videos.

    These are searched for in `library`, and in the folders and archives of the sources. The
    sources are opened before anything is written: raises `SourceError` if one can't be read at
    all, `UsageError` for a union of cases. Rows that can't be read become rows of `skipped`.
    """
    progress = progress or Silent()
    if case.is_union:
        raise UsageError(
            f"{case.path} is a union of cases, which is rebuilt from them: add to one of them, "
            "then match them again"
        )
    opened = [
        open_source(source, reading) if isinstance(source, Path) else source for source in sources
    ]
    parts = [part for source in opened for part in source.parts]
    library.add_sources(
        *(path for source in opened for path in source.searched),
        read={part.full_path for part in parts},
        siblings=[group for source in opened for group in source.siblings],
    )
    added, refused = Added(), set[_RefusedRow]()
    added.by_kept = {
        p.source.name: p.columns.saved_as for p in parts if p.columns and p.columns.saved_as
    }
    with case.writer() as writer, rarely_collecting():
        save_column_maps(case.path, (part.columns for part in parts if part.columns))
        for source in opened:
            refused |= _add_posts(writer, source, library, added, progress)
        if library.has_pending:
            _add_guessed_files(writer, library, refused, added, progress)
        _count_unused_files(writer, library, added)
        writer.commit()
    return added


def _add_posts(
    writer: CaseWriter,
    source: OpenedSource,
    library: MediaLibrary,
    added: Added,
    progress: Progress,
) -> set[_RefusedRow]:
    """Add what a source holds, batch by batch; returns the posts that were refused."""
    refused = set[_RefusedRow]()
    with progress.track(f"reading {printable(source.path.resolve().name)}", None) as advance:
        for batch in _batches(source.readings()):
            refused |= _put(writer, batch_rows(batch, library, advance), added)
            skipped = [entry for _, entry in batch if isinstance(entry, Skipped)]
            unread = [entry for entry in skipped if not entry.kept]
            added.rows += len(batch) - len(skipped) + len(unread)
            added.unreadable += len(unread)
            added.unreadable_files += sum(not entry.line for entry in unread)
            added.dropped += len(unread)
            added.lost = added.lost or next(iter(unread), None)
    return refused


def _add_guessed_files(
    writer: CaseWriter,
    library: MediaLibrary,
    refused: Set[_RefusedRow],
    added: Added,
    progress: Progress,
) -> None:
    """Add the files that can be assigned to posts only once all posts are known."""
    stored = StoredRows(writer.case)
    with progress.track("joining files by name", None) as advance:
        for assigned, compared_with, guess in (
            (library.resolve_own_claims(), None, False),
            (library.resolve_claims(stored.post_keys), stored, False),
            (library.resolve_guesses(stored.post_keys), stored, True),
        ):
            accepted = (row for row in assigned if row[:3] not in refused)
            while batch := list(islice(accepted, _BATCH_ROWS)):
                rows = guessed_file_rows(batch, compared_with, advance, guess=guess)
                _put(writer, rows, added)
                added.by_name += len(rows.guessed)


def _count_unused_files(writer: CaseWriter, library: MediaLibrary, added: Added) -> None:
    """Report the files without a post, and count how the rest were assigned."""
    stored = StoredRows(writer.case)
    unused = BatchRows()
    for row in library.unused_entries(stored.post_keys(library.unrequested_posts())):
        unused.add_skipped(row)
    _put(writer, unused, added)
    added.by_map, added.by_row = library.counts_by_rule["map"], library.counts_by_rule["row"]
    added.unowned = len(stored.unowned(library.unassigned()))
    added.aside = dict(library.other_files.most_common())


def _batches(
    readings: Iterable[tuple[SourceLocation, Iterable[Entry]]],
) -> Iterator[list[tuple[SourceLocation, Entry]]]:
    """The entries of all files of a source, each with the root of its paths, in batches.

    A batch may span files: a folder may hold a small document beside each of its pictures.
    """
    batch: list[tuple[SourceLocation, Entry]] = []
    characters = 0
    for base, entry in ((base, entry) for base, entries in readings for entry in entries):
        batch.append((base, entry))
        if isinstance(entry, Post):
            characters += len(entry.text)
            if entry.extra:
                characters += sum(map(len, entry.extra.values()))
        if len(batch) == _BATCH_ROWS or characters > _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _ComparedPosts:
    """The posts of a batch, compared with those of the case.

    `completing` are whole posts that replace partial ones. `known` counts the posts that the case
    already has, `other_times` those of them that had another time when they were first read.
    """

    new: pa.Table
    completing: pa.Table
    conflicts: tuple[KeyConflict, ...]
    known: int
    other_times: int

    @property
    def refused_keys(self) -> set[PostKey]:
        """The keys of the posts that are not added."""
        return {conflict.key for conflict in self.conflicts}


def _put(writer: CaseWriter, rows: BatchRows, added: Added) -> set[_RefusedRow]:
    """Write what the case doesn't have as one unit; returns the refused posts."""
    stored = StoredRows(writer.case)
    posts = _compare_posts(rows, stored)
    for conflict in posts.conflicts:
        rows.add_conflict(conflict)
    tables, replaced = _unit(stored, rows, posts)
    added.posts += posts.new.num_rows
    added.completed += posts.completing.num_rows
    added.known += posts.known
    added.other_times += posts.other_times
    added.accounts += tables["accounts"].num_rows
    added.media += tables["media"].num_rows
    new_media = tables["media"]["sha256"].to_pylist()
    added.videos += sum(rows.media[sha256].is_video for sha256 in new_media)
    added.skipped += tables["skipped"].num_rows
    added.absent += rows.absent
    added.dropped += len(rows.lost)
    added.lost = added.lost or next(iter(rows.lost), None)
    if any(table.num_rows for table in tables.values()) or any(replaced.values()):
        writer.put(f"add-{_digest(tables)}", tables, replaced)
    return {(conflict.key, conflict.source, conflict.line) for conflict in posts.conflicts}


def _compare_posts(rows: BatchRows, stored: StoredRows) -> _ComparedPosts:
    posts = posts_table(rows.posts.values())
    new, known, conflicting = stored.new_posts(posts)
    completing = stored.completing(posts) if known or conflicting.num_rows else posts.slice(0, 0)
    completed = _keys_of(completing)
    conflicts = (KeyConflict(**row) for row in conflicting.to_pylist())
    return _ComparedPosts(
        new=new,
        completing=completing,
        conflicts=tuple(conflict for conflict in conflicts if conflict.key not in completed),
        known=known,
        other_times=stored.other_times(posts) if known else 0,
    )


def _unit(
    stored: StoredRows, rows: BatchRows, posts: _ComparedPosts
) -> tuple[dict[str, pa.Table], dict[str, list[str]]]:
    """The tables of one unit, and the shards that they replace, by table."""
    refused = posts.refused_keys
    links = new_links(stored, rows, refused)
    corrections = guess_corrections(stored, rows, refused)
    media = sorted(set(links["sha256"].to_pylist()))
    tables = {
        "posts": posts.new,
        "accounts": stored.new("accounts", accounts_table(rows.accounts.values())),
        "media": stored.new("media", media_table(rows.media[sha256] for sha256 in media)),
        "post_media": links,
        "guessed": new_guesses(links, rows),
        "skipped": stored.new("skipped", skipped_table(rows.skipped)),
    }
    deleted: Mapping[str, Collection[tuple[str, ...]]] = {
        "posts": _keys_of(posts.completing),
        "post_media": corrections.withdrawn,
        "guessed": corrections.withdrawn | corrections.confirmed,
    }
    replaced: dict[str, list[str]] = {}
    for name, keys in deleted.items():
        if keys:
            remaining, replaced[name] = stored.remaining(name, keys)
            tables[name] = pa.concat_tables([tables[name], remaining])
    tables["posts"] = pa.concat_tables([tables["posts"], posts.completing])
    return tables, replaced


def _keys_of(posts: pa.Table) -> set[PostKey]:
    return set(zip(posts["platform"].to_pylist(), posts["post_id"].to_pylist(), strict=True))


def _digest(tables: dict[str, pa.Table]) -> str:
    """A digest of the tables: the same rows give a unit the same name."""
    digest = hashlib.sha256()
    for name, table in tables.items():
        digest.update(name.encode())
        for batch in table.combine_chunks().to_batches():
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as stream:
                stream.write_batch(batch)
            digest.update(sink.getvalue())
    return digest.hexdigest()[:16]
