"""Drafts of column maps for the tables of a path that no format fits."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from frametrace.app.inspection.findings import DraftFound
from frametrace.posts.columns.map_draft import Draft, draft_as_toml, draft_map, likeliest_table
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.layouts.detection import heads_of
from frametrace.posts.model import AccountKind
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.rows import Head, Heads, Row
from frametrace.posts.source_parts import SourcePart
from frametrace.posts.sources.source import Source, has_table_suffix, sources_in
from frametrace.posts.unrecognised import may_be_posts

__all__ = ["Drafted", "drafted_in"]

_MOST = 5  # drafts for one path
_TRIED = 50  # files of a path in which a table is looked for
_ROWS = 3  # of a table that are shown as they stand
_CHARACTERS = 500  # of a cell that is shown
_NAMES = 100  # columns of a row that is shown


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft, the name of the table that it is for, and what to tell of it."""

    draft: Draft
    name: str
    found: DraftFound


def drafted_in(
    path: Path, read: Sequence[SourcePart], reading: ReadSettings, given: Mapping[str, str]
) -> list[Drafted]:
    """Drafts for the tables at a path that `read` lacks; one for tables of the same columns.

    The zone and the order that users said become part of them; `given` are fields with the columns
    that users named. Raises UsageError where a table has no such column.
    """
    found: list[Drafted] = []
    for source, head in islice(_unread(path, read, reading.encoding), _TRIED):
        if any(_is_for(each.draft, head) for each in found):
            continue
        _check(source, head, given)
        draft = draft_map(head.names, head.rows(), given)
        draft = replace(draft, zone=reading.zone, order=reading.order)
        told = _found(source, head, draft)
        if (draft.columns or (told.rows and has_table_suffix(source))) and len(found) < _MOST:
            found.append(Drafted(draft, source.name, told))
    return found


def _is_for(draft: Draft, head: Head) -> bool:
    """Whether a draft for another table is for this one as well."""
    return bool(draft.columns) and draft.map().fits(head.names)


def _unread(path: Path, read: Sequence[SourcePart], encoding: str) -> Iterator[tuple[Source, Head]]:
    """The tables that are not read; beside others only those that are ones by their names."""
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
    """The likeliest table of a source; of one that is read, those besides that may be of posts."""
    if "" in read:
        return
    heads = heads_of(source)
    for each in [Heads((), (group,)) for group in heads.parts] if read else [heads]:
        head = likeliest_table(each)
        if head is not None and (not read or (head.part not in read and may_be_posts(head))):
            yield head


def _check(source: Source, head: Head, given: Mapping[str, str]) -> None:
    for field, column in given.items():
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


def _found(source: Source, head: Head, draft: Draft) -> DraftFound:
    rows = (row.values for row in head.rows() if isinstance(row, Row))
    return DraftFound(
        table=source.name,
        how=head.description,
        is_complete=draft.is_complete,
        columns=draft.columns,
        platform=draft.platform,
        doubts=draft.doubts,
        lacking=draft.lacking,
        toml=draft_as_toml(draft, source.name),
        rows=tuple(map(_short, islice(rows, _ROWS))),
    )


def _short(row: Mapping[str, str]) -> dict[str, str]:
    named = islice(row.items(), _NAMES)
    return {name: value[:_CHARACTERS] for name, value in named}
