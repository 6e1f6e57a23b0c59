"""End to end: these tests import nothing of Frametrace."""

from importlib.util import find_spec

import pytest


@pytest.fixture(scope="session")
def has_models() -> bool:
    """Whether the packages of the extra `models` are installed."""
    return find_spec("sentence_transformers") is not None
