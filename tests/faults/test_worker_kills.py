"""Workers that are killed from outside, as the system does it, cost no picture."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from damaging import SIGNALS, given_to, in_child, run

PARTS = (0, *(pytest.param(part, marks=pytest.mark.campaign) for part in range(1, 60)))
MAX_KILLS = 8  # in one run

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def workers_of(process: int) -> list[int]:
    """The worker processes of a process; the process that watches over semaphores is none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text(errors="replace").rpartition(")")[2]
            if int(state.split()[1]) == process and (
                "spawn_main" in (folder / "cmdline").read_text()
            ):
                found.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return found


def embed_killing_workers(case: Path, dice: random.Random) -> tuple[int, int]:
    """Embed, and kill each worker after a random time; the exit code, and the number of kills."""
    command = [sys.executable, "-m", "frametrace.app", "embed", str(case), *SIGNALS]
    process = subprocess.Popen(
        [*command, "--workers", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ends: dict[int, float] = {}
    kills = 0
    while process.poll() is None:
        for worker in workers_of(process.pid):
            # The first one dies while it starts: on a fast machine the others may be done in time.
            life = dice.uniform(0.2, 2.5) if ends else 0.1
            end = ends.setdefault(worker, time.monotonic() + life)
            if time.monotonic() > end and kills < MAX_KILLS:
                try:
                    os.kill(worker, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                ends[worker] = float("inf")
                kills += 1
        time.sleep(0.02)
    return process.returncode, kills


def values(case: Path) -> Any:
    """The values of all signals, and what was given up."""

    def read() -> dict[str, Any]:
        from frametrace.case.store import Case

        opened = Case(case)
        tables = [f"signals/{name}" for name in sorted(opened.epoch.signals)]
        found = {name: sorted(map(repr, opened.read(name).to_pylist())) for name in tables}
        return {**found, "skipped": opened.read("skipped").to_pylist()}

    return in_child(read)


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case without signals."""
    folder = tmp_path_factory.mktemp("added")
    given_to(folder / "given")
    add = ("add", folder / "case", folder / "given" / "posts.jsonl")
    assert in_child(lambda: run(*add)[0]) == 0
    return folder / "case"


@pytest.fixture(scope="module")
def expected(added: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    case = shutil.copytree(added, tmp_path_factory.mktemp("expected") / "case")
    assert in_child(lambda: run("embed", case, *SIGNALS)[0]) == 0
    return values(case)


@pytest.mark.parametrize("part", PARTS)
def test_workers_that_are_killed_cost_no_picture(
    part: int, added: Path, expected: Any, tmp_path: Path
) -> None:
    case, dice = shutil.copytree(added, tmp_path / "case"), random.Random(part)
    code, kills = embed_killing_workers(case, dice)
    assert code in {0, 1, 3}
    assert kills
    for _ in range(3):
        if code == 0:
            break
        code = in_child(lambda: run("embed", case, *SIGNALS)[0])
    assert code == 0
    assert values(case) == expected
