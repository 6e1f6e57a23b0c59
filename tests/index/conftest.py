"""One small case for every kind of index."""

from pathlib import Path

import pytest
from making import made_codes, put_codes

from frametrace.embed.case import Case
from frametrace.embed.signals import SIGNALS
from frametrace.index.store import has_index


@pytest.fixture(params=list(filter(has_index, SIGNALS)))
def signal(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(tmp_path: Path, signal: str) -> Case:
    return put_codes(Case.create(tmp_path / "case"), signal, made_codes(signal, 40))
