"""What the stages tell of their progress: all of what they count, and never nothing for long."""

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from copied_posts import write_jsonl

from frametrace.app import library
from frametrace.app.output.console_progress import LINE_INTERVAL
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.work.progress import Advance

POSTS = 100_000


@dataclass
class _Noted:
    """Keeps what was counted of every piece of work, and of how much."""

    counted: list[tuple[str, int | None, int]] = field(default_factory=list)

    @contextmanager
    def track(self, label: str, total: int | None) -> Iterator[Advance]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            assert count >= 0
            done += count

        yield advance
        self.counted.append((label, total, done))

    def note(self, line: str) -> None:
        pass


def test_every_stage_counts_all_that_it_announced(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "posts.jsonl", 3_000, 5)
    case, noted = tmp_path / "case", _Noted()
    library.add(case, [tmp_path / "posts.jsonl"], progress=noted)
    library.embed(case, EmbedSettings(signals=("caption_key",)), progress=noted)
    library.match(case, progress=noted)
    counted = {label: (total, done) for label, total, done in noted.counted}
    assert {
        *("reading posts.jsonl", "captions (caption_key)", "texts that say enough"),
        *("comparing pairs of posts", "forming framings of distinct posts"),
        *("stances of distinct posts", "reading texts of framings", "naming framings"),
        *("texts that represent framings", "laying out the map", "saving results"),
    } <= counted.keys()
    assert [label for label, (total, done) in counted.items() if total not in (None, done)] == []


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["add", "embed", "match", "report"])
def test_no_stage_is_silent_for_long(stage: str, large: Path) -> None:
    commands = {
        "add": ("add", "case", "posts.jsonl"),
        "embed": ("embed", "case", "--signal", "caption_key"),
        "match": ("match", "case"),
        "report": ("report", "case", "--out", "report"),
    }
    program = [sys.executable, "-m", "frametrace.app", *commands[stage]]
    told = [time.monotonic()]
    with subprocess.Popen(
        program, cwd=large, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told += [time.monotonic() for _ in process.stderr]
    told.append(time.monotonic())
    assert process.returncode == 0
    gaps = [later - earlier for earlier, later in itertools.pairwise(told)]
    # A line is due every five seconds, where work takes more than one; machines may be busy.
    assert max(gaps) < 2 * LINE_INTERVAL


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with many posts; the stages above are run in it one after the other."""
    folder = tmp_path_factory.mktemp("large")
    write_jsonl(folder / "posts.jsonl", POSTS, 5)
    return folder
