"""Which reader a source is for: a column map of the users, a format, or a map that is shipped."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from frametrace.posts.columns.column_map import ColumnMap, header_digest, shipped_maps
from frametrace.posts.columns.mapped_rows import reader_for_map
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.layouts.detection import heads_of
from frametrace.posts.model import Skipped
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.rows import Head, Shape
from frametrace.posts.source_parts import SourcePart
from frametrace.posts.sources.source import Source
from frametrace.posts.sources.unsupported_files import describe_unsupported
from frametrace.posts.unrecognised import unread_list, unrecognised

__all__ = ["check_maps", "parts_of", "reader_named"]

_LEFT = 20  # lists or sheets of a source that are looked at for what may be lost in them
_NAMED_ROWS = frozenset({Shape.TABLE, Shape.RECORDS})  # what a column map can be about


def parts_of(
    source: Source, settings: ReadSettings, named: Reader | None, *, briefly: bool
) -> tuple[list[SourcePart], list[Skipped]]:
    """The parts of a source that are read, and what is told of its other lists or sheets.

    Raises SourceError where nothing is read.
    """
    try:
        heads = heads_of(source)
    except SourceError as error:
        if kind := describe_unsupported(source):
            raise SourceError(f"{source.name}: {kind}") from error
        raise
    if whole := _part(source, heads.either, settings, named):
        return [whole], []
    tried = [(group, _part(source, group, settings, named)) for group in heads.parts]
    if found := [part for _, part in tried if part]:
        left = [group for group, part in tried if group and not part]
        told = [] if any(part.is_of_a_tool for part in found) else list(_left(source, left))
        if heads.unread:
            told.append(Skipped(source.name, 0, "", heads.unread, kept=True))
        return found, told
    if briefly:
        raise SourceError(f"{source.name}: no posts are recognised in it")
    raise unrecognised(source, heads, settings, named, format_names())


def _left(source: Source, groups: Sequence[Sequence[Head]]) -> Iterator[Skipped]:
    """What is told of lists or sheets that are not read: each is looked at, as far as some go."""
    yield from (unread_list(source, heads) for heads in groups[:_LEFT])
    if more := len(groups[_LEFT:]):
        reason = f"{more:,} more lists or sheets are not read, as no format fits their columns"
        yield Skipped(source.name, 0, "", reason, kept=True)


def _part(
    source: Source, heads: Iterable[Head], settings: ReadSettings, named: Reader | None
) -> SourcePart | None:
    """The first of the heads for which there is a reader, with that reader.

    Column maps come first; one that a case keeps is only for a table with the same columns as the
    one that it was made for, since those of another may mean something else.
    """
    for head in _different(heads):
        if part := _mapped(source, head, settings):
            return part
        for reader in READERS if named is None else (named,):
            fits = reader.recognises if named is None else partial(_reads, reader)
            if fits(head):
                return SourcePart(source, head, reader, settings)
        if named is None and head.shape in _NAMED_ROWS:
            for each in shipped_maps():
                if each.fits(head.names):
                    return SourcePart(source, head, reader_for_map(each, head.shape), settings)
    return None


def _different(heads: Iterable[Head]) -> Iterator[Head]:
    """The first of the heads with the same names: no reader looks at anything else of a table."""
    seen: set[tuple[Shape, tuple[str, ...]]] = set()
    for head in heads:
        if (key := (head.shape, head.names)) not in seen:
            seen.add(key)
            yield head


def _mapped(source: Source, head: Head, settings: ReadSettings) -> SourcePart | None:
    """A table that is read by the first map that fits; what users say otherwise comes first."""
    digest = header_digest(head.names) if settings.columns else ""
    for each in settings.columns:
        found = each.over(head.names)
        is_meant = found.header in {"", digest} and head.shape in _NAMED_ROWS
        if is_meant and found.fits(head.names):
            zone, order = settings.zone or found.zone, settings.order or found.order
            kept = replace(found, zone=zone, order=order, header=digest)
            ours = replace(settings, zone=zone, order=order)
            return SourcePart(source, head, reader_for_map(kept, head.shape), ours, kept)
    return None


def _reads(reader: Reader, head: Head) -> bool:
    """Whether a reader that was named can read what begins like this."""
    if reader.shape is Shape.TEXT:
        return head.shape is Shape.TEXT
    return head.shape == reader.shape and not reader.lacks(head.names)


def check_maps(maps: Iterable[ColumnMap], parts: Sequence[SourcePart]) -> None:
    """Raise UsageError where users named columns and everything would be read without these."""
    ours = [found for found in maps if not found.header]
    used = {part.columns.name for part in parts if part.columns}
    if ours and parts and used.isdisjoint(found.name for found in ours):
        source, head, reader = parts[0].source, parts[0].head, parts[0].reader
        missing = ", ".join(ours[0].over(head.names).missing(head.names))
        without = "the columns that the case keeps" if parts[0].columns else reader.name
        raise UsageError(
            f"{source.name} lacks {missing}, which the column map names. Found: {head.shown}. "
            f"Without a column map it is read by {without}."
        )


def reader_named(name: str) -> Reader:
    """The reader of a format. Raises UsageError, with all names, if there is no such format."""
    for reader in (*READERS, *(reader_for_map(found, Shape.TABLE) for found in shipped_maps())):
        if reader.name == name:
            return reader
    raise UsageError(f"there is no format {name!r}. Choose from: {format_names()}")


def format_names() -> str:
    """The names of all formats, for a message."""
    return ", ".join((*(reader.name for reader in READERS), *(m.name for m in shipped_maps())))
