"""Matching two cases or more: what is compared inside a case is compared between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.between_cases.carried_over import hand_over
from frametrace.matcher.between_cases.origins import origins_of
from frametrace.matcher.between_cases.reuse import reuses_of
from frametrace.matcher.between_cases.union import unite
from frametrace.matcher.results import Results
from frametrace.matcher.settings import Extent, MatchSettings
from frametrace.matcher.stage import MatchRun, every_member, match_case
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["MatchedCases", "match_cases"]


@dataclass(frozen=True, slots=True)
class MatchedCases:
    """Cases as one, what spans them, and what each reuses of those before, as of `REUSES`."""

    union: Case
    results: Results
    run: MatchRun
    reuses: pa.Table


def match_cases(
    cases: Sequence[Case],
    folder: Path,
    settings: MatchSettings = MatchSettings(),
    extent: Extent = Extent(),
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> MatchedCases:
    """Match cases with each other, in a union of them that is kept in `folder`.

    What was compared inside each of them is not compared again. A killed run goes on where it was
    with the same folder. Raises as `unite` and `match_case` do.
    """
    union = unite(cases, folder, progress)
    hand_over(cases, union)
    results, run = match_case(union, settings, progress, executor, extent)
    return MatchedCases(union, results, run, _reuses(union, results))


def _reuses(union: Case, results: Results) -> pa.Table:
    origins = origins_of(union)
    assert origins is not None
    return reuses_of(union, every_member(union), results.matches, origins)
