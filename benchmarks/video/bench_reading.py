"""Measures how fast videos are read, what their values take, and whether copies keep like frames.

Clips of 720p are made from photographs: a talking head, a moving camera, cuts. Ours reads them as
`embed` does, with the signals `pdq`, `local` and `thumbnail` of the kept frames and a track of
hashes; the peer decodes all frames in one thread, and does nothing with them. Then clips of 360p
are copied: trimmed at the start, a tenth faster, smaller, at a lower quality. A frame of a copy is
found if it matches one of the original's frames that are shown at the same time, by PDQ or by
pixels. Thresholds were chosen on copies of half of the photographs; these are of the other half.
"""

import io
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from measuring import Finding, Stopped, conclude, interleaved, options, ratio, say, shared_data
from reading_clips import KINDS, Copy, Scenes, copy_of, encoded

from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import MIN_QUALITY, Pdq
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.embed.video.timeline import Timeline
from frametrace.embed.video.video_frames import VideoFrames
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verify_pair import verify
from frametrace.matcher.result_schemas import Relation

HD, SMALL, COPIED = (1280, 720), (640, 360), (480, 270)
SECONDS, SECONDS_QUICK = 60, 12
COPIES, COPIES_QUICK = 40, 4
COPY_SECONDS = 20
ROUNDS, ROUNDS_QUICK = 3, 1
SPEED, START = 1.1, (0.3, 1.7)  # of a copy; where it starts in the original, in seconds
OVERLAP = 300  # ms for which two frames are shown at the same time
GOAL_SPEED = 40  # times real time
GOAL_TALKING_HEAD = 40  # kB a minute
GOAL_FOUND = 0.95
TRACK_BYTES = 37  # time, hash and quality of a sample


@dataclass(frozen=True, slots=True)
class Read:
    """A video as it is read: its timeline, and the values of each kept frame."""

    timeline: Timeline
    hashes: Sequence[tuple[bytes, int]]
    values: Sequence[PictureValues]
    size: int  # bytes of all values and of the track

    @classmethod
    def of(cls, data: bytes) -> "Read":
        """Read a video file."""
        pdq, local, thumbnail = (signal().preparer() for signal in (Pdq, Local, Thumbnail))
        frames, hashes, codes = VideoFrames(data), [], []
        for picture in frames:
            hashes.append(pdq(picture))
            codes.append((local(picture), thumbnail(picture)))
        timeline = frames.timeline
        if timeline is None:
            raise Stopped("a clip has no timeline")
        size = sum(len(code) for code, _ in hashes) + sum(len(a) + len(b) for a, b in codes)
        size += TRACK_BYTES * len(timeline.sample_times)
        return cls(timeline, hashes, [PictureValues.of(*pair) for pair in codes], size)

    @property
    def kilobytes_a_minute(self) -> float:
        """kB of values for each minute."""
        return self.size / 1000 / (self.timeline.duration / 60_000)


def main() -> None:
    chosen = options(__doc__ or "")
    photos = _photos(chosen.seed)
    seconds = SECONDS_QUICK if chosen.quick else SECONDS
    rounds = ROUNDS_QUICK if chosen.quick else ROUNDS
    findings, remarks = _speeds(Scenes(photos, HD), chosen.seed, seconds, rounds)
    copies = COPIES_QUICK if chosen.quick else COPIES
    found, remark = _copies(Scenes(photos[1::2], SMALL), chosen.seed, copies)
    packages = ("av", "numpy", "opencv-python-headless")
    conclude("video-reading", [*findings, *found], [*remarks, remark], packages, chosen)


def _photos(seed: int) -> list[Path]:
    if (shared := shared_data()) is None:
        say("../shared/data (or $FRAMETRACE_SHARED) is absent: scenes are generated pictures")
        return []
    paths = sorted((shared / "photos").rglob("*.jpg"))
    return [paths[at] for at in np.random.default_rng(seed).permutation(len(paths))]


def _speeds(
    scenes: Scenes, seed: int, seconds: int, rounds: int
) -> tuple[list[Finding], list[str]]:
    findings: list[Finding] = []
    remarks = []
    for kind, scene in KINDS.items():
        say(f"making the clip: {kind}")
        data = encoded(scene(scenes, np.random.default_rng(seed), seconds), seconds, seed)
        Read.of(data)  # what is made once
        contenders = {"ours": Read.of, "peer": _decode_all}
        spent = interleaved(contenders, [data], rounds, clock=time.process_time)
        speed = {name: seconds / statistics.median(values) for name, values in spent.items()}
        findings.append(
            Finding(
                f"{kind}, 720p, {len(data) * 8 / seconds / 1e6:.1f} Mbit/s: reading, a core",
                f"{speed['ours']:.0f} × real time",
                f"decoding alone: {speed['peer']:.0f} ×",
                ratio(spent["peer"], spent["ours"]),
            )
        )
        findings.append(_goal_speed(kind, speed["ours"]))
        read = Read.of(data)
        findings.append(_storage(kind, read))
        remarks.append(_remark(kind, read))
    return findings, remarks


def _goal_speed(kind: str, speed: float) -> Finding:
    beside = f"goal: {GOAL_SPEED} × real time"
    return Finding(kind, f"{speed:.0f} ×", beside, speed / GOAL_SPEED, at_least=1)


def _storage(kind: str, read: Read) -> Finding:
    size = read.kilobytes_a_minute
    at_most = 1.0 if kind == "talking head" else None
    beside = f"goal for a talking head: {GOAL_TALKING_HEAD} kB"
    what = f"{kind}: values and track, a minute"
    return Finding(what, f"{size:.0f} kB", beside, size / GOAL_TALKING_HEAD, at_most=at_most)


def _remark(kind: str, read: Read) -> str:
    timeline = read.timeline
    minutes = timeline.duration / 60_000
    return (
        f"{kind}: {len(read.hashes)} frames in {len(timeline.frames)} intervals, "
        f"{len(timeline.sample_times) / minutes:.0f} samples of the track a minute."
    )


def _decode_all(data: bytes) -> None:
    import av

    with av.open(io.BytesIO(data)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for _ in container.decode(video=0):
            pass


def _copies(scenes: Scenes, seed: int, count: int) -> tuple[list[Finding], str]:
    """Half of the copies are of clips with cuts, half of clips of a moving camera."""
    found: dict[str, list[bool]] = {"cuts": [], "moving camera": []}
    flat = 0
    for number in range(count):
        kind = list(found)[number % 2]
        say(f"copy {number + 1} of {count}: {kind}")
        rng = np.random.default_rng(seed + 1000 + number)
        scene = KINDS[kind](scenes, rng, COPY_SECONDS)
        data = encoded(scene, COPY_SECONDS, seed + number, preset="veryfast")
        copy = copy_of(data, float(rng.uniform(*START)), SPEED, COPIED, crf=30)
        judged = _judged(Read.of(data), Read.of(copy.data), copy)
        flat += judged.count(None)
        found[kind] += [each for each in judged if each is not None]
    return _found(found), (
        f"{flat} frames of copies are left out: too flat for PDQ (quality under {MIN_QUALITY})."
    )


def _found(found: Mapping[str, Sequence[bool]]) -> list[Finding]:
    everything = [each for values in found.values() for each in values]
    return [
        Finding(
            f"frames of copies that match the original's at that time: {kind}",
            f"{sum(values)} of {len(values)}",
            f"goal: {GOAL_FOUND:.0%}",
            sum(values) / max(len(values), 1),
            at_least=GOAL_FOUND if kind == "all" else None,
        )
        for kind, values in {**found, "all": everything}.items()
    ]


def _judged(original: Read, copied: Read, copy: Copy) -> list[bool | None]:
    """For each interval of a copy whether its frame is found; None if it is too flat."""
    shown, times = original.timeline, copied.timeline
    judged: list[bool | None] = []
    for number, *span in zip(times.frames, times.starts, times.ends, strict=True):
        start, end = (1000 * copy.original(time / 1000) for time in span)
        overlap = np.minimum(shown.ends, end) - np.maximum(shown.starts, start)
        near = shown.frames[overlap >= min(OVERLAP, overlap.max())]
        if copied.hashes[number][1] < MIN_QUALITY:
            judged.append(None)
            continue
        judged.append(any(_matches(original, int(at), copied, int(number)) for at in near))
    return judged


def _matches(a: Read, at: int, b: Read, number: int) -> bool:
    (code, quality), (other, other_quality) = a.hashes[at], b.hashes[number]
    distance = (int.from_bytes(code) ^ int.from_bytes(other)).bit_count()
    if min(quality, other_quality) >= MIN_QUALITY and distance <= PDQ_MAX_DISTANCE:
        return True
    evidence = verify(a.values[at], b.values[number])
    return evidence is not None and evidence.relation != Relation.SHARES_ELEMENT


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
