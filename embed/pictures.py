"""Computes the signals of pictures and of the frames of videos.

Each item is decoded once in a worker, for all signals.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress, islice
from typing import Any

import pyarrow as pa

from frametrace.case.case_writer import CaseWriter
from frametrace.case.items_with_values import items_with_values, value_tables
from frametrace.case.schemas import SKIPPED, signal_table
from frametrace.case.store import Case
from frametrace.case.stored_rows import StoredRows
from frametrace.case.views import connect
from frametrace.embed.decoding.decode import Picture
from frametrace.embed.failed_pictures import (
    attempts_so_far,
    delete_obsolete,
    ended_row,
    failed_row,
)
from frametrace.embed.media_kinds import decode_frames, max_media_bytes
from frametrace.embed.signals import SIGNALS, PictureSignal
from frametrace.embed.value_tables import Prepared, tables_of
from frametrace.posts.errors import DecodeError, FormatMissing
from frametrace.posts.media.identify_picture import read_media
from frametrace.posts.model import MediaItem
from frametrace.work.executor import Crashed, Executor
from frametrace.work.progress import Advance, Progress
from frametrace.work.thread_pool import ThreadPool

__all__ = [
    "PictureCounts",
    "Preparation",
    "Prepared",
    "Refused",
    "embed_pictures",
    "missing_pictures",
    "unusable_values",
]

# A killed run decodes no more than one unit again.
_UNIT = 4096  # items
_UNIT_BYTES = 2**29  # of their files, unless one is larger
_DECODABLE = "sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)"
_OF_VIDEOS = ("videos", "intervals")
_QUEUE = 1  # decoded batches that wait while the model computes another


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a picture has no values. One that is refused `for_good` is never tried again."""

    reason: str
    for_good: bool


@dataclass(slots=True)
class PictureCounts:
    """How many pictures were computed, had to be skipped, and lost their worker to the system."""

    computed: int = 0
    skipped: int = 0
    ended: int = 0  # of those skipped


_Result = tuple[MediaItem, Prepared | Refused | Crashed]
_Batch = list[_Result]


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a worker does with one picture: read, verify, decode, prepare for each signal."""

    preparers: Mapping[str, Callable[[Picture], Any]]

    def __call__(self, item: MediaItem) -> Prepared | Refused:
        """The prepared values by signal, or why there are none.

        A format that needs a missing package is tried again the next time.
        """
        try:
            data = read_media(item.root, item.path, max_media_bytes())
        except DecodeError as error:
            return Refused(str(error), for_good=False)
        if hashlib.sha256(data).hexdigest() != item.sha256:
            return Refused("its bytes have changed since it was added; add it again", False)
        try:
            values, notes = [], dict[str, None]()
            frames = decode_frames(data)
            for picture in frames:
                values.append({name: prepare(picture) for name, prepare in self.preparers.items()})
                notes |= dict.fromkeys(picture.notes)
        except DecodeError as error:
            return Refused(str(error), for_good=not isinstance(error, FormatMissing))
        return Prepared(tuple(values), tuple(notes), frames.timeline)


def embed_pictures(
    writer: CaseWriter,
    signals: Sequence[PictureSignal],
    executor: Executor,
    progress: Progress,
) -> "PictureCounts":
    """Compute the signals that the case's pictures lack, unit by unit.

    Counts the pictures of this call. A picture that can't be decoded is tried once; one whose file
    is gone or changed, or whose worker the system ended, is tried again the next time.
    """
    all_names = [signal.name for signal in signals]
    work = missing_pictures(writer.case, all_names)
    attempts = attempts_so_far(writer)
    counts = PictureCounts()
    with progress.track("pictures", sum(work.values())) as advance:
        for names in work:
            lacking = [signal for signal in signals if signal.name in names]
            present = [signal.name for signal in signals if signal.name not in names]
            for unit in _units(writer.case, names, present):
                tables = _compute(unit, lacking, executor, advance, attempts, counts)
                _put(writer, _unit_name(lacking, unit), tables)
    if attempts or counts.ended:
        delete_obsolete(writer, all_names)
    return counts


def missing_pictures(case: Case, names: Sequence[str]) -> dict[tuple[str, ...], int]:
    """How many pictures lack signals, by the signals that they lack."""
    if not names:
        return {}
    lacks = ", ".join(f"{_lacks(name)} AS {name}" for name in names)
    query = f"SELECT {lacks}, count(*) FROM media WHERE {_DECODABLE} GROUP BY ALL ORDER BY ALL"  # noqa: S608
    with connect(case, "media", "skipped", *value_tables(names)) as connection:
        rows = connection.execute(query).fetchall()
    counts = {tuple(compress(names, flags)): count for *flags, count in rows}
    return {lacking: count for lacking, count in counts.items() if lacking}


def unusable_values(case: Case) -> list[str]:
    """Sentences on the pictures whose values are too poor to be compared, by signal."""
    sentences = []
    for name, signal in SIGNALS.items():
        if not signal.min_quality or not case.epoch.rows(signal_table(name)):
            continue
        with connect(case, signal_table(name)) as connection:
            query = f"SELECT count(*) FROM {name} WHERE NOT ({signal.usable_sql()})"  # noqa: S608
            count = int(connection.execute(query).fetchall()[0][0])
        if count:
            sentences.append(f"Pictures {signal.unusable}: {count:,}.")
    return sentences


def _lacks(name: str) -> str:
    return f"sha256 NOT IN ({items_with_values(name)})"


def _units(
    case: Case, lacking: Sequence[str], present: Sequence[str]
) -> Iterator[Sequence[MediaItem]]:
    """The pictures that lack the signals `lacking` and have those `present`, a unit at a time.

    The order is stable. All are read from the shards that exist when the first unit is read.
    """
    conditions = [_DECODABLE, *map(_lacks, lacking), *(f"NOT {_lacks(name)}" for name in present)]
    columns = "sha256, root, path, size"
    query = f"SELECT {columns} FROM media WHERE {' AND '.join(conditions)} ORDER BY sha256"  # noqa: S608
    names = [*lacking, *present]
    with connect(case, "media", "skipped", *value_tables(names)) as connection:
        cursor = connection.execute(query)
        while rows := cursor.fetchmany(_UNIT):
            yield from _of_limited_size([MediaItem(*row) for row in rows])


def _of_limited_size(items: Sequence[MediaItem]) -> Iterator[Sequence[MediaItem]]:
    """The items in parts, each of `_UNIT_BYTES` at most or of one item."""
    start = size = 0
    for at, item in enumerate(items):
        if size and size + item.size > _UNIT_BYTES:
            yield items[start:at]
            start, size = at, 0
        size += item.size
    yield items[start:]


def _compute(
    items: Sequence[MediaItem],
    signals: Sequence[PictureSignal],
    executor: Executor,
    advance: Advance,
    attempts: Mapping[tuple[str, str], int],
    counts: PictureCounts,
) -> dict[str, pa.Table]:
    """A unit's tables. Adds to the `counts`."""
    preparation = Preparation({signal.name: signal.preparer() for signal in signals})
    results = zip(items, executor.map(preparation, items), strict=True)
    size = max(signal.batch for signal in signals)
    finished: dict[str, list[pa.Table]] = {}
    skipped: list[dict[str, object]] = []
    notes: list[dict[str, object]] = []
    for batch, values in _compute_ahead(partial(_finish, signals), _batches(results, size)):
        for name, part in values.items():
            finished.setdefault(name, []).append(part)
        for item, result in batch:
            if isinstance(result, Prepared):
                notes += [_note_row(item, note) for note in result.notes]
            elif isinstance(result, Crashed) and result.by_system:
                skipped.append(ended_row(item, attempts))
                counts.ended += 1
            else:
                for_good = isinstance(result, Crashed) or result.for_good
                skipped.append(failed_row(item, result.reason, for_good=for_good))
        advance(len(batch))
    tables = {name: pa.concat_tables(parts) for name, parts in finished.items()}
    rows = pa.Table.from_pylist(skipped + notes, SKIPPED)
    counts.computed += len(items) - len(skipped)
    counts.skipped += len(skipped)
    return {**tables, "skipped": rows}


def _finish(signals: Sequence[PictureSignal], batch: _Batch) -> dict[str, pa.Table]:
    """The tables of those items that could be prepared."""
    prepared = [(item.sha256, result) for item, result in batch if isinstance(result, Prepared)]
    return tables_of(signals, prepared)


def _put(writer: CaseWriter, name: str, tables: dict[str, pa.Table]) -> None:
    """Write a unit's tables: videos apart, whose files then never have the name of pictures' ones.

    Both may be read as one table (`case.with_frames`).
    """
    stored = StoredRows(writer.case)
    for table in ("skipped", *_OF_VIDEOS):
        tables[table] = stored.new(table, tables[table])
    is_of_videos = {table: table in _OF_VIDEOS or table.startswith("frames/") for table in tables}
    for kind, of_videos in (("videos", True), ("pictures", False)):
        chosen = {table: rows for table, rows in tables.items() if is_of_videos[table] == of_videos}
        if any(len(rows) for rows in chosen.values()) or not of_videos:
            writer.put(f"{kind}-{name}", chosen)


def _compute_ahead(
    function: Callable[[_Batch], dict[str, pa.Table]], batches: Iterable[_Batch]
) -> Iterator[tuple[_Batch, dict[str, pa.Table]]]:
    """Batches with their values, in order.

    One thread computes while this one collects decoded pictures from the workers and sends them
    more, so that neither the model nor the workers wait. At most `_QUEUE` batches wait in between.
    """
    with ThreadPool(1, in_progress=1 + _QUEUE) as executor:
        yield from executor.map(lambda batch: (batch, function(batch)), batches)


def _batches(results: Iterable[_Result], size: int) -> Iterator[_Batch]:
    remaining = iter(results)
    while batch := list(islice(remaining, size)):
        yield batch


def _note_row(item: MediaItem, note: str) -> dict[str, object]:
    """What was left out of a picture that was embedded: its `sha256` stays empty."""
    source, reason = item.root.rpartition("/")[2], f"{item.path}: read, but {note}"
    return {"source": source, "line": 0, "item": item.sha256, "reason": reason, "sha256": None}


def _unit_name(signals: Sequence[PictureSignal], items: Sequence[MediaItem]) -> str:
    digest = hashlib.sha256()
    for part in (*(s.made_by["fingerprint"] for s in signals), *(item.sha256 for item in items)):
        digest.update(part.encode())
    return digest.hexdigest()[:16]
