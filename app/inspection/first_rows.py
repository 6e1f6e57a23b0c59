"""Reading the first rows of files as `add` would, and noting what becomes of them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from frametrace.app.inspection.reasons import Reasons
from frametrace.app.inspection.time_facts import Times
from frametrace.case.key_conflicts import key_conflict
from frametrace.posts.model import Account, Post, Precision, Skipped
from frametrace.posts.rows import Row, Rows
from frametrace.posts.source_parts import Entry, SourcePart
from frametrace.posts.sources.containers import SourceLocation

__all__ = ["Conflicts", "Sample", "Seen", "sample_of"]

_ENTRIES = 10  # of a row; a page of an API's answers has some hundred posts
_COLUMNS = 1_000  # that are listed; hostile records have names without end


@dataclass(frozen=True, slots=True)
class Seen:
    """A post that was read, where its source lies, and how its time was written."""

    post: Post
    location: SourceLocation
    written_time: str


@dataclass(slots=True)
class Sample:
    """What the first rows of some files gave."""

    times: Times
    rows: int = 0
    posts: int = 0
    keys: set[tuple[str, str]] = field(default_factory=set)  # of posts, which may be there twice
    accounts: int = 0
    dropped: int = 0
    is_cut: bool = False
    reasons: Reasons = field(default_factory=Reasons)
    used: dict[str, None] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)

    def note(self, entry: Entry) -> None:
        """Count what a row gave."""
        if isinstance(entry, Skipped):
            self.dropped += not entry.kept
            self.reasons.note(entry)
        elif isinstance(entry, Post):
            self.posts += 1
            self.keys.add((entry.platform, entry.post_id))
        else:
            self.accounts += 1

    def refuse(self, found: Skipped) -> None:
        """Count a post that would not be taken."""
        self.posts -= 1
        self.dropped += 1
        self.reasons.note(found)


@dataclass(slots=True)
class Conflicts:
    """The posts of all sources by their keys: of those of several accounts the first is kept."""

    _first: dict[tuple[str, str], Post] = field(default_factory=dict)

    def of(self, post: Post) -> Skipped | None:
        """Why a post would not be taken; None where it would."""
        first = self._first.setdefault((post.platform, post.post_id), post)
        conflict = key_conflict(first, post)
        return conflict.skipped if conflict and conflict.is_lost else None


@dataclass(slots=True)
class _NotedRow(Row):
    """A row that notes which of its columns times were taken from, and how they were written."""

    noted: list[tuple[str, str, datetime | None, Precision]] = field(default_factory=list)

    def time(
        self, name: str, parse: Callable[[str], tuple[datetime, Precision]] | None = None
    ) -> tuple[datetime | None, Precision]:
        """Take a time as `Row` does."""
        text = self.values.get(name, "").strip()
        moment, precision = Row.time(self, name, parse)
        if text:
            self.noted.append((name, text, moment, precision))
        return moment, precision

    def local_time(self, name: str) -> tuple[datetime | None, Precision]:
        """Take a time of some clock as `Row` does; what is kept of it is what is noted."""
        moment, precision = Row.local_time(self, name)
        if self.noted and self.noted[-1][0] == name:
            self.noted[-1] = (*self.noted[-1][:3], precision)
        return moment, precision


@dataclass(slots=True)
class _Watch:
    """Stands between a reader and its rows."""

    sample: Sample
    parse: Callable[[Row], Post | Account]
    written: str = ""  # the time of the row at hand

    def __call__(self, row: Row) -> Post | Account:
        """Parse a row and note what was taken of it. Raises what the reader raises."""
        filled = [name for name, value in row.values.items() if value]
        noted = _NotedRow(row.values, row.source, row.line, row.notes, row.facts)
        self.written = ""
        try:
            entry = self.parse(noted)
        finally:
            for name, text, moment, precision in noted.noted:
                self.sample.times.note(name, text, moment, precision)
                self.written = self.written or text
        self._columns(noted.values.keys(), filled, entry)
        return entry

    def _columns(self, left: Collection[str], filled: Sequence[str], entry: Post | Account) -> None:
        """Note which columns were used: what a reader left in a row and kept was not."""
        for name in filled:
            is_kept = name in left and name in entry.extra
            columns = self.sample.kept if is_kept else self.sample.used
            if len(columns) < _COLUMNS:
                columns.setdefault(name)


def sample_of(parts: Sequence[SourcePart], most: int, sample: Sample) -> Iterator[Seen]:
    """Read at most so many rows of files of one format, and give their posts.

    Each file gets its share, and what another did not need.
    """
    for number, part in enumerate(parts):
        share = max(1, (most - sample.rows) // (len(parts) - number))
        if sample.rows >= most:
            sample.is_cut = True
            return
        yield from _seen(part, share, sample)


def _seen(part: SourcePart, most: int, sample: Sample) -> Iterator[Seen]:
    watch = _Watch(sample, part.reader.parse)
    rows = _Bounded(part.head.rows, most)
    bounded = replace(
        part,
        reader=replace(part.reader, parse=watch),
        head=replace(part.head, rows=rows),
    )
    location = part.location()
    is_text = part.reader.split is not None  # whose rows are not those of the head
    limit = most if is_text else most * _ENTRIES
    for count, entry in enumerate(bounded.entries(), start=1):
        if count > limit:
            rows.is_cut = True
            break
        rows.count = count if is_text else rows.count
        sample.note(entry)
        if isinstance(entry, Post):
            yield Seen(entry, location, watch.written)
    sample.rows += rows.count
    sample.is_cut = sample.is_cut or rows.is_cut


@dataclass(slots=True)
class _Bounded:
    """The first rows of a file, however often they are read."""

    rows: Callable[[], Rows]
    most: int
    count: int = 0
    is_cut: bool = False

    def __call__(self) -> Rows:
        """Give them anew."""
        rows = self.rows()
        count = 0
        for row in islice(rows, self.most):
            count += 1
            self.count = max(self.count, count)
            yield row
        self.is_cut = self.is_cut or (count == self.most and next(rows, None) is not None)
