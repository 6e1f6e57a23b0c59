"""Compares caption vectors with those of a tip, which finds reworded and translated captions.

A tip carries vectors as 8-bit integers, which are normalised before they are compared. The
threshold on cosine similarity follows from how similar unrelated captions of the receiver are, and
from the number of vectors that each caption is compared with.
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
from frametrace.matcher.case_signals import weights_of
from frametrace.matcher.framing.calibration import Background
from frametrace.matcher.framing.text_similarity import caption_prior
from frametrace.matcher.framing.vector_similarity import angular_nearness, cosine_of
from frametrace.matcher.tips.packed_vectors import pack_vectors
from frametrace.matcher.tips.tip_model import Head
from frametrace.work.progress import Progress, Silent

__all__ = [
    "can_compare_meanings",
    "encoded_vectors",
    "nearest_meanings",
    "same_model",
]

# The rarity (-log10 p) among unrelated captions that a similarity to one vector must reach; to any
# of m vectors, log10(m) more. It is higher than for framings (5), where a second tie is required.
# Set on a tip of 300 captions of pictures (flickr8k): 1 in 900 captions of other pictures passes;
# at a rarity of 5, 1 in 80 would. On a test set of 300 captions of further pictures, 1 in 500
# passes.
_MIN_RARITY = 6.5
_MIN_CAPTIONS = 100  # of a case, to measure unrelated captions under an unknown model
_SAMPLE = 5_000  # captions of the case, chosen by digest, on which unrelated pairs are measured
_BLOCK = 4096  # vectors on each side compared at a time
_NEAREST = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("similarity", pa.float32()),
        ("near", pa.int64()),
    ]
)


def encoded_vectors(case: Case, captions: pa.Array) -> dict[str, str]:
    """The packed vectors of the captions that have one, in base64, by digest."""
    encoded: dict[str, str] = {}
    for digests, vectors in _shards(case, captions):
        texts = (base64.b64encode(code).decode("ascii") for code in pack_vectors(vectors))
        encoded |= zip(digests.to_pylist(), texts, strict=True)
    return encoded


def same_model(case: Case, head: Head) -> bool:
    """Whether the vectors of a tip and of a case were made by the same model."""
    theirs = (head.signals or {}).get(Caption.name, {}).get("fingerprint", "")
    return bool(theirs) and of_weights(theirs) == weights_of(case, Caption.name)


def can_compare_meanings(case: Case) -> bool:
    """Whether a similarity threshold is known: for the model, or from enough captions."""
    rows = case.epoch.rows(signal_table(Caption.name))
    return rows > 0 and (caption_prior(case).known or rows >= _MIN_CAPTIONS)


def nearest_meanings(
    case: Case,
    vectors: Sequence[bytes],
    captions: pa.Array | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """The texts of a case that are close in meaning to one of m packed vectors.

    Columns `sha256`, `item` (the nearest vector, the first of equally near ones), `similarity`
    (cosine) and `near` (the number of vectors above the threshold); ordered by `sha256`. `captions`
    limits the search to these digests. Vectors of another length than the case's match nothing.
    """
    rows = case.epoch.rows(signal_table(Caption.name))
    if not can_compare_meanings(case):
        return _NEAREST.empty_table()
    threshold = _threshold(case, rows, len(vectors))
    parts = [_NEAREST.empty_table()]
    with (progress or Silent()).track("comparing captions by meaning", rows) as advance:
        for digests, ours in _shards(case, captions):
            for start in range(0, len(ours), _BLOCK):
                block = slice(start, start + _BLOCK)
                item, similarity, near = _nearest(ours[block], vectors, threshold)
                matches = np.flatnonzero(near)
                parts.append(
                    pa.table(
                        [
                            digests.take(pa.array(start + matches)),
                            pa.array(item[matches]),
                            pa.array(np.minimum(similarity[matches], 1)),
                            pa.array(near[matches]),
                        ],
                        schema=_NEAREST,
                    )
                )
            advance(len(digests))
    return pa.concat_tables(parts).sort_by("sha256")


def _nearest(
    ours: np.ndarray, vectors: Sequence[bytes], threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of our vectors: the nearest, its cosine, and how many reach the threshold."""
    item, near = np.zeros((2, len(ours)), np.int64)
    best = np.full(len(ours), -1, np.float32)
    for start in range(0, len(vectors), _BLOCK):
        cosines = ours @ _unpacked(vectors[start : start + _BLOCK], ours.shape[1]).T
        nearest = cosines.argmax(axis=1)
        similarity = cosines[np.arange(len(ours)), nearest]
        better = similarity > best
        item[better], best[better] = start + nearest[better], similarity[better]
        near += (cosines >= threshold).sum(axis=1)
    return item, best, near


def _unpacked(codes: Sequence[bytes], width: int) -> np.ndarray:
    """(m, width) float32 of unit length; zero for codes of another length."""
    fitting = [code if len(code) == width else bytes(width) for code in codes]
    vectors = np.frombuffer(b"".join(fitting), np.int8).reshape(-1, width).astype(np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = vectors / np.maximum(length, 1)
    return unit


def _threshold(case: Case, rows: int, count: int) -> float:
    """The cosine from which a caption of the case matches one of `count` vectors."""
    end = f"{min(int(_SAMPLE / max(rows, 1) * 2**32), 2**32 - 1):08x}"
    parts = [vectors[_before(digests, end)] for digests, vectors in _shards(case)]
    sample = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)

    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return angular_nearness(np.einsum("ij,ij->i", sample[a], sample[b]))

    background = Background.measure(len(sample), compare, caption_prior(case))
    return cosine_of(background.similarity_at(_MIN_RARITY + np.log10(max(count, 1))))


def _before(digests: pa.Array, end: str) -> np.ndarray:
    """Whether the first 8 digits of each digest are at most `end`: a stable random sample."""
    is_sampled: np.ndarray = pc.less_equal(pc.utf8_slice_codeunits(digests, 0, 8), end).to_numpy(
        zero_copy_only=False
    )
    return is_sampled


def _shards(case: Case, captions: pa.Array | None = None) -> Iterator[tuple[pa.Array, np.ndarray]]:
    """Digests and (n, d) float32 vectors of the texts that have one, shard by shard."""
    for shard in case.shards(signal_table(Caption.name), ["sha256", "code"]):
        keep = pc.is_valid(shard["code"])
        if captions is not None:
            keep = pc.and_(keep, pc.is_in(shard["sha256"], value_set=captions))
        rows = shard.filter(keep).combine_chunks()
        if rows.num_rows:
            code = rows["code"].combine_chunks()
            values = code.flatten().to_numpy().astype(np.float32, copy=False)
            vectors = values.reshape(len(code), -1)
            valid = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
            yield rows["sha256"].combine_chunks().filter(pa.array(valid)), vectors[valid]
