"""A case that holds every kind of file, and what its commands answer."""

from pathlib import Path

import pytest
from damaging import Answers, build_everything


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `case`, a case that has been used in every way, and what was used on it."""
    return build_everything(tmp_path_factory.mktemp("everything"))


@pytest.fixture(scope="session")
def undisturbed(everything: Path, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What each command answers on the undamaged case."""
    return Answers.of(everything, tmp_path_factory.mktemp("undisturbed"))
