"""Checks the installation, the models on this machine, and the files of a case."""

import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from frametrace.case.epochs import epoch_files, read_epoch
from frametrace.case.saved_column_maps import saved_column_maps
from frametrace.case.schemas import frame_table, signal_table
from frametrace.case.shard_checksums import check_shards
from frametrace.case.store import BASE_TABLES, Case
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.signals import SIGNALS
from frametrace.index.index_store import check_index
from frametrace.posts.errors import FrametraceError

__all__ = ["Finding", "examine"]

# A requirement in the package's metadata: its name, and the extra that it belongs to, if any.
_REQUIREMENT = re.compile(r"""([\w.-]+)(?:.*\bextra == ["']([\w-]+)["'])?""")
_NO_PACKAGES = {"all", "dev"}  # extras that only name other extras, or serve developers


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: whether something exists, whether it is damaged, and a sentence."""

    subject: str
    state: str
    there: bool = True
    damaged: bool = False


def examine(case: Path | None = None) -> list[Finding]:
    """Check the installation, the models and, if a case is given, all its files."""
    findings = [Finding("python", platform.python_version()), *_packages(), *_models()]
    if case is not None:
        findings += _case(case)
    return findings


def _packages() -> Iterator[Finding]:
    """Every package that the installed metadata requires: the core first, then each extra."""
    required: dict[str, str] = {"frametrace": ""}
    for requirement in requires("frametrace") or ():
        if (match := _REQUIREMENT.match(requirement)) and match[2] not in _NO_PACKAGES:
            required.setdefault(match[1], match[2] or "")
    for name, extra in sorted(required.items(), key=lambda item: bool(item[1])):
        yield _package(
            name,
            f"not installed: pip install 'frametrace[{extra}]'"
            if extra
            else "not installed; install frametrace again",
        )


def _package(name: str, advice: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, advice, there=False)


def _models() -> Iterator[Finding]:
    for name, signal in SIGNALS.items():
        if signal.needs_model:
            try:
                yield Finding(f"model for {name}", signal.locate(ModelChoice()))
            except FrametraceError as error:
                yield Finding(f"model for {name}", str(error), there=False)


def _case(path: Path) -> Iterator[Finding]:
    try:
        case = Case(path)
    except FrametraceError as error:
        yield Finding("case", str(error), damaged=True)
        return
    yield Finding("case", f"{path}, epoch {case.epoch.number}")
    signals = sorted(case.epoch.signals)
    of_frames = [table for table in map(frame_table, signals) if case.epoch.rows(table)]
    tables = [*BASE_TABLES, *map(signal_table, signals), *of_frames]
    for table in tables:
        problems = check_shards(case, table)
        shards, rows = len(case.epoch.shards.get(table, {})), case.epoch.rows(table)
        if not problems:
            yield Finding(table, f"{rows:,} rows in {shards} shards")
        yield from (Finding(table, sentence, damaged=True) for sentence in problems)
    for signal in sorted(case.epoch.signals):
        try:
            problems = check_index(case, signal)
        except FrametraceError as error:
            problems = [str(error)]
        yield from (Finding(f"index/{signal}", sentence, damaged=True) for sentence in problems)
    for subject, check in _OTHER_FILES.items():
        try:
            problems = check(case)
        except FrametraceError as error:
            problems = [str(error)]
        yield from (Finding(subject, sentence, damaged=True) for sentence in problems)


def _check_epochs(case: Case) -> list[str]:
    for file in epoch_files(case.path):
        read_epoch(file)
    return []


def _check_column_maps(case: Case) -> list[str]:
    saved_column_maps(case.path)
    return []


def _check_verified(case: Case) -> list[str]:
    from frametrace.matcher.pictures.compare_pairs import check_compared

    return check_compared(case)


def _check_results(case: Case) -> list[str]:
    from frametrace.matcher.saved_results import check_results

    return check_results(case)


def _check_framings(case: Case) -> list[str]:
    from frametrace.matcher.framing.by_example.saved_framings import framing_names, load_framing

    for name in framing_names(case):
        load_framing(case, name)
    return []


def _check_tips(case: Case) -> list[str]:
    from frametrace.matcher.tips.export import check_sent

    return check_sent(case)


def _check_opinions(case: Case) -> list[str]:
    from frametrace.matcher.tips.verdicts import imported_opinions

    imported_opinions(case)
    return []


def _check_watch(case: Case) -> list[str]:
    from frametrace.matcher.tips.watch_state import check_watch

    check_watch(case)
    return []


# What is beside the tables and the indexes. A check returns sentences on damage, or raises one.
_OTHER_FILES: Mapping[str, Callable[[Case], list[str]]] = {
    "epochs": _check_epochs,
    "columns": _check_column_maps,
    "verified": _check_verified,
    "results": _check_results,
    "framings": _check_framings,
    "tips": _check_tips,
    "opinions": _check_opinions,
    "watch": _check_watch,
}
