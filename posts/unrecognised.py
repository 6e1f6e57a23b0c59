"""What a source is in which no format is recognised, and what to do, as the error that says so."""

from collections.abc import Sequence
from itertools import chain, product
from shlex import quote

from frametrace.posts.columns.column_map import ColumnMap
from frametrace.posts.columns.draft import draft_of, likeliest_table
from frametrace.posts.errors import SourceError
from frametrace.posts.model import Skipped
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.rows import Head, Heads, Row, Shape
from frametrace.posts.settings import ReadSettings
from frametrace.posts.sources.file_kinds import kind_of
from frametrace.posts.sources.source import Source

__all__ = ["NEXT", "left_out", "may_be_posts", "unrecognised"]

_DRAFT = "`frametrace inspect FILE` drafts"
_OTHERS = 500  # characters
_SOMETHING = frozenset({"text", "posted_at", "media"})  # that a post has and other things may lack
NEXT = (
    "`frametrace inspect FILE` shows it and drafts a column map; --column post_id=… --column "
    "account_id=… says which column is what, --format names a format."
)


def left_out(source: Source, heads: Sequence[Head]) -> Skipped:
    """What is told of a list or a sheet beside others that are read."""
    head = likeliest_table(Heads((), (tuple(heads),))) or heads[0]
    reason = f"{_named(head)} is not read, as no format fits its columns: {head.shown}"
    if is_lost := may_be_posts(head):
        reason += ". --columns says what they are"
    return Skipped(source.name, 0, head.part, reason, kept=not is_lost)


def may_be_posts(head: Head) -> bool:
    """Whether a sheet is a table with rows, or a list has an id and something of a post."""
    if sum(map(bool, head.names)) < 2:
        return False
    if head.shape is Shape.TABLE:
        return any(isinstance(row, Row) for row in head.rows())
    drafted = draft_of(head.names, head.rows()).columns
    return "post_id" in drafted and not _SOMETHING.isdisjoint(drafted)


def unrecognised(
    source: Source, heads: Heads, settings: ReadSettings, named: Reader | None, formats: str
) -> SourceError:
    """The error of a source of which nothing is read: what it is, what was looked for, what next.

    `named` is the reader that was asked for, `formats` lists those that there are.
    """
    every = (*heads.either, *chain.from_iterable(heads.parts))
    name = source.name
    if named is not None:
        return SourceError(f"{name}: {_unfit(heads.what, every, named, formats)}")
    tables = [head for head in every if head.names]
    if kind := kind_of(source):
        return SourceError(f"{name}: {kind}")
    if not tables:
        what = heads.what or "empty"
        if not every and heads.what:
            what += " without a table"
        return SourceError(f"{name}: is {what}, in which no posts are recognised. {NEXT}")
    for found in settings.columns:
        if not found.header:  # users named it, and not the case
            return SourceError(f"{name}: {_unmapped(found, tables)}")
    for found, head in product(settings.columns, tables):
        if found.over(head.names).fits(head.names):
            return SourceError(f"{name}: {_kept(found, head)}")
    head, nearest = _nearest(tables)
    lacking = ""
    if nearest is None:
        head = likeliest_table(heads) or head
    else:
        missing = ", ".join(nearest.missing(head.names))
        lacking = f" Nearest is {nearest.name}, which also needs {missing}."
    return SourceError(
        f"{name}: is {heads.what}, in which no format is recognised.{lacking} "
        f"Found{_where(head)}: {head.shown}. {NEXT}"
    )


def _where(head: Head) -> str:
    """Which of several sheets or lists a message is about."""
    return f" in {_named(head)}" if head.part else ""


def _named(head: Head) -> str:
    return f"the {'sheet' if head.shape is Shape.TABLE else 'list'} {head.part!r}"


def _unmapped(columns: ColumnMap, tables: Sequence[Head]) -> str:
    """What a column map names and the table that is nearest to it lacks."""
    head = min(tables, key=lambda head: len(columns.over(head.names).missing(head.names)))
    missing = ", ".join(columns.over(head.names).missing(head.names))
    return f"the column map names {missing}, which it lacks. Found: {head.shown}."


def _kept(columns: ColumnMap, head: Head) -> str:
    """Why a map that a case keeps of another table is not taken for one that has its columns."""
    named = {name for names in columns.columns.values() for name in names}
    others = ", ".join(repr(name[:60]) for name in head.names if name and name not in named)
    return (
        "a table with other columns had a column map, which the case keeps and which fits this "
        f"one, but this one has others besides: {others[:_OTHERS]}. If these are not fields, name "
        f"it again: --columns {quote(columns.kept)}; {_DRAFT} another."
    )


def _unfit(what: str, every: Sequence[Head], named: Reader, formats: str) -> str:
    """Why a source can't be read by the reader that was named."""
    fitting = [head for head in every if head.shape == named.shape]
    if not fitting:
        return (
            f"is {what}, but {named.name} reads {named.shape}. "
            "Leave --format out to have it recognised."
        )
    head = min(fitting, key=lambda head: len(named.missing(head.names)))
    missing = ", ".join(named.missing(head.names))
    return (
        f"{named.name} needs the column {missing}. Found: {head.shown}. "
        f"Rename the columns, or name another --format: {formats}."
    )


def _nearest(tables: Sequence[Head]) -> tuple[Head, Reader | None]:
    """The reader that fits best, with the head that it fits; none where it has no column of it."""
    candidates = [
        (len(reader.required) - 2 * lacking, -number, head, reader)
        for number, head in enumerate({head.names: head for head in reversed(tables)}.values())
        for reader in READERS
        if reader.shape == head.shape and (lacking := reader.count_missing(head.names))
    ]
    _, _, head, nearest = max(candidates, key=lambda found: found[:2])
    has_one = nearest.count_missing(head.names) < len(nearest.required)
    return head, nearest if has_one else None
