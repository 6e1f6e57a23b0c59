"""Searches a case for the pictures that one signal ties to a query picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals import SIGNALS, Metric, PictureSignal, Signal, copy_hashes
from frametrace.embed.signals.local import Features, Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.base import CodeIndex
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.index_store import open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.case_signals import open_signal
from frametrace.matcher.pictures.feature_alignment import MIN_INLIERS
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.query.by_local_features import (
    MAX_CANDIDATES,
    differing_hash_copies,
    pictures_sharing_pixels,
)
from frametrace.matcher.query.posts_with_items import MatchingItem
from frametrace.matcher.result_schemas import Relation
from frametrace.posts.errors import UsageError
from frametrace.work.progress import Progress

__all__ = ["QueryPicture", "SignalAnswer", "codes_of", "nearest", "search_by_signal"]

_MAX_VECTORS = 1000  # items that one query returns, before their posts are looked up

_TOO_PLAIN = f"too plain for local features (fewer than {MIN_INLIERS})"
_NO_THUMBNAILS = "pictures have no thumbnails yet (the case was made before 0.5)"
_MORE = (
    f"the first {MAX_CANDIDATES:,} of many candidates were compared, and the last of them still "
    "match: there may be more"
)


@dataclass(frozen=True, slots=True)
class SignalAnswer:
    """The items that one signal matches with the query.

    `unfit` says why the signal can't judge the picture; `more` says how there may be more matches.
    """

    items: list[MatchingItem]
    unfit: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class QueryPicture:
    """A query picture: the SHA-256 of its bytes, and its pixels."""

    digest: str
    picture: Picture


def search_by_signal(
    case: Case,
    query: QueryPicture,
    signal: str,
    known: Sequence[MatchingItem] = (),
    progress: Progress | None = None,
) -> SignalAnswer:
    """The pictures of a case that a signal ties to a query picture.

    Pictures that are `known` to be copies are left out, unless their pixels show a difference: then
    the new item replaces the known one. Raises `UsageError` if the case has no such signal,
    `IndexMismatch` if this machine would compute other values.
    """
    maker = open_signal(case, signal)
    if not isinstance(maker, PictureSignal):
        raise UsageError(f"{signal} is not computed from pictures")
    values = maker.query_values(query.picture)
    if maker.metric is Metric.FEATURES:
        return _by_features(case, query, values, known, progress)
    if not pc.any(maker.usable(values)).as_py():
        return SignalAnswer([], maker.why_unusable())
    items = nearest(open_index(case, signal, CodeIndex, progress), signal, codes_of(maker, values))
    digests = {item.sha256 for item in known}
    return SignalAnswer([item for item in items if item.sha256 not in digests])


def _by_features(
    case: Case,
    query: QueryPicture,
    values: pa.Table,
    known: Sequence[MatchingItem],
    progress: Progress | None,
) -> SignalAnswer:
    """The pictures that share local features with the query, verified on thumbnails."""
    features = Features.of(values["code"][0].as_py())
    if len(features) < MIN_INLIERS:
        return SignalAnswer([], _TOO_PLAIN)
    index = open_index(case, Local.name, FeatureIndex, progress)
    if Thumbnail.name not in case.epoch.signals:
        command = f"frametrace embed {case.path}"
        note = f"{_NO_THUMBNAILS}. To look for edited copies as well: {command}"
        return SignalAnswer([], more=note)
    thumbnails = open_index(case, Thumbnail.name, ThumbnailIndex, progress)
    picture = PictureValues.of(values["code"][0].as_py(), _thumbnail(query.picture))
    digests = {item.sha256 for item in known}
    items, all_matched = pictures_sharing_pixels(index, thumbnails, query.digest, picture, digests)
    hashes = copy_hashes()
    copies = [item for item in known if item.signal in hashes and item.sha256 != query.digest]
    items += differing_hash_copies(index, thumbnails, query.digest, picture, copies)
    return SignalAnswer(items, more=_MORE if all_matched else "")


def _thumbnail(picture: Picture) -> bytes:
    code: bytes = Thumbnail().values_of(picture)["code"][0].as_py()
    return code


def codes_of(maker: Signal, values: pa.Table) -> np.ndarray:
    """The codes of all rows, (m, k)."""
    rows = values[maker.column].to_pylist()
    if isinstance(rows[0], bytes):
        return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)
    return np.array(rows, np.float32)


def nearest(index: CodeIndex, signal: str, codes: np.ndarray) -> list[MatchingItem]:
    """The items near a (1, k) code, or near one of the codes of a picture's orientations."""
    bound = SIGNALS[signal].bound
    if bound is None:
        raise UsageError(f"{signal} has no threshold to search within")
    if SIGNALS[signal].metric is Metric.HAMMING:
        return _copies(index, signal, codes, bound.value)
    hits = index.search(codes, bound.value, _MAX_VECTORS)
    return [
        MatchingItem(item, signal, str(Relation.SIMILAR), None, similarity)
        for row, similarity in zip(hits.row.tolist(), hits.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]


def _copies(index: CodeIndex, signal: str, codes: np.ndarray, radius: float) -> list[MatchingItem]:
    """Each item within the radius once, with its least distance and the first such orientation."""
    hits = index.search(codes, radius)
    order = np.lexsort((hits.query, hits.value, hits.row))
    rows, first = np.unique(hits.row[order], return_index=True)
    orientation, distance = hits.query[order[first]], hits.value[order[first]]
    kind = SIGNALS[signal]
    known = kind.orientations if issubclass(kind, PictureSignal) else ()
    orientations = known if len(codes) == len(known) else ((None, None),)
    items, copy = [], str(Relation.COPY)
    for row, at, bits in zip(rows.tolist(), orientation.tolist(), distance.tolist(), strict=True):
        mirrored, rotation = orientations[at]
        similarity = 1 - bits / (8 * codes.shape[1])
        items += [
            MatchingItem(item, signal, copy, bits, similarity, mirrored=mirrored, rotation=rotation)
            for item in index.codes.items_of(row)
        ]
    return items
