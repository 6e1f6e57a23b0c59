"""Measures `add`, and the reading of posts, beside plain loops that only parse the same file."""

import csv
import io
import json
import resource
import statistics
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

from copied_posts import write_csv, write_jsonl
from measuring import Finding, Stopped, command_line, interleaved, ratio, run, say

from frametrace.posts.model import Skipped
from frametrace.posts.open_source import read_source

__all__ = ["adding", "reading"]

ADDS = 3  # rounds of adding the same file to a new case
ROUNDS = 9  # of reading the same CSV
MAX_RATIO = 4  # to the processor time of the plain loop


def adding(folder: Path, posts: int, seed: int) -> list[Finding]:
    """The whole command for posts without pictures, in JSONL and in CSV, each beside its loop."""
    jsonl, table = folder / "unpictured.jsonl", folder / "unpictured.csv"
    write_jsonl(jsonl, posts, seed)
    write_csv(table, posts, seed)
    return [
        _adding(jsonl, posts, "JSONL", "`json.loads` of each line", _parse_lines),
        _adding(table, posts, "CSV", "`csv.DictReader`", _parse_table),
    ]


def _adding(
    source: Path, posts: int, kind: str, loop: str, plain: Callable[[Path], int]
) -> Finding:
    say(f"frametrace add of {posts:,} posts in {kind}")
    contenders: dict[str, Callable[[Path], object]] = {
        "add": partial(_add, count()),
        "loop": plain,
    }
    seconds = interleaved(contenders, [source], ADDS, clock=_processor_time)
    ours, theirs = (statistics.median(seconds[name]) for name in contenders)
    what = f"add: {posts:,} posts without pictures in {kind}"
    return Finding(
        what,
        f"{ours:.1f} s of processor time",
        f"{loop}: {theirs:.2f} s",
        ratio(seconds["add"], seconds["loop"]),
        at_most=MAX_RATIO,
    )


def _add(numbers: Iterator[int], source: Path) -> None:
    case = source.with_name(f"{source.name}-{next(numbers)}")
    run(command_line("add", case, source, "--json"), watched=False)


def _processor_time() -> float:
    """Of this process and of those that it waited for, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _parse_lines(source: Path) -> int:
    with source.open(encoding="utf-8") as file:
        return sum(1 for _ in map(json.loads, file))


def _parse_table(source: Path) -> int:
    with source.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def reading(archive: Path) -> Finding:
    """Rows a second and core, from the packed CSV to posts, beside csv alone."""
    say("reading a campaign's CSV")
    rows = len(entries := list(read_source(archive)))
    if any(isinstance(entry, Skipped) for entry in entries) or rows != _read_plainly(archive):
        raise Stopped(f"{archive.name} was not read whole: {rows:,} rows")
    contenders = {"ours": lambda path: deque(read_source(path), 0), "csv": _read_plainly}
    seconds = interleaved(contenders, [archive], ROUNDS, clock=time.process_time, quiet=True)
    ours, plain = (f"{rows / statistics.median(seconds[name]):,.0f}/s" for name in contenders)
    what = f"read {rows:,} posts of a campaign's CSV, a core"
    return Finding(what, ours, f"csv.DictReader: {plain}", ratio(seconds["csv"], seconds["ours"]))


def _read_plainly(archive: Path) -> int:
    with zipfile.ZipFile(archive) as opened, opened.open(opened.namelist()[0]) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        return sum(1 for _ in csv.DictReader(text))
