"""Readers of a case that others write to meanwhile: the same answers, or a reason."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from damaging import SIGNALS, SLOGAN, given_to, in_child, run
from killing import COLUMNS, contents

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(1, 20))]
WRITERS = (
    (("embed", "CASE", *SIGNALS), ("index", "CASE")),
    (("add", "CASE", "GIVEN/table.csv", *COLUMNS), ("add", "CASE", "GIVEN/later.csv")),
    (("add", "CASE", "GIVEN/more.csv", *COLUMNS), ("embed", "CASE", "--signal", "pdq")),
)
READERS = (
    ("query", "CASE", "GIVEN/query.jpg"),
    ("query", "CASE", "--text", SLOGAN, "--signal", "caption_key"),
    ("report", "CASE", "--out", "CASE-report"),
    ("doctor", "CASE"),
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with a case that has its signals and was matched once."""
    work = tmp_path_factory.mktemp("begun") / "work"
    given_to(work / "given")
    case = work / "case"
    commands = (("add", case, work / "given" / "posts.jsonl"), ("embed", case, *SIGNALS))
    assert (
        in_child(lambda: [run(*command)[0] for command in (*commands, ("match", case))]) == [0] * 3
    )
    return work


@pytest.mark.parametrize("epochs", [4, 9])
def test_a_reader_that_outlives_epochs_reads_what_it_began_with(
    epochs: int, begun: Path, tmp_path: Path
) -> None:
    work = shutil.copytree(begun, tmp_path / "work")
    case = work / "case"
    told, go = os.pipe(), os.pipe()

    def read() -> list[str]:
        from frametrace.case.store import BASE_TABLES, Case
        from frametrace.posts.errors import CaseError

        opened = Case(case)
        os.write(told[1], b"opened")
        os.read(go[0], 1)
        tables = [*BASE_TABLES, *(f"signals/{name}" for name in sorted(opened.epoch.signals))]
        try:
            return [repr(opened.read(name).to_pylist()) for name in tables]
        except CaseError as error:
            return [str(error)]

    with ThreadPoolExecutor(1) as pool:
        os.write(go[1], b"1")
        before = in_child(read)
        os.read(told[0], 6)
        later = pool.submit(in_child, read)
        os.read(told[0], 6)
        command = ("embed", case, *SIGNALS, "--replace")
        assert in_child(lambda: [run(*command)[0] for _ in range(epochs)]) == [0] * epochs
        os.write(go[1], b"1")
        found = later.result()
    if epochs > 4 and len(found) == 1:
        assert "the case changed meanwhile" in found[0]
        assert "un the same command again" in found[0]
    else:
        assert found == before


@pytest.mark.parametrize("seed", SEEDS)
def test_writers_and_readers_at_once_lose_nothing(
    seed: int, begun: Path, expected: Any, tmp_path: Path
) -> None:
    work = shutil.copytree(begun, tmp_path / "work")
    dice = random.Random(seed)
    actors = [*WRITERS, *(dice.choices(READERS, k=3) for _ in range(2))]
    dice.shuffle(actors)
    with ThreadPoolExecutor(len(actors)) as pool:
        said = [line for lines in pool.map(lambda own: act(own, work), actors) for line in lines]
    assert said == []
    assert after(work) == expected


@pytest.fixture(scope="module")
def expected(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the writers leave one after the other."""
    work = shutil.copytree(begun, tmp_path_factory.mktemp("expected") / "work")
    assert [line for own in WRITERS for line in act(own, work)] == []
    return after(work)


def after(work: Path) -> Any:
    """What is in a case once all has been embedded and matched."""
    case = work / "case"
    commands = (("embed", case, *SIGNALS), ("match", case))
    assert in_child(lambda: [run(*command)[0] for command in commands]) == [0, 0]
    for report in work.glob("case-report*"):
        shutil.rmtree(report)
    return contents(work)


def act(commands: Sequence[Sequence[str]], work: Path) -> list[str]:
    """Run commands one after the other, again while another process writes; what went wrong."""
    wrong = []
    for command in commands:
        words = [
            word.replace("CASE", str(work / "case")).replace("GIVEN", str(work / "given"))
            for word in command
        ]
        for _ in range(200):
            ended = subprocess.run(
                [sys.executable, "-m", "frametrace.app", *words],
                capture_output=True,
                text=True,
                check=False,
            )
            if "run the same command again" not in ended.stderr.replace("Run", "run"):
                break
        unmatched = "match it with: frametrace match" in ended.stderr and command in READERS
        if (ended.returncode and not unmatched) or "Traceback" in ended.stderr:
            wrong.append(f"{' '.join(command)}: {ended.returncode}, {ended.stderr}")
    return wrong
