"""The first Ctrl-C lets the program clean up; the second one ends it and its workers at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Prints the ids of its worker processes, which hang, and then is in C code for minutes.
BUSY = """
import hashlib
from crashing import hanging, pid
from frametrace.work.interrupts import ending_at_second_interrupt
from frametrace.work.process_pool import ProcessPool

if __name__ == "__main__":
    with ending_at_second_interrupt(130), ProcessPool(2) as pool:
        workers = sorted(set(pool.map(pid, range(200))))
        results = pool.map(hanging, range(200))
        print(*workers, flush=True)
        if {in_c_code}:
            hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
        next(results)
"""


@pytest.fixture(params=[True, False], ids=["in C code", "waiting"])
def busy(request: pytest.FixtureRequest) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY.format(in_c_code=request.param)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )
    assert process.stdout is not None
    yield process, [int(worker) for worker in process.stdout.readline().split()]
    process.kill()
    process.wait()
    process.stdout.close()


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_second_ctrl_c_ends_everything(
    busy: tuple["subprocess.Popen[str]", list[int]],
) -> None:
    process, workers = busy
    assert workers
    assert all(map(is_running, workers))
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) in (130, -signal.SIGINT)  # the first one may be enough
    for _ in range(100):
        if not any(map(is_running, workers)):
            return
        time.sleep(0.1)
    pytest.fail("workers are still running")
