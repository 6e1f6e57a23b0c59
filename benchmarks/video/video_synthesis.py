"""Makes the stored values of many videos from those of a few real ones, without any pixels.

A synthetic video has the intervals, the thumbnails and the number of frames of a real one. The
hashes of its frames and of its track are those of the real one, with one random mask per video: so
hashes of one video are as far apart as real ones, and those of two videos as random ones. Its local
features are made by synthetic.py and agree only by chance; consecutive frames share half of them,
as under a moving camera. A planted copy differs from another video in some bits of each hash and
in a fifth of the features.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from synthetic import FEATURE, Synthesis

from frametrace.case.schemas import MEDIA, POST_MEDIA, POSTS
from frametrace.case.store import Case
from frametrace.embed.media_kinds import decode_frames
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.embed.value_tables import Prepared, tables_of

__all__ = ["digest_of", "prepared", "put_videos"]

_SIGNALS = (Pdq(), Local(), Thumbnail())
_COPY_BITS = 6  # of 256 that a copy's hashes differ in
_COPY_LOST = 0.2  # of the features of a copy
_SHARED = 0.5  # of the features of consecutive frames
_ACCOUNTS = 2_000


def digest_of(number: int) -> str:
    """The digest of a synthetic video: it has no bytes."""
    return hashlib.sha256(f"synthetic video {number}".encode()).hexdigest()


def prepared(path: Path) -> Prepared:
    """The values of a real video's frames and its timeline, as `embed` makes them."""
    preparers = {signal.name: signal.preparer() for signal in _SIGNALS}
    frames = decode_frames(path.read_bytes())
    values = [{name: make(frame) for name, make in preparers.items()} for frame in frames]
    return Prepared(tuple(values), (), frames.timeline)


@dataclass(frozen=True, slots=True)
class _Features:
    """Local features of the frames of some videos, (n, bytes) uint8, drawn one after the other."""

    codes: np.ndarray

    def of_video(self, start: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Those of one video's frames: each shares features with the one before."""
        frames = [self.codes[start].copy()]
        for at in range(start + 1, start + count):
            frames.append(_mixed(frames[-1], self.codes[at], 1 - _SHARED, rng))
        return frames


def _mixed(
    code: np.ndarray, other: np.ndarray, part: float, rng: np.random.Generator
) -> np.ndarray:
    """A frame's features, of which a part is replaced by those of another frame."""
    mixed = code.copy()
    rows, others = (np.frombuffer(one[4:].data, FEATURE).copy() for one in (mixed, other))
    chosen = rng.random(len(rows)) < part
    rows[chosen] = others[chosen]
    mixed[4:] = rows.view(np.uint8)
    return mixed


def put_videos(
    case: Case,
    real: Sequence[Prepared],
    make: Synthesis,
    numbers: Sequence[int],
    copies: int,
) -> int:
    """Write synthetic videos as one unit, each with a post; the frames written.

    Of the pairs 0 and 1, 2 and 3, …, the first `copies` are copies.
    """
    items = list(_videos(real, make, numbers, copies))
    tables = tables_of(_SIGNALS, items)
    with case.writer() as writer:
        for signal in _SIGNALS:
            writer.describe(signal.name, signal.made_by)
        writer.put(f"synthetic {numbers[0]}", {**tables, **_posts([sha for sha, _ in items])})
        writer.commit()
    return sum(len(item.frames) for _, item in items)


def _videos(
    real: Sequence[Prepared], make: Synthesis, numbers: Sequence[int], copies: int
) -> Iterator[tuple[str, Prepared]]:
    bases = [real[number // 2 % len(real)] for number in numbers]
    counts = [len(base.frames) for base in bases]
    features = _Features(make.codes(sum(counts), numbers[0]))
    start = 0
    before: list[np.ndarray] = []
    for number, base, count in zip(numbers, bases, counts, strict=True):
        rng = np.random.default_rng([29, number])
        is_copy = number % 2 == 1 and number // 2 < copies
        mask = np.random.default_rng([31, number - is_copy]).integers(0, 256, 32, np.uint8)
        codes = features.of_video(start, count, rng)
        if is_copy:
            pairs = zip(before, codes, strict=True)
            codes = [_mixed(old, new, _COPY_LOST, rng) for old, new in pairs]
        frames = tuple(
            _frame(values, mask, code, rng, is_copy=is_copy)
            for values, code in zip(base.frames, codes, strict=True)
        )
        assert base.timeline is not None
        track = base.timeline.sample_hashes ^ mask
        if is_copy:
            track = np.array([_flipped(code, rng) for code in track])
        timeline = replace(base.timeline, sample_hashes=track)
        yield digest_of(number), Prepared(frames, (), timeline)
        before, start = codes, start + count


def _frame(
    values: Mapping[str, Any],
    mask: np.ndarray,
    code: np.ndarray,
    rng: np.random.Generator,
    *,
    is_copy: bool,
) -> dict[str, Any]:
    """A frame's values; the thumbnail is the real one's."""
    digits, quality = values[Pdq.name]
    hashed = np.frombuffer(digits, np.uint8) ^ mask
    hashed = _flipped(hashed, rng) if is_copy else hashed
    return {**values, Pdq.name: (hashed.tobytes(), quality), Local.name: code.tobytes()}


def _flipped(code: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    bits = np.unpackbits(code)
    bits[rng.permutation(len(bits))[:_COPY_BITS]] ^= 1
    return np.packbits(bits)


def _posts(digests: Sequence[str]) -> dict[str, pa.Table]:
    """A post for each video, by one of some accounts."""
    count, ids = len(digests), [digest[:16] for digest in digests]
    posts = {
        "platform": ["x"] * count,
        "post_id": ids,
        "account_id": [f"account-{int(each, 16) % _ACCOUNTS}" for each in ids],
        "account_kind": ["account"] * count,
        "precision": ["unknown"] * count,
        "source": ["posts.jsonl"] * count,
        "line": list(range(1, count + 1)),
    }
    posts |= {name: [None] * count for name in POSTS.names if name not in posts}
    paths = [f"{digest}.mp4" for digest in digests]
    media = {"sha256": digests, "root": ["/videos"] * count, "path": paths, "size": [1] * count}
    links = {"platform": ["x"] * count, "post_id": ids, "sha256": digests, "path": paths}
    return {
        "posts": pa.table(posts, POSTS),
        "media": pa.table(media, MEDIA),
        "post_media": pa.table(links, POST_MEDIA),
    }
