"""A case and its results in a few numbers and sentences."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from frametrace.embed.case import Case
from frametrace.matcher.results import GroupKind, Results

__all__ = ["Counts", "counts_of", "describe_signals", "reasons_of"]

_MOST_REASONS = 30
_FILE = re.compile(r"^[^:]*\.[^:]*: ")
_NUMBER = re.compile(r"\d[\d,]*")


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a case holds and what was found in it."""

    posts: int
    pictures: int
    skipped: int
    matches: int
    photo_groups: int
    framing_groups: int
    accounts: int
    ties: int


def counts_of(case: Case, results: Results) -> Counts:
    """Count what the report is about."""
    kinds = results.groups["kind"].to_pylist()
    return Counts(
        posts=case.epoch.rows("posts"),
        pictures=case.epoch.rows("media"),
        skipped=case.epoch.rows("skipped"),
        matches=results.matches.num_rows,
        photo_groups=kinds.count(str(GroupKind.PHOTO)),
        framing_groups=kinds.count(str(GroupKind.FRAMING)),
        accounts=results.accounts.num_rows,
        ties=results.ties.num_rows,
    )


def describe_signals(signals: Mapping[str, Mapping[str, str]]) -> str:
    """The signals by name, with their models and these models' languages."""
    parts = []
    for name, made_by in sorted(signals.items()):
        about = [made_by[key] for key in ("model", "languages") if made_by.get(key)]
        parts.append(f"{name} ({': '.join(about)})" if about else name)
    return ", ".join(parts)


def reasons_of(case: Case) -> list[tuple[str, int]]:
    """The commonest reasons for skipping with their counts, file names and numbers set aside."""
    alike: Counter[str] = Counter()
    for reason in case.read("skipped", ["reason"])["reason"].to_pylist():
        alike[_NUMBER.sub("N", _FILE.sub("", reason))] += 1
    return sorted(alike.items(), key=lambda item: (-item[1], item[0]))[:_MOST_REASONS]
