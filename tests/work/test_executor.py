"""The contract of executors, and that nothing outside `work` starts threads or processes."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from crashing import counted, failing, squared

import frametrace.work
from frametrace.work.executor import Executor, InProcess
from frametrace.work.process_pool import ProcessPool
from frametrace.work.thread_pool import ThreadPool

MAX_IN_PROGRESS = {InProcess: 1, ProcessPool: 2 * 2 * 16, ThreadPool: 2 * 2}  # items


@pytest.fixture(scope="module", params=MAX_IN_PROGRESS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with ExitStack() as stack:
        kind = request.param
        yield kind() if kind is InProcess else stack.enter_context(kind(2))


@pytest.mark.parametrize("count", [0, 1, 16, 17, 300])
def test_results_come_in_the_order_of_the_items(executor: Executor, count: int) -> None:
    assert list(executor.map(squared, range(count))) == [item * item for item in range(count)]


def test_items_are_taken_as_they_are_needed(executor: Executor) -> None:
    taken: list[int] = []
    results = executor.map(squared, counted(list(range(10_000)), taken))
    most = MAX_IN_PROGRESS[type(executor)]
    assert taken == []
    assert next(results) == 0
    assert 0 < len(taken) <= most
    assert [next(results) for _ in range(500)] == [item * item for item in range(1, 501)]
    assert len(taken) < 501 + most + 16


def test_a_bug_is_raised_and_leaves_the_executor_usable(executor: Executor) -> None:
    with pytest.raises(KeyError, match="a bug"):
        list(executor.map(failing, range(40)))
    assert list(executor.map(squared, range(40))) == [item * item for item in range(40)]


def test_threads_may_start_every_item_at_once() -> None:
    taken: list[int] = []
    with ThreadPool(1, in_progress=100) as pool:
        assert next(pool.map(squared, counted(list(range(1000)), taken))) == 0
    assert len(taken) == 100


STARTS = re.compile(
    r"^\s*(?:from|import) (concurrent|multiprocessing|joblib|subprocess)\b|\bThread\(", re.MULTILINE
)
# Processes that run one program each, and no part of a stage: the reader of workbooks, which may
# run out of memory, and the command that a user names for the hits of a watch.
RUN_A_PROGRAM = {"posts/layouts/workbooks.py", "app/tips/hit_delivery.py"}


def test_nothing_outside_work_starts_threads_or_processes() -> None:
    root = Path(frametrace.work.__file__).resolve().parents[1]
    stages = ("api", "posts", "case", "embed", "index", "matcher", "app")
    starting = {
        path.relative_to(root).as_posix()
        for stage in stages
        for path in (root / stage).rglob("*.py")
        if STARTS.search(path.read_text("utf-8"))
    }
    assert starting == RUN_A_PROGRAM
