"""Opens what users name: finds the reader of each part of it, and reports what isn't read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from frametrace.posts.columns.column_map import shipped_maps
from frametrace.posts.columns.map_draft import draft_map, likeliest_table
from frametrace.posts.columns.mapped_rows import reader_for_map
from frametrace.posts.errors import SourceError
from frametrace.posts.format_recognition import parts_of, reader_named
from frametrace.posts.layouts.detection import heads_of
from frametrace.posts.model import Skipped
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.readers import READERS
from frametrace.posts.rows import Head, Shape
from frametrace.posts.source_parts import Entry, SourcePart, folder_in_container
from frametrace.posts.sources.containers import SourceLocation
from frametrace.posts.sources.paths import printable
from frametrace.posts.sources.sibling_sources import SiblingSources
from frametrace.posts.sources.source import Source, has_table_suffix, sources_in
from frametrace.posts.unrecognised import NEXT_STEPS

__all__ = ["OpenedSource", "detect", "formats_table", "open_source", "read_source"]

_MAX_SEARCHED = 50  # documents that are searched for records like posts
_BESIDE = (
    "The pictures beside it may belong to its posts: --format folder adds each picture as a post "
    "of its own."
)
_MAX_NAMED = 5  # files that a message lists by name


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A path that was opened: the parts that are read, and reports on what is not."""

    path: Path
    parts: tuple[SourcePart, ...]
    unread: tuple[Skipped, ...] = field(default=())
    siblings: tuple[SiblingSources, ...] = ()

    @property
    def holds_media(self) -> bool:
        """Whether it is a folder or archive that may hold the pictures of the posts in it."""
        return any(part.source.member for part in self.parts)

    @property
    def holds_posts(self) -> bool:
        """Whether it has more than pictures."""
        return any(not part.source.is_folder for part in self.parts)

    @property
    def searched(self) -> tuple[Path, ...]:
        """The folders and archives that may hold the pictures of its posts; none without posts."""
        archives = dict.fromkeys(part.source.path for part in self.parts if part.source.member)
        return (self.path, *archives) if self.holds_media else ()

    def readings(self) -> Iterator[tuple[SourceLocation, Iterator[Entry]]]:
        """Yield the entries of each part, with its location; the first begin with what isn't read.

        Raises OSError if a folder or archive no longer exists.
        """
        for number, part in enumerate(self.parts):
            entries = part.entries()
            yield part.location(), chain(self.unread, entries) if number == 0 else entries

    def entries(self) -> Iterator[Entry]:
        """The entries of all parts, after what isn't read."""
        return chain(self.unread, chain.from_iterable(part.entries() for part in self.parts))


@dataclass(slots=True)
class _Recognised:
    """What was recognised in a path, and what was not."""

    parts: list[SourcePart] = field(default_factory=list)
    reports: list[Skipped] = field(default_factory=list)  # on unread lists and sheets
    errors: list[tuple[Source, SourceError]] = field(default_factory=list)
    ignored: list[Source] = field(default_factory=list)  # files, if users want only pictures


def open_source(path: Path, settings: ReadSettings = ReadSettings()) -> OpenedSource:
    """Read the beginning of a file, or of all files in a folder or archive.

    Pictures in a folder or archive are posts of their own if no other file there may hold posts.
    Raises SourceError if there is nothing to read, and UsageError if there is no such format.
    """
    recognised = _recognise(path, settings)
    parts, errors = recognised.parts, recognised.errors
    if not parts:
        nothing = SourceError(
            f"{printable(path.name)}: holds no pictures or videos. Name another format."
        )
        raise errors[0][1] if errors else nothing
    unread_tables = [source for source, _ in errors if has_table_suffix(source)]
    by_path: dict[Path, list[SourcePart]] = {}  # folders, archives and files
    for part in parts:
        by_path.setdefault(part.source.path, []).append(part)
    siblings = {
        container: _siblings(container, inside, unread_tables)
        for container, inside in by_path.items()
    }
    located = tuple(replace(part, siblings=siblings[part.source.path]) for part in parts)
    unread = (*recognised.reports, *_unread(errors, recognised.ignored, parts))
    return OpenedSource(path, located, unread, tuple(siblings.values()))


def _recognise(path: Path, settings: ReadSettings) -> _Recognised:
    """Find the reader of each source at a path. Raises SourceError and UsageError."""
    chosen = None if settings.format is None else reader_named(settings.format)
    recognised = _Recognised()
    for source in sources_in(path, settings.encoding):
        if source.is_folder and any(part.source.member for part in recognised.parts):
            continue  # its pictures belong to the posts
        if source.is_folder and chosen is None:
            _check_pictures(recognised.errors)
        if chosen is not None and chosen.shape is Shape.FOLDER and source.member:
            recognised.ignored.append(source)
            continue
        try:
            # Only the first reason, and those of tables, are shown.
            briefly = bool(recognised.errors) and not has_table_suffix(source)
            parts, reports = parts_of(source, settings, chosen, briefly=briefly)
            recognised.parts += parts
            recognised.reports += reports
        except SourceError as error:
            error.with_traceback(None)  # it keeps everything that was read in memory
            recognised.errors.append((source, error))
            error.__context__ = error.__cause__ = None
    return recognised


def _siblings(
    path: Path, parts: Sequence[SourcePart], unread_tables: Sequence[Source]
) -> SiblingSources:
    """The sources in one container, by their folders."""
    read = [part for part in parts if not part.source.is_folder]
    chats = {part.source: part.folder for part in read if part.reader.beside and part.reader.split}
    tables = {part.folder for part in read if has_table_suffix(part.source)}
    unread = {folder_in_container(source) for source in unread_tables if source.path == path}
    container = path.resolve()
    return SiblingSources(
        str(container if any(part.source.member for part in parts) else container.parent),
        folders=frozenset(part.folder for part in read) | unread,
        table_folders=frozenset(tables | unread),
        chat_counts=Counter(chats.values()),
        unread_folders=unread,
    )


def read_source(path: Path, format: str | None = None) -> Iterator[Entry]:
    """Read everything at a path; with `format`, by the reader of that name.

    Raises at the call what `open_source` raises; what can't be read later is yielded as a Skipped.
    """
    return open_source(path, ReadSettings(format)).entries()


def detect(path: Path) -> str:
    """Name the format of a source: for a folder or archive, that of its first recognised file.

    Raises SourceError if no format fits.
    """
    return open_source(path).parts[0].reader.name


def formats_table() -> str:
    """Describe every registered reader in a Markdown table, for the documentation."""
    lines = ["| format | what it is | required | platform | time | example |"]
    lines.append("|---|---|---|---|---|---|")
    maps = (reader_for_map(columns, Shape.TABLE) for columns in shipped_maps())
    for reader in (*READERS, *maps):
        required = ", ".join(" or ".join(f"`{n}`" for n in names) for names in reader.required)
        required = required or "its first lines"
        lines.append(
            f"| `{reader.name}` | {reader.title} ({reader.shape}) | {required} "
            f"| {reader.platform} | {reader.time} | `{reader.example}` |"
        )
    return "\n".join(lines) + "\n"


def _check_pictures(errors: Sequence[tuple[Source, SourceError]]) -> None:
    """Raise SourceError if an unread file beside pictures may hold their posts."""
    for source, error in errors:
        if has_table_suffix(source):
            raise SourceError(
                f"{str(error).removesuffix(NEXT_STEPS).rstrip()} {_BESIDE} {NEXT_STEPS}"
            )
    for source, _ in errors:
        if head := _records_in(source):
            raise SourceError(f"{_unknown(source, head)} {_BESIDE} {NEXT_STEPS}")


def _unread(
    errors: Sequence[tuple[Source, SourceError]],
    ignored: Sequence[Source],
    parts: Sequence[SourcePart],
) -> Iterator[Skipped]:
    """Report unread files: tables, and JSON like one, by name; of the rest only the number."""
    for source, error in errors:
        if has_table_suffix(source):
            yield Skipped(source.name, 0, "", str(error))
    others = [source for source, _ in errors if not has_table_suffix(source)]
    for source in others[:_MAX_SEARCHED]:
        head = _records_in(source)
        if head and draft_map(head.names, head.rows()).is_complete:
            others.remove(source)
            yield Skipped(source.name, 0, "", f"{_unknown(source, head)} {NEXT_STEPS}")
    if others := [*ignored, *_without_context_files(others, parts)]:
        names = ", ".join(printable(source.member) for source in others[:_MAX_NAMED])
        more = ", …" if len(others) > _MAX_NAMED else ""
        count = f"{len(others):,} other file{'s' * (len(others) > 1)}"
        reason = f"no posts are recognised in {count} beside them: {names}{more}"
        yield Skipped(printable(others[0].path.name), 0, "", reason, kept=True)


def _without_context_files(
    sources: Sequence[Source], parts: Sequence[SourcePart]
) -> Iterator[Source]:
    """The sources that no reader uses as context of another source."""
    used = {(part.source.path, path) for part in parts for path in part.context_files()}
    yield from (source for source in sources if (source.path, source.member) not in used)


def _records_in(source: Source) -> Head | None:
    """The likeliest list of posts in a JSON document that no format fits; None if it has none."""
    if source.suffix != ".json":
        return None
    try:
        return likeliest_table(heads_of(source))
    except SourceError:
        return None


def _unknown(source: Source, head: Head) -> str:
    what = f"is {head.description}, in which no format is recognised"
    return f"{source.name}: {what}. Found: {head.shown}."
