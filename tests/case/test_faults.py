"""Killed at any moment, or out of room: the same call again gives what an undisturbed run gives."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.executor import InProcess

SIGNALS = ("pdq", "phash", "caption_key")
TABLES = ("posts", "media", "post_media", "skipped", *(f"signals/{name}" for name in SIGNALS))

# Does one stage in small units. `fault` is "kill N": SIGKILL before the N-th time that a file is
# opened for writing, renamed or deleted; "room N": no file can grow over N bytes, as on a full
# disk; "count": say how many such moments there are. `repeat` tries again in the same process.
CHILD = """
import os, pathlib, resource, signal, sys
from frametrace.case import ingest
from frametrace.case.store import Case
from frametrace.embed import captions, pictures
from frametrace.work.executor import InProcess
from frametrace.embed.stage import EmbedSettings, embed
from frametrace.posts.errors import CaseError
from frametrace.posts.media.media_library import MediaLibrary

case, sources, stage, fault, number = sys.argv[1:6]
number, moments = int(number), 0
ingest._BATCH_ROWS, captions._UNIT, pictures._UNIT = 13, 5, 5

def watch(event, arguments):
    global moments
    writes = event == "open" and arguments[1] and set("wax") & set(arguments[1])
    if (writes or event in ("os.rename", "os.remove")) and case in str(arguments[0]):
        moments += 1
        if fault == "kill" and moments == number:
            os.kill(os.getpid(), signal.SIGKILL)

def work():
    opened = Case.create(pathlib.Path(case))
    if stage == "add":
        ingest.add_sources(opened, [pathlib.Path(sources)], library=MediaLibrary([]))
    else:
        names = ("pdq", "phash", "caption_key")
        embed(opened, EmbedSettings(signals=names), executor=InProcess())

sys.addaudithook(watch)
if fault == "room":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    whole = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, whole[1]))
    try:
        work()
    except CaseError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, whole)
work()
print(moments)
"""


def child(case: Path, sources: Path, stage: str, fault: str, number: int = 0):
    arguments = [sys.executable, "-c", CHILD, case, sources, stage, fault, str(number)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def finish(case: Path, sources: Path, stage: str) -> None:
    opened = Case.create(case)
    if stage == "add":
        add_sources(opened, [sources], library=MediaLibrary([]))
    embed(opened, EmbedSettings(signals=SIGNALS), executor=InProcess())


def contents(path: Path) -> dict[str, list[str]]:
    """All rows of all tables, in an order that doesn't depend on the units."""
    case = Case(path)
    return {name: sorted(map(repr, case.read(name).to_pylist())) for name in TABLES}


def orphans(path: Path) -> list[str]:
    """Files that no epoch and no reader has any use for."""
    case = Case(path)
    used = {file for name in TABLES for file in case.files(name)}
    files = {file for file in path.rglob("*") if file.is_file()}
    plain = {path / "case.json", path / "CURRENT", path / ".lock"}
    return sorted(str(file) for file in files - used - plain if file.parent.name != "epochs")


@pytest.fixture(scope="module")
def whole(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The rows of a run that nobody disturbed."""
    case = tmp_path_factory.mktemp("whole") / "case"
    finish(case, sources, "add")
    return contents(case)


@pytest.fixture(scope="module")
def moments(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many moments there are to be killed in, by stage."""
    case = tmp_path_factory.mktemp("counted") / "case"
    return {stage: int(child(case, sources, stage, "count").stdout) for stage in ("add", "embed")}


@pytest.mark.parametrize("stage", ["add", "embed"])
@pytest.mark.parametrize("part", range(5))
def test_killed_at_any_moment_the_same_call_again_loses_nothing(
    stage: str, part: int, sources: Path, whole, moments: dict[str, int], tmp_path: Path
) -> None:
    dice = random.Random(f"{stage}{part}")
    case = tmp_path / "case"
    if stage == "embed":
        add_sources(Case.create(case), [sources], library=MediaLibrary([]))
    # One moment in each fifth of the run, and a second kill on the way back.
    fifth = moments[stage] // 5
    assert fifth > 3
    for number in (part * fifth + dice.randint(1, fifth), dice.randint(1, 6)):
        assert child(case, sources, stage, "kill", number).returncode == -signal.SIGKILL
    finish(case, sources, stage)
    assert contents(case) == whole
    assert orphans(case) == []


@pytest.mark.parametrize(
    ("stage", "room"), [("add", 0), ("add", 600), ("add", 3000), ("embed", 4), ("embed", 900)]
)
def test_without_room_it_says_so_and_the_same_call_works_once_there_is(
    stage: str, room: int, sources: Path, whole, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    if stage == "embed":
        add_sources(Case.create(case), [sources], library=MediaLibrary([]))
    done = child(case, sources, stage, "room", room)
    assert done.returncode == 0, done.stderr
    assert "can't be written: File too large. Make room" in done.stdout
    finish(case, sources, stage)
    assert contents(case) == whole
    assert orphans(case) == []
