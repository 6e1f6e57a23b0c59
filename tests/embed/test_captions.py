"""Captions are computed here or by workers, in units, to the same values."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from making import make_case

from frametrace.case.store import Case
from frametrace.embed import captions
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.posts.errors import FrametraceError
from frametrace.work.executor import Crashed, InProcess
from frametrace.work.process_pool import ProcessPool

KEYS = EmbedSettings(signals=("caption_key",))
TEXTS = [f"caption number {at} says what the others say, 香港 {at}" for at in range(1_300)]


def case_of(folder: Path) -> Any:
    return make_case(folder, ({"text": text} for text in TEXTS), signals=())


class Crashing:
    """Gives back the first item as crashed."""

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        for at, item in enumerate(items):
            yield Crashed("it ended") if at == 0 else function(item)


def test_workers_compute_the_same_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pool: ProcessPool
) -> None:
    monkeypatch.setattr(captions, "_UNIT", 1_024)
    here, there = case_of(tmp_path / "here"), case_of(tmp_path / "there")
    embed(here, KEYS, executor=InProcess())
    monkeypatch.setattr(captions, "_MIN_TEXTS_FOR_WORKERS", 1_000)
    assert embed(there, KEYS, executor=pool).captions == len(TEXTS)
    ours, theirs = (Case(case.path).read("signals/caption_key") for case in (here, there))
    assert ours.sort_by("sha256").equals(theirs.sort_by("sha256"))
    shards = [len(Case(case.path).epoch.shards["signals/caption_key"]) for case in (here, there)]
    assert shards == [2, 2]


def test_few_captions_start_no_workers(tmp_path: Path) -> None:
    assert embed(case_of(tmp_path), KEYS, executor=Crashing()).captions == len(TEXTS)


def test_workers_that_crash_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captions, "_MIN_TEXTS_FOR_WORKERS", 1)
    case = case_of(tmp_path)
    with pytest.raises(FrametraceError, match="caption_key can't be computed: it ended"):
        embed(case, KEYS, executor=Crashing())
    assert embed(case, KEYS, executor=InProcess()).captions == len(TEXTS)
