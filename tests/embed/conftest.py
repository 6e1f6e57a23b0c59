"""What tests of the embed stage share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from making import copy_model_onnx, tiny_clip, write_sources

from frametrace.work.process_pool import ProcessPool


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a tiny CLIP model; skips where its packages are missing."""
    pytest.importorskip("open_clip")
    return tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def copy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small copy model as an ONNX file; skips where its package is missing."""
    pytest.importorskip("onnxruntime")
    return copy_model_onnx(tmp_path_factory.mktemp("copy") / "copy.onnx")


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Posts with pictures, some of them broken."""
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    """Two processes, which import what they need once for the tests of a file."""
    with ProcessPool(2) as started:
        yield started
