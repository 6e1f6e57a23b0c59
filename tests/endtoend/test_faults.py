import fcntl
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from making import jpeg, photo, write_jsonl

PROGRAM = Path(sys.executable).with_name("frametrace")
TABLES = (
    *("matches.csv", "groups.csv", "framings.csv", "map.csv", "accounts.csv", "ties.csv"),
    *("skipped.csv", "network.gexf"),
)
FAST = ("--signal", "pdq", "--signal", "phash", "--signal", "caption_key")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    contents = [jpeg(photo(at), quality) for at in range(30) for quality in (40, 60, 80)]
    rows = []
    for at in range(600):
        name = f"picture{at % 90}.jpg"
        (folder / name).write_bytes(contents[at % 90])
        rows.append(
            {
                "platform": ("twitter", "facebook")[at % 2],
                "post_id": str(at),
                "account_id": f"account{at % 50}",
                "text": f"the same long words about subject number {at % 40}",
                "media": [name, "absent.jpg"][: 1 + (at % 100 == 0)],
            }
        )
    return write_jsonl(folder / "posts.jsonl", rows)


def stages(case, sources, out):
    return {
        "add": ("add", case, sources),
        "embed": ("embed", case, *FAST),
        "match": ("match", case),
        "report": ("report", case, "--out", out),
    }


def tables_of(out):
    return {name: (out / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def whole(sources, tmp_path_factory, command):
    """A run that nobody disturbed: its report, how long each stage took, the case before each."""
    folder = tmp_path_factory.mktemp("whole")
    case, seconds, before = folder / "case", {}, {}
    for name, stage in stages(case, sources, folder / "out").items():
        if case.exists():
            before[name] = shutil.copytree(case, folder / f"before_{name}")
        begun = time.monotonic()
        assert command(*stage).returncode == 0
        seconds[name] = time.monotonic() - begun
    return tables_of(folder / "out"), seconds, before


def from_stage(stage, sources, before, folder):
    """A case as it is before a stage, and the commands from that stage on."""
    if stage in before:
        shutil.copytree(before[stage], folder / "case")
    commands = list(stages(folder / "case", sources, folder / "out").items())
    return [arguments for _, arguments in commands[[name for name, _ in commands].index(stage) :]]


@pytest.mark.parametrize("stage", ["add", "embed", "match", "report"])
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in (1, 2))]
)
def test_killed_in_the_middle_of_a_stage_it_goes_on_with_the_same_command(
    stage, part, sources, whole, tmp_path, command
):
    tables, seconds, before = whole
    commands = from_stage(stage, sources, before, tmp_path)
    # Over half of a stage's time is starting up; most kills fall into what comes after.
    wait = seconds[stage] * random.Random(f"{stage}{part}").uniform(0.4, 1.0)
    child = subprocess.Popen(
        [PROGRAM, *map(str, commands[0])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(wait)
    child.send_signal(signal.SIGKILL)
    child.wait()
    for arguments in commands:
        result = command(*arguments)
        assert result.returncode == 0, result.stderr
    assert tables_of(tmp_path / "out") == tables
    assert command("doctor", tmp_path / "case").returncode == 0
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]


@pytest.mark.parametrize("times", [1, 2])
def test_stopped_by_ctrl_c_it_goes_on_with_the_same_command(
    times, sources, whole, tmp_path, command
):
    tables, seconds, before = whole
    commands = from_stage("embed", sources, before, tmp_path)
    child = subprocess.Popen(
        [PROGRAM, *map(str, commands[0])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds["embed"] * 0.7)
    for _ in range(times):
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to all processes
    # Before and after Frametrace itself runs, Python ends with the signal.
    assert child.wait(timeout=20) in {130, 0, -signal.SIGINT}
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.killpg(child.pid, 0)
            time.sleep(0.1)
    for arguments in commands:
        result = command(*arguments)
        assert result.returncode == 0, result.stderr
    assert tables_of(tmp_path / "out") == tables


def no_room(size):
    """Make every write past `size` bytes of a file fail, as a full disk does."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("stage", ["add", "embed", "match", "report"])
def test_without_room_it_says_so_and_loses_nothing(stage, sources, whole, tmp_path, command):
    tables, _, before = whole
    commands = from_stage(stage, sources, before, tmp_path)
    result = command(*commands[0], preexec_fn=no_room(2000))
    assert result.returncode == 3, (result.stdout, result.stderr)
    assert "Make room" in result.stderr
    assert "Traceback" not in result.stderr
    for arguments in commands:
        assert command(*arguments).returncode == 0
    assert tables_of(tmp_path / "out") == tables


def test_the_second_writer_is_told_who_writes(sources, tmp_path, command):
    case = tmp_path / "case"
    assert command("add", case, sources).returncode == 0
    with (case / ".lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = command("add", case, sources)
    assert result.returncode == 3
    assert "is writing to" in result.stderr
    assert command("add", case, sources).returncode == 0


def test_two_writers_at_once_leave_the_case_whole(sources, tmp_path, command):
    case = tmp_path / "case"
    program = [str(PROGRAM), "add", str(case), str(sources)]
    children = [subprocess.Popen(program, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ended = [(child.communicate()[1], child.returncode) for child in children]
    assert 0 in [code for _, code in ended]
    assert all(code == 0 or (code == 3 and "is writing to" in err) for err, code in ended), ended
    assert command("add", case, sources).returncode == 0
    findings = json.loads(command("doctor", case, "--json").stdout)
    assert next(f["state"] for f in findings if f["subject"] == "posts").startswith("600 rows")
