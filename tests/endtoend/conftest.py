"""End to end: these tests import nothing of Frametrace."""

from collections.abc import Callable
from importlib.util import find_spec
from subprocess import CompletedProcess

import pytest


@pytest.fixture(scope="session")
def has_models() -> bool:
    """Whether the packages of the extra `models` are installed."""
    return find_spec("sentence_transformers") is not None


@pytest.fixture(scope="session")
def command(program: Callable[..., CompletedProcess[str]]) -> Callable[..., CompletedProcess[str]]:
    """Runs `frametrace` in a process of its own: these tests may not import it."""
    return program
