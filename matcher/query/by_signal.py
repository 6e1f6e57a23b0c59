"""A picture that is asked for, held against the pictures of a case by one signal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import Picture
from frametrace.embed.models.runtimes import Arithmetic, of_weights
from frametrace.embed.signals import SIGNALS, ModelChoice, PictureSignal, Signal, pdq, phash
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Features, Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.hamming.hamming_index import BinaryIndex
from frametrace.index.store import Index, open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.index.vectors import DenseIndex
from frametrace.matcher.pictures.geometry import MIN_INLIERS
from frametrace.matcher.pictures.picture_values import Shown
from frametrace.matcher.query.answer import Hit
from frametrace.matcher.query.by_local_features import MOST, copies_compared, sharing
from frametrace.matcher.results import Relation
from frametrace.posts.errors import IndexMismatch, UsageError
from frametrace.work.progress import Progress

__all__ = ["Asked", "Looked", "codes_of", "look", "nearest", "opened"]

_RADIUS = {pdq.Pdq.name: pdq.MAX_DISTANCE, phash.Phash.name: phash.MAX_DISTANCE}
_MOST_VECTORS = 1000  # that one question brings back, before posts are looked up
# A person judges the answers, nearest first, so the bound is below that for groups. Of English
# captions (flickr8k, all-MiniLM-L6-v2) 9 paraphrases in 10 lie above 0.4, 2 unrelated pairs in 100.
_LEAST_COSINE = 0.4

_TOO_FLAT = f"too flat for PDQ (quality below {pdq.MIN_QUALITY} of 100)"
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
    assert isinstance(maker, PictureSignal)
    if signal == pdq.Pdq.name:
        codes, quality = pdq.compute_forms(np.asarray(asked.picture.luma))
        if quality < pdq.MIN_QUALITY:
            return Looked([], _TOO_FLAT)
        return Looked(nearest(open_index(case, signal, progress), signal, codes))
    values = maker.finish([maker.preparer()(asked.picture)])
    if signal == Thumbnail.name:
        raise UsageError(f"{Thumbnail.name} has no index to ask: it serves {Local.name}")
    if signal != Local.name:
        return Looked(nearest(open_index(case, signal, progress), signal, codes_of(values)))
    features = Features.of(values["code"][0].as_py())
    if len(features) < MIN_INLIERS:
        return Looked([], _TOO_PLAIN)
    index = open_index(case, signal, progress)
    assert isinstance(index, FeatureIndex)
    if Thumbnail.name not in case.epoch.signals:
        how = f"frametrace embed {case.path}"
        return Looked([], more=f"{_NO_THUMBNAILS}. To look for edited copies as well: {how}")
    thumbnails = open_index(case, Thumbnail.name, progress)
    assert isinstance(thumbnails, ThumbnailIndex)
    shown = Shown.of(values["code"][0].as_py(), _thumbnail(asked.picture))
    digests = {hit.sha256 for hit in known}
    hits, all_matched = sharing(index, thumbnails, asked.digest, shown, digests)
    copies = [hit for hit in known if hit.signal == pdq.Pdq.name and hit.sha256 != asked.digest]
    hits += copies_compared(index, thumbnails, asked.digest, shown, copies)
    return Looked(hits, more=_MORE if all_matched else "")


def _thumbnail(picture: Picture) -> bytes:
    maker = Thumbnail()
    code: bytes = maker.finish([maker.preparer()(picture)])["code"][0].as_py()
    return code


def opened(case: Case, signal: str) -> Signal:
    """The signal by the weights that made the case's values, in float32 for what little is asked.

    Raises `IndexMismatch` where this machine has other weights.
    """
    made_by = case.epoch.signals[signal]
    model, weights = made_by.get("model", ""), made_by.get("weights", "")
    exact = Arithmetic.FLOAT32
    maker = SIGNALS[signal].open(
        ModelChoice(model, weights, arithmetic=exact)
        if signal == Clip.name
        else ModelChoice(caption_model=model, arithmetic=exact)
    )
    if of_weights(maker.made_by["fingerprint"]) != of_weights(made_by["fingerprint"]):
        raise IndexMismatch(
            f"{case.path} holds {signal} made by {made_by['fingerprint']}, this machine has "
            f"{maker.made_by['fingerprint']}: put the first model back, or compute all anew with: "
            f"frametrace embed {case.path} --signal {signal} --replace"
        )
    return maker


def codes_of(values: pa.Table) -> np.ndarray:
    """The only row's `code` as (1, k)."""
    value = values["code"][0].as_py()
    if isinstance(value, bytes):
        return np.frombuffer(value, np.uint8)[None]
    return np.array([value], np.float32)


def nearest(index: Index, signal: str, codes: np.ndarray) -> list[Hit]:
    """The items near a (1, k) code, or near one of the eight PDQ hashes of a picture's forms."""
    if isinstance(index, BinaryIndex):
        return _copies(index, signal, codes)
    assert isinstance(index, DenseIndex)
    hits = index.search(codes, _MOST_VECTORS)
    hits = hits.where(hits.value >= _LEAST_COSINE)
    return [
        Hit(item, signal, str(Relation.SIMILAR), None, similarity)
        for row, similarity in zip(hits.row.tolist(), hits.value.tolist(), strict=True)
        for item in index.codes.items_of(row)
    ]


def _copies(index: BinaryIndex, signal: str, codes: np.ndarray) -> list[Hit]:
    """Each item within the radius once, with the least distance and the first form that has it."""
    hits = index.search(codes, _RADIUS[signal])
    order = np.lexsort((hits.query, hits.value, hits.row))
    rows, first = np.unique(hits.row[order], return_index=True)
    form, distance = hits.query[order[first]], hits.value[order[first]]
    forms = pdq.FORMS if len(codes) == len(pdq.FORMS) else ((None, None),)
    found, copy = [], str(Relation.COPY)
    for row, at, bits in zip(rows.tolist(), form.tolist(), distance.tolist(), strict=True):
        mirrored, rotation = forms[at]
        similarity = 1 - bits / (8 * codes.shape[1])
        found += [
            Hit(item, signal, copy, bits, similarity, mirrored=mirrored, rotation=rotation)
            for item in index.codes.items_of(row)
        ]
    return found
