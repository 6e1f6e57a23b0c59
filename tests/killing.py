"""Kills commands at any change of a case's files, and compares what is in the case afterwards."""

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flipping import SIGNALS, SLOGAN, given_to, in_child, run

__all__ = ["STAGES", "Stage", "contents", "kill", "moments", "undisturbed"]

Stage = Sequence[str]
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
    assert _in_child(stage, work, counted=counted) == 0
    return int(counted.read_text())


def kill(stage: Stage, before: Path, work: Path, moment: int, dice: random.Random) -> Path:
    """Kill a stage before its change number `moment`, and again; then let it finish.

    Returns the work folder. The second kill comes soon after the command has begun again.
    """
    shutil.copytree(before, work)
    assert _in_child(stage, work, moment=moment) == -signal.SIGKILL
    if dice.random() < 0.5:
        _in_child(stage, work, moment=dice.randint(1, 6))
    assert _in_child(stage, work) == 0
    return work


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


def _in_child(stage: Stage, work: Path, moment: int = 0, counted: Path | None = None) -> int:
    """Run a stage in a forked process, which is killed before a change of files, if one is given.

    A worker process of its own takes longer to start than all the rest: the stage works alone.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    place, changes = str(work), 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        writes = event == "open" and arguments[1] and set("wax+") & set(arguments[1])
        if (writes or event in _CHANGES) and place in str(arguments[0]):
            changes += 1
            if changes == moment:
                os.kill(os.getpid(), signal.SIGKILL)

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
    code = run(*(word.replace("WORK", place) for word in stage))[0]
    if counted is not None:
        counted.write_text(str(changes))
    os._exit(code)
