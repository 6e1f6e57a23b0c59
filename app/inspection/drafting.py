"""Drafts of column maps for the tables of a path that no format fits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from frametrace.app.inspection.findings import DraftFound
from frametrace.posts.drafts import Draft, draft_of, likeliest_table, written_draft
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.layouts import heads_of
from frametrace.posts.model import AccountKind
from frametrace.posts.rows import Head, Row
from frametrace.posts.settings import ReadSettings
from frametrace.posts.sources import Source, is_table, sources_in

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
    path: Path, read: Sequence[Source], reading: ReadSettings, given: Mapping[str, str]
) -> list[Drafted]:
    """Drafts for the tables at a path that are not read; one for tables of the same columns.

    The zone and the order that users said become part of them; `given` are fields with the columns
    that users named. Raises UsageError where a table has no such column.
    """
    found: list[Drafted] = []
    for source in islice(_unread(path, read, reading.encoding), _TRIED):
        try:
            head = likeliest_table(heads_of(source))
        except SourceError:
            continue
        if head is None or any(
            each.draft.columns and each.draft.map().fits(head.names) for each in found
        ):
            continue
        _check(source, head, given)
        draft = draft_of(head.names, head.rows(), given)
        draft = replace(draft, zone=reading.zone, order=reading.order)
        told = _found(source, head, draft)
        if (draft.columns or (told.rows and is_table(source))) and len(found) < _MOST:
            found.append(Drafted(draft, source.name, told))
    return found


def _is_for(draft: Draft, head: Head) -> bool:
    """Whether a draft for another table is for this one as well."""
    return bool(draft.columns) and draft.map().fits(head.names)


def _unread(path: Path, read: Sequence[Source], encoding: str) -> Iterator[Source]:
    """The sources that are not read; beside others only those that are tables by their names."""
    try:
        sources = sources_in(path, encoding)
    except SourceError:
        return
    for source in sources:
        if source not in read and not source.is_folder and (not read or is_table(source)):
            yield source


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
        how=head.how,
        is_complete=draft.is_complete,
        columns=draft.columns,
        platform=draft.platform,
        doubts=draft.doubts,
        lacking=draft.lacking,
        toml=written_draft(draft, source.name),
        rows=tuple(map(_short, islice(rows, _ROWS))),
    )


def _short(row: Mapping[str, str]) -> dict[str, str]:
    named = islice(row.items(), _NAMES)
    return {name: value[:_CHARACTERS] for name, value in named}
