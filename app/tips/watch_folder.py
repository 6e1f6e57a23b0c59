"""Watches a folder until stopped: adds arriving exports to the case, and delivers hits."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType

from frametrace.app.library import add
from frametrace.app.skipped_reasons import skipped_text
from frametrace.app.tips.hit_delivery import HitDelivery, hits_of
from frametrace.app.tips.watch_once import compared_signals
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.tip_model import Tip
from frametrace.matcher.tips.watch_new_posts import compare_new_posts
from frametrace.matcher.tips.watch_state import (
    PendingHit,
    WatchState,
    open_watch,
    record_delivery,
    save_state,
)
from frametrace.posts.errors import FrametraceError, SourceError, UsageError
from frametrace.posts.open_source import open_source
from frametrace.posts.sources.paths import files_in, printable
from frametrace.work.progress import Progress

__all__ = ["FolderWatch", "watch_folder"]

_SETTLED = 2.0  # seconds without a change after which a file counts as complete
_SOURCES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".js", ".zip")

Files = Mapping[str, Sequence[int]]  # size and time of each file, by name


@dataclass(frozen=True, slots=True)
class FolderWatch:
    """The folder to watch, the tips, the interval (`every`, in seconds), and where hits go."""

    tips: Sequence[Path]
    folder: Path
    every: float
    delivery: HitDelivery
    workers: int = 0
    once: bool = False


def watch_folder(case_path: Path, request: FolderWatch, progress: Progress) -> None:
    """Process a folder at intervals and after each change in it, until stopped; or once.

    Posts that the case already holds count as seen; files in the folder do not. An error in the
    first pass is raised; later errors are printed, and the next pass tries again.
    """
    tips = [read_tip(path) for path in request.tips]
    if not request.folder.is_dir():
        raise UsageError(f"{request.folder} is not a folder: name one that exports arrive in")
    if case_path.resolve().is_relative_to(request.folder.resolve()):
        raise UsageError(f"{case_path} is inside {request.folder}: name a case elsewhere")
    case = Case.create(case_path)
    with open_watch(case) as saved_state, _stop_on_signal() as stop:
        state = saved_state
        for number, _ in enumerate(_passes(request, stop)):
            try:
                state = _process(case_path, request, tips, state, progress)
            except FrametraceError as error:
                if number == 0:
                    raise
                progress.note(f"{str(error).rstrip('.')}. The next pass tries again")
    if stop.is_set():
        progress.note("stopped; the next watch continues from here")


@contextmanager
def _stop_on_signal() -> Iterator[Event]:
    """Leave the block at SIGINT or SIGTERM, and set the event.

    The next watch continues the work in progress. The event is needed because a library that is
    called in the block may swallow the `KeyboardInterrupt`.
    """
    stop = Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        raise KeyboardInterrupt

    previous_handlers = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with suppress(KeyboardInterrupt):
            yield stop
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _passes(request: FolderWatch, stop: Event) -> Iterator[None]:
    """Yield now, then whenever something changes in the folder or the interval has passed."""
    yield
    if request.once:
        return
    from watchfiles import watch

    changes = watch(
        request.folder,
        rust_timeout=round(1000 * request.every),
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


def _process(
    case_path: Path,
    request: FolderWatch,
    tips: Sequence[Tip],
    state: WatchState,
    progress: Progress,
) -> WatchState:
    """Add what has arrived, compare it, and deliver hits; save the state before and after that."""
    case, files = Case(case_path), _complete_files(request.folder)
    changed = {
        name for name, stat in files.items() if list(stat) != list(state.files.get(name, ()))
    }
    if changed:
        sources = _sources(request.folder, files, changed, progress)
        if sources:
            added = add(case_path, sources, media=request.folder, progress=progress)
            if added.lost:
                first = skipped_text(added.lost)
                progress.note(f"rows that can't be read: {added.dropped:,}. The first: {first}")
            case = Case(case_path)
        signals = compared_signals(case, tips, progress)
        embed(case, EmbedSettings(signals=signals, workers=request.workers), progress=progress)
        result = compare_new_posts(Case(case_path), state, tips, progress)
        new = [PendingHit(hit, request.delivery.destinations) for hit in hits_of(result)]
        state = replace(result.state, pending=[*state.pending, *new], files=files)
        save_state(case, state)
    pending = request.delivery.deliver(state.pending, progress, partial(record_delivery, case))
    state = replace(state, pending=pending)
    save_state(case, state)
    return state


def _complete_files(folder: Path) -> Files:
    """The files of a folder that no longer change, each with its size and time.

    A file with a time in the future, from a wrong clock, counts as complete.
    """
    files, now = {}, time.time()
    for name in files_in(folder):
        if printable(name) != name:
            continue
        try:
            stat = (folder / name).stat()
        except OSError:
            continue
        if abs(now - stat.st_mtime) >= _SETTLED:
            files[name] = (stat.st_size, stat.st_mtime_ns)
    return files


def _sources(folder: Path, files: Files, changed: set[str], progress: Progress) -> tuple[Path, ...]:
    """The exports to add: new ones, or all if other files, such as pictures, arrived too."""
    exports = {name for name in files if Path(name).suffix.lower() in _SOURCES}
    candidates = exports if changed - exports else exports & changed
    readable = []
    for name in sorted(candidates):
        try:
            if open_source(folder / name).holds_posts:
                readable.append(folder / name)
        except SourceError as error:
            if name in changed:
                progress.note(f"{str(error).rstrip('.')}. It was not added")
    return tuple(readable)
