"""What every test can ask for."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

# Commands that tests interrupt inherit it; a job in the background would ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

try:
    from hypothesis import settings
except ImportError:  # where the wheel is tried with its own dependencies alone
    pass
else:
    # The same examples every time, and none fails for being slow: tests are never timed.
    # `make test-all` asks for "thorough" by --hypothesis-profile; see trying.py for other numbers.
    for name, count in (("thorough", 100), ("quick", 25)):
        settings.register_profile(name, deadline=None, derandomize=True, max_examples=count)
    settings.load_profile("quick")

_SHARED = Path(
    os.environ.get("FRAMETRACE_SHARED", Path(__file__).parents[2] / "shared" / "data")
).resolve()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data; tests that need it skip where it is absent."""
    if not _SHARED.is_dir():
        pytest.skip(f"needs the real data in {_SHARED} (or in $FRAMETRACE_SHARED)")
    return _SHARED


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The sample exports that come with the project."""
    return Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="session")
def command() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs `frametrace` in this process: one of its own would import everything anew."""
    from frametrace.app.cli import main

    def run(*arguments: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        words = ["frametrace", *map(str, arguments)]
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with (
            contextlib.chdir(cwd or Path.cwd()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            patch.object(sys, "argv", words),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        printed = []
        for stream in (out, err):
            stream.flush()
            printed.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), *printed)

    return run


@pytest.fixture(scope="session")
def program() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the installed command `frametrace` in a process of its own."""

    def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
        program = Path(sys.executable).with_name("frametrace")
        return subprocess.run(
            [program, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            **options,  # type: ignore[call-overload]
        )

    return run
