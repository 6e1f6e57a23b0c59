"""A command that is killed or disturbed, and run again, leaves what one run leaves."""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from killing import (
    STAGES,
    contents,
    finish,
    kill,
    kill_at_any_instant,
    moments,
    run_telling,
    run_with_jumping_clock,
    undisturbed,
    without_room_from,
)

AFTER = dict(zip(STAGES, [*list(STAGES)[1:], "the end"], strict=True))
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(1, 40))]


def campaign_but_for(*quick: str) -> list[Any]:
    """All stages; only those that are named are tried by `make test`."""
    return [
        name if name in quick else pytest.param(name, marks=pytest.mark.campaign) for name in STAGES
    ]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A copy of the work folder from before each stage."""
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def counts(
    before: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], int]:
    """How many changes of files a stage makes."""
    known: dict[str, int] = {}

    def count(name: str) -> int:
        if name not in known:
            known[name] = moments(STAGES[name], before[name], tmp_path_factory.mktemp("m") / "work")
        return known[name]

    return count


@pytest.fixture(scope="module")
def expected(before: dict[str, Path]) -> Callable[[str], Any]:
    """What is in the work folder after a stage that nobody disturbed."""
    known: dict[str, Any] = {}

    def after(name: str) -> Any:
        if name not in known:
            known[name] = contents(before[AFTER[name]])
        return known[name]

    return after


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """The work folder that a stage is disturbed in, not made yet."""
    yield tmp_path / "work"
    shutil.rmtree(tmp_path / "work", ignore_errors=True)


@pytest.mark.parametrize("name", STAGES)
def test_killed_at_some_change_it_goes_on(
    name: str, before: dict[str, Path], counts: Any, expected: Any, work: Path
) -> None:
    shutil.copytree(before[name], work)
    kill(STAGES[name], work, random.Random(name).randint(1, counts(name)), random.Random(name))
    finish(STAGES[name], work)
    assert contents(work) == expected(name)


@pytest.mark.campaign
@pytest.mark.parametrize("name", STAGES)
def test_killed_at_every_change_it_goes_on(
    name: str, before: dict[str, Path], counts: Any, expected: Any, work: Path
) -> None:
    for moment in range(1, counts(name) + 1):
        shutil.copytree(before[name], work)
        kill(STAGES[name], work, moment, random.Random(f"{name}{moment}"))
        finish(STAGES[name], work)
        assert contents(work) == expected(name), f"killed before change {moment}"
        shutil.rmtree(work)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("name", STAGES)
def test_killed_at_any_instant_it_goes_on(
    name: str, seed: int, before: dict[str, Path], expected: Any, work: Path
) -> None:
    shutil.copytree(before[name], work)
    dice = random.Random(f"{name}{seed}")
    begun = time.monotonic()
    kill_at_any_instant(STAGES[name], work, dice.expovariate(3))
    kill_at_any_instant(STAGES[name], work, dice.uniform(0, time.monotonic() - begun))
    finish(STAGES[name], work)
    assert contents(work) == expected(name)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", STAGES)
def test_when_writing_fails_it_says_so_and_goes_on_later(
    name: str, seed: int, before: dict[str, Path], counts: Any, expected: Any, work: Path
) -> None:
    dice = random.Random(f"{name}{seed}")
    shutil.copytree(before[name], work)
    moment, once = dice.randint(1, counts(name)), dice.random() < 0.3
    code, said = run_telling(STAGES[name], work, without_room_from(moment, once))
    assert_told(code, said)
    finish(STAGES[name], work)
    assert contents(work) == expected(name), f"failed at change {moment}"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", campaign_but_for("match"))
def test_on_a_full_disk_it_says_so_and_goes_on_later(
    name: str, seed: int, before: dict[str, Path], expected: Any, tmp_path: Path
) -> None:
    dice = random.Random(f"{name}{seed}")
    size, after = (
        sum(map(_blocks, path.rglob("*"))) for path in (before[name], before[AFTER[name]])
    )
    room = dice.randint(0, max(after - size, 2**16))
    with small_disk(tmp_path / "disk", size + room) as disk:
        work = disk / "work"
        shutil.copytree(before[name], work)
        code, said = run_telling(STAGES[name], work)
        assert_told(code, said)
        subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
        finish(STAGES[name], work)
        assert contents(work) == expected(name)


@pytest.mark.parametrize("name", campaign_but_for("add", "match", "watch"))
def test_a_clock_that_jumps_changes_nothing(
    name: str, before: dict[str, Path], expected: Any, work: Path
) -> None:
    shutil.copytree(before[name], work)
    run_with_jumping_clock(STAGES[name], work, random.Random(name))
    assert contents(work) == expected(name)


def assert_told(code: int, said: str) -> None:
    """A command ended well, or said that there is no room and what to do."""
    assert code in (0, 3), said
    assert "Traceback" not in said
    if code:
        assert "No space left on device" in said


def _blocks(path: Path) -> int:
    """What a path takes on a disk with blocks of 4 KiB, its entry included."""
    return -(-path.stat().st_size // 4096) * 4096 if path.is_file() else 4096


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk with so many bytes; tests are skipped where none can be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
