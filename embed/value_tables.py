"""Builds the tables of prepared items: the values of pictures and frames, and videos' timelines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import INTERVALS, VIDEOS, frame_table, signal_table
from frametrace.embed.signals import PictureSignal
from frametrace.embed.video.timeline import Timeline, frame_digest

__all__ = ["Prepared", "tables_of"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The values of each frame of a media item, by signal; notes on what was left out of it.

    `timeline` is None for a picture.
    """

    frames: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]
    timeline: Timeline | None = None


def tables_of(
    signals: Sequence[PictureSignal], items: Sequence[tuple[str, Prepared]]
) -> dict[str, pa.Table]:
    """The case's tables for some items, by the digests of their bytes; none without values."""
    pictures = [
        (sha256, values)
        for sha256, prepared in items
        if prepared.timeline is None
        for values in prepared.frames
    ]
    videos = [(sha256, prepared) for sha256, prepared in items if prepared.timeline is not None]
    frames = [
        (frame_digest(sha256, number), values)
        for sha256, prepared in videos
        for number, values in enumerate(prepared.frames)
    ]
    tables = {
        "videos": pa.Table.from_pylist([_video(*video) for video in videos], VIDEOS),
        "intervals": pa.concat_tables(
            [INTERVALS.empty_table(), *(_intervals(*video) for video in videos)]
        ),
    }
    for signal in signals:
        of_items, of_frames = pictures, frames
        if signal.of_whole_videos:
            of_items, of_frames = pictures + _joined(signal, videos), []
        for table, rows in ((signal_table, of_items), (frame_table, of_frames)):
            if rows:
                tables[table(signal.name)] = _values(signal, rows)
    return tables


def _joined(
    signal: PictureSignal, videos: Sequence[tuple[str, Prepared]]
) -> list[tuple[str, Mapping[str, Any]]]:
    """One value of a signal for each video."""
    return [
        (sha256, {signal.name: signal.joined([values[signal.name] for values in prepared.frames])})
        for sha256, prepared in videos
    ]


def _values(signal: PictureSignal, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> pa.Table:
    """A signal's table, one row for each picture or frame."""
    values = signal.finish([prepared[signal.name] for _, prepared in rows])
    return values.add_column(0, "sha256", pa.array([digest for digest, _ in rows], pa.string()))


def _video(sha256: str, prepared: Prepared) -> dict[str, object]:
    timeline = prepared.timeline
    assert timeline is not None
    return {
        "sha256": sha256,
        "duration_ms": timeline.duration,
        "width": timeline.width,
        "height": timeline.height,
        "sample_ms": timeline.sample_times.tolist(),
        "hashes": timeline.sample_hashes.tobytes(),
        "qualities": timeline.sample_qualities.astype(np.uint8).tobytes(),
    }


def _intervals(sha256: str, prepared: Prepared) -> pa.Table:
    timeline = prepared.timeline
    assert timeline is not None
    keys = [frame_digest(sha256, number) for number in range(len(prepared.frames))]
    columns = [
        pa.array([keys[number] for number in timeline.frames.tolist()], pa.string()),
        pa.repeat(sha256, len(timeline.frames)),
        *map(pa.array, (timeline.frames, timeline.starts, timeline.ends)),
        pa.array([timeline.moving[number].tobytes() for number in timeline.frames], pa.binary(32)),
    ]
    return pa.Table.from_arrays(
        [column.cast(type) for column, type in zip(columns, INTERVALS.types, strict=True)],
        schema=INTERVALS,
    )
