"""The time limit of a worker: an item may be allowed more than others, and only that item."""

import time

from crashing import Sleeping

from frametrace.work.executor import Crashed
from frametrace.work.process_pool import ProcessPool
from frametrace.work.time_limit import allow_seconds


def test_an_item_may_be_allowed_more_time() -> None:
    with ProcessPool(1, seconds=1) as pool:
        assert list(pool.map(Sleeping(2, allowed=30), range(5))) == [0, 1, 2, 3, 4]
        lost = list(pool.map(Sleeping(2, allowed=0), range(5)))
    assert isinstance(lost[2], Crashed)
    assert [item for item in lost if not isinstance(item, Crashed)] == [0, 1, 3, 4]


def test_without_a_limit_nothing_happens() -> None:
    allow_seconds(0.01)
    time.sleep(0.05)
