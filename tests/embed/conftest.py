"""What tests of the embed stage share."""

from pathlib import Path

import pytest
from making import tiny_clip, write_sources


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a tiny CLIP model; skips where its packages are missing."""
    pytest.importorskip("open_clip")
    return tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Posts with pictures, some of them broken."""
    return write_sources(tmp_path_factory.mktemp("sources"))
