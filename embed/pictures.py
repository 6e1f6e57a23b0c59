"""Computing the signals of pictures: decode once in the workers, give it to every signal."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import pyarrow as pa

from frametrace.embed.case import Case, CaseWriter
from frametrace.embed.decode import MAX_BYTES, Picture, decode
from frametrace.embed.executor import Crashed, Executor
from frametrace.embed.held import connect
from frametrace.embed.progress import Progress
from frametrace.embed.signals import PictureSignal
from frametrace.embed.tables import SKIPPED, signal_table
from frametrace.posts.errors import DecodeError
from frametrace.posts.media import read_media
from frametrace.posts.model import MediaItem

__all__ = ["Preparation", "embed_pictures", "missing_pictures"]

_UNIT = 4096  # pictures; a killed run decodes at most these again
_FINISH = 64  # prepared pictures a model takes at once: some 10 MB for CLIP


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a worker does with one picture: read, verify, decode, prepare for each signal."""

    preparers: Mapping[str, Callable[[Picture], Any]]

    def __call__(self, item: MediaItem) -> dict[str, Any] | str:
        """The prepared values by signal, or the reason why there are none."""
        try:
            data = read_media(item.root, item.path, MAX_BYTES)
            if hashlib.sha256(data).hexdigest() != item.sha256:
                return "its bytes have changed since it was added; add it again"
            picture = decode(data)
        except DecodeError as error:
            return str(error)
        return {name: prepare(picture) for name, prepare in self.preparers.items()}


def embed_pictures(
    writer: CaseWriter,
    signals: Sequence[PictureSignal],
    executor: Executor,
    progress: Progress,
) -> tuple[int, int]:
    """Compute what the case's pictures lack of the signals, unit by unit.

    Returns how many pictures were computed and how many were skipped now. A picture that can't be
    decoded is tried once.
    """
    work = missing_pictures(writer.case, [signal.name for signal in signals])
    done = skipped = 0
    with progress.track("pictures", sum(len(items) for _, items in work)) as advance:
        for names, items in work:
            lacking = [signal for signal in signals if signal.name in names]
            remaining = iter(items)
            while unit := list(islice(remaining, _UNIT)):
                tables = _compute(unit, lacking, executor, advance)
                refused = tables["skipped"].num_rows
                writer.put(_unit_name(lacking, unit), tables)
                done, skipped = done + len(unit) - refused, skipped + refused
    return done, skipped


def missing_pictures(
    case: Case, names: Sequence[str]
) -> list[tuple[frozenset[str], list[MediaItem]]]:
    """The pictures that lack signals, by the set of those that they lack."""
    if not names:
        return []
    lacks = ", ".join(f"sha256 NOT IN (SELECT sha256 FROM {name}) AS {name}" for name in names)
    any_lack = " OR ".join(names)
    with connect(case, "media", "skipped", *map(signal_table, names)) as connection:
        rows = connection.execute(
            f"SELECT sha256, root, path, size, {', '.join(names)} FROM "  # noqa: S608
            f"(SELECT *, {lacks} FROM media WHERE sha256 NOT IN "
            "(SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL)) "
            f"WHERE {any_lack} ORDER BY {', '.join(names)}, sha256"
        ).fetchall()
    return [
        (
            frozenset(name for name, lacking in zip(names, flags, strict=True) if lacking),
            [MediaItem(*row[:4]) for row in group],
        )
        for flags, group in groupby(rows, key=lambda row: row[4:])
    ]


def _compute(
    items: Sequence[MediaItem],
    signals: Sequence[PictureSignal],
    executor: Executor,
    advance: Callable[[int], None],
) -> dict[str, pa.Table]:
    preparation = Preparation({signal.name: signal.preparer() for signal in signals})
    finished: dict[str, list[pa.Table]] = {signal.name: [] for signal in signals}
    skipped = []
    for batch in _batches(zip(items, executor.map(preparation, items), strict=True)):
        prepared = [(item, result) for item, result in batch if isinstance(result, dict)]
        digests = pa.array([item.sha256 for item, _ in prepared], pa.string())
        for signal in signals if prepared else ():
            values = signal.finish([result[signal.name] for _, result in prepared])
            finished[signal.name].append(values.add_column(0, "sha256", digests))
        for item, result in batch:
            if not isinstance(result, dict):
                reason = result.reason if isinstance(result, Crashed) else result
                skipped.append(_skipped(item, reason))
        advance(len(batch))
    tables = {signal_table(n): pa.concat_tables(parts) for n, parts in finished.items() if parts}
    return {**tables, "skipped": pa.Table.from_pylist(skipped, SKIPPED)}


def _batches(results: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(results)
    while batch := list(islice(remaining, _FINISH)):
        yield batch


def _skipped(item: MediaItem, reason: str) -> dict[str, object]:
    return {
        "source": item.root.rpartition("/")[2],
        "line": 0,
        "item": item.path,
        "reason": reason,
        "sha256": item.sha256,
    }


def _unit_name(signals: Sequence[PictureSignal], items: Sequence[MediaItem]) -> str:
    digest = hashlib.sha256()
    for part in (*(s.made_by["fingerprint"] for s in signals), *(item.sha256 for item in items)):
        digest.update(part.encode())
    return f"pictures-{digest.hexdigest()[:16]}"
