"""Peers of the benchmark of videos: vPDQ's rule, and PDQ of ten evenly spaced frames.

Both take the same decoded frames and the same PDQ, ours, which agrees with Meta's. The tracks are
kept beside the videos as vPDQ feature files.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from measuring import say
from PIL import Image
from video.encoding import Reader, facts
from video.truth import Made, Role
from video.video_scores import Called, Match

from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.pdq import MIN_QUALITY, compute_pdq
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.tips.vpdq_files import (
    VpdqFeatures,
    features_of_track,
    read_vpdq,
    write_vpdq,
)
from frametrace.matcher.tips.vpdq_rule import VPDQ_MIN_SHARE, vpdq_shares

__all__ = ["VPDQ", "Tracks", "ten_frames", "tracks_of", "vpdq"]

VPDQ = "vPDQ's rule"
_SECOND = 1000  # vPDQ's own default: one frame a second
_TEN = 10


@dataclass(frozen=True, slots=True)
class Tracks:
    """Of each medium: PDQ of one frame a second, and of ten frames; of a still its own, twice."""

    each_second: Sequence[VpdqFeatures]
    ten: Sequence[VpdqFeatures]


def tracks_of(folder: Path, media: Sequence[Made]) -> Tracks:
    """Computed on all cores where they are missing."""
    say("hashing frames for the peers")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        made = list(pool.map(partial(_tracks, folder), media, chunksize=8))
    return Tracks(*zip(*made, strict=True))


def _tracks(folder: Path, made: Made) -> tuple[VpdqFeatures, VpdqFeatures]:
    path = folder / made.file
    if made.role is Role.STILL:
        with Image.open(path) as image:
            still = _features([0], [np.asarray(image.convert("RGB"))])
        return still, still
    (folder / "tracks").mkdir(exist_ok=True)
    kept = [folder / "tracks" / f"{made.name}.{kind}.txt" for kind in ("second", "ten")]
    if not all(each.exists() for each in kept):
        length = facts(path).duration
        seconds = list(range(0, max(length - 20, 1), _SECOND))
        spread = [round((at + 0.5) * length / _TEN) for at in range(_TEN)]
        for times, each in zip((seconds, spread), kept, strict=True):
            reader = Reader(path)
            write_vpdq(each, _features(times, [reader.at(ms) for ms in times]))
    return read_vpdq(kept[0]), read_vpdq(kept[1])


def _features(times: Sequence[int], frames: Sequence[np.ndarray]) -> VpdqFeatures:
    hashed = [compute_pdq(np.asarray(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY))) for one in frames]
    codes = b"".join(code for code, _ in hashed)
    return features_of_track(times, codes, bytes(quality for _, quality in hashed))


def vpdq(media: Sequence[Made], tracks: Tracks) -> Called:
    """vPDQ's rule on one frame a second: pairs rank by the greater share of matching frames.

    A still matches a video if a frame does; every frame that does is at its second.
    """
    matches = {}
    for a, b in combinations(range(len(media)), 2):
        if media[b].role is Role.STILL:
            found = _nearest(tracks.each_second[a], tracks.each_second[b])
        else:
            share = max(vpdq_shares(tracks.each_second[a], tracks.each_second[b]))
            found = Match(share, share >= VPDQ_MIN_SHARE) if share else None
        if found is not None:
            matches[a, b] = found
    return Called(VPDQ, matches)


def _nearest(video: VpdqFeatures, still: VpdqFeatures) -> Match | None:
    """A match with all frames that are near the still."""
    distances = _distances(video, still)
    if not distances.size or distances.min() > PDQ_MAX_DISTANCE:
        return None
    near = distances.min(axis=1) <= PDQ_MAX_DISTANCE
    times = video.times[video.qualities >= MIN_QUALITY][near].astype(float)
    spans = tuple((ms, ms, 0.0, 0.0) for ms in times.tolist())
    return Match(1 - float(distances.min()) / 256, True, spans)


def ten_frames(media: Sequence[Made], tracks: Tracks) -> Called:
    """Pairs rank by the number of frames that match; one is enough."""
    matches = {}
    for a, b in combinations(range(len(media)), 2):
        if media[b].role is Role.STILL:
            found = _nearest(tracks.ten[a], tracks.ten[b])
        else:
            near = _distances(tracks.ten[a], tracks.ten[b]) <= PDQ_MAX_DISTANCE
            count = int(near.any(axis=1).sum()) if near.size else 0
            found = Match(count / _TEN, True) if count else None
        if found is not None:
            matches[a, b] = found
    return Called("PDQ of ten frames", matches)


def _distances(a: VpdqFeatures, b: VpdqFeatures) -> np.ndarray:
    """(m, n) bits between the frames whose quality suffices."""
    ours, theirs = (one.hashes[one.qualities >= MIN_QUALITY] for one in (a, b))
    return bits_distance(ours, theirs)
