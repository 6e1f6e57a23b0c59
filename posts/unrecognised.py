"""Explains why no format is recognised in a source, and what to do next."""

from collections.abc import Sequence
from itertools import chain, product
from shlex import quote

from frametrace.posts.columns.column_map import ColumnMap
from frametrace.posts.columns.map_draft import draft_map, likeliest_table
from frametrace.posts.errors import SourceError
from frametrace.posts.model import Skipped
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.rows import Head, Heads, Row, Shape
from frametrace.posts.sources.source import Source
from frametrace.posts.sources.unsupported_files import describe_unsupported

__all__ = ["NEXT_STEPS", "may_be_posts", "unread_list", "unrecognised"]

_DRAFT = "`frametrace inspect FILE` drafts"
_MAX_OTHERS = 500  # characters of column names in a message
_POST_FIELDS = frozenset({"text", "posted_at", "media"})  # records of other things may lack all
NEXT_STEPS = (
    "`frametrace inspect FILE` shows it and drafts a column map; --column post_id=… --column "
    "account_id=… says which column is which, --format names a format."
)


def unread_list(source: Source, heads: Sequence[Head]) -> Skipped:
    """Report a list or sheet that is not read, where others of its source are."""
    head = likeliest_table(Heads((), (tuple(heads),))) or heads[0]
    reason = f"{_named(head)} is not read, as no format fits its columns: {head.shown}"
    if is_lost := may_be_posts(head):
        reason += ". --columns can say what they are"
    return Skipped(source.name, 0, head.part, reason, kept=not is_lost)


def may_be_posts(head: Head) -> bool:
    """Whether a sheet has rows, or a list has an id and another field of a post."""
    if sum(map(bool, head.names)) < 2:
        return False
    if head.shape is Shape.TABLE:
        return any(isinstance(row, Row) for row in head.rows())
    drafted = draft_map(head.names, head.rows()).columns
    return "post_id" in drafted and not _POST_FIELDS.isdisjoint(drafted)


def unrecognised(
    source: Source, heads: Heads, settings: ReadSettings, chosen: Reader | None, formats: str
) -> SourceError:
    """The error for a source that can't be read: what it is, what is missing, and what to do next.

    `chosen` is the reader that users named, `formats` lists all formats.
    """
    candidates = (*heads.alternatives, *chain.from_iterable(heads.parts))
    name = source.name
    if chosen is not None:
        return SourceError(
            f"{name}: {_unreadable_as(chosen, heads.description, candidates, formats)}"
        )
    tables = [head for head in candidates if head.names]
    if kind := describe_unsupported(source):
        return SourceError(f"{name}: {kind}")
    if not tables:
        what = heads.description or "empty"
        if not candidates and heads.description:
            what += " without a table"
        return SourceError(f"{name}: is {what}, in which no posts are recognised. {NEXT_STEPS}")
    for columns in settings.columns:
        if not columns.header:  # users gave it; the case did not save it
            return SourceError(f"{name}: {_missing_columns(columns, tables)}")
    for columns, head in product(settings.columns, tables):
        if columns.adapted_to(head.names).fits(head.names):
            return SourceError(f"{name}: {_saved_for_another(columns, head)}")
    head, nearest = _nearest(tables)
    lacking = ""
    if nearest is None:
        head = likeliest_table(heads) or head
    else:
        missing = ", ".join(nearest.missing(head.names))
        lacking = f" The closest is {nearest.name}, which also needs {missing}."
    return SourceError(
        f"{name}: is {heads.description}, in which no format is recognised.{lacking} "
        f"Found{_where(head)}: {head.shown}. {NEXT_STEPS}"
    )


def _where(head: Head) -> str:
    """The sheet or list that a message is about, where there are several."""
    return f" in {_named(head)}" if head.part else ""


def _named(head: Head) -> str:
    return f"the {'sheet' if head.shape is Shape.TABLE else 'list'} {head.part!r}"


def _missing_columns(columns: ColumnMap, tables: Sequence[Head]) -> str:
    """The columns of a column map that the closest table lacks."""
    head = min(tables, key=lambda head: len(columns.adapted_to(head.names).missing(head.names)))
    missing = ", ".join(columns.adapted_to(head.names).missing(head.names))
    return f"the column map names {missing}, which it lacks. Found: {head.shown}."


def _saved_for_another(columns: ColumnMap, head: Head) -> str:
    """Why the map that a case saved for another table is not used for this one."""
    mapped = {name for names in columns.columns.values() for name in names}
    others = ", ".join(repr(name[:60]) for name in head.names if name and name not in mapped)
    return (
        "the case saved a column map for a table with other columns, which also fits this one, but "
        f"this one has more columns: {others[:_MAX_OTHERS]}. If these are not fields, name the map "
        f"again: --columns {quote(columns.saved_as)}; {_DRAFT} another."
    )


def _unreadable_as(chosen: Reader, what: str, candidates: Sequence[Head], formats: str) -> str:
    """Why a source can't be read by the reader that users named."""
    fitting = [head for head in candidates if head.shape == chosen.shape]
    if not fitting:
        return (
            f"is {what}, but {chosen.name} reads {chosen.shape}. "
            "Leave --format out to have it recognised."
        )
    head = min(fitting, key=lambda head: len(chosen.missing(head.names)))
    missing = ", ".join(chosen.missing(head.names))
    return (
        f"{chosen.name} needs the column {missing}. Found: {head.shown}. "
        f"Rename the columns, or name another --format: {formats}."
    )


def _nearest(tables: Sequence[Head]) -> tuple[Head, Reader | None]:
    """The closest reader and its head; no reader if the head has none of its columns."""
    candidates = [
        (len(reader.required) - 2 * lacking, -number, head, reader)
        for number, head in enumerate({head.names: head for head in reversed(tables)}.values())
        for reader in READERS
        if reader.shape == head.shape and (lacking := len(reader.missing(head.names)))
    ]
    _, _, head, nearest = max(candidates, key=lambda candidate: candidate[:2])
    has_one = len(nearest.missing(head.names)) < len(nearest.required)
    return head, nearest if has_one else None
