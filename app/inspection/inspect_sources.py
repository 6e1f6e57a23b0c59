"""Looking at sources as `add` would read them, with nothing written."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from frametrace.app.inspection.column_drafts import Drafted, drafted_in
from frametrace.app.inspection.file_facts import Alike, Looked, alike, look_at
from frametrace.app.inspection.findings import Inspection, SourceFound
from frametrace.app.inspection.first_rows import Conflicts, Sample, sample_of
from frametrace.app.inspection.picture_rules import Pictures
from frametrace.app.inspection.reasons import Reasons
from frametrace.app.inspection.time_facts import Times
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
from frametrace.work.progress import Progress, Silent

__all__ = ["DRAFT", "inspect_sources"]

_TRIED = 50  # parts that are tried, and rows of each, before a map is drafted for them
_ROWS_TRIED = 50
DRAFT = "draft"  # what a format is called that is none


def inspect_sources(
    sources: Sequence[Path],
    *,
    library: MediaLibrary,
    reading: ReadSettings = ReadSettings(),
    given: Mapping[str, str] | None = None,
    rows: int = 3,
    progress: Progress | None = None,
) -> Inspection:
    """Say of each source what it is, how it would be read, and what its first rows give.

    `rows` posts of each format are shown. For tables that no format fits a column map is drafted;
    `given` names columns of it. Nothing is written, and a source that can't be read raises
    nothing: its error is told. Raises UsageError for settings that fit no source.
    """
    progress = progress or Silent()
    opened = []
    for path in sources:
        with _tracked(progress, "opening", path) as advance:
            opened.append(_Path(path, reading, dict(given or {})))
            advance(len(opened[-1].parts))
    found = [each.opened for each in opened if each.opened is not None]
    check_maps(reading.columns, [part for each in found for part in each.parts])
    library.add_sources(
        *(path for each in found for path in each.searched),
        read={part.full_path for each in found for part in each.parts},
        siblings=[group for opened in found for group in opened.siblings],
    )
    pictures = Pictures(library)
    looked, conflicts = [], Conflicts()
    for each in opened:
        with _tracked(progress, "looking at", each.path) as advance:
            looked.append(each.look(pictures, reading, rows, conflicts))
            advance(len(each.parts))
    pictures.guess()
    samples = [each.sample for files in looked for each in files]
    return Inspection(
        tuple(each.found(files) for each, files in zip(opened, looked, strict=True)),
        pictures.found(),
        sum(sample.rows for sample in samples),
        any(sample.is_cut for sample in samples),
    )


class _Path:
    """A path that is looked at: opened as it is, and by the maps that were drafted for the rest."""

    def __init__(self, path: Path, reading: ReadSettings, given: Mapping[str, str]) -> None:
        self.path = path
        self._error = ""
        self.opened: OpenedSource | None = None
        self._drafts: Sequence[Drafted] = ()
        try:
            self.opened = open_source(path, reading)
        except SourceError as error:
            self._error = str(error).removesuffix(f" {NEXT_STEPS}")
        if reading.format is None:
            futile = _without_posts(self.parts)
            read = [part for part in self.parts if part not in futile]
            self._drafts = drafted_in(path, read, reading, given)
            self._open_drafted(reading, futile)

    @property
    def parts(self) -> tuple[SourcePart, ...]:
        return self.opened.parts if self.opened else ()

    def _open_drafted(self, reading: ReadSettings, futile: Sequence[SourcePart]) -> None:
        """Open what the complete drafts are for; what was recognised and gives posts stays.

        What gives none has a draft only where posts are read by that.
        """
        vain = {part.source.name for part in futile}
        maps = [each.draft.map(DRAFT) for each in self._drafts if each.draft.is_complete]
        drafted: list[SourcePart] = []
        if maps:
            opened = open_source(self.path, replace(reading, columns=(*maps, *reading.columns)))
            read = set(map(_place, self.parts)) - set(map(_place, futile))
            drafted = [p for p in opened.parts if _is_drafted(p) and _place(p) not in read]
            still = _without_posts([part for part in drafted if part.source.name in vain])
            drafted = [part for part in drafted if part not in still]
            replaced = set(map(_place, drafted))
            parts = [part for part in self.parts if _place(part) not in replaced]
            self.opened = replace(opened, parts=(*parts, *drafted))
        vain -= {part.source.name for part in drafted}
        self._drafts = [each for each in self._drafts if each.name not in vain]

    def look(
        self, pictures: Pictures, reading: ReadSettings, rows: int, conflicts: Conflicts
    ) -> list[Looked]:
        """Read the first rows of what was opened."""
        return [
            look_at(Alike(parts, _is_drafted(parts[0])), reading, pictures, rows, conflicts)
            for parts in alike(self.parts)
        ]

    def found(self, looked: Sequence[Looked]) -> SourceFound:
        """What there is to say of it."""
        unread = Reasons()
        for each in self.opened.unread if self.opened else ():
            unread.note(each)
        return SourceFound(
            str(self.path),
            _held_in(self.path),
            tuple(each.found() for each in looked),
            tuple(each.found for each in self._drafts),
            tuple(unread.found()),
            self._error,
        )


@contextmanager
def _tracked(progress: Progress, what: str, path: Path) -> Iterator[Callable[[int], None]]:
    """Show that work on a folder or an archive goes on; a file is soon done."""
    if not _held_in(path):
        yield lambda done: None
        return
    with progress.track(f"{what} {printable(path.resolve().name)}", None) as advance:
        yield advance


def _without_posts(parts: Sequence[SourcePart]) -> list[SourcePart]:
    """Those of some parts, few enough to try, whose first rows can't be read."""
    found = []
    for part in parts if len(parts) <= _TRIED else ():
        sample = Sample(Times(part.settings))
        deque(sample_of([part], _ROWS_TRIED, sample), maxlen=0)
        if sample.dropped and not (sample.posts or sample.accounts):
            found.append(part)
    return found


def _place(part: SourcePart) -> tuple[Source, str]:
    return part.source, part.head.part


def _is_drafted(part: SourcePart) -> bool:
    return part.columns is not None and part.columns.name == DRAFT


def _held_in(path: Path) -> str:
    """What holds files: a folder, an archive; empty for a file."""
    try:
        if not is_container(path):
            return ""
    except READ_ERRORS:
        return ""
    return "a folder" if path.is_dir() else "an archive"
