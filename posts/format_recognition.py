"""Recognises the format of a source: which column map or reader reads each part of it."""

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

_MAX_REPORTED = 20  # unread lists or sheets of a source that are reported one by one
_MAPPABLE = frozenset({Shape.TABLE, Shape.RECORDS})  # shapes that a column map can describe


def parts_of(
    source: Source, settings: ReadSettings, chosen: Reader | None, *, briefly: bool
) -> tuple[list[SourcePart], list[Skipped]]:
    """The parts of a source that are read, and reports on its other lists or sheets.

    `chosen` is the reader that users named. Raises SourceError if nothing is read; with
    `briefly`, its message leaves out what the source is and what to do.
    """
    try:
        heads = heads_of(source)
    except SourceError as error:
        if kind := describe_unsupported(source):
            raise SourceError(f"{source.name}: {kind}") from error
        raise
    if whole := _part(source, heads.alternatives, settings, chosen):
        return [whole], []
    candidates = [(group, _part(source, group, settings, chosen)) for group in heads.parts]
    if parts := [part for _, part in candidates if part]:
        unread = [group for group, part in candidates if group and not part]
        is_known = any(part.is_of_a_tool for part in parts)
        reports = [] if is_known else list(_unread_lists(source, unread))
        if heads.unread:
            reports.append(Skipped(source.name, 0, "", heads.unread, kept=True))
        return parts, reports
    if briefly:
        raise SourceError(f"{source.name}: no posts are recognised in it")
    raise unrecognised(source, heads, settings, chosen, format_names())


def _unread_lists(source: Source, groups: Sequence[Sequence[Head]]) -> Iterator[Skipped]:
    """Report lists or sheets that are not read: the first by name, then the number of the rest."""
    yield from (unread_list(source, heads) for heads in groups[:_MAX_REPORTED])
    if more := len(groups[_MAX_REPORTED:]):
        reason = f"{more:,} more lists or sheets are not read, as no format fits their columns"
        yield Skipped(source.name, 0, "", reason, kept=True)


def _part(
    source: Source, heads: Iterable[Head], settings: ReadSettings, chosen: Reader | None
) -> SourcePart | None:
    """The first of alternative heads that a reader recognises, with that reader.

    Users' column maps come first, then formats, then the maps that Frametrace ships.
    """
    for head in _distinct(heads):
        if part := _mapped(source, head, settings):
            return part
        for reader in READERS if chosen is None else (chosen,):
            fits = reader.recognises if chosen is None else partial(_can_read, reader)
            if fits(head):
                return SourcePart(source, head, reader, settings)
        if chosen is None and head.shape in _MAPPABLE:
            for columns in shipped_maps():
                if columns.fits(head.names):
                    reader = reader_for_map(columns, head.shape)
                    return SourcePart(source, head, reader, settings)
    return None


def _distinct(heads: Iterable[Head]) -> Iterator[Head]:
    """The heads, without those that have the names of an earlier one: readers see only these."""
    seen: set[tuple[Shape, tuple[str, ...]]] = set()
    for head in heads:
        if (key := (head.shape, head.names)) not in seen:
            seen.add(key)
            yield head


def _mapped(source: Source, head: Head, settings: ReadSettings) -> SourcePart | None:
    """The part of a table that a column map of the users, or one that the case saved, fits.

    A saved map is used only for tables with exactly the columns that it was made for: the same
    names may mean something else in another table. The call's settings override the map's.
    """
    digest = header_digest(head.names) if settings.columns else ""
    for columns in settings.columns:
        adapted = columns.adapted_to(head.names)
        is_meant = adapted.header in {"", digest} and head.shape in _MAPPABLE
        if is_meant and adapted.fits(head.names):
            zone, order = settings.zone or adapted.zone, settings.order or adapted.order
            used = replace(adapted, zone=zone, order=order, header=digest)
            reading = replace(settings, zone=zone, order=order)
            return SourcePart(source, head, reader_for_map(used, head.shape), reading, used)
    return None


def _can_read(reader: Reader, head: Head) -> bool:
    """Whether a reader that users named can read a source with this beginning."""
    if reader.shape is Shape.TEXT:
        return head.shape is Shape.TEXT
    return head.shape == reader.shape and not reader.lacks(head.names)


def check_maps(maps: Iterable[ColumnMap], parts: Sequence[SourcePart]) -> None:
    """Raise UsageError if users gave a column map that fits no part."""
    given_maps = [columns for columns in maps if not columns.header]
    used = {part.columns.name for part in parts if part.columns}
    if given_maps and parts and used.isdisjoint(columns.name for columns in given_maps):
        source, head, reader = parts[0].source, parts[0].head, parts[0].reader
        missing = ", ".join(given_maps[0].adapted_to(head.names).missing(head.names))
        without = "the column map that the case saved" if parts[0].columns else reader.name
        raise UsageError(
            f"{source.name} lacks {missing}, which the column map names. Found: {head.shown}. "
            f"Without this column map, it is read by {without}."
        )


def reader_named(name: str) -> Reader:
    """The reader of a format. Raises UsageError, with all names, if there is no such format."""
    for reader in (*READERS, *(reader_for_map(m, Shape.TABLE) for m in shipped_maps())):
        if reader.name == name:
            return reader
    raise UsageError(f"there is no format {name!r}. Choose from: {format_names()}")


def format_names() -> str:
    """The names of all formats, for a message."""
    return ", ".join((*(reader.name for reader in READERS), *(m.name for m in shipped_maps())))
