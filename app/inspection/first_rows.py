"""Reads the first rows of files as `add` would, and records columns, times and errors."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from frametrace.app.inspection.findings import Reasons
from frametrace.app.inspection.time_facts import TimeColumns
from frametrace.case.post_key_conflicts import key_conflict
from frametrace.posts.model import Account, Post, Precision, Skipped
from frametrace.posts.rows import Row, Rows
from frametrace.posts.source_parts import Entry, SourcePart
from frametrace.posts.sources.containers import SourceLocation

__all__ = ["KeyConflicts", "Sample", "SampledPost", "sample_posts"]

_MAX_ENTRIES_PER_ROW = 10  # a page of an API's answers has about a hundred posts
_MAX_COLUMNS = 1_000  # listed; hostile records may have any number


@dataclass(frozen=True, slots=True)
class SampledPost:
    """A post that was read, the location of its source, and its time as written."""

    post: Post
    location: SourceLocation
    written_time: str


@dataclass(slots=True)
class Sample:
    """The counts, columns, times and errors of the first rows of some files."""

    times: TimeColumns
    rows: int = 0
    posts: int = 0
    keys: set[tuple[str, str]] = field(default_factory=set)  # of posts, without repeats
    accounts: int = 0
    dropped: int = 0
    is_cut: bool = False
    reasons: Reasons = field(default_factory=Reasons)
    used: dict[str, None] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)

    def note(self, entry: Entry) -> None:
        """Count what a row was read as."""
        if isinstance(entry, Skipped):
            self.dropped += not entry.kept
            self.reasons.note(entry)
        elif isinstance(entry, Post):
            self.posts += 1
            self.keys.add((entry.platform, entry.post_id))
        else:
            self.accounts += 1

    def refuse(self, conflict: Skipped) -> None:
        """Count a post that would not be added."""
        self.posts -= 1
        self.dropped += 1
        self.reasons.note(conflict)


@dataclass(slots=True)
class KeyConflicts:
    """Finds posts that share a key with another account's post; `add` takes only the first."""

    _first: dict[tuple[str, str], Post] = field(default_factory=dict)

    def of(self, post: Post) -> Skipped | None:
        """Why a post would not be added; None if it would."""
        first = self._first.setdefault((post.platform, post.post_id), post)
        conflict = key_conflict(first, post)
        return conflict.skipped if conflict and conflict.is_lost else None


@dataclass(slots=True)
class _RecordingRow(Row):
    """A row that records the columns that times are read from, and the times as written."""

    recorded: list[tuple[str, str, datetime | None, Precision]] = field(default_factory=list)

    def time(
        self, name: str, parse: Callable[[str], tuple[datetime, Precision]] | None = None
    ) -> tuple[datetime | None, Precision]:
        """Read a time as `Row` does."""
        text = self.values.get(name, "").strip()
        moment, precision = Row.time(self, name, parse)
        if text:
            self.recorded.append((name, text, moment, precision))
        return moment, precision

    def local_time(self, name: str) -> tuple[datetime | None, Precision]:
        """Read a local time as `Row` does; the precision that is kept is recorded."""
        moment, precision = Row.local_time(self, name)
        if self.recorded and self.recorded[-1][0] == name:
            self.recorded[-1] = (*self.recorded[-1][:3], precision)
        return moment, precision


@dataclass(slots=True)
class _RecordingParser:
    """Wraps the parser of a reader, and records the columns and times that it uses."""

    sample: Sample
    parse: Callable[[Row], Post | Account]
    written: str = ""  # the time of the current row

    def __call__(self, row: Row) -> Post | Account:
        """Parse a row and record what was used of it. Raises what the reader raises."""
        filled = [name for name, value in row.values.items() if value]
        recording = _RecordingRow(row.values, row.source, row.line, row.notes, row.facts)
        self.written = ""
        try:
            entry = self.parse(recording)
        finally:
            for name, text, moment, precision in recording.recorded:
                self.sample.times.note(name, text, moment, precision)
                self.written = self.written or text
        self._record_columns(recording.values.keys(), filled, entry)
        return entry

    def _record_columns(
        self, left: Collection[str], filled: Sequence[str], entry: Post | Account
    ) -> None:
        """Record which columns were used, and which the reader left in the row and kept."""
        for name in filled:
            is_kept = name in left and name in entry.extra
            columns = self.sample.kept if is_kept else self.sample.used
            if len(columns) < _MAX_COLUMNS:
                columns.setdefault(name)


def sample_posts(
    parts: Sequence[SourcePart], max_rows: int, sample: Sample
) -> Iterator[SampledPost]:
    """Read at most `max_rows` rows of files of one format, and yield their posts.

    The rows are shared out evenly; what one file doesn't need goes to those after it.
    """
    for number, part in enumerate(parts):
        share = max(1, (max_rows - sample.rows) // (len(parts) - number))
        if sample.rows >= max_rows:
            sample.is_cut = True
            return
        yield from _sampled(part, share, sample)


def _sampled(part: SourcePart, max_rows: int, sample: Sample) -> Iterator[SampledPost]:
    parser = _RecordingParser(sample, part.reader.parse)
    rows = _FirstRows(part.head.rows, max_rows)
    bounded = replace(
        part,
        reader=replace(part.reader, parse=parser),
        head=replace(part.head, rows=rows),
    )
    location = part.location()
    is_text = part.reader.split is not None  # read as text, not through the rows of the head
    limit = max_rows if is_text else max_rows * _MAX_ENTRIES_PER_ROW
    for count, entry in enumerate(bounded.entries(), start=1):
        if count > limit:
            rows.is_cut = True
            break
        rows.count = count if is_text else rows.count
        sample.note(entry)
        if isinstance(entry, Post):
            yield SampledPost(entry, location, parser.written)
    sample.rows += rows.count
    sample.is_cut = sample.is_cut or rows.is_cut


@dataclass(slots=True)
class _FirstRows:
    """The first rows of a file; counts them, however often they are read."""

    rows: Callable[[], Rows]
    max_rows: int
    count: int = 0
    is_cut: bool = False

    def __call__(self) -> Rows:
        """Read them again."""
        rows = self.rows()
        count = 0
        for row in islice(rows, self.max_rows):
            count += 1
            self.count = max(self.count, count)
            yield row
        self.is_cut = self.is_cut or (count == self.max_rows and next(rows, None) is not None)
