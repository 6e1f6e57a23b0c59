"""Decides from frames that agree whether a video of the case reuses a known video, and when.

Of the known video only some frames are known. A video reuses it if frames that look different from
each other agree at one offset and speed, for some seconds. One frame that agrees says little: it
may be black, a test card, a title or a studio that many videos show. It counts only if it is most
of both videos and the hashes are nearly equal.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.spans import (
    Shown,
    Span,
    Together,
    intervals_of,
    segments,
    without_repeats,
)
from frametrace.matcher.videos.time_alignment import TimeAlignment, align_in_time
from frametrace.matcher.videos.video_relation import Shares, relation_of_videos, shares_of

__all__ = ["FrameAgreement", "KnownVideo", "Reuse", "reuse_of"]

_MAX_ALIGNMENTS = 3  # of two videos: parts that were cut out or moved
_MAX_INTERVALS = 20_000  # pairs of intervals of frames that agree, of two videos
_MAX_GAP = 1500.0  # ms of frames that differ inside a span, as in `videos.spans`
_MIN_SPAN = 800.0  # ms, as in `videos.spans`
_FOUND_INSIDE = 0.5  # part of the agreeing frames, as in `videos.video_relation`
# Bits by which two frames of the known video must differ to look different: no picture is near
# both. With half as many, two speakers in one studio would be copies (benchmark of videos).
_DIFFERENT_SCENES = 2 * PDQ_MAX_DISTANCE
_ONE_SCENE_BITS = 10  # at most, in the median, where all agreeing frames show one scene; not tuned
_ONE_SCENE_SHARE = 0.6  # of both videos, as in copies of videos (`videos.video_relation`)

FramePair = tuple[int, int]  # a known frame and a frame of the case


@dataclass(frozen=True, slots=True)
class FrameAgreement:
    """The evidence of two frames: bits that differ, or None by local features.

    `similarity` and `relation` are as in ECHOES.
    """

    bits: int | None
    similarity: float
    relation: Relation = Relation.COPY
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class KnownVideo:
    """A known video: when its known frames are shown, their PDQ by frame, which have features."""

    duration: float  # ms
    shown: Shown
    hashes: Mapping[int, np.ndarray]  # (32,) uint8; those that are usable
    with_features: frozenset[int]


@dataclass(frozen=True, slots=True)
class Reuse:
    """How a video of the case (B) reuses a known video (A): spans, and the best two frames.

    `relation` is `copy`, `contains` (B contains A) or `part` (B is a part of A).
    """

    relation: Relation
    spans: tuple[Span, ...]
    common: float  # ms
    best: FrameAgreement


def reuse_of(
    known: KnownVideo,
    shown: Shown,
    duration: float,
    pairs: Mapping[FramePair, FrameAgreement],
) -> Reuse | None:
    """The reuse of a known video in one of the case, by their frames that agree; None without any.

    `shown` and `duration` (ms) are those of the case's video.
    """
    aligned = list(_aligned(known, shown, pairs))
    parts = [part for part in aligned if _shows_scenes(part.pairs, known)] or aligned[:1]
    spans = without_repeats([span for part in parts for span in part.spans])
    if not spans:
        return None
    agreeing = [pair for part in parts for pair in part.pairs.values()]
    shares = shares_of(spans, known.duration, duration)
    inside = [pair.relation for pair in agreeing if pair.relation != Relation.COPY]
    part_inside = len(inside) / len(agreeing)
    relation = relation_of_videos(spans, (known.duration, duration), part_inside)
    is_telling = _shows_scenes(parts[0].pairs, known) or _is_one_scene(agreeing, shares)
    if relation == Relation.SHARES_ELEMENT or not is_telling:
        return None
    if relation == Relation.CONTAINS and _is_part(inside, part_inside, shares):
        relation = Relation.PART
    best = max(agreeing, key=lambda pair: (pair.bits is not None, pair.similarity))
    return Reuse(relation, tuple(spans), shares.common, best)


@dataclass(frozen=True, slots=True)
class _Aligned:
    """The spans at one alignment, and the frames that agree in them."""

    spans: Sequence[Span]
    pairs: Mapping[FramePair, FrameAgreement]


def _aligned(
    known: KnownVideo, shown: Shown, pairs: Mapping[FramePair, FrameAgreement]
) -> Iterator[_Aligned]:
    """The alignments with spans, best first; each explains frames that those before it don't."""
    left = _best_pairs(known.shown, shown, pairs)
    for _ in range(_MAX_ALIGNMENTS):
        alignment = align_in_time(intervals_of(known.shown, shown, list(left))) if left else None
        if alignment is None:
            return
        together = segments(known.shown, shown, alignment)
        keys = list(zip(together.a.tolist(), together.b.tolist(), strict=True))
        used = {key: left.pop(key) for key in dict.fromkeys(keys) if key in left}
        if not used:
            return
        spans = _spans(together, keys, used, known, alignment)
        inside = {
            key: used[key]
            for key, start in zip(keys, together.starts.tolist(), strict=True)
            if key in used and any(span.start_a <= start < span.end_a for span in spans)
        }
        if inside:
            yield _Aligned(spans, inside)


def _best_pairs(
    known: Shown, shown: Shown, pairs: Mapping[FramePair, FrameAgreement]
) -> dict[FramePair, FrameAgreement]:
    """The pairs that agree best, as many as may be aligned: frames may be shown very often."""
    times_a, times_b = Counter(known.frames.tolist()), Counter(shown.frames.tolist())
    kept: dict[FramePair, FrameAgreement] = {}
    intervals = 0
    for key in sorted(pairs, key=lambda key: (-pairs[key].similarity, key)):
        intervals += times_a[key[0]] * times_b[key[1]]
        if kept and intervals > _MAX_INTERVALS:
            break
        kept[key] = pairs[key]
    return kept


def _is_part(inside: Sequence[Relation], part_inside: float, shares: Shares) -> bool:
    """Whether the video of the case is the part of the known one, by their frames or their time."""
    if part_inside >= _FOUND_INSIDE:
        return 2 * inside.count(Relation.PART) > len(inside)
    return shares.a < shares.b


def _spans(
    together: Together,
    keys: Sequence[FramePair],
    used: Mapping[FramePair, FrameAgreement],
    known: KnownVideo,
    alignment: TimeAlignment,
) -> list[Span]:
    """The spans in which frames agree at an alignment.

    What lies between two known frames is not known, so only frames that differ end a span.
    """
    by_hash = 2 * sum(pair.bits is not None for pair in used.values()) > len(used)
    mirrored = 2 * sum(pair.mirrored for pair in used.values()) > len(used)
    spans: list[Span] = []
    begin, last, differing = -1, -1, 0.0
    for at, key in enumerate(keys):
        if key in used:
            if begin >= 0 and differing > _MAX_GAP:
                spans.append(_span(together, begin, last, alignment, mirrored=mirrored))
                begin = -1
            begin, last, differing = at if begin < 0 else begin, at, 0.0
        elif by_hash or key[0] in known.with_features:
            differing += float(together.ends[at] - together.starts[at])
    if begin >= 0:
        spans.append(_span(together, begin, last, alignment, mirrored=mirrored))
    return [span for span in spans if span.length >= _MIN_SPAN]


def _span(
    together: Together, first: int, last: int, alignment: TimeAlignment, *, mirrored: bool
) -> Span:
    start, end = float(together.starts[first]), float(together.ends[last])
    start_b, end_b = alignment.in_b(np.array([start, end])).tolist()
    return Span(start, end, max(start_b, 0.0), end_b, mirrored)


def _shows_scenes(agreeing: Mapping[FramePair, FrameAgreement], known: KnownVideo) -> bool:
    """Whether the known frames that agree look different from each other."""
    frames = {frame for frame, _ in agreeing}
    codes = [known.hashes[frame] for frame in sorted(frames) if frame in known.hashes]
    return len(codes) >= 2 and _farthest(np.stack(codes)) > _DIFFERENT_SCENES


def _is_one_scene(agreeing: Sequence[FrameAgreement], shares: Shares) -> bool:
    """Whether frames that look alike are most of both videos, and nearly equal in both."""
    bits = [pair.bits for pair in agreeing if pair.bits is not None]
    nearly_equal = bool(bits) and float(np.median(bits)) <= _ONE_SCENE_BITS
    return nearly_equal and min(shares.a, shares.b) >= _ONE_SCENE_SHARE


def _farthest(codes: np.ndarray) -> int:
    """The most bits by which any two of (n, 32) hashes differ."""
    differing = np.bitwise_count(codes[:, None] ^ codes[None]).sum(axis=2, dtype=np.int64)
    return int(differing.max())
