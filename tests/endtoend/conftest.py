"""The installed command, as users have it: these tests import nothing of Frametrace."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("frametrace")


@pytest.fixture(scope="session")
def command() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs `frametrace` and returns its exit code and what it printed."""

    def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [PROGRAM, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            **options,  # type: ignore[call-overload]
        )

    return run


@pytest.fixture(scope="session")
def has_models() -> bool:
    """Whether the packages of the extra `models` are installed."""
    return find_spec("sentence_transformers") is not None
