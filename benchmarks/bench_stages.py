"""Measures the stages from `add` to `report` on 30,000 to a million posts, beside an older version.

The posts have captions alone, copied as in a campaign (copied_posts.py), and are compared by their
keys; 10,000 pictures are measured apart. Right before ours, each command runs on a case of its own
by the code of an older revision of this repository. Memory is that of all processes.
"""

import argparse
import math
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from copied_posts import write_jsonl
from generating import jpeg, picture
from measuring import Finding, Ran, Stopped, conclude, options, run, say

ROOT = Path(__file__).parents[1]
FOLDERS = ("posts", "work", "case", "embed", "index", "matcher", "app")
SIZES, SIZES_QUICK = (30_000, 100_000, 300_000, 1_000_000), (1_000, 3_000)
PICTURES, PICTURES_QUICK = 10_000, 100
WIDTH, HEIGHT, QUALITY = 480, 360, 84
BEFORE = "7760105f"  # 0.10.0
PICTURED = "posts-with-pictures"  # the name of their source
EXPONENT = 1.15  # the limit of growth
GOALS = {"match": 0.5, "report": 0.4}  # of the time before
STAGES = ("add", "embed", "match", "report")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the code: what to add to the environment, and a folder for its cases."""

    environment: Mapping[str, str]
    folder: Path

    def run(self, stage: str, source: Path) -> Ran:
        """Run one stage on the case of a source."""
        case = self.folder / source.stem
        arguments: dict[str, Sequence[str | Path]] = {
            "add": (case, source),
            "embed": (case, *_signals(source)),
            "match": (case,),
            "report": (case, "--out", case.with_suffix(".report")),
        }
        command = [sys.executable, "-m", "frametrace.app", stage, *map(str, arguments[stage])]
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return run(["env", *variables, *command])


def _signals(source: Path) -> list[str]:
    of_pictures = ("pdq", "phash", "local", "thumbnail")
    names = of_pictures if source.stem == PICTURED else ("caption_key",)
    return [part for name in names for part in ("--signal", name)]


def main() -> None:
    def extend(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--before", metavar="REVISION", default=BEFORE, help="the other version"
        )
        parser.add_argument("--most", type=int, help="leave out cases of more posts")

    chosen = options(__doc__ or "", extend)
    sizes = [
        size
        for size in (SIZES_QUICK if chosen.quick else SIZES)
        if chosen.most is None or size <= chosen.most
    ]
    with tempfile.TemporaryDirectory(prefix="bench-stages-") as name:
        place = Path(name)
        versions = _versions(place, chosen.before)
        findings, ours = [], {}
        for size in sizes:
            source = place / f"{size}.jsonl"
            write_jsonl(source, size, chosen.seed)
            ours[size] = _measured(versions, source, f"{size:,} posts", findings)
        findings += _growth(ours)
        count = PICTURES_QUICK if chosen.quick else PICTURES
        source = _with_pictures(place, count, chosen.seed)
        _measured(versions, source, f"{count:,} pictures", findings)
    remarks = [f"Before: revision {chosen.before}."]
    if chosen.most is not None:
        remarks.append(f"Left out: cases of more than {chosen.most:,} posts.")
    conclude("stages", findings, remarks, ("frametrace", "numpy", "pyarrow", "duckdb"), chosen)


def _versions(place: Path, before: str) -> dict[str, Version]:
    """The other version, then ours."""
    tree = place / "before"
    packed = subprocess.run(
        ["git", "archive", before, *FOLDERS, "api"], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(tree / "code", filter="data")
    (tree / "code" / "api").rename(tree / "frametrace")
    for folder in FOLDERS:
        (tree / "code" / folder).rename(tree / "frametrace" / folder)
    versions = {
        "before": Version({"PYTHONPATH": str(tree)}, place / "cases-before"),
        "ours": Version({}, place / "cases"),
    }
    for version in versions.values():
        version.folder.mkdir()
    return versions


def _measured(
    versions: Mapping[str, Version], source: Path, what: str, findings: list[Finding]
) -> dict[str, Ran]:
    """Run all stages by all versions; return what ours took."""
    ours = {}
    for stage in STAGES:
        ran = {}
        for name, version in versions.items():
            ran[name] = version.run(stage, source)
            say(f"{what}: {stage}, {name}: {ran[name].cpu:.1f} CPU-s, {_memory(ran[name])}")
        ours[stage] = ran["ours"]
        goal = None if source.stem == PICTURED else GOALS.get(stage)
        ratio = ran["ours"].cpu / ran["before"].cpu
        told, beside = _told(ran["ours"]), f"before: {_told(ran['before'])}"
        findings.append(Finding(f"{what}: {stage}", told, beside, ratio, at_most=goal))
    for version in versions.values():
        shutil.rmtree(version.folder)
        version.folder.mkdir()
    return ours


def _told(ran: Ran) -> str:
    return f"{ran.cpu:.1f} CPU-s, {ran.seconds:.0f} s, {_memory(ran)}"


def _memory(ran: Ran) -> str:
    return f"{ran.tree / 1e9:.2f} GB"


def _growth(ours: Mapping[int, Mapping[str, Ran]]) -> list[Finding]:
    """How fast the time of each stage grows with the posts."""
    if len(ours) < 2:
        return []
    least, most = min(ours), max(ours)
    return [
        Finding(
            f"{stage}: exponent of growth from {least:,} to {most:,} posts",
            f"{_exponent(least, most, ours, stage):.2f} ({_steps(ours, stage)})",
            f"limit: {EXPONENT}",
            _exponent(least, most, ours, stage) / EXPONENT,
            at_most=1,
        )
        for stage in STAGES
    ]


def _steps(ours: Mapping[int, Mapping[str, Ran]], stage: str) -> str:
    steps = (_exponent(a, b, ours, stage) for a, b in pairwise(sorted(ours)))
    return "step by step " + ", ".join(f"{step:.2f}" for step in steps)


def _exponent(a: int, b: int, ours: Mapping[int, Mapping[str, Ran]], stage: str) -> float:
    return math.log(ours[b][stage].cpu / ours[a][stage].cpu) / math.log(b / a)


def _with_pictures(place: Path, count: int, seed: int) -> Path:
    say(f"making {count:,} pictures")
    (place / "pictures").mkdir()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(_make_picture, place, seed), range(count), chunksize=50))
    source = place / f"{PICTURED}.jsonl"
    write_jsonl(source, count, seed, media=count)
    return source


def _make_picture(place: Path, seed: int, number: int) -> None:
    made = jpeg(picture(seed + number, WIDTH, HEIGHT), QUALITY)
    (place / "pictures" / f"{number:06}.jpg").write_bytes(made)


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
