"""Edited copies that PDQ can't see: pictures that differ by PDQ are compared by local features.

`CASE/verified/local-<digest>/` keeps what was found of each picture (see `answers`). The digest is
that of the rule, and of what makes the features. A killed run loses the pictures of the file in
flight. When pictures are added later, only those are asked about that never were, and any that was,
or is now, may be proposed: no pair is missed because one of the two came to stand for its equals
later. Delete the folder, and it is made anew.
"""

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.case import Case
from frametrace.embed.executor import Crashed, Executor, InProcess, SpawnPool
from frametrace.embed.files import TEMPORARY
from frametrace.embed.progress import Progress, Silent
from frametrace.embed.signals.local import Local
from frametrace.embed.tables import signal_table
from frametrace.index.features import FeatureIndex
from frametrace.index.join import has_numba
from frametrace.index.store import check_index, index_folder, open_index
from frametrace.index.turns import alone_comparing
from frametrace.matcher.answers import UNIT, Answers
from frametrace.matcher.asking import HELD, Asking, forget
from frametrace.matcher.sightings import PAIRS
from frametrace.posts.errors import CaseError, IndexMismatch

__all__ = ["Edited", "find_edited"]

_FOLDER = "verified"
_RULE = 1  # of proposing and verifying; what was found by another rule is found anew
_FEW = 100  # pictures that are asked about here: workers take as long to start
_SECONDS = 3600.0  # that a picture may take: 1.8 million verifications of 2 ms
_BLOCK = 1024  # pictures whose features are copied at a time: 7 MB


@dataclass(frozen=True, slots=True)
class Edited:
    """The pairs that were found, in the schema `PAIRS`.

    `left_out` pictures were not compared: more than were to be.
    """

    pairs: pa.Table = field(default_factory=PAIRS.empty_table)
    left_out: int = 0


def find_edited(
    case: Case,
    pictures: pa.StringArray,
    most: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Edited:
    """Compare those of the pictures that have local features, if they are `most` at most.

    No picture is asked about twice. Raises `CaseError` where what is found can't be kept, and
    `IndexMismatch` where the index is damaged.
    """
    have = case.read(signal_table(Local.name), ["sha256"])["sha256"]
    pictures = pictures.filter(pc.is_in(pictures, value_set=have.combine_chunks()))
    if len(pictures) > most:
        return Edited(left_out=len(pictures))
    answers = Answers(_folder(case))
    if len(_others(pictures, answers.asked())):
        answers = _all_asked(case, pictures, executor, progress or Silent())
    return Edited(answers.pairs(pictures))


def _folder(case: Case) -> Path:
    rule = f"{_RULE} {case.epoch.signals[Local.name]['fingerprint']}"
    digest = hashlib.sha256(rule.encode()).hexdigest()[:12]
    return case.path / _FOLDER / f"{Local.name}-{digest}"


def _others(pictures: pa.StringArray, asked: pa.StringArray) -> pa.StringArray:
    return pictures.filter(pc.invert(pc.is_in(pictures, value_set=asked)))


def _all_asked(
    case: Case, pictures: pa.StringArray, executor: Executor | None, progress: Progress
) -> Answers:
    """The answers, once no picture is left that was not asked about."""
    folder = _folder(case)
    open_index(case, Local.name, progress)  # builds it and sweeps others; nobody does below
    try:
        with alone_comparing(index_folder(case, Local.name), progress):
            folder.mkdir(parents=True, exist_ok=True)
            answers = Answers(folder)
            for path in answers.damaged:
                progress.note(f"{path} is damaged: its pictures are compared again")
                path.unlink()
            for left in folder.glob(TEMPORARY):
                left.unlink()
            _ask(case, answers, pictures, executor, progress)
            answers.tidy()
            for old in folder.parent.iterdir():
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
            return answers
    except OSError as error:
        raise CaseError(
            f"{folder} can't be written: {error.strerror or error}. Make room or mend the "
            "permissions, then run the same command again: it goes on where it was"
        ) from None


def _ask(
    case: Case,
    answers: Answers,
    pictures: pa.StringArray,
    executor: Executor | None,
    progress: Progress,
) -> None:
    """Ask about the pictures that were not asked about, unit by unit."""
    index = open_index(case, Local.name)  # who went before may have swept it
    assert isinstance(index, FeatureIndex)
    if wrong := check_index(case, Local.name):  # what it proposes is kept for good
        raise IndexMismatch(wrong[0])
    names, before = index.digests, answers.asked()
    asked = _numbers(_others(pictures, before), names)
    crashed: list[str] = []
    with ExitStack() as stack:
        wanted = np.union1d(asked, _numbers(before, names))
        held = stack.enter_context(_held(case, names, wanted))
        asking = Asking(index_folder(case, Local.name), held, len(asked) > _FEW and has_numba())
        executor = executor or stack.enter_context(_executor(len(asked)))
        found = executor.map(asking, asked.tolist())
        advance = stack.enter_context(progress.track("comparing local features", len(asked)))
        for start in range(0, len(asked), UNIT):
            unit = {}
            for number in asked[start : start + UNIT].tolist():
                name, matches = names[number].as_py(), next(found)
                if isinstance(matches, Crashed):
                    crashed.append(name)
                else:
                    unit[name] = matches
                advance(1)
            answers.put(unit, names)
    if crashed:
        progress.note(
            f"{len(crashed):,} pictures, {crashed[0]} the first, could not be compared by local "
            "features: a process ended over each. They are tried again the next time"
        )


def _numbers(pictures: pa.StringArray, names: pa.StringArray) -> np.ndarray:
    """The numbers of those that have one, ascending."""
    found: np.ndarray = pc.index_in(pictures, value_set=names).drop_null().to_numpy()
    return np.sort(found)


@contextmanager
def _held(case: Case, names: pa.StringArray, wanted: np.ndarray) -> Iterator[Path]:
    """A file with the features of some pictures, for as long as it is needed."""
    path, held = _folder(case) / f".{uuid.uuid4().hex}.tmp", names.take(pa.array(wanted))
    try:
        with path.open("wb") as file, pa.ipc.new_file(file, HELD) as writer:
            for rows in case.shards(signal_table(Local.name), ["sha256", "code"]):
                at = pc.index_in(rows["sha256"].combine_chunks(), value_set=held)
                number = pa.array(wanted, pa.int32()).take(at)
                kept = pa.table([number, rows["code"]], schema=HELD).filter(at.is_valid())
                writer.write_table(kept, max_chunksize=_BLOCK)
        yield path
    finally:
        forget()
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def _executor(pictures: int) -> Iterator[Executor]:
    if pictures <= _FEW:
        yield InProcess()
    else:
        with SpawnPool(seconds=_SECONDS) as pool:
            yield pool
