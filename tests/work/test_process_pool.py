"""The process pool: crashes and time limits cost the item that caused them, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crashing import Crashing, failing, pid

from frametrace.posts.errors import FrametraceError
from frametrace.work.executor import Crashed
from frametrace.work.process_pool import ProcessPool


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    with ProcessPool(2, seconds=2) as started:
        yield started


def test_work_is_done_in_other_processes(pool: ProcessPool) -> None:
    assert pid(0) not in set(pool.map(pid, range(100)))


# Python 3.11's pool counts its processes while another thread may add one (fixed in 3.12,
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
            assert not result.by_system
            assert "crashed, or took more than 2 seconds" in result.reason
        else:
            assert result == item * item


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("times", [1, 2])
def test_items_whose_process_the_system_ended_are_tried_again(
    pool: ProcessPool, tmp_path: Path, times: int
) -> None:
    work = Crashing(ended=frozenset({0, 50, 51}), times=times, folder=str(tmp_path))
    assert list(pool.map(work, range(100))) == [item * item for item in range(100)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_whose_process_is_always_ended_is_told_apart_from_one_that_crashes(
    pool: ProcessPool, tmp_path: Path
) -> None:
    work = Crashing(killers=frozenset({7}), ended=frozenset({40}), folder=str(tmp_path))
    results = list(pool.map(work, range(60)))
    crashed = {at: r.by_system for at, r in enumerate(results) if isinstance(r, Crashed)}
    assert crashed == {7: False, 40: True}
    assert (tmp_path / "40").stat().st_size <= 5  # attempts


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_where_nothing_can_be_done_it_says_so(pool: ProcessPool, tmp_path: Path) -> None:
    work = Crashing(ended=frozenset(range(40)), folder=str(tmp_path))
    with pytest.raises(FrametraceError, match="is there enough memory"):
        list(pool.map(work, range(40)))
    assert list(pool.map(pid, range(40)))  # it can be used again


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


def test_without_alarms_a_watchdog_ends_a_process_that_hangs_in_c_code() -> None:
    code = (
        "import ctypes, signal\n"
        "del signal.setitimer\n"
        "from frametrace.work.process_pool import _run\n"
        "print(_run(str, [1, 2], 30), flush=True)\n"
        "_run(ctypes.PyDLL(None).sleep, [600], 0.5)\n"  # holds Python's lock
    )
    before = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "['1', '2']\n", "")
    assert time.monotonic() - before < 300


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
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={"PYTHONPATH": path}, text=True
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
