"""Compares videos with each other and with pictures, and says from when to when they agree.

Frames with near hashes or local features in common propose pairs of videos. A few of their frames
are compared in detail, as pictures are; those that agree give the alignment in time; then the
frames that are shown together at that alignment are compared, which shows where the videos agree
and where they don't.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.case.with_frames import WithFrames
from frametrace.embed.signals.local import Local
from frametrace.matcher.pictures.compare_pairs import (
    JOIN,
    comparable_pictures,
    open_comparison,
)
from frametrace.matcher.result_schemas import VIDEO_MATCHES
from frametrace.matcher.videos.frame_candidates import FrameCandidates, by_features, by_hashes
from frametrace.matcher.videos.frame_verdicts import FrameVerdicts
from frametrace.matcher.videos.numbered_frames import VideoFrames
from frametrace.matcher.videos.owner_pair import OwnerPair
from frametrace.matcher.videos.shared_spans import VideoPair
from frametrace.matcher.videos.spans import FramePair
from frametrace.matcher.videos.still_times import StillPair
from frametrace.matcher.videos.video_pairs import pair_rows
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["ComparedVideos", "compare_videos"]

_FIRST_PAIRS = 6  # pairs of frames of two videos that are compared before they are aligned
_FIRST_STILLS = 3  # the same of a picture and a video


@dataclass(frozen=True, slots=True)
class ComparedVideos:
    """Pairs of videos, and of pictures and videos, by the digests of their bytes.

    `pairs` are in the schema `PAIRS`, with the evidence of the two frames that agree best; `spans`
    in the schema `VIDEO_MATCHES`.
    """

    pairs: pa.Table
    spans: pa.Table


def compare_videos(
    case: Case, radius: int, progress: Progress | None = None, executor: Executor | None = None
) -> ComparedVideos:
    """Compare the videos of a case with each other and with its pictures.

    `radius` is the largest PDQ distance of copies. Without `local`, hashes alone decide. Raises
    `CaseError` if what is kept for later runs can't be written.
    """
    progress = progress or Silent()
    view = WithFrames(case, pictures=True)
    frames = VideoFrames(case)
    has_features = Local.name in case.epoch.signals
    comparable, _ = comparable_pictures(view)
    candidates = by_hashes(view, frames, radius, progress)  # before: it takes the same lock
    opened = open_comparison(view, comparable, executor, progress) if has_features else None
    with opened or nullcontext() as comparison:
        if comparison is not None:
            folder = comparison.folder / JOIN
            found = by_features(view, frames, folder, comparable, progress)
            candidates = candidates.joined(found).ordered(frames)
        candidates = candidates.of_best_partners(frames)
        verdicts = FrameVerdicts(frames, radius, comparison)
        return _compared(frames, candidates, verdicts, progress)


def _compared(
    frames: VideoFrames, candidates: FrameCandidates, verdicts: FrameVerdicts, progress: Progress
) -> ComparedVideos:
    owner_pairs = list(_owner_pairs(frames, candidates))
    verdicts.compare(
        pair for owners, pairs in owner_pairs for pair in _first(pairs, frames, owners)
    )
    compared: list[OwnerPair] = []
    missing: list[FramePair] = []
    with progress.track("aligning videos", len(owner_pairs)) as advance:
        for owners, pairs in owner_pairs:
            kind = VideoPair if frames.is_video(owners[1]) else StillPair
            compared.append(kind(frames, verdicts, owners, pairs))
            missing += compared[-1].to_compare()
            advance(1)
    verdicts.compare(missing)
    results = [result for item in compared if (result := item.result()) is not None]
    rows = [result.row(frames, verdicts) for result in results]
    spans = pa.Table.from_pylist(rows, VIDEO_MATCHES)
    order = [("sha256_a", "ascending"), ("sha256_b", "ascending")]
    return ComparedVideos(pair_rows(results, frames, verdicts), spans.sort_by(order))


def _owner_pairs(
    frames: VideoFrames, candidates: FrameCandidates
) -> Iterator[tuple[tuple[int, int], list[FramePair]]]:
    """Each two owners with their proposed pairs of items, best first."""
    a, b = frames.owner[candidates.a], frames.owner[candidates.b]
    ends = np.flatnonzero(np.append((a[1:] != a[:-1]) | (b[1:] != b[:-1]), True))[: len(a)]
    start = 0
    for end in ends.tolist():
        items = (side[start : end + 1].tolist() for side in (candidates.a, candidates.b))
        yield (int(a[start]), int(b[start])), list(dict.fromkeys(zip(*items, strict=True)))
        start = end + 1


def _first(
    pairs: Sequence[FramePair], frames: VideoFrames, owners: tuple[int, int]
) -> Iterator[FramePair]:
    """The first pairs to compare: the best, each frame once if there are enough."""
    of_stills = not frames.is_video(owners[1])
    left = _FIRST_STILLS if of_stills else _FIRST_PAIRS
    used: set[int] = set()
    later = []
    for a, b in pairs:
        if a in used or (b in used and not of_stills):
            later.append((a, b))
        elif left:
            used |= {a, b}
            left -= 1
            yield a, b
    yield from later[:left]
