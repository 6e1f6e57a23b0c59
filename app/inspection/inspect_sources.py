"""Inspects sources: reads their first rows as `add` would, and writes nothing."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from frametrace.app.inspection.column_drafts import TableDraft, draft_tables
from frametrace.app.inspection.file_facts import (
    SampledFiles,
    group_files,
    is_drafted,
    sample_files,
)
from frametrace.app.inspection.findings import DRAFT, InspectedSource, Inspection, Reasons
from frametrace.app.inspection.first_rows import KeyConflicts, Sample, sample_posts
from frametrace.app.inspection.media_rules import MediaJoins
from frametrace.app.inspection.time_facts import TimeColumns
from frametrace.posts.errors import SourceError
from frametrace.posts.format_recognition import check_maps
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.open_source import OpenedSource, open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.source_parts import SourcePart
from frametrace.posts.sources.compression import READ_ERRORS
from frametrace.posts.sources.paths import printable
from frametrace.posts.sources.source import Source, is_container
from frametrace.posts.unrecognised import NEXT_STEPS
from frametrace.work.progress import Advance, Progress, Silent

__all__ = ["inspect_sources"]

# Tried before a column map is drafted:
_MAX_TRIED_PARTS = 50
_MAX_TRIED_ROWS = 50  # of each part


def inspect_sources(
    sources: Sequence[Path],
    *,
    library: MediaLibrary,
    reading: ReadSettings = ReadSettings(),
    draft_columns: Mapping[str, str] | None = None,
    rows: int = 3,
    progress: Progress | None = None,
) -> Inspection:
    """Find out for each source what it is, how it would be read, and what its first rows hold.

    `rows` posts of each format are shown. A column map is drafted for tables of no known format;
    `draft_columns` maps fields to the columns that the user named for it. Nothing is written. A
    source that can't be read raises nothing: its error is part of the result. Raises UsageError for
    settings that fit no source.
    """
    progress = progress or Silent()
    opened = []
    for path in sources:
        with _tracked(progress, "opening", path) as advance:
            opened.append(_InspectedPath(path, reading, dict(draft_columns or {})))
            advance(len(opened[-1].parts))
    readable = [path.opened for path in opened if path.opened is not None]
    check_maps(reading.columns, [part for source in readable for part in source.parts])
    library.add_sources(
        *(path for source in readable for path in source.searched),
        read={part.full_path for source in readable for part in source.parts},
        siblings=[group for source in readable for group in source.siblings],
    )
    pictures = MediaJoins(library)
    sampled, conflicts = [], KeyConflicts()
    for inspected in opened:
        with _tracked(progress, "inspecting", inspected.path) as advance:
            sampled.append(inspected.sample(pictures, reading, rows, conflicts))
            advance(len(inspected.parts))
    pictures.guess()
    samples = [file.sample for files in sampled for file in files]
    return Inspection(
        tuple(path.result(files) for path, files in zip(opened, sampled, strict=True)),
        pictures.summary(),
        sum(sample.rows for sample in samples),
        any(sample.is_cut for sample in samples),
    )


class _InspectedPath:
    """A path that is inspected: opened without a draft, and with drafts for the rest."""

    def __init__(self, path: Path, reading: ReadSettings, named: Mapping[str, str]) -> None:
        self.path = path
        self._error = ""
        self.opened: OpenedSource | None = None
        self._drafts: Sequence[TableDraft] = ()
        try:
            self.opened = open_source(path, reading)
        except SourceError as error:
            self._error = str(error).removesuffix(f" {NEXT_STEPS}")
        if reading.format is None:
            postless = _without_posts(self.parts)
            read = [part for part in self.parts if part not in postless]
            self._drafts = draft_tables(path, read, reading, named)
            self._open_drafted(reading, postless)

    @property
    def parts(self) -> tuple[SourcePart, ...]:
        return self.opened.parts if self.opened else ()

    def _open_drafted(self, reading: ReadSettings, postless: Sequence[SourcePart]) -> None:
        """Open the tables of complete drafts; parts that were recognised and give posts stay.

        A recognised part without posts keeps its draft only if the draft reads posts.
        """
        undrafted = {part.source.name for part in postless}
        maps = [table.draft.map(DRAFT) for table in self._drafts if table.draft.is_complete]
        drafted: list[SourcePart] = []
        if maps:
            opened = open_source(self.path, replace(reading, columns=(*maps, *reading.columns)))
            read = set(map(_place, self.parts)) - set(map(_place, postless))
            drafted = [p for p in opened.parts if is_drafted(p) and _place(p) not in read]
            suspects = [part for part in drafted if part.source.name in undrafted]
            still_postless = _without_posts(suspects)
            drafted = [part for part in drafted if part not in still_postless]
            replaced = set(map(_place, drafted))
            parts = [part for part in self.parts if _place(part) not in replaced]
            self.opened = replace(opened, parts=(*parts, *drafted))
        undrafted -= {part.source.name for part in drafted}
        self._drafts = [table for table in self._drafts if table.name not in undrafted]

    def sample(
        self, pictures: MediaJoins, reading: ReadSettings, rows: int, conflicts: KeyConflicts
    ) -> list[SampledFiles]:
        """Read the first rows of all parts."""
        return [
            sample_files(parts, reading, pictures, rows, conflicts)
            for parts in group_files(self.parts)
        ]

    def result(self, sampled: Sequence[SampledFiles]) -> InspectedSource:
        """The result for this path."""
        unread = Reasons()
        for skipped in self.opened.unread if self.opened else ():
            unread.note(skipped)
        return InspectedSource(
            str(self.path),
            _container_name(self.path),
            tuple(files.facts() for files in sampled),
            tuple(table.shown for table in self._drafts),
            tuple(unread.ranked()),
            self._error,
        )


@contextmanager
def _tracked(progress: Progress, what: str, path: Path) -> Iterator[Advance]:
    """Show progress for a folder or an archive; a file takes little time."""
    if not _container_name(path):
        yield lambda done: None
        return
    with progress.track(f"{what} {printable(path.resolve().name)}", None) as advance:
        yield advance


def _without_posts(parts: Sequence[SourcePart]) -> list[SourcePart]:
    """The parts whose first rows can't be read; none if there are too many to try."""
    postless = []
    for part in parts if len(parts) <= _MAX_TRIED_PARTS else ():
        sample = Sample(TimeColumns(part.settings))
        deque(sample_posts([part], _MAX_TRIED_ROWS, sample), maxlen=0)
        if sample.dropped and not (sample.posts or sample.accounts):
            postless.append(part)
    return postless


def _place(part: SourcePart) -> tuple[Source, str]:
    return part.source, part.head.part


def _container_name(path: Path) -> str:
    """`a folder` or `an archive`; empty for a file."""
    try:
        if not is_container(path):
            return ""
    except READ_ERRORS:
        return ""
    return "a folder" if path.is_dir() else "an archive"
