"""Captions that mean what a tip's do: vectors find what was reworded, or translated.

A tip carries vectors as whole numbers of 8 bits, which are normalised when they are compared. How
near is alike follows from how near the receiver's own captions are that have nothing to do with
each other, and from how many vectors each is compared with.
"""

import base64
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.models.runtime import of_weights
from frametrace.embed.signals.caption import Caption
from frametrace.matcher.framing.calibration import Background
from frametrace.matcher.framing.text_similarity import caption_prior
from frametrace.matcher.framing.vector_similarity import angular_nearness, cosine_of
from frametrace.matcher.tips.tip_model import Head
from frametrace.matcher.weights import weights_of
from frametrace.work.progress import Progress, Silent

__all__ = [
    "made_alike",
    "nearest_meanings",
    "packed",
    "tells_meanings",
    "vector_of",
    "vectors_of",
]

_MOST_VALUES = 4096  # of a vector; models of sentences have 384 to 1,024
_TOP = 127  # the largest of a packed vector's values
# Decades by which likeness to one vector has to be rare among unrelated captions; to one of m,
# log10(m) more. It is more than framings ask for (5), as no second tie has to hold. Set on a tip of
# 300 captions of pictures (flickr8k): of captions of other pictures 1 in 900 is as near, at 5
# decades 1 in 80. Of tips on 300 captions of further pictures it is 1 in 500.
_RARE = 6.5
_ENOUGH = 100  # captions that tell how near unrelated ones are under a model not known
_SAMPLE = 5_000  # captions of the case, by digest, that its background is measured on
_BLOCK = 4096  # vectors on each side that are compared at a time
_MEANT = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("similarity", pa.float32()),
        ("near", pa.int64()),
    ]
)


def packed(vectors: np.ndarray) -> list[bytes]:
    """(m, d) float32 vectors as tips carry them: d numbers of 8 bits each, the largest 127.

    The cosine similarity of two changes by less than 0.001.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=np.finfo(np.float32).tiny)
    return [row.tobytes() for row in np.rint(vectors * (_TOP / largest)).astype(np.int8)]


def vector_of(text: str) -> bytes | None:
    """A packed vector from outside, in base64; None where it is none."""
    code = base64.b64decode(text)
    return code if 0 < len(code) <= _MOST_VALUES and any(code) else None


def vectors_of(case: Case, captions: pa.Array) -> dict[str, str]:
    """The packed vectors of some captions, by digest, in base64; some have none."""
    found: dict[str, str] = {}
    for digests, vectors in _shards(case, captions):
        texts = (base64.b64encode(code).decode("ascii") for code in packed(vectors))
        found |= zip(digests.to_pylist(), texts, strict=True)
    return found


def made_alike(case: Case, head: Head) -> bool:
    """Whether a tip's vectors were made by the model of the case's."""
    theirs = (head.signals or {}).get(Caption.name, {}).get("fingerprint", "")
    return bool(theirs) and of_weights(theirs) == weights_of(case, Caption.name)


def tells_meanings(case: Case) -> bool:
    """Whether it is known how near unrelated captions are: by the model, or by enough captions."""
    rows = case.epoch.rows(signal_table(Caption.name))
    return rows > 0 and (caption_prior(case).known or rows >= _ENOUGH)


def nearest_meanings(
    case: Case,
    vectors: Sequence[bytes],
    captions: pa.Array | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """The texts of a case that mean what one of m packed vectors does.

    Columns `sha256`, `item` (the nearest vector, of equally near ones the first), `similarity`
    (cosine) and `near` (how many vectors are alike); ordered by `sha256`. `captions` narrows it to
    some. Vectors of another length than the case's are like nothing.
    """
    rows = case.epoch.rows(signal_table(Caption.name))
    if not tells_meanings(case):
        return _MEANT.empty_table()
    least = _least(case, rows, len(vectors))
    parts = [_MEANT.empty_table()]
    with (progress or Silent()).track("comparing captions by meaning", rows) as advance:
        for digests, ours in _shards(case, captions):
            for start in range(0, len(ours), _BLOCK):
                block = slice(start, start + _BLOCK)
                item, similarity, near = _nearest(ours[block], vectors, least)
                found = np.flatnonzero(near)
                parts.append(
                    pa.table(
                        [
                            digests.take(pa.array(start + found)),
                            pa.array(item[found]),
                            pa.array(np.minimum(similarity[found], 1)),
                            pa.array(near[found]),
                        ],
                        schema=_MEANT,
                    )
                )
            advance(len(digests))
    return pa.concat_tables(parts).sort_by("sha256")


def _nearest(
    ours: np.ndarray, vectors: Sequence[bytes], least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of our vectors the nearest, its cosine, and how many are as near as `least`."""
    item, near = np.zeros((2, len(ours)), np.int64)
    best = np.full(len(ours), -1, np.float32)
    for start in range(0, len(vectors), _BLOCK):
        cosines = ours @ _unpacked(vectors[start : start + _BLOCK], ours.shape[1]).T
        nearest = cosines.argmax(axis=1)
        similarity = cosines[np.arange(len(ours)), nearest]
        better = similarity > best
        item[better], best[better] = start + nearest[better], similarity[better]
        near += (cosines >= least).sum(axis=1)
    return item, best, near


def _unpacked(codes: Sequence[bytes], width: int) -> np.ndarray:
    """(m, width) float32 of unit length, zero where a code has another length."""
    fitting = [code if len(code) == width else bytes(width) for code in codes]
    vectors = np.frombuffer(b"".join(fitting), np.int8).reshape(-1, width).astype(np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = vectors / np.maximum(length, 1)
    return unit


def _least(case: Case, rows: int, count: int) -> float:
    """The cosine from which one of the case's captions is alike to one of `count` vectors."""
    end = f"{min(int(_SAMPLE / max(rows, 1) * 2**32), 2**32 - 1):08x}"
    some = [vectors[_before(digests, end)] for digests, vectors in _shards(case)]
    sample = np.concatenate(some) if some else np.zeros((0, 1), np.float32)

    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return angular_nearness(np.einsum("ij,ij->i", sample[a], sample[b]))

    background = Background.measure(len(sample), compare, caption_prior(case))
    return cosine_of(background.similarity_at(_RARE + np.log10(max(count, 1))))


def _before(digests: pa.Array, end: str) -> np.ndarray:
    small: np.ndarray = pc.less_equal(pc.utf8_slice_codeunits(digests, 0, 8), end).to_numpy(
        zero_copy_only=False
    )
    return small


def _shards(case: Case, captions: pa.Array | None = None) -> Iterator[tuple[pa.Array, np.ndarray]]:
    """Digests and (n, d) float32 vectors of the texts that have one, some at a time."""
    for shard in case.shards(signal_table(Caption.name), ["sha256", "code"]):
        keep = pc.is_valid(shard["code"])
        if captions is not None:
            keep = pc.and_(keep, pc.is_in(shard["sha256"], value_set=captions))
        kept = shard.filter(keep).combine_chunks()
        if kept.num_rows:
            code = kept["code"].combine_chunks()
            values = code.flatten().to_numpy().astype(np.float32, copy=False)
            vectors = values.reshape(len(code), -1)
            sound = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
            yield kept["sha256"].combine_chunks().filter(pa.array(sound)), vectors[sound]
