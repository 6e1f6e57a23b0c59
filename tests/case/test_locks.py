"""Locks between processes: exclusive and shared ones, released however their holder ends."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from frametrace.case.locks import exclusive_lock, output_lock, shared_lock, writer_lock
from frametrace.posts.errors import CaseLocked

HOLD = """
import sys
from pathlib import Path
from frametrace.case import locks
with getattr(locks, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(lock: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLD, lock, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def is_free(folder: Path) -> bool:
    try:
        with exclusive_lock(folder, wait=False):
            return True
    except BlockingIOError:
        return False


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    with held_elsewhere("writer_lock", tmp_path) as process:
        message = f"process {process.pid} is writing to .*; wait until it ends"
        with pytest.raises(CaseLocked, match=message), writer_lock(tmp_path):
            pass


@pytest.mark.parametrize("lock", ["writer_lock", "exclusive_lock", "shared_lock", "output_lock"])
def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path, lock: str) -> None:
    (tmp_path / ".lock").touch()
    with held_elsewhere(lock, tmp_path) as process:
        assert not is_free(tmp_path)
        process.kill()
        process.wait()
        assert is_free(tmp_path)


def test_readers_share_a_lock(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    with held_elsewhere("shared_lock", tmp_path), shared_lock(tmp_path):
        assert not is_free(tmp_path)


def test_a_lock_on_outputs_leaves_no_file_and_still_excludes(tmp_path: Path) -> None:
    with held_elsewhere("output_lock", tmp_path) as process:
        assert not is_free(tmp_path)
        assert process.stdin is not None
        process.stdin.close()
        with output_lock(tmp_path):
            assert (tmp_path / ".lock").exists()
    assert list(tmp_path.iterdir()) == []
