"""Fixtures that tests of the case share."""

from pathlib import Path

import pytest
from making import write_sources


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Posts with pictures, some of them broken."""
    return write_sources(tmp_path_factory.mktemp("sources"))
