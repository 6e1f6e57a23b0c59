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
    videos = [
        _Video(sha256, prepared.frames, prepared.timeline)
        for sha256, prepared in items
        if prepared.timeline is not None
    ]
    frames = [entry for video in videos for entry in zip(video.keys, video.frames, strict=True)]
    tables = {
        "videos": pa.Table.from_pylist([video.row() for video in videos], VIDEOS),
        "intervals": pa.concat_tables(
            [INTERVALS.empty_table(), *(video.intervals() for video in videos)]
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
    signal: PictureSignal, videos: Sequence["_Video"]
) -> list[tuple[str, Mapping[str, Any]]]:
    """One value of a signal for each video."""
    return [
        (video.sha256, {signal.name: signal.joined([frame[signal.name] for frame in video.frames])})
        for video in videos
    ]


def _values(signal: PictureSignal, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> pa.Table:
    """A signal's table, one row for each picture or frame."""
    values = signal.finish([prepared[signal.name] for _, prepared in rows])
    return values.add_column(0, "sha256", pa.array([digest for digest, _ in rows], pa.string()))


@dataclass(frozen=True, slots=True)
class _Video:
    """A video that was read: its digest, the values of its kept frames, and its timeline."""

    sha256: str
    frames: Sequence[Mapping[str, Any]]
    timeline: Timeline

    @property
    def keys(self) -> list[str]:
        """The keys of the kept frames."""
        return [frame_digest(self.sha256, number) for number in range(len(self.frames))]

    def row(self) -> dict[str, object]:
        """Its row of `VIDEOS`."""
        timeline = self.timeline
        return {
            "sha256": self.sha256,
            "duration_ms": timeline.duration,
            "width": timeline.width,
            "height": timeline.height,
            "sample_ms": timeline.sample_times.tolist(),
            "hashes": timeline.sample_hashes.tobytes(),
            "qualities": timeline.sample_qualities.astype(np.uint8).tobytes(),
        }

    def intervals(self) -> pa.Table:
        """Its rows of `INTERVALS`."""
        timeline, numbers = self.timeline, self.timeline.frames.tolist()
        keys, moving = self.keys, [cells.tobytes() for cells in timeline.moving]
        columns = {
            "sha256": [keys[number] for number in numbers],
            "video_sha256": [self.sha256] * len(numbers),
            "number": numbers,
            "start_ms": timeline.starts,
            "end_ms": timeline.ends,
            "moving": [moving[number] for number in numbers],
        }
        return pa.table(columns, INTERVALS)
