"""A watch that stays on: what arrives in a folder goes into the case, and hits are reported."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType

from frametrace.app.pipeline import Inputs, add
from frametrace.app.tips.hit_delivery import Reporting, hits_of
from frametrace.app.tips.watch_run import compared_signals
from frametrace.case.store import Case
from frametrace.embed.stage import EmbedSettings, embed
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.tip_model import Tip
from frametrace.matcher.tips.watch import State, look, remember, reported, watching
from frametrace.posts.errors import FrametraceError, SourceError, UsageError
from frametrace.posts.open_source import open_source
from frametrace.posts.sources.paths import files_in, printable
from frametrace.work.progress import Progress

__all__ = ["Staying", "stay"]

_SETTLED = 2.0  # seconds since a file last changed: it is whole then
_SOURCES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".js", ".zip")

Files = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Staying:
    """Which folder is watched for which tips, how often (seconds), and where hits go."""

    tips: Sequence[Path]
    folder: Path
    every: float
    reporting: Reporting
    workers: int = 0
    once: bool = False


def stay(case_path: Path, asked: Staying, progress: Progress) -> None:
    """Look at a folder at intervals, and when something changes in it, until stopped; or once.

    What the case holds at first counts as seen, what lies in the folder does not. The first look
    raises as the stages do; a later one that fails is reported and tried again.
    """
    tips = [read_tip(path) for path in asked.tips]
    if not asked.folder.is_dir():
        raise UsageError(f"{asked.folder} is no folder: name one in which exports arrive")
    if case_path.resolve().is_relative_to(asked.folder.resolve()):
        raise UsageError(f"{case_path} lies in {asked.folder}: name a case elsewhere")
    case = Case.create(case_path)
    with watching(case) as begun, _stopped() as stop:
        state = begun
        for at, _ in enumerate(_turns(asked, stop)):
            try:
                state = _look(case_path, asked, tips, state, progress)
            except FrametraceError as error:
                if at == 0:
                    raise
                progress.note(f"{str(error).rstrip('.')}. It is tried again at the next look")
    if stop.is_set():
        progress.note("stopped; the next watch goes on from here")


@contextmanager
def _stopped() -> Iterator[Event]:
    """End the block at SIGINT or SIGTERM, and set an event that says so.

    Work in progress is left to the next watch. The event is needed because a library that is called
    in the block may swallow the interruption.
    """
    stop = Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with suppress(KeyboardInterrupt):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _turns(asked: Staying, stop: Event) -> Iterator[None]:
    """One now, then one whenever something changes in the folder or the time has passed."""
    yield
    if asked.once:
        return
    from watchfiles import watch

    changes = watch(
        asked.folder,
        rust_timeout=round(1000 * asked.every),
        yield_on_timeout=True,
        raise_interrupt=True,
        stop_event=stop,
    )
    for changed in changes:
        if changed:
            time.sleep(_SETTLED)
        if stop.is_set():
            return
        yield


def _look(
    case_path: Path, asked: Staying, tips: Sequence[Tip], state: State, progress: Progress
) -> State:
    """Take what has arrived, compare it, and report: the state is kept before and after."""
    case, taken = Case(case_path), _whole(asked.folder)
    changed = {
        name for name, about in taken.items() if list(about) != list(state.files.get(name, ()))
    }
    if changed:
        sources = _sources(asked.folder, taken, changed, progress)
        if sources:
            inputs = Inputs(sources, media=(asked.folder,))
            case, _ = add(case_path, inputs, progress)
        signals = compared_signals(case, tips, progress)
        embed(case, EmbedSettings(signals=signals, workers=asked.workers), progress=progress)
        watched = look(Case(case_path), state, tips, progress)
        new = [{"hit": hit, "places": asked.reporting.places} for hit in hits_of(watched)]
        state = replace(watched.state, pending=[*state.pending, *new], files=taken)
        remember(case, state)
    left = asked.reporting.deliver(state.pending, progress, partial(reported, case))
    state = replace(state, pending=left)
    remember(case, state)
    return state


def _whole(folder: Path) -> Files:
    """The files of a folder that no longer change, each with its size and time.

    A time in the future comes from a wrong clock: such a file counts as one that rests.
    """
    found, now = {}, time.time()
    for name in files_in(folder):
        if printable(name) != name:
            continue
        try:
            about = (folder / name).stat()
        except OSError:
            continue
        if abs(now - about.st_mtime) >= _SETTLED:
            found[name] = (about.st_size, about.st_mtime_ns)
    return found


def _sources(folder: Path, files: Files, changed: set[str], progress: Progress) -> tuple[Path, ...]:
    """The exports to add: new ones; all of them where other files, such as pictures, arrived."""
    exports = {name for name in files if Path(name).suffix.lower() in _SOURCES}
    chosen = exports if changed - exports else exports & changed
    readable = []
    for name in sorted(chosen):
        try:
            if open_source(folder / name).holds_posts:
                readable.append(folder / name)
        except SourceError as error:
            if name in changed:
                progress.note(f"{str(error).rstrip('.')}. It is left aside")
    return tuple(readable)
