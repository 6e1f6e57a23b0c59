"""Unions that are refused or killed, of cases that change, and across disks."""

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from making import write_jsonl
from uniting import MADE_BY, TABLES, Posts, case_of, contents, files_of

from frametrace.case.atomic_files import link_file
from frametrace.case.case_writer import CaseWriter
from frametrace.case.ingest import add_sources
from frametrace.case.store import FORMAT_VERSION, Case
from frametrace.matcher.between_cases.union import MAX_CASES, parts_of, unite
from frametrace.posts.errors import (
    CaseError,
    CaseTooNew,
    FrametraceError,
    IndexMismatch,
    UsageError,
)
from frametrace.posts.media.media_library import MediaLibrary

A: Posts = [{"id": "1", "text": "one", "pictures": [1, -1]}, {"id": "2", "text": "two"}]
B: Posts = [{"id": "2", "text": "two"}, {"id": "3", "text": "three", "pictures": [1, 3]}]
OTHER = {"fingerprint": "pdq:2"}


@pytest.fixture
def pair(tmp_path: Path) -> list[Case]:
    return [case_of(tmp_path / name, posts) for name, posts in (("a", A), ("b", B))]


@pytest.fixture
def whole(pair: list[Case], tmp_path: Path) -> dict[str, list[str]]:
    """The rows of a union that was made undisturbed."""
    return contents(unite(pair, tmp_path / "whole"))


def too_many(pair: list[Case]) -> list[Case]:
    return [Case.create(pair[0].path.with_name(f"c{at}")) for at in range(MAX_CASES + 1)]


def with_signals(pair: list[Case], **signals: dict[str, str]) -> list[Case]:
    posts: Posts = [{"id": "7", "pictures": [7]}]
    return [*pair, case_of(pair[0].path.with_name("c"), posts, signals=signals)]


@pytest.mark.parametrize(
    ("cases", "error", "message"),
    [
        (with_signals, CaseError, "c has no signals yet.*frametrace embed"),
        (lambda pair: with_signals(pair, pdq=OTHER), IndexMismatch, "from pdq:1, .*from pdq:2"),
        (
            lambda pair: with_signals(pair, caption_key=OTHER),
            CaseError,
            "is not compared.*frametrace embed",
        ),
        (lambda pair: [*pair, pair[0]], UsageError, "a is named twice"),
        (lambda pair: [*pair, Case(pair[0].path / ".." / "a")], UsageError, "a is named twice"),
        (too_many, UsageError, f"{MAX_CASES + 1} cases are too many: name {MAX_CASES}"),
    ],
)
def test_cases_that_can_not_be_united_are_refused_before_anything_is_made(
    pair: list[Case],
    tmp_path: Path,
    cases: Callable[[list[Case]], list[Case]],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        unite(cases(pair), tmp_path / "union")
    assert not (tmp_path / "union").exists()


@pytest.mark.parametrize("kind", ["case", "folder", "file", "newer"])
def test_a_folder_that_holds_something_else_is_left_as_it_is(
    pair: list[Case], tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "c"
    if kind == "file":
        folder.write_text("x")
    elif kind == "folder":
        folder.mkdir()
        (folder / "holiday.jpg").write_text("x")
    else:
        case = case_of(folder, [{"id": "7"}])
        if kind == "newer":
            case = unite(pair, tmp_path / "union")
            folder = case.path
            (folder / "case.json").write_text(json.dumps({"format": FORMAT_VERSION + 1}))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CaseTooNew if kind == "newer" else CaseError, match=folder.name):
        unite(pair, folder)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("where", ["union", "a/union"])
def test_a_union_is_neither_part_of_itself_nor_inside_a_case(
    pair: list[Case], tmp_path: Path, where: str
) -> None:
    cases = [unite(pair, tmp_path / "union"), pair[1]] if where == "union" else pair
    before = files_of(*cases)
    with pytest.raises(FrametraceError, match=where):
        unite(cases, tmp_path / where)
    assert files_of(*cases) == before


# Makes unions in processes that end at once when they open a file for writing, rename, delete or
# link one the N-th time: of the arguments, a case is `+PATH`; N grows by a step until none ends.
CHILD = """
import os, pathlib, sys
from frametrace.case.store import Case
from frametrace.matcher.between_cases.union import unite

root, first, step, *paths = sys.argv[1:]
left = 0

def watch(event, arguments):
    global left
    writes = event == "open" and arguments[1] and set("wax") & set(arguments[1])
    if writes or event in ("os.rename", "os.remove", "os.link"):
        if any(root in str(argument) for argument in arguments[:2]):
            left -= 1
            if left == 0:
                os._exit(9)

def killed(folder, number):
    global left
    if (process := os.fork()) == 0:
        left = number
        unite([Case(pathlib.Path(path)) for path in paths], folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9

sys.addaudithook(watch)
number = int(first)
while killed(folder := pathlib.Path(root) / str(number), number):
    killed(folder, number * 7 % 13 + 1)
    print(folder)
    number += int(step)
"""


def killed(root: Path, cases: Sequence[Case], first: int, step: int) -> list[Path]:
    """Unions that were killed twice: early or late, and on the way back."""
    arguments = [root, str(first), str(step), *(case.path for case in cases)]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [Path(line) for line in done.stdout.splitlines()]


def test_killed_at_any_moment_it_is_completed_by_the_next_call(
    pair: list[Case], whole: dict[str, list[str]], tmp_path: Path
) -> None:
    folders = killed(tmp_path / "killed", pair, 3, 8)
    assert len(folders) > 8
    for folder in folders:
        union = unite([Case(case.path) for case in pair], folder)
        assert contents(union) == whole
        assert union.epoch.signals == MADE_BY
        with union.writer():
            pass
        assert orphans(union) == []


def orphans(union: Case) -> list[Path]:
    """Files that no kept epoch uses."""
    manifests = [json.loads(path.read_text()) for path in (union.path / "epochs").iterdir()]
    used = {union.path / t / file for m in manifests for t, f in m["shards"].items() for file in f}
    return [p for p in union.path.rglob("*") if p.suffix in (".parquet", ".tmp") and p not in used]


@pytest.mark.parametrize("done", [False, True], ids=["before-cases", "after-cases"])
@pytest.mark.parametrize("made", [False, True], ids=["new", "made-before"])
def test_what_a_killed_run_left_does_not_count_as_a_complete_union(
    pair: list[Case],
    whole: dict[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: bool,
    done: bool,
) -> None:
    put = CaseWriter.put

    def stopped(writer: CaseWriter, unit: str, tables: dict[str, object]) -> None:
        if done or unit != "cases":
            put(writer, unit, tables)
        if unit == "cases":
            raise KeyboardInterrupt

    folder, cases = tmp_path / "union", pair
    if made:
        unite(pair, folder)
        cases = [pair[0], case_of(tmp_path / "c", [{"id": "7", "pictures": [7]}, {"id": "2"}])]
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(CaseWriter, "put", stopped)
        unite(cases, folder)
    with Case(folder).writer():  # as one that is killed before it does anything
        pass
    union = unite(pair, folder)
    assert contents(union) == whole
    assert union.epoch.signals == MADE_BY


def test_a_shard_that_disappears_is_reported_and_the_same_call_works_again(
    pair: list[Case], whole: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = shutil.copytree(pair[0].path, tmp_path / "kept")
    link = Path.hardlink_to

    def gone(self: Path, target: Path) -> None:
        target.unlink()
        link(self, target)

    with (
        monkeypatch.context() as patched,
        pytest.raises(CaseError, match="Run the same command again"),
    ):
        patched.setattr(Path, "hardlink_to", gone)
        unite(pair, tmp_path / "union")
    shutil.copytree(kept, pair[0].path, dirs_exist_ok=True)
    assert contents(unite(pair, tmp_path / "union")) == whole
    with pytest.raises(CaseError, match="Run the same command again"):
        link_file(tmp_path / "absent", tmp_path / "links" / "link")


def test_a_damaged_shard_is_reported_with_its_case(pair: list[Case], tmp_path: Path) -> None:
    pair[1].files("posts")[0].write_bytes(b"x")
    with pytest.raises(CaseError, match=f"frametrace doctor {pair[1].path}"):
        unite(pair, tmp_path / "union")
    assert parts_of(Case(tmp_path / "union")) == ()


def test_across_disks_links_are_symbolic_and_on_one_disk_they_outlive_the_case(
    pair: list[Case], whole: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def across(self: Path, target: Path) -> None:
        if self.is_symlink() or self.exists():  # as Linux looks at this first
            raise FileExistsError(errno.EEXIST, "File exists")
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    hard = unite(pair, tmp_path / "hard")
    monkeypatch.setattr(Path, "hardlink_to", across)
    union = unite(pair, tmp_path / "union")
    assert contents(union) == whole
    links = [file for table in TABLES for file in union.files(table) if file.is_symlink()]
    targets = {file.resolve() for file in links}
    assert targets >= {file for table in TABLES for file in pair[0].files(table)}
    grown = [case_of(pair[0].path, [{"id": "8", "pictures": [8]}]), pair[1]]
    assert contents(unite(grown, tmp_path / "union")) == contents(unite(grown, tmp_path / "anew"))
    for case in pair:
        shutil.rmtree(case.path)
    assert contents(hard) == whole
    with pytest.raises(CaseError, match="frametrace doctor"):
        contents(Case(union.path))


def test_what_somebody_adds_to_a_union_itself_is_refused_or_goes(
    pair: list[Case], whole: dict[str, list[str]], tmp_path: Path
) -> None:
    union = unite(pair, tmp_path / "union")
    rows = [{"platform": "x", "post_id": "new", "account_id": "a"}]
    with suppress(FrametraceError):
        source = write_jsonl(tmp_path / "new.jsonl", rows)
        add_sources(union, [source], library=MediaLibrary([]))
    assert contents(unite(pair, union.path)) == whole
