"""Opening what people name: what of it is read with which reader, and what is not read."""

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

_TRIED = 50  # documents that are looked at for records like posts
_BESIDE = (
    "The pictures beside it may be those of its posts: --format folder takes each for a post of "
    "its own."
)
_NAMED = 5  # files that a message lists by name


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A path that was opened: what is read of it, and what is not."""

    path: Path
    parts: tuple[SourcePart, ...]
    unread: tuple[Skipped, ...] = field(default=())
    siblings: tuple[SiblingSources, ...] = ()

    @property
    def holds_media(self) -> bool:
        """Whether it is a folder or an archive that may hold the pictures of posts in it."""
        return any(part.source.member for part in self.parts)

    @property
    def holds_posts(self) -> bool:
        """Whether it is more than pictures."""
        return any(not part.source.is_folder for part in self.parts)

    @property
    def searched(self) -> tuple[Path, ...]:
        """Where the pictures of its posts may lie: in it, and in the archives in it, as their own.

        None where there are no posts beside pictures.
        """
        archives = dict.fromkeys(part.source.path for part in self.parts if part.source.member)
        return (self.path, *archives) if self.holds_media else ()

    def readings(self) -> Iterator[tuple[SourceLocation, Iterator[Entry]]]:
        """What each part gives, and where the paths in it are relative to; what isn't read first.

        Raises OSError where a folder or an archive is gone.
        """
        for number, part in enumerate(self.parts):
            entries = part.entries()
            yield part.location(), chain(self.unread, entries) if number == 0 else entries

    def entries(self) -> Iterator[Entry]:
        """The same as one."""
        return chain(self.unread, chain.from_iterable(part.entries() for part in self.parts))


def open_source(path: Path, settings: ReadSettings = ReadSettings()) -> OpenedSource:
    """Look at the beginning of a file, or of all that a folder or an archive holds.

    In a folder or an archive pictures are posts of their own where no other file may hold posts.
    Raises SourceError if there is nothing to read, and UsageError if there is no such format.
    """
    named = None if settings.format is None else reader_named(settings.format)
    parts: list[SourcePart] = []
    errors: list[tuple[Source, SourceError]] = []
    beside: list[Skipped] = []
    passed: list[Source] = []
    for source in sources_in(path, settings.encoding):
        if source.is_folder and any(part.source.member for part in parts):
            continue  # its pictures are those of the posts
        if source.is_folder and named is None:
            _check_pictures(errors)
        if named is not None and named.shape is Shape.FOLDER and source.member:
            passed.append(source)  # pictures alone were asked for
            continue
        try:
            briefly = bool(errors) and not has_table_suffix(
                source
            )  # of these nobody reads the reason
            found, left = parts_of(source, settings, named, briefly=briefly)
            parts, beside = [*parts, *found], [*beside, *left]
        except SourceError as error:
            error.with_traceback(None)  # which holds all that was looked at
            errors.append((source, error))
            error.__context__ = error.__cause__ = None
    if not parts:
        nothing = SourceError(f"{printable(path.name)}: holds no pictures. Name another format.")
        raise errors[0][1] if errors else nothing
    unread = [source for source, _ in errors if has_table_suffix(source)]
    by_path: dict[Path, list[SourcePart]] = {}  # folders, archives and files
    for part in parts:
        by_path.setdefault(part.source.path, []).append(part)
    siblings = {path: _siblings(path, inside, unread) for path, inside in by_path.items()}
    placed = tuple(replace(part, siblings=siblings[part.source.path]) for part in parts)
    told = (*beside, *_unread(errors, passed, parts))
    return OpenedSource(path, placed, told, tuple(siblings.values()))


def _siblings(path: Path, here: Sequence[SourcePart], unread: Sequence[Source]) -> SiblingSources:
    """What the sources in one place say of whose the pictures around them are."""
    read = [part for part in here if not part.source.is_folder]
    chats = {part.source: part.folder for part in read if part.reader.beside and part.reader.split}
    lost = {folder_in_container(source) for source in unread if source.path == path}
    whole = path.resolve()
    return SiblingSources(
        str(whole if any(part.source.member for part in here) else whole.parent),
        folders=frozenset(part.folder for part in read) | lost,
        table_folders=frozenset(part.folder for part in read if has_table_suffix(part.source))
        | lost,
        chat_counts=Counter(chats.values()),
        unread_folders=lost,
    )


def read_source(path: Path, format: str | None = None) -> Iterator[Entry]:
    """Read everything at a path; `format` names a reader and spares the recognition.

    Raises what `open_source` raises, at once; what can't be read later is given as a Skipped.
    """
    return open_source(path, ReadSettings(format)).entries()


def detect(path: Path) -> str:
    """Name the format of a source: for an archive, of its first member that is recognised.

    Raises SourceError if no reader knows it.
    """
    return open_source(path).parts[0].reader.name


def formats_table() -> str:
    """Describe every registered reader in a Markdown table, for the documentation."""
    lines = ["| format | what it is | required | platform | time | example |"]
    lines.append("|---|---|---|---|---|---|")
    maps = (reader_for_map(found, Shape.TABLE) for found in shipped_maps())
    for reader in (*READERS, *maps):
        required = ", ".join(" or ".join(f"`{n}`" for n in names) for names in reader.required)
        required = required or "its first lines"
        lines.append(
            f"| `{reader.name}` | {reader.title} ({reader.shape}) | {required} "
            f"| {reader.platform} | {reader.time} | `{reader.example}` |"
        )
    return "\n".join(lines) + "\n"


def _check_pictures(errors: Sequence[tuple[Source, SourceError]]) -> None:
    """Raise SourceError where a file beside pictures may hold their posts and is not read."""
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
    passed: Sequence[Source],
    parts: Sequence[SourcePart],
) -> Iterator[Skipped]:
    """What isn't read: each table, and JSON like one, by its name; of others how many there are."""
    for source, error in errors:
        if has_table_suffix(source):
            yield Skipped(source.name, 0, "", str(error))
    others = [source for source, _ in errors if not has_table_suffix(source)]
    for source in others[:_TRIED]:
        head = _records_in(source)
        if head and draft_map(head.names, head.rows()).is_complete:
            others.remove(source)
            yield Skipped(source.name, 0, "", f"{_unknown(source, head)} {NEXT_STEPS}")
    if others := [*passed, *_without_neighbours(others, parts)]:
        names = ", ".join(printable(source.member) for source in others[:_NAMED])
        more = ", …" if len(others) > _NAMED else ""
        count = f"{len(others):,} other file{'s' * (len(others) > 1)}"
        reason = f"no posts are recognised in {count} beside them: {names}{more}"
        yield Skipped(printable(others[0].path.name), 0, "", reason, kept=True)


def _without_neighbours(sources: Sequence[Source], parts: Sequence[SourcePart]) -> Iterator[Source]:
    """Those of some sources that were not read for what they say of another."""
    asked = {(part.source.path, path) for part in parts for path in part.context_files()}
    yield from (source for source in sources if (source.path, source.member) not in asked)


def _records_in(source: Source) -> Head | None:
    """The likeliest list of a JSON document that no format fits; None if it has none."""
    if source.suffix != ".json":
        return None
    try:
        return likeliest_table(heads_of(source))
    except SourceError:
        return None


def _unknown(source: Source, head: Head) -> str:
    return f"{source.name}: is {head.how}, in which no format is recognised. Found: {head.shown}."
