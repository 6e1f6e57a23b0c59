"""Pictures whose worker the system ended are tried in a few runs; those given up, when asked."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from making import jpeg, make_case, photo

from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import Embedded, embed
from frametrace.work.executor import Crashed, InProcess


class Ending:
    """An executor whose worker ends, by the system or by itself, at the pictures of some names."""

    def __init__(self, *names: str, by_system: bool = True) -> None:
        self.names, self.result = names, Crashed("it ended", by_system=by_system)

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            yield self.result if item.path in self.names else function(item)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    names = ("a.jpg", "b.jpg", "c.jpg")
    posts = [{"media": [name, "absent.jpg"]} for name in names]
    pictures = {name: jpeg(photo(at)) for at, name in enumerate(names)}
    return make_case(tmp_path, posts, pictures, signals=())


def run(case: Case, executor: Any = None, **settings: bool) -> Embedded:
    chosen = EmbedSettings(signals=("pdq",), **settings)
    return embed(case, chosen, executor=executor or InProcess())


def skipped(case: Case) -> list[tuple[str, str, bool]]:
    """What is skipped beside the absent files: the picture, the reason, whether it is for good."""
    rows = Case(case.path).read("skipped").to_pylist()
    rows = [row for row in rows if row["item"] != "absent.jpg"]
    return sorted((row["item"], row["reason"], bool(row["sha256"])) for row in rows)


def test_an_ended_worker_costs_no_picture(case: Case) -> None:
    assert run(case, Ending("a.jpg", "b.jpg")) == Embedded(pictures=1, skipped=2, ended=2)
    assert [row[::2] for row in skipped(case)] == [("a.jpg", False), ("b.jpg", False)]
    assert run(case, Ending("b.jpg")) == Embedded(pictures=1, skipped=1, ended=1)
    ((item, reason, for_good),) = skipped(case)
    assert (item, reason.partition("attempt ")[2], for_good) == ("b.jpg", "2 of 3", False)
    assert run(case) == Embedded(pictures=1)
    assert skipped(case) == []
    assert Case(case.path).epoch.rows("skipped") == 3  # the absent files are still listed


def test_after_three_runs_it_is_given_up_until_somebody_asks(case: Case) -> None:
    for _ in range(3):
        assert run(case, Ending("a.jpg")).ended == 1
    assert run(case) == Embedded()
    ((item, reason, for_good),) = skipped(case)
    assert (item, for_good) == ("a.jpg", True)
    assert "--retry-failed" in reason
    assert run(case, retry_failed=True) == Embedded(pictures=1)
    assert skipped(case) == []


def test_a_picture_that_crashed_is_tried_again_only_when_asked(case: Case) -> None:
    assert run(case, Ending("a.jpg", by_system=False)) == Embedded(pictures=2, skipped=1)
    assert skipped(case) == [("a.jpg", "it ended", True)]
    assert run(case) == Embedded()
    assert run(case, Ending("a.jpg", by_system=False), retry_failed=True) == Embedded(skipped=1)
    assert skipped(case) == [("a.jpg", "it ended", True)]
    assert run(case, retry_failed=True) == Embedded(pictures=1)
    assert skipped(case) == []
