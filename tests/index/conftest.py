"""One small case for every kind of index of codes; sets of features have their own tests."""

from pathlib import Path

import pytest
from making import made_codes, put_codes

from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS, Metric

_NOT_OF_CODES = (Metric.FEATURES, Metric.PIXELS, Metric.TEXT)  # texts have no index of their own
_OF_CODES = [name for name, made in SIGNALS.items() if made.metric not in _NOT_OF_CODES]


@pytest.fixture(params=_OF_CODES)
def signal(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(tmp_path: Path, signal: str) -> Case:
    return put_codes(Case.create(tmp_path / "case"), signal, made_codes(signal, 40))
