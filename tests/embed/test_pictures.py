"""Pictures are decoded ahead of the model, and no more of them than are needed."""

import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest

from frametrace.embed.pictures import _QUEUE, _compute_ahead


def numbered(count: int, taken: list[int]) -> Iterator[list[int]]:
    for number in range(count):
        taken.append(number)
        yield [number]


def doubled(batch: list[int]) -> dict[str, pa.Table]:
    return {"x": pa.table({"code": [2 * batch[0]]})}


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_batches_come_back_in_order_with_their_values(count: int) -> None:
    found = list(_compute_ahead(doubled, numbered(count, [])))
    assert [batch for batch, _ in found] == [[number] for number in range(count)]
    assert [values["x"]["code"][0].as_py() for _, values in found] == [2 * n for n in range(count)]


def test_the_next_batch_is_taken_in_while_the_model_computes() -> None:
    taken: list[int] = []
    next_is_there = threading.Event()

    def computing(batch: list[int]) -> dict[str, pa.Table]:
        assert next_is_there.wait(60) or batch != [0]
        return doubled(batch)

    def arriving() -> Iterator[list[int]]:
        for batch in numbered(9, taken):
            if batch == [1]:
                next_is_there.set()
            yield batch

    for done, (batch, _) in enumerate(_compute_ahead(computing, arriving())):
        assert batch == [done]
        assert len(taken) <= done + 1 + _QUEUE


def test_what_goes_wrong_in_the_model_is_not_lost() -> None:
    def failing(batch: list[int]) -> dict[str, pa.Table]:
        if batch == [2]:
            raise MemoryError("too large")
        return doubled(batch)

    before = set(threading.enumerate())
    found = []
    with pytest.raises(MemoryError, match="too large"):
        found.extend(batch for batch, _ in _compute_ahead(failing, numbered(9, [])))
    started = set(threading.enumerate()) - before
    assert not [thread for thread in started if "ThreadPoolExecutor" in thread.name]
