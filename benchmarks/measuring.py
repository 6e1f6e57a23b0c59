"""Shares what all benchmarks need: fair timing, memory of process trees, tables of results."""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

__all__ = [
    "GIB",
    "Finding",
    "Ran",
    "Stopped",
    "command_line",
    "conclude",
    "interleaved",
    "options",
    "ratio",
    "run",
    "say",
    "shared_data",
]

GIB = 2**30
_README = Path(__file__).with_name("README.md")
_SHARED = Path(__file__).parents[2] / "shared" / "data"
_POLL_SECONDS = 0.05  # between looks at a process tree; high-water marks miss nothing in between
_HEADER = ("what", "ours", "beside", "ratio", "goal")

Block = TypeVar("Block")


class Stopped(Exception):
    """Why a benchmark can't continue."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure beside a peer or a limit of the same run; the goal applies to their ratio."""

    what: str
    ours: str
    beside: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        """The goal and whether it is reached; empty if there is none."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}: {_verdict(self.ratio >= self.at_least)}"
        if self.at_most is not None:
            return f"≤ {self.at_most:g}: {_verdict(self.ratio <= self.at_most)}"
        return ""


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**not reached**"


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command: its time, its memory and its output.

    `seconds` is wall time, `cpu` the processor time of all its processes. `process` is the
    high-water mark of the command's own process, `tree` the greatest sum of the marks of all
    processes that were alive together, both in bytes. Shared pages count in each process, and
    the marks need not coincide in time: `tree` is an upper bound.
    """

    seconds: float
    cpu: float
    process: int
    tree: int
    printed: str


def options(
    description: str, extend: Callable[[argparse.ArgumentParser], object] | None = None
) -> argparse.Namespace:
    """Parse the options of every benchmark; `extend` may add options of one benchmark."""
    parser = argparse.ArgumentParser(description=description)
    if extend is not None:
        extend(parser)
    parser.add_argument("--quick", action="store_true", help="a small version, to try the script")
    parser.add_argument("--seed", type=int, default=20190819, help="seed of everything generated")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--write-results", action="store_true", help="write the table into benchmarks/README.md"
    )
    chosen = parser.parse_args()
    if chosen.quick and chosen.write_results:
        parser.error("--quick is for trying a script; its figures are not results")
    return chosen


def say(line: str) -> None:
    """Print progress on standard error."""
    print(line, file=sys.stderr, flush=True)


def shared_data() -> Path | None:
    """The folder with real data (or $FRAMETRACE_SHARED), or None if it is missing."""
    folder = Path(os.environ.get("FRAMETRACE_SHARED", _SHARED)).resolve()
    return folder if folder.is_dir() else None


def command_line(*arguments: str | Path) -> list[str]:
    """The real command line of this environment."""
    script = Path(sys.executable).with_name("frametrace")
    if not script.exists():
        raise Stopped(f"{script} is missing; run the benchmark with the python of `make install`")
    return [str(script), *map(str, arguments)]


def interleaved(
    contenders: Mapping[str, Callable[[Block], object]],
    blocks: Sequence[Block],
    rounds: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
    quiet: bool = False,
) -> dict[str, list[float]]:
    """Seconds of each contender in each round over all blocks.

    Contenders take turns block by block, in rotating order, so that other load on the machine
    affects all of them equally.
    """
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [0.0] * rounds for name in names}
    for at in range(rounds):
        for number, block in enumerate(blocks):
            first = (at + number) % len(names)
            for name in names[first:] + names[:first]:
                start = clock()
                contenders[name](block)
                seconds[name][at] += clock() - start
        if not quiet:
            say(f"  round {at + 1} of {rounds}")
    return seconds


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """The median over rounds of the ratio of both within a round."""
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def run(command: Sequence[str], *, given: str = "", watched: bool = True) -> Ran:
    """Run a command to its end; its standard error is passed through.

    `given` is its standard input. Its memory is measured only if `watched`. Raises `Stopped` if
    it fails.
    """
    # Commands start with what Python compiled once, as they do for users.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with TemporaryFile("w+") as source, TemporaryFile("w+") as sink:
        source.write(given)
        source.seek(0)
        start, used = time.perf_counter(), _children_cpu()
        with subprocess.Popen(command, stdin=source, stdout=sink, env=environment) as process:
            peaks = (0, 0)
            while watched and process.poll() is None:
                peaks = _watched(process.pid, *peaks)
                time.sleep(_POLL_SECONDS)
        seconds, cpu = time.perf_counter() - start, _children_cpu() - used
        sink.seek(0)
        printed = sink.read()
    if process.returncode:
        raise Stopped(f"{' '.join(command)[:200]} ended with {process.returncode}")
    return Ran(seconds, cpu, *peaks, printed)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _watched(pid: int, process: int, tree: int) -> tuple[int, int]:
    own = _high_water(pid)
    return own or process, max(tree, own + sum(map(_high_water, _descendants(pid))))


def _descendants(pid: int) -> list[int]:
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # the process has just ended
            continue
        children[int(fields[1])].append(int(stat.parent.name))
    found = children[pid]
    for child in found:  # grows as it goes
        found += children[child]
    return found


def _high_water(pid: int) -> int:
    """The greatest resident memory of a process so far, in bytes; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(line[1]) * 1024 for line in lines), 0)


def conclude(
    name: str,
    findings: Sequence[Finding],
    remarks: Sequence[str],
    packages: Sequence[str],
    chosen: argparse.Namespace,
) -> None:
    """Print the findings as Markdown or JSON; with --write-results write them into the README."""
    versions = {package: version(package) for package in packages}
    context = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "seed": chosen.seed,
        "quick": chosen.quick,
        "versions": versions,
    }
    if chosen.json:
        rows = [{**asdict(finding), "goal": finding.goal} for finding in findings]
        report = {"name": name, **context, "findings": rows, "remarks": list(remarks)}
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        print(_markdown(findings, remarks, context))
    if chosen.write_results:
        _write_between(name, _markdown(findings, remarks, context))
        say(f"written into {_README}")


def machine() -> str:
    """Processor, cores, memory, system and Python in one line."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = (line for line in info.read_text().splitlines() if line.startswith("model name"))
        cpu = next(names, f": {cpu}").partition(": ")[2]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{cpu}, {cores} cores, {memory:.0f} GiB, {system}"


def _markdown(
    findings: Sequence[Finding], remarks: Sequence[str], context: Mapping[str, object]
) -> str:
    versions = context["versions"]
    assert isinstance(versions, dict)
    used = ", ".join(f"{package} {number}" for package, number in versions.items())
    quick = " (--quick: not a result)" if context["quick"] else ""
    lines = [
        f"{context['date']}{quick}; {context['machine']}; {used}; seed {context['seed']}.",
        "",
        _line(_HEADER),
        _line(["---"] * len(_HEADER)),
        *(_line([f.what, f.ours, f.beside, f"{f.ratio:.2f}", f.goal]) for f in findings),
        "",
        *(f"- {remark}" for remark in remarks),
    ]
    return "\n".join(lines).rstrip()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _write_between(name: str, content: str) -> None:
    """Replace the content between a benchmark's markers in the README."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = _README.read_text("utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise Stopped(f"{_README} lacks the lines {begin.strip()!r} and {end!r}")
    _README.write_text(f"{before}{begin}{content}\n{end}{after}", "utf-8")
