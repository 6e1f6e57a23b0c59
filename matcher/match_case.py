"""The match stage: groups a case's posts, ties its accounts, and saves the results."""

import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.between_cases.spanning_groups import spanning_results
from frametrace.matcher.changes import EARLIER_MEMBERS, compare_members, input_differences
from frametrace.matcher.framing.by_example.rank_posts import named_posts
from frametrace.matcher.framing.by_example.resolve_examples import CaseContents
from frametrace.matcher.framing.by_example.saved_framings import framing_digests
from frametrace.matcher.framing.find_framings import Framings, find_framings
from frametrace.matcher.framing.framing_summary import in_group_order
from frametrace.matcher.framing.tsne_map import map_of
from frametrace.matcher.groups import accounts_of, groups_of, members_of
from frametrace.matcher.match_settings import Extent, MatchSettings
from frametrace.matcher.network import case_ties
from frametrace.matcher.photos.compare_case import ComparedPictures, compare_case
from frametrace.matcher.photos.group_assignment import ASSIGNED
from frametrace.matcher.photos.grouping import PhotoMatches
from frametrace.matcher.result_schemas import MAP, ORDER_OF_MATCHES, GroupKind
from frametrace.matcher.saved_results import MatchRun, Results, earlier_members, save_results
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["match_case"]


def match_case(
    case: Case,
    settings: MatchSettings = MatchSettings(),
    progress: Progress | None = None,
    executor: Executor | None = None,
    extent: Extent = Extent(),
) -> tuple[Results, MatchRun]:
    """Match everything in the case as of its epoch, and save the results there.

    The results say what changed since the newest earlier epoch that was matched. Without an
    executor, pictures are compared by one process per processor.
    """
    progress, clock = progress or Silent(), _Clock()
    compared = compare_case(case, settings.max_pdq, progress, executor, clock.lap)

    with progress.track("grouping photos", None):
        photos = compared.photos()
    clock.lap("photos")
    framings = find_framings(case, photos.assigned, settings, progress)
    clock.lap("framings")
    results = _results(case, settings, compared, photos, framings, progress)
    clock.lap("groups")
    if extent.mapped:
        with progress.track("laying out the map", None):
            results = replace(results, map=map_of(case, framings))
    clock.lap("map")
    with progress.track("saving results", None):
        every_member = results.members
        results, cases = spanning_results(case, results, whole=extent.whole)
        run = MatchRun(
            epoch=case.epoch.number,
            settings=settings.recorded,
            signals=case.epoch.signals,
            seconds=clock.seconds,
            version=version("frametrace"),
            unlisted=photos.unlisted,
            left_out=compared.without_thumbnail,
            named=framing_digests(case),
            cases=cases,
            spanning=bool(cases) and not extent.whole,
        )
        results, run = _with_changes(case, results, run, progress)
        clock.lap("changes")
        return save_results(case, results, _matches(photos, framings), run, every_member), run


class _Clock:
    """Measures how long each stage takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last_lap = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to a stage."""
        now = time.perf_counter()
        self.seconds[stage] = round(self.seconds.get(stage, 0) + now - self._last_lap, 3)
        self._last_lap = now


def _matches(photos: PhotoMatches, framings: Framings) -> Iterator[pa.RecordBatch]:
    """All matches in order: those of framings, which are `similar`, sort last."""
    yield from photos.batches()
    yield from framings.matches.sort_by(ORDER_OF_MATCHES).to_batches()


def _results(
    case: Case,
    settings: MatchSettings,
    compared: ComparedPictures,
    photos: PhotoMatches,
    framings: Framings,
    progress: Progress,
) -> Results:
    """The result tables, except for the map and the changes."""
    contents = CaseContents(case, framings.contents, framings.fusion, photos.assigned)
    named = named_posts(contents, settings.min_decades, progress, settings.fact_checkers)
    with progress.track("gathering groups", None):
        parts = [
            members_of(case, photos.assigned, photos.listed),
            members_of(case, ASSIGNED.empty_table(), compared.elements.listed(), GroupKind.ELEMENT),
            framings.members,
        ]
        groups, members = groups_of(parts, framings.cohesion)
        return Results(
            groups=groups,
            members=members,
            accounts=accounts_of(case, members),
            ties=case_ties(case, members, settings.ties),
            framings=in_group_order(framings.summaries, groups),
            map=MAP.empty_table(),
            named=named,
            video_matches=compared.spans,
        )


def _with_changes(
    case: Case, results: Results, run: MatchRun, progress: Progress
) -> tuple[Results, MatchRun]:
    """Add the changes since the newest readable earlier run, if there is one."""
    if (earlier := earlier_members(case, EARLIER_MEMBERS, progress)) is None:
        return results, run
    earlier_run, members = earlier
    changes, arrivals = compare_members(results.groups, results.members, members)
    run = replace(run, since=earlier_run.epoch, otherwise=input_differences(run, earlier_run))
    return replace(results, changes=changes, arrivals=arrivals), run
