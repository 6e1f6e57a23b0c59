"""Searches a case for the pictures that one signal ties to a query picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals import PictureSignal, pdq, phash
from frametrace.embed.signals.local import Features, Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.hamming.hamming_index import BinaryIndex
from frametrace.index.store import Index, open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.index.vectors import DenseIndex
from frametrace.matcher.case_signals import open_index_as, open_signal
from frametrace.matcher.pictures.feature_alignment import MIN_INLIERS
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.query.answer import MatchingItem
from frametrace.matcher.query.by_local_features import (
    MAX_CANDIDATES,
    differing_hash_copies,
    pictures_sharing_pixels,
)
from frametrace.matcher.results import Relation
from frametrace.posts.errors import IndexMismatch, UsageError
from frametrace.work.progress import Progress

__all__ = ["QueryPicture", "SignalAnswer", "codes_of", "nearest", "search_by_signal"]

_RADIUS = {pdq.Pdq.name: pdq.MAX_DISTANCE, phash.Phash.name: phash.MAX_DISTANCE}
_MAX_VECTORS = 1000  # items that one query returns, before their posts are looked up
# A person judges the answers, nearest first, so the bound is below that for groups. Of English
# captions (flickr8k, all-MiniLM-L6-v2) 9 paraphrases in 10 lie above 0.4, 2 unrelated pairs in 100.
_LEAST_COSINE = 0.4

_TOO_FLAT = f"too flat for PDQ (quality below {pdq.MIN_QUALITY} of 100)"
_TOO_PLAIN = f"too plain for local features (fewer than {MIN_INLIERS})"
_NO_THUMBNAILS = "pictures have no thumbnails yet (the case was made before 0.5)"
_MORE = (
    f"the first {MAX_CANDIDATES:,} of many candidates were compared, and the last of them still "
    "match: there may be more"
)


@dataclass(frozen=True, slots=True)
class SignalAnswer:
    """The items that one signal matches with the query.

    `unfit` says why the signal can't judge the picture, `more` that there may be more matches.
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
    if signal == pdq.Pdq.name:
        codes, quality = pdq.compute_forms(np.asarray(query.picture.luma))
        if quality < pdq.MIN_QUALITY:
            return SignalAnswer([], _TOO_FLAT)
        return SignalAnswer(nearest(open_index(case, signal, progress), signal, codes))
    if signal == Thumbnail.name:
        raise UsageError(f"{Thumbnail.name} can't be searched: it only serves {Local.name}")
    values = maker.finish([maker.preparer()(query.picture)])
    if signal == Local.name:
        return _by_local_features(case, query, values["code"][0].as_py(), known, progress)
    return SignalAnswer(nearest(open_index(case, signal, progress), signal, codes_of(values)))


def _by_local_features(
    case: Case,
    query: QueryPicture,
    code: bytes,
    known: Sequence[MatchingItem],
    progress: Progress | None,
) -> SignalAnswer:
    if len(Features.of(code)) < MIN_INLIERS:
        return SignalAnswer([], _TOO_PLAIN)
    index = open_index_as(FeatureIndex, case, Local.name, progress)
    if Thumbnail.name not in case.epoch.signals:
        command = f"frametrace embed {case.path}"
        note = f"{_NO_THUMBNAILS}. To look for edited copies as well: {command}"
        return SignalAnswer([], more=note)
    thumbnails = open_index_as(ThumbnailIndex, case, Thumbnail.name, progress)
    values = PictureValues.of(code, _thumbnail(query.picture))
    digests = {item.sha256 for item in known}
    items, all_matched = pictures_sharing_pixels(index, thumbnails, query.digest, values, digests)
    copies = [i for i in known if i.signal == pdq.Pdq.name and i.sha256 != query.digest]
    items += differing_hash_copies(index, thumbnails, query.digest, values, copies)
    return SignalAnswer(items, more=_MORE if all_matched else "")


def _thumbnail(picture: Picture) -> bytes:
    maker = Thumbnail()
    code: bytes = maker.finish([maker.preparer()(picture)])["code"][0].as_py()
    return code


def codes_of(values: pa.Table) -> np.ndarray:
    """The `code` of a single row of values as (1, k)."""
    value = values["code"][0].as_py()
    if isinstance(value, bytes):
        return np.frombuffer(value, np.uint8)[None]
    return np.array([value], np.float32)


def nearest(index: Index, signal: str, codes: np.ndarray) -> list[MatchingItem]:
    """The items near a (1, k) code, or near one of the eight PDQ hashes of a picture."""
    if isinstance(index, BinaryIndex):
        return _copies(index, signal, codes)
    if not isinstance(index, DenseIndex):
        raise IndexMismatch(f"the index of {signal} can't be searched by a code")
    hits = index.search(codes, _MAX_VECTORS)
    hits = hits.where(hits.value >= _LEAST_COSINE)
    return [
        MatchingItem(item, signal, str(Relation.SIMILAR), None, similarity)
        for row, similarity in zip(hits.row.tolist(), hits.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]


def _copies(index: BinaryIndex, signal: str, codes: np.ndarray) -> list[MatchingItem]:
    """Each item within the radius once: its least distance, and the first orientation with it."""
    hits = index.search(codes, _RADIUS[signal])
    order = np.lexsort((hits.query, hits.value, hits.row))
    rows, first = np.unique(hits.row[order], return_index=True)
    orientation, distance = hits.query[order[first]], hits.value[order[first]]
    orientations = pdq.FORMS if len(codes) == len(pdq.FORMS) else ((None, None),)
    items, copy = [], str(Relation.COPY)
    for row, at, bits in zip(rows.tolist(), orientation.tolist(), distance.tolist(), strict=True):
        mirrored, rotation = orientations[at]
        similarity = 1 - bits / (8 * codes.shape[1])
        items += [
            MatchingItem(item, signal, copy, bits, similarity, mirrored=mirrored, rotation=rotation)
            for item in index.codes.items_of(row)
        ]
    return items
