"""The main job: sources → case → signals → groups → report, as one call."""

from dataclasses import dataclass, replace
from pathlib import Path

from frametrace.app.report.write_report import check_out, write_report
from frametrace.app.summary import Counts, counts_of, skipped_text
from frametrace.case.ingest import Added, add_sources
from frametrace.case.saved_column_maps import saved_column_maps
from frametrace.case.store import Case
from frametrace.embed.stage import Embedded, EmbedSettings, embed
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.saved_results import MatchRun, Results
from frametrace.posts.errors import SourceError
from frametrace.posts.format_recognition import check_maps
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.sources.paths import printable
from frametrace.work.progress import Progress

__all__ = ["Inputs", "Outcome", "add", "run"]

_NAMED = 5  # sources in a message


@dataclass(frozen=True, slots=True)
class Inputs:
    """What goes into a case: sources, where their pictures lie, and the format if it is named."""

    sources: tuple[Path, ...]
    media: tuple[Path, ...] = ()
    maps: tuple[Path, ...] = ()
    reading: ReadSettings = ReadSettings()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did and found."""

    case: Case
    added: Added
    embedded: Embedded
    results: Results
    match_run: MatchRun
    counts: Counts
    page: Path


def add(case_path: Path, inputs: Inputs, progress: Progress) -> tuple[Case, Added]:
    """Add sources to a case, which is made if it is absent.

    Nothing is made before the sources and the media were found to be readable. Raises SourceError
    where no row is a post.
    """
    columns = (*inputs.reading.columns, *saved_column_maps(case_path))
    reading = replace(inputs.reading, columns=columns)
    opened = [open_source(source, reading) for source in inputs.sources]
    check_maps(inputs.reading.columns, [part for found in opened for part in found.parts])
    library = MediaLibrary(inputs.media, inputs.maps)
    case = Case.create(case_path)
    added = add_sources(case, opened, library=library, progress=progress)
    if not added.rows:
        names = ", ".join(printable(found.path.name) for found in opened[:_NAMED])
        raise SourceError(f"nothing could be read: {names} holds no rows.")
    if added.lost and added.unreadable == added.rows:
        raise SourceError(
            f"nothing could be read: 0 posts of {added.rows:,} rows. {skipped_text(added.lost)}. "
            f"{case_path} lists all of them as skipped; `frametrace inspect` shows what is read of "
            "each file, and drafts a column map if that reads more."
        )
    return case, added


def run(
    case_path: Path,
    inputs: Inputs,
    out: Path,
    *,
    embedding: EmbedSettings = EmbedSettings(),
    matching: MatchSettings = MatchSettings(),
    progress: Progress,
) -> Outcome:
    """Do everything, from the sources to the report in the folder `out`.

    Running it again goes on where it was: what the case holds is neither kept nor embedded a second
    time; groups and report are made anew.
    """
    check_out(case_path, out)
    case, added = add(case_path, inputs, progress)
    embedded = embed(case, embedding, progress=progress)
    results, match_run = match_case(case, matching, progress)
    page = write_report(case, out, progress=progress)
    return Outcome(case, added, embedded, results, match_run, counts_of(case, results), page)
