"""Disturbs commands that change a case, and compares what is in the case afterwards.

A command is killed, or writing fails as on a full disk, before any of its changes of files; it is
killed at any instant; its clock jumps.
"""

import errno
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from damaging import SIGNALS, SLOGAN, given_to, in_child, run

__all__ = [
    "STAGES",
    "Stage",
    "contents",
    "finish",
    "kill",
    "kill_at_any_instant",
    "moments",
    "run_telling",
    "run_with_jumping_clock",
    "undisturbed",
    "without_room_from",
]

Stage = Sequence[str]
Fault = Callable[[int, str], None]  # gets the number of a change of files, and what it is
COLUMNS = (
    *("--column", "post_id=nr", "--column", "account_id=who", "--column", "text=said"),
    *("--column", "platform=@forum"),
)
# Commands, in the order in which they are run. WORK is a folder with `case` and `given`.
STAGES: Mapping[str, Stage] = {
    "add": ("add", "WORK/case", "WORK/given/posts.jsonl"),
    "add a table": ("add", "WORK/case", "WORK/given/table.csv", *COLUMNS),
    "embed": ("embed", "WORK/case", *SIGNALS),
    "index": ("index", "WORK/case"),
    "match": ("match", "WORK/case"),
    "framing": ("framing", "WORK/case", "--name", "station", "--text", SLOGAN),
    "match again": ("match", "WORK/case"),
    "report": ("report", "WORK/case", "--out", "WORK/report"),
    "tip export": ("tip", "export", "WORK/case", "--framing", "station", "--out", "WORK/tip.json"),
    "tip check": ("tip", "check", "WORK/case", "WORK/tip.json", "--out", "WORK/checked"),
    "tip verdict": (
        *("tip", "verdict", "WORK/checked", "--out", "WORK/verdict.json", "--rest", "confirmed"),
    ),
    "tip import": ("tip", "import", "WORK/case", "WORK/verdict.json", "--accept-unsigned"),
    "watch": ("watch", "WORK/case", "WORK/tip.json", "WORK/given/later.csv", *COLUMNS),
    "match what came": ("match", "WORK/case"),
}
_YEAR = 365 * 86400.0  # seconds
_CHANGES = frozenset(
    ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate")
)


def undisturbed(folder: Path) -> dict[str, Path]:
    """Run all stages; returns a copy of the work folder from before each of them."""
    work, before = folder / "work", {}
    given_to(work / "given")
    for name, stage in STAGES.items():
        before[name] = shutil.copytree(work, folder / "before" / name)
        assert _in_child(stage, work) == 0, name
    before["the end"] = shutil.copytree(work, folder / "before" / "the end")
    return before


def moments(stage: Stage, before: Path, work: Path) -> int:
    """How many changes of files a stage makes."""
    shutil.copytree(before, work)
    counted = work.parent / "moments"

    def count(number: int, _: str) -> None:
        counted.write_text(str(number))

    assert _in_child(stage, work, count) == 0
    return int(counted.read_text())


def finish(stage: Stage, work: Path) -> None:
    """Run a stage that nobody disturbs."""
    assert _in_child(stage, work) == 0


def kill(stage: Stage, work: Path, moment: int, dice: random.Random) -> None:
    """Kill a stage before its change number `moment`; often again, soon after its next start."""
    assert _in_child(stage, work, _killed_before(moment)) == -signal.SIGKILL
    if dice.random() < 0.5:
        _in_child(stage, work, _killed_before(dice.randint(1, 6)))


def kill_at_any_instant(stage: Stage, work: Path, seconds: float) -> None:
    """Kill a stage after some seconds, if it has not ended by then."""
    child = _begun(stage, work)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _ended(child)


def run_telling(stage: Stage, work: Path, fault: Fault | None = None) -> tuple[int, str]:
    """Run a stage; its exit code, and what it prints as errors."""
    with tempfile.NamedTemporaryFile() as errors:
        code = _in_child(stage, work, fault, Path(errors.name))
        return code, errors.read().decode("utf-8", "replace")


def without_room_from(moment: int, once: bool) -> Fault:
    """Writing fails, as on a full disk, from change number `moment` on, or only there."""

    def fail(number: int, event: str) -> None:
        makes_room = event in ("os.remove", "os.rmdir")
        if number == moment or (number > moment and not once and not makes_room):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fail


def run_with_jumping_clock(stage: Stage, work: Path, dice: random.Random) -> None:
    """Run a stage with a clock that jumps by years, on files with times from such a clock."""
    now = time.time
    for file in sorted((work / "case").rglob("*")):
        if file.is_file():
            os.utime(file, (0, now() + dice.choice((-20, 0, 5)) * _YEAR))

    def jump(_: int, __: str) -> None:
        offset = dice.uniform(-10, 10) * _YEAR
        time.time = lambda: now() + offset
        time.time_ns = lambda: int((now() + offset) * 1e9)

    assert _in_child(stage, work, jump) == 0


def _killed_before(moment: int) -> Fault:
    def fault(number: int, _: str) -> None:
        if number == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    return fault


def contents(work: Path) -> Any:
    """All that is in a case and beside it, without what differs between two equal runs."""
    return in_child(lambda: _contents(work))


def _contents(work: Path) -> dict[str, Any]:
    from frametrace.case.store import BASE_TABLES, Case
    from frametrace.matcher.saved_results import Results, load_results
    from frametrace.posts.errors import NotMatched

    case = Case(work / "case")
    tables = [*BASE_TABLES, *(f"signals/{name}" for name in sorted(case.epoch.signals))]
    found: dict[str, Any] = {name: [] for name in tables}
    for name in tables:
        rows = case.read(name).to_pylist()
        found[name] = sorted(repr({**row, "root": ""} if "root" in row else row) for row in rows)
    try:
        results, _ = load_results(case)
    except NotMatched:
        pass
    else:
        for name in Results.table_names():
            found[f"results {name}"] = list(map(repr, getattr(results, name).to_pylist()))
    state = work / "case" / "watch" / "state.json"
    if state.exists():
        found["watch"] = json.loads(state.read_text("utf-8"))["told"]
    for pattern in ("framings/*.json", "opinions/*.json", "columns/*.toml"):
        for file in sorted((work / "case").glob(pattern)):
            found[file.name] = file.read_text("utf-8")
    found["problems"] = run("doctor", work / "case")[0]
    found["half written"] = sorted(
        file.relative_to(work).as_posix()
        for file in work.rglob(".*")
        if file.name != ".lock" and file.parent.parent.name != "given"
    )
    return found


def _in_child(
    stage: Stage, work: Path, fault: Fault | None = None, errors: Path | None = None
) -> int:
    """Run a stage in a forked process; its exit code, or the signal that ended it, negative.

    `fault` is called before every change of files; what is printed as errors goes to `errors`.
    """
    return _ended(_begun(stage, work, fault, errors))


def _ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _begun(stage: Stage, work: Path, fault: Fault | None = None, errors: Path | None = None) -> int:
    """A process that runs a stage.

    A worker process of its own takes longer to start than all the rest: the stage works alone.
    """
    child = os.fork()
    if child:
        return child
    place, changes, busy = str(work), 0, False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes, busy
        writes = event == "open" and arguments[1] and set("wax+") & set(arguments[1])
        if not (writes or event in _CHANGES) or busy or place not in str(arguments[0]):
            return
        busy, changes = True, changes + 1
        try:
            if fault:
                fault(changes, event)
        finally:
            busy = False

    from frametrace.embed import stage as embed_stage
    from frametrace.work import process_pool
    from frametrace.work.executor import InProcess

    class Alone(InProcess):
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def __enter__(self) -> "Alone":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    embed_stage.ProcessPool = process_pool.ProcessPool = Alone  # type: ignore[misc,assignment]
    sys.addaudithook(watch)
    code, said = 70, b""
    try:
        code, _, said = run(*(word.replace("WORK", place) for word in stage))
    except BaseException:
        said = traceback.format_exc().encode()
    finally:  # what follows in the program is for the process that forked
        busy = True
        if errors is not None:
            errors.write_bytes(said)
        os._exit(code)
