"""Matches two or more cases together, through a union of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.between_cases.linked_caches import link_caches
from frametrace.matcher.between_cases.reuse import reuses_of
from frametrace.matcher.between_cases.union import unite
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import Extent, MatchSettings
from frametrace.matcher.saved_results import MatchRun, Results, every_member
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["MatchedCases", "match_cases"]


@dataclass(frozen=True, slots=True)
class MatchedCases:
    """The union of some cases, its results, and what each case reuses of those before it.

    `reuses` is in the schema `REUSES`.
    """

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

    Pairs that were compared inside a case are not compared again. A run that was killed continues
    if it is called again with the same folder. Raises the same errors as `unite` and `match_case`.
    """
    union = unite(cases, folder, progress)
    link_caches(cases, union)
    results, run = match_case(union, settings, progress, executor, extent)
    reuses = reuses_of(union, every_member(union), results.matches)
    return MatchedCases(union, results, run, reuses)
