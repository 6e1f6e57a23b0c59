"""A command that is killed at any change of files, and run again, leaves what one run leaves."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import STAGES, contents, kill, moments, undisturbed

AFTER = dict(zip(STAGES, [*list(STAGES)[1:], "the end"], strict=True))
Trial = Callable[[str, int], None]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
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
def killed(before: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """Kills a stage before one of its changes, lets it finish, and compares."""
    expected: dict[str, Any] = {}

    def trial(name: str, moment: int) -> None:
        if name not in expected:
            expected[name] = contents(before[AFTER[name]])
        work, dice = tmp_path_factory.mktemp("killed") / "work", random.Random(f"{name}{moment}")
        kill(STAGES[name], before[name], work, moment, dice)
        assert contents(work) == expected[name], f"killed before change {moment}"
        shutil.rmtree(work)

    return trial


@pytest.mark.parametrize("name", STAGES)
def test_killed_at_some_change_it_goes_on(
    name: str, counts: Callable[[str], int], killed: Trial
) -> None:
    killed(name, random.Random(name).randint(1, counts(name)))


@pytest.mark.campaign
@pytest.mark.parametrize("name", STAGES)
def test_killed_at_every_change_it_goes_on(
    name: str, counts: Callable[[str], int], killed: Trial
) -> None:
    for moment in range(1, counts(name) + 1):
        killed(name, moment)
