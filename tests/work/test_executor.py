"""Executors: the same results in the same order, whatever ends a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crashing import Crashing, counted, failing, pid, squared

from frametrace.work.cpus import cpu_count
from frametrace.work.executor import Crashed, Executor, InProcess
from frametrace.work.process_pool import ProcessPool


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    with ProcessPool(2, seconds=2) as started:
        yield started


@pytest.fixture(params=["in-process", "spawn"])
def executor(request: pytest.FixtureRequest, pool: ProcessPool) -> Executor:
    return InProcess() if request.param == "in-process" else pool


@pytest.mark.parametrize("count", [0, 1, 16, 17, 300])
def test_results_come_in_the_order_of_the_items(executor: Executor, count: int) -> None:
    assert list(executor.map(squared, range(count))) == [item * item for item in range(count)]


def test_items_are_taken_as_they_are_needed(executor: Executor) -> None:
    taken: list[int] = []
    results = executor.map(squared, counted(list(range(10_000)), taken))
    assert taken == []
    assert next(results) == 0
    assert 0 < len(taken) <= 2 * 2 * 16
    assert [next(results) for _ in range(500)] == [item * item for item in range(1, 501)]
    assert len(taken) < 501 + 2 * 2 * 16 + 16


def test_a_bug_is_raised_and_leaves_the_executor_usable(executor: Executor) -> None:
    with pytest.raises(KeyError, match="a bug"):
        list(executor.map(failing, range(40)))
    assert list(executor.map(squared, range(40))) == [item * item for item in range(40)]


def test_work_is_done_in_other_processes(pool: ProcessPool) -> None:
    assert pid(0) not in set(pool.map(pid, range(100)))
    assert cpu_count() >= 1


# Python 3.11's pool counts its processes while another thread may add one (mended in 3.12,
# gh-109047): the thread that ends a broken pool may end with an error of its own. Nothing is lost.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "work",
    [
        Crashing(killers=frozenset({0})),
        Crashing(killers=frozenset({37})),
        Crashing(killers=frozenset({99})),
        Crashing(killers=frozenset({3, 4, 60})),
        Crashing(killers=frozenset({20}), hangers=frozenset({70})),
    ],
    ids=["first", "middle", "last", "several", "crash-and-hang"],
)
def test_what_ends_its_process_is_lost_and_nothing_else(
    pool: ProcessPool, work: Callable[[int], int]
) -> None:
    lost = work.killers | work.hangers
    for item, result in zip(range(100), pool.map(work, range(100)), strict=True):
        if item in lost:
            assert isinstance(result, Crashed)
            assert "crashed, or took more than 2 seconds" in result.reason
        else:
            assert result == item * item


def test_the_limit_is_for_one_item_and_idle_processes_stay() -> None:
    with ProcessPool(1, seconds=0.3) as pool:
        before = set(pool.map(pid, range(5)))
        with pytest.raises(KeyError):
            list(pool.map(failing, range(5)))
        time.sleep(0.6)
        assert set(pool.map(pid, range(5))) == before


def has_ended(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_workers_end_with_a_parent_that_is_killed() -> None:
    code = (
        "import time\n"
        "from crashing import pid\n"
        "from frametrace.work.process_pool import ProcessPool\n"
        "pool = ProcessPool(2)\n"
        "print(*set(pool.map(pid, range(200))), flush=True)\n"
        "time.sleep(600)\n"
    )
    tests = str(Path(__file__).parents[1])
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={"PYTHONPATH": tests}, text=True
    )
    assert parent.stdout is not None
    workers = [int(process) for process in parent.stdout.readline().split()]
    assert workers
    assert not any(map(has_ended, workers))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()  # reading to its end would wait for the workers
    for _ in range(200):
        if all(map(has_ended, workers)):
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {[process for process in workers if not has_ended(process)]}")


def test_workers_take_one_thread_for_matrix_products_and_the_parent_keeps_its_own(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with ProcessPool(1) as pool:
        assert list(pool.map(os.getenv, ["OPENBLAS_NUM_THREADS"])) == ["1"]
    assert "OPENBLAS_NUM_THREADS" not in os.environ
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    with ProcessPool(1) as pool:
        assert list(pool.map(os.getenv, ["OPENBLAS_NUM_THREADS"])) == ["3"]
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
