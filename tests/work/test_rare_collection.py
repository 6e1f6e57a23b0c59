"""The garbage collector works as before once the many objects are made."""

import gc

import pytest

from frametrace.work.rare_collection import rarely_collecting


def test_the_collector_is_set_back_even_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), rarely_collecting():
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0]
        raise KeyError
    assert gc.get_threshold() == before
