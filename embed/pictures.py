"""Computing the signals of pictures: decode once in the workers, give it to every signal."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress, islice
from typing import Any

import pyarrow as pa

from frametrace.case.schemas import SKIPPED, signal_table
from frametrace.case.store import Case, CaseWriter
from frametrace.case.views import Held, connect
from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.signals import PictureSignal
from frametrace.embed.signals.pdq import MIN_QUALITY, Pdq
from frametrace.posts.errors import DecodeError, FormatMissing
from frametrace.posts.media.picture_bytes import read_media
from frametrace.posts.model import MediaItem
from frametrace.work.executor import Crashed, Executor
from frametrace.work.progress import Progress
from frametrace.work.thread_pool import ThreadPool

__all__ = [
    "Preparation",
    "Prepared",
    "Refused",
    "embed_pictures",
    "flat_pictures",
    "missing_pictures",
]

_UNIT = 4096  # pictures; a killed run decodes at most these again
_SOUND = "sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)"
_AHEAD = 1  # batches that wait for the model while it computes another, decoded already


@dataclass(frozen=True, slots=True)
class Refused:
    """A picture without values, and why; one refused `for_good` is never tried again."""

    reason: str
    for_good: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture's prepared values by signal, and what of its file was left out."""

    values: Mapping[str, Any]
    notes: tuple[str, ...] = ()


_Result = tuple[MediaItem, Prepared | Refused | Crashed]
_Batch = list[_Result]


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a worker does with one picture: read, verify, decode, prepare for each signal."""

    preparers: Mapping[str, Callable[[Picture], Any]]

    def __call__(self, item: MediaItem) -> Prepared | Refused:
        """The prepared values by signal, or why there are none.

        What another package would read is tried again, in case it was installed since.
        """
        try:
            data = read_media(item.root, item.path)
        except DecodeError as error:
            return Refused(str(error), for_good=False)
        if hashlib.sha256(data).hexdigest() != item.sha256:
            return Refused("its bytes have changed since it was added; add it again", False)
        try:
            picture = decode(data)
        except DecodeError as error:
            return Refused(str(error), for_good=not isinstance(error, FormatMissing))
        values = {name: prepare(picture) for name, prepare in self.preparers.items()}
        return Prepared(values, picture.notes)


def embed_pictures(
    writer: CaseWriter,
    signals: Sequence[PictureSignal],
    executor: Executor,
    progress: Progress,
) -> tuple[int, int]:
    """Compute what the case's pictures lack of the signals, unit by unit.

    Returns how many pictures were computed and how many were skipped now. A picture that can't be
    decoded is tried once; one whose file is gone or changed is looked for again the next time.
    """
    work = missing_pictures(writer.case, [signal.name for signal in signals])
    done = skipped = 0
    with progress.track("pictures", sum(work.values())) as advance:
        for names in work:
            lacking = [signal for signal in signals if signal.name in names]
            others = [signal.name for signal in signals if signal.name not in names]
            for unit in _units(writer.case, names, others):
                tables, refused = _compute(unit, lacking, executor, advance)
                tables["skipped"] = Held(writer.case).new("skipped", tables["skipped"])
                writer.put(_unit_name(lacking, unit), tables)
                done, skipped = done + len(unit) - refused, skipped + refused
    return done, skipped


def missing_pictures(case: Case, names: Sequence[str]) -> dict[tuple[str, ...], int]:
    """How many pictures lack signals, by those that they lack."""
    if not names:
        return {}
    lacks = ", ".join(f"{_lacks(name)} AS {name}" for name in names)
    query = f"SELECT {lacks}, count(*) FROM media WHERE {_SOUND} GROUP BY ALL ORDER BY ALL"  # noqa: S608
    with connect(case, "media", "skipped", *map(signal_table, names)) as connection:
        rows = connection.execute(query).fetchall()
    counts = {tuple(compress(names, flags)): count for *flags, count in rows}
    return {lacking: count for lacking, count in counts.items() if lacking}


def flat_pictures(case: Case) -> int:
    """How many pictures change too little from point to point for PDQ to compare them."""
    if not case.epoch.rows(signal_table(Pdq.name)):
        return 0
    with connect(case, signal_table(Pdq.name)) as connection:
        query = "SELECT count(*) FROM pdq WHERE quality < ?"
        return int(connection.execute(query, [MIN_QUALITY]).fetchall()[0][0])


def _lacks(name: str) -> str:
    return f"sha256 NOT IN (SELECT sha256 FROM {name})"  # noqa: S608


def _units(
    case: Case, lacking: Sequence[str], others: Sequence[str]
) -> Iterator[Sequence[MediaItem]]:
    """The pictures that lack these signals and no others, a unit at a time, in stable order.

    They stream out of the shards as they were when the first unit was asked for.
    """
    wanted = [_SOUND, *map(_lacks, lacking), *(f"NOT {_lacks(name)}" for name in others)]
    columns = "sha256, root, path, size"
    query = f"SELECT {columns} FROM media WHERE {' AND '.join(wanted)} ORDER BY sha256"  # noqa: S608
    names = [*lacking, *others]
    with connect(case, "media", "skipped", *map(signal_table, names)) as connection:
        found = connection.execute(query)
        while rows := found.fetchmany(_UNIT):
            yield [MediaItem(*row) for row in rows]


def _compute(
    items: Sequence[MediaItem],
    signals: Sequence[PictureSignal],
    executor: Executor,
    advance: Callable[[int], None],
) -> tuple[dict[str, pa.Table], int]:
    """A unit's tables, and how many of its pictures have no values."""
    preparation = Preparation({signal.name: signal.preparer() for signal in signals})
    results = zip(items, executor.map(preparation, items), strict=True)
    most = max(signal.batch for signal in signals)
    finished: dict[str, list[pa.Table]] = {signal.name: [] for signal in signals}
    skipped: list[dict[str, object]] = []
    noted: list[dict[str, object]] = []
    for batch, values in _ahead(partial(_finished, signals), _batches(results, most)):
        for name, part in values.items():
            finished[name].append(part)
        for item, result in batch:
            if isinstance(result, Prepared):
                noted += [_noted(item, note) for note in result.notes]
            else:
                skipped.append(_skipped(item, result))
        advance(len(batch))
    tables = {signal_table(n): pa.concat_tables(parts) for n, parts in finished.items() if parts}
    listed = pa.Table.from_pylist(skipped + noted, SKIPPED)
    return {**tables, "skipped": listed}, len(skipped)


def _finished(signals: Sequence[PictureSignal], batch: _Batch) -> dict[str, pa.Table]:
    """Each signal's values of the pictures that could be prepared; nothing where there is none."""
    prepared = [(item, result.values) for item, result in batch if isinstance(result, Prepared)]
    if not prepared:
        return {}
    digests = pa.array([item.sha256 for item, _ in prepared], pa.string())
    return {
        signal.name: signal.finish([result[signal.name] for _, result in prepared]).add_column(
            0, "sha256", digests
        )
        for signal in signals
    }


def _ahead(
    function: Callable[[_Batch], dict[str, pa.Table]], batches: Iterable[_Batch]
) -> Iterator[tuple[_Batch, dict[str, pa.Table]]]:
    """Batches with their values, in order.

    A thread computes while this one takes in what the workers decoded and sends them more, so that
    neither the model nor they wait for the other. No more than `_AHEAD` batches lie in between.
    """
    with ThreadPool(1, in_progress=1 + _AHEAD) as executor:
        yield from executor.map(lambda batch: (batch, function(batch)), batches)


def _batches(results: Iterable[_Result], most: int) -> Iterator[_Batch]:
    remaining = iter(results)
    while batch := list(islice(remaining, most)):
        yield batch


def _skipped(item: MediaItem, why: Refused | Crashed) -> dict[str, object]:
    return {
        "source": item.root.rpartition("/")[2],
        "line": 0,
        "item": item.path,
        "reason": why.reason,
        "sha256": None if isinstance(why, Refused) and not why.for_good else item.sha256,
    }


def _noted(item: MediaItem, note: str) -> dict[str, object]:
    """What was left out of a picture that is embedded: its `sha256` stays empty."""
    source, reason = item.root.rpartition("/")[2], f"{item.path}: read, but {note}"
    return {"source": source, "line": 0, "item": item.sha256, "reason": reason, "sha256": None}


def _unit_name(signals: Sequence[PictureSignal], items: Sequence[MediaItem]) -> str:
    digest = hashlib.sha256()
    for part in (*(s.made_by["fingerprint"] for s in signals), *(item.sha256 for item in items)):
        digest.update(part.encode())
    return f"pictures-{digest.hexdigest()[:16]}"
