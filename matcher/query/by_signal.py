"""A picture that is asked for, held against the pictures of a case by one signal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import Picture
from frametrace.embed.models.runtime import NumericPrecision, of_weights
from frametrace.embed.signals import SIGNALS, Metric, PictureSignal, Signal, copy_hashes
from frametrace.embed.signals.local import Features, Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.base import CodeIndex, Index
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.store import open_as, open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.pictures.geometry import MIN_INLIERS
from frametrace.matcher.pictures.picture_values import Shown
from frametrace.matcher.query.answer import Hit
from frametrace.matcher.query.by_local_features import MOST, copies_compared, sharing
from frametrace.matcher.results import Relation
from frametrace.posts.errors import IndexMismatch, UsageError
from frametrace.work.progress import Progress

__all__ = ["Asked", "Looked", "codes_of", "look", "nearest", "opened"]

_MOST_VECTORS = 1000  # that one question brings back, before posts are looked up

_TOO_PLAIN = f"too plain for local features (fewer than {MIN_INLIERS})"
_NO_THUMBNAILS = "pictures have no thumbnails yet (the case was made before 0.5)"
_MORE = (
    f"the first {MOST:,} of many candidates were compared, and the last of them still match: there "
    "may be more"
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one signal found, why it can say nothing of the picture, and that there may be more.

    Hits of pictures that were known stand in place of what was known of them.
    """

    hits: list[Hit]
    unfit: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture that is asked for: its bytes' SHA-256, and what they show."""

    digest: str
    picture: Picture


def look(
    case: Case,
    asked: Asked,
    signal: str,
    known: Sequence[Hit] = (),
    progress: Progress | None = None,
) -> Looked:
    """The pictures of a case that a signal ties to a picture.

    Those that are `known` to be copies may be left out, unless pixels say otherwise. Raises
    `UsageError` where the case has no such signal, `IndexMismatch` where this machine would make
    other values.
    """
    maker = opened(case, signal)
    if not isinstance(maker, PictureSignal):
        raise UsageError(f"{signal} is not a signal of pictures")
    values = maker.query_values(asked.picture)
    if maker.metric is Metric.FEATURES:
        return _by_features(case, asked, values, known, progress)
    if not pc.any(maker.usable(values)).as_py():
        return Looked([], maker.why_unusable())
    hits = nearest(open_index(case, signal, progress), signal, codes_of(maker, values))
    digests = {hit.sha256 for hit in known}
    return Looked([hit for hit in hits if hit.sha256 not in digests])


def _by_features(
    case: Case,
    asked: Asked,
    values: pa.Table,
    known: Sequence[Hit],
    progress: Progress | None,
) -> Looked:
    """The pictures that share local features with the query, verified on thumbnails."""
    features = Features.of(values["code"][0].as_py())
    if len(features) < MIN_INLIERS:
        return Looked([], _TOO_PLAIN)
    index = open_as(FeatureIndex, case, Local.name, progress)
    if Thumbnail.name not in case.epoch.signals:
        how = f"frametrace embed {case.path}"
        return Looked([], more=f"{_NO_THUMBNAILS}. To look for edited copies as well: {how}")
    thumbnails = open_as(ThumbnailIndex, case, Thumbnail.name, progress)
    shown = Shown.of(values["code"][0].as_py(), _thumbnail(asked.picture))
    digests = {hit.sha256 for hit in known}
    hits, all_matched = sharing(index, thumbnails, asked.digest, shown, digests)
    hashes = copy_hashes()
    copies = [hit for hit in known if hit.signal in hashes and hit.sha256 != asked.digest]
    hits += copies_compared(index, thumbnails, asked.digest, shown, copies)
    return Looked(hits, more=_MORE if all_matched else "")


def _thumbnail(picture: Picture) -> bytes:
    code: bytes = Thumbnail().values_of(picture)["code"][0].as_py()
    return code


def opened(case: Case, signal: str) -> Signal:
    """The signal by the weights that made the case's values, in float32 for what little is asked.

    Raises `IndexMismatch` where this machine has other weights.
    """
    made_by = case.epoch.signals[signal]
    chosen = SIGNALS[signal].choice_of(made_by, NumericPrecision.FLOAT32)
    maker = SIGNALS[signal].open(chosen)
    if of_weights(maker.made_by["fingerprint"]) != of_weights(made_by["fingerprint"]):
        raise IndexMismatch(
            f"{case.path} holds {signal} made by {made_by['fingerprint']}, this machine has "
            f"{maker.made_by['fingerprint']}: put the first model back, or compute all anew with: "
            f"frametrace embed {case.path} --signal {signal} --replace"
        )
    return maker


def codes_of(maker: Signal, values: pa.Table) -> np.ndarray:
    """The codes of all rows, (m, k)."""
    rows = values[maker.column].to_pylist()
    if isinstance(rows[0], bytes):
        return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)
    return np.array(rows, np.float32)


def nearest(index: Index, signal: str, codes: np.ndarray) -> list[Hit]:
    """The items near a (1, k) code, or near one of the codes of a picture's orientations."""
    bound = SIGNALS[signal].bound
    if not isinstance(index, CodeIndex) or bound is None:
        raise UsageError(f"{signal} has no bound to search within")
    if SIGNALS[signal].metric is Metric.HAMMING:
        return _copies(index, signal, codes, bound.value)
    hits = index.search(codes, bound.value, _MOST_VECTORS)
    return [
        Hit(item, signal, str(Relation.SIMILAR), None, similarity)
        for row, similarity in zip(hits.row.tolist(), hits.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]


def _copies(index: CodeIndex, signal: str, codes: np.ndarray, radius: float) -> list[Hit]:
    """Each item within the radius once, with its least distance and the first such orientation."""
    hits = index.search(codes, radius)
    order = np.lexsort((hits.query, hits.value, hits.row))
    rows, first = np.unique(hits.row[order], return_index=True)
    orientation, distance = hits.query[order[first]], hits.value[order[first]]
    kind = SIGNALS[signal]
    known = kind.orientations if issubclass(kind, PictureSignal) else ()
    orientations = known if len(codes) == len(known) else ((None, None),)
    found, copy = [], str(Relation.COPY)
    for row, at, bits in zip(rows.tolist(), orientation.tolist(), distance.tolist(), strict=True):
        mirrored, rotation = orientations[at]
        similarity = 1 - bits / (8 * codes.shape[1])
        found += [
            Hit(item, signal, copy, bits, similarity, mirrored=mirrored, rotation=rotation)
            for item in index.codes.items_of(row)
        ]
    return found
