"""What local features found is kept unit by unit: after kills, beside others, through additions."""

import shutil
import signal as signals
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import jittered, made_features, put_features

from frametrace.embed.case import Case
from frametrace.embed.executor import Crashed, Executor, InProcess, SpawnPool
from frametrace.embed.progress import Silent
from frametrace.embed.signals.local import Features
from frametrace.index.turns import alone_in
from frametrace.matcher import answers, asking, edited
from frametrace.matcher.edited import Edited, find_edited
from frametrace.matcher.sightings import PAIRS
from frametrace.matcher.verifying import verify
from frametrace.posts.errors import CaseError, IndexMismatch

Pairs = dict[tuple[str, str], tuple[str, int]]


def name_of(number: int) -> str:
    return f"{number * 7919 % 100_003:064x}"


def pictures(seed: int, photos: int, copies: int, first: int = 0) -> dict[str, np.ndarray]:
    """Some photos' features, and those of so many copies of each."""
    found = {}
    for at in range(photos):
        rows = made_features(1000 * seed + at)
        for copy in range(copies):
            number = first + len(found)
            found[name_of(number)] = jittered(rows, number) if copy else rows
    return found


def find(case: Case, executor: Executor | None = None, **options: Any) -> Edited:
    """Compare all pictures of a case that have features."""
    names = case.read("signals/local", ["sha256"])["sha256"].combine_chunks()
    executor = executor or InProcess()
    return find_edited(case, names.take(pa.compute.sort_indices(names)), 10**6, executor, **options)


def told(found: Edited) -> Pairs:
    assert found.pairs.schema == PAIRS
    rows = found.pairs.to_pylist()
    assert all(row["sha256_a"] < row["sha256_b"] for row in rows)
    pairs = {(r["sha256_a"], r["sha256_b"]): (r["relation"], r["inliers"]) for r in rows}
    assert list(pairs) == sorted(pairs)
    assert len(pairs) == len(rows)
    return pairs


def expected(features: Mapping[str, np.ndarray]) -> Pairs:
    """Every pair, compared with each other."""
    head = np.array([400, 300], "<u2").tobytes()
    read = {name: Features.of(head + rows.tobytes()) for name, rows in features.items()}
    found = {pair: verify(read[pair[0]], read[pair[1]]) for pair in combinations(sorted(read), 2)}
    return {pair: (str(e.relation), e.inliers) for pair, e in found.items() if e}


OLD, NEW = pictures(1, 6, 2), pictures(2, 2, 2, 100)
NEW[name_of(200)] = jittered(OLD[name_of(0)], 9)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return put_features(Case.create(tmp_path / "case"), OLD)


def units(case: Case) -> list[Path]:
    return sorted(case.path.glob("verified/*/*.parquet"))


def rows_of(case: Case) -> list[int]:
    """How many pictures each file holds, fewest first."""
    return sorted(pa.parquet.read_metadata(path).num_rows for path in units(case))


@settings(max_examples=5)
@given(st.lists(st.integers(1, 3), min_size=2, max_size=3), st.integers(0, 99), st.booleans())
def test_what_is_found_batch_by_batch_is_what_is_found_at_once(
    sizes: list[int], seed: int, small: bool
) -> None:
    every = list(pictures(seed, sum(sizes), 2).items())
    np.random.default_rng(seed).shuffle(every)
    with TemporaryDirectory() as folder, patch.object(edited, "UNIT", 2 if small else 500):
        case, start = Case.create(Path(folder) / "case"), 0
        for size in sizes:
            case = put_features(case, dict(every[start : start + 2 * size]))
            start += 2 * size
            assert told(find(case)) == expected(dict(every[:start]))


def test_no_picture_is_asked_about_twice_and_files_do_not_become_more(case: Case) -> None:
    asked: list[int] = []

    class Noting(InProcess):
        def map(self, function: Any, items: Any) -> Iterator[Any]:
            asked.extend(items)
            return super().map(function, items)

    first = find(case, Noting())
    assert len(asked) == len(OLD)
    assert find(case, Noting()).pairs == first.pairs
    assert len(asked) == len(OLD)
    find(put_features(case, NEW), Noting())
    assert len(asked) == len(OLD) + len(NEW)
    assert rows_of(case) == [len(OLD) + len(NEW)]


def test_only_pairs_of_the_pictures_named_are_given(case: Case) -> None:
    every = told(find(case))
    some = pa.array(sorted(OLD)[:7])
    among = {pair: found for pair, found in every.items() if {*pair} <= {*some.to_pylist()}}
    assert among
    assert told(find_edited(case, some, 10**6, InProcess())) == among


def test_more_pictures_than_are_to_be_compared_are_left_out_and_cost_nothing(case: Case) -> None:
    names = pa.array([*sorted(OLD), "f" * 64])  # the last has no features
    found = find_edited(case, names, len(OLD) - 1, InProcess())
    assert (found.pairs.num_rows, found.left_out) == (0, len(OLD))
    assert not (case.path / "index").exists()
    assert find_edited(case, names, len(OLD), InProcess()).left_out == 0


def test_processes_find_the_same(case: Case) -> None:
    with SpawnPool(2) as pool:
        found = told(find(case, pool))
    assert found == expected(OLD)


def test_pictures_over_which_a_process_ends_are_told_of_and_tried_again(case: Case) -> None:
    said: list[str] = []

    class Breaking(InProcess):
        def map(self, function: Any, items: Any) -> Iterator[Any]:
            found = list(super().map(function, items))
            return iter([Crashed("out of memory"), *found[1:]])

    class Listening(Silent):
        def note(self, line: str) -> None:
            said.append(line)

    find(case, Breaking(), progress=Listening())
    assert [line.split(",")[0] for line in said] == ["1 pictures"]
    assert told(find(case)) == expected(OLD)


_FIND = """
import os, signal, sys
from pathlib import Path
import pyarrow as pa
from frametrace.embed.case import Case
from frametrace.embed.executor import InProcess
from frametrace.matcher import answers, edited
edited.UNIT = 5
{before}
case = Case(Path(sys.argv[1]))
names = case.read("signals/local", ["sha256"])["sha256"].combine_chunks()
print(edited.find_edited(case, names, 1000, InProcess()).pairs.num_rows)
"""
_KILL = """
write, asked = answers.Answers._write, []
def write_and_die(self, rows):
    write(self, rows)
    if len(rows) == 5:
        (self._folder / ".half.tmp").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
answers.Answers._write = write_and_die
"""
_NO_ROOM = """
import resource
edited.open_index(Case(Path(sys.argv[1])), "local")
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
"""


def finding(case: Case, before: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", _FIND.format(before=before), str(case.path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_killed_run_goes_on_from_the_units_that_it_finished(case: Case) -> None:
    assert finding(case, _KILL).returncode == -signals.SIGKILL
    assert rows_of(case) == [5]
    (first,) = units(case)
    assert len(list(first.parent.glob(".*.tmp"))) == 2  # the features, and half a unit
    with patch.object(edited, "UNIT", 5), patch.object(answers, "UNIT", 5):
        assert told(find(case)) == expected(OLD)
    assert rows_of(case) == [2, 5, 5]
    assert first.is_file()
    assert not list(first.parent.glob(".*.tmp"))


def test_of_two_processes_at_once_one_finds_the_answers_of_the_other(case: Case) -> None:
    command = [sys.executable, "-c", _FIND.format(before=""), str(case.path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told_by = [process.communicate()[0] for process in both]
    assert told_by == [f"{len(expected(OLD))}\n"] * 2
    assert sum(rows_of(case)) == len(OLD)


def test_a_full_disk_is_a_plain_error_and_the_next_run_goes_on(case: Case) -> None:
    stopped = finding(case, _NO_ROOM)
    assert stopped.returncode == 1
    assert CaseError.__name__ in stopped.stderr.splitlines()[-1]
    assert "Make room" in stopped.stderr
    assert told(find(case)) == expected(OLD)


def test_a_case_that_cannot_be_written_is_a_plain_error(case: Case) -> None:
    (case.path / "verified").write_text("in the way", "utf-8")
    with pytest.raises(CaseError, match="can't be written"):
        find(case)


def test_nothing_is_kept_that_a_damaged_index_proposes(case: Case) -> None:
    edited.open_index(case, "local")
    (words,) = case.path.glob("index/local/*/words.npy")
    words.write_bytes(words.read_bytes()[:-1] + b"?")
    with pytest.raises(IndexMismatch, match=f"{words} is damaged: delete .* rebuilt"):
        find(case)


@pytest.mark.parametrize("how", ["cut", "changed", "other"])
def test_a_damaged_unit_is_told_of_and_found_again(case: Case, how: str) -> None:
    pairs = told(find(case))
    (unit,) = units(case)
    content = bytearray(unit.read_bytes())
    content[len(content) // 2] ^= 4
    unit.write_bytes({"cut": content[:100], "changed": content, "other": b""}[how])
    said: list[str] = []

    class Listening(Silent):
        def note(self, line: str) -> None:
            said.append(line)

    assert told(find(case, progress=Listening())) == pairs
    assert ["damaged" in line for line in said] == [True]
    assert units(case) == [unit]  # the same answers have the same name
    assert told(find(case, progress=Listening())) == pairs
    assert len(said) == 1


def test_the_folder_may_be_deleted_and_that_of_another_rule_is_swept(case: Case) -> None:
    pairs = told(find(case))
    (unit,) = units(case)
    shutil.rmtree(case.path / "verified")
    assert told(find(case)) == pairs
    with patch.object(edited, "_RULE", 2):
        assert told(find(case)) == pairs
    (other,) = units(case)
    assert (other.name, other.parent.parent) == (unit.name, unit.parent.parent)
    assert other.parent != unit.parent


def test_who_waits_for_another_process_is_told_and_finds_its_answers(case: Case) -> None:
    said: list[str] = []

    class Listening(Silent):
        def note(self, line: str) -> None:
            said.append(line)
            with patch.object(edited, "alone_comparing", lambda index, progress: ExitStack()):
                find(case)
            other.close()

    with ExitStack() as other, patch.object(asking, "verify", wraps=verify) as verified:
        other.enter_context(alone_in(case.path / "index"))
        assert told(find(case, progress=Listening())) == expected(OLD)
        count = verified.call_count
    assert ["waiting" in line for line in said] == [True]
    find(case)
    assert count < 2 * len(OLD) * asking.BATCH


def test_an_index_built_meanwhile_does_not_sweep_the_one_that_is_asked(case: Case) -> None:
    class Adding(InProcess):
        def map(self, function: Any, items: Any) -> Iterator[Any]:
            edited.open_index(put_features(case, NEW), "local")
            return super().map(function, items)

    assert told(find(case, Adding())) == expected(OLD)
    assert told(find(Case(case.path))) == expected(OLD | NEW)
