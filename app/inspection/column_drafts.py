"""Drafts column maps for tables of no known format."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from frametrace.app.inspection.findings import DraftedMap
from frametrace.posts.columns.map_draft import Draft, draft_as_toml, draft_map, likeliest_table
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.layouts.detection import heads_of
from frametrace.posts.model import AccountKind
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.rows import Head, Heads, Row
from frametrace.posts.source_parts import SourcePart
from frametrace.posts.sources.source import Source, has_table_suffix, sources_in
from frametrace.posts.unrecognised import may_be_posts

__all__ = ["TableDraft", "draft_tables"]

_MAX_DRAFTS = 5  # for one path
_MAX_TABLES = 50  # tried, for one path
# Shown of each table:
_MAX_ROWS = 3
_MAX_COLUMNS = 100
_MAX_CHARACTERS = 500  # of a cell


@dataclass(frozen=True, slots=True)
class TableDraft:
    """A draft, the name of its table, and the result to show."""

    draft: Draft
    name: str
    shown: DraftedMap


def draft_tables(
    path: Path, read: Sequence[SourcePart], reading: ReadSettings, named: Mapping[str, str]
) -> list[TableDraft]:
    """Draft maps for the tables at a path that `read` lacks; one for tables of the same columns.

    `named` maps fields to the columns that the user named. The time zone and the day order of
    `reading` become part of the drafts. Raises UsageError where a table lacks a named column.
    """
    drafts: list[TableDraft] = []
    for source, head in islice(_unread(path, read, reading.encoding), _MAX_TABLES):
        if any(_fits(table.draft, head) for table in drafts):
            continue
        _check_columns(source, head, named)
        draft = draft_map(head.names, head.rows(), named)
        draft = replace(draft, zone=reading.zone, order=reading.order)
        shown = _drafted_map(source, head, draft)
        is_table = bool(draft.columns) or (bool(shown.rows) and has_table_suffix(source))
        if is_table and len(drafts) < _MAX_DRAFTS:
            drafts.append(TableDraft(draft, source.name, shown))
    return drafts


def _fits(draft: Draft, head: Head) -> bool:
    """Whether the draft for another table fits this one too."""
    return bool(draft.columns) and draft.map().fits(head.names)


def _unread(path: Path, read: Sequence[SourcePart], encoding: str) -> Iterator[tuple[Source, Head]]:
    """The tables that are not read; beside files that are, only files named as tables."""
    try:
        sources = sources_in(path, encoding)
    except SourceError:
        return
    parts: dict[Source, set[str]] = {}
    for part in read:
        parts.setdefault(part.source, set()).add("" if part.is_of_a_tool else part.head.part)
    for source in sources:
        if source.is_folder or (source not in parts and parts and not has_table_suffix(source)):
            continue
        with suppress(SourceError):
            yield from ((source, head) for head in _tables(source, parts.get(source, set())))


def _tables(source: Source, read: Collection[str]) -> Iterator[Head]:
    """The most likely table of a source; if part of it is read, other tables that may be posts."""
    if "" in read:
        return
    heads = heads_of(source)
    for candidates in [Heads((), (group,)) for group in heads.parts] if read else [heads]:
        head = likeliest_table(candidates)
        if head is not None and (not read or (head.part not in read and may_be_posts(head))):
            yield head


def _check_columns(source: Source, head: Head, named: Mapping[str, str]) -> None:
    for field, column in named.items():
        if column in head.names or field == "platform":
            continue
        if field == "account_kind" and column.lower() in set(AccountKind):
            continue
        if field == "account_id" and column.strip("@") and column.startswith("@"):
            continue
        raise UsageError(
            f"--column {field}={column}: {source.name} has no column {column!r}. "
            f"Found: {head.shown}."
        )


def _drafted_map(source: Source, head: Head, draft: Draft) -> DraftedMap:
    rows = (row.values for row in head.rows() if isinstance(row, Row))
    return DraftedMap(
        table=source.name,
        how=head.description,
        is_complete=draft.is_complete,
        columns=draft.columns,
        platform=draft.platform,
        doubts=draft.doubts,
        lacking=draft.lacking,
        toml=draft_as_toml(draft, source.name),
        rows=tuple(map(_shortened, islice(rows, _MAX_ROWS))),
    )


def _shortened(row: Mapping[str, str]) -> dict[str, str]:
    cells = islice(row.items(), _MAX_COLUMNS)
    return {name: value[:_MAX_CHARACTERS] for name, value in cells}
