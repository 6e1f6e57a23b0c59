"""Collects the signals that a tip carries: fingerprints, local features and caption vectors.

Local features inside an element (an app's bars, a watermark, the words of a meme, which unrelated
pictures of the sender's case share) are left out: otherwise a tip about a screenshot would match
everybody who uses that app.
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import PurePath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import frame_table, signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Features, Local
from frametrace.matcher.case_signals import weights_of
from frametrace.matcher.pictures.pair_evidence import GRID
from frametrace.matcher.tips.caption_vectors import encoded_vectors
from frametrace.matcher.tips.tip_model import FINGERPRINTS, MAX_FEATURES, ItemKind
from frametrace.posts.errors import CaseError

__all__ = ["add_features_and_vectors", "features_to_send", "has_signal", "signal_origin"]

_MIN_FEATURES = 12  # outside elements, for a picture to carry any; not tuned


def has_signal(case: Case, name: str, *, of_frames: bool = False) -> bool:
    """Whether the case has values of a signal, of pictures and captions or of videos' frames.

    Raises `CaseError` for another fingerprint.
    """
    if not case.epoch.rows(frame_table(name) if of_frames else signal_table(name)):
        return False
    fingerprint = case.epoch.signals[name]["fingerprint"]
    if fingerprint != FINGERPRINTS[name]:
        raise CaseError(
            f"{case.path} has {name} made by {fingerprint}, but tips hold {FINGERPRINTS[name]}: "
            f"compute it again with: frametrace embed {case.path} --signal {name} --replace"
        )
    return True


def signal_origin(case: Case, name: str) -> dict[str, str]:
    """The fingerprint and model of a signal, for the head of a tip; a model's path is left out."""
    if name in FINGERPRINTS:
        return {"fingerprint": FINGERPRINTS[name]}
    model = PurePath(case.epoch.signals[name].get("model", ""))
    model_name = model.name if model.is_absolute() else model.as_posix()
    return {"fingerprint": weights_of(case, name), "model": model_name}


def add_features_and_vectors(case: Case, items: pa.Table) -> pa.Table:
    """The items (`kind`, `digests`) with the columns `local` and `vector`, in base64 or null."""
    local = vector = pa.nulls(len(items), pa.string())
    if has_signal(case, Local.name):
        local = _of_first_digest(
            items, ItemKind.PICTURE, lambda pictures: features_to_send(case, pictures)
        )
    if Caption.name in case.epoch.signals:
        vector = _of_first_digest(
            items, ItemKind.CAPTION, lambda captions: encoded_vectors(case, captions)
        )
    return items.append_column("local", local).append_column("vector", vector)


def _of_first_digest(
    items: pa.Table, kind: ItemKind, values_of: Callable[[pa.Array], Mapping[str, str]]
) -> pa.Array:
    """For each item of a kind, the value of its first picture or caption; null for other kinds."""
    digests = [
        row["digests"][0] if row["kind"] == kind else None
        for row in items.select(["kind", "digests"]).to_pylist()
    ]
    values = values_of(pa.array([digest for digest in digests if digest], pa.string()))
    return pa.array([digest and values.get(digest) for digest in digests], pa.string())


def features_to_send(case: Case, pictures: pa.Array) -> Mapping[str, str]:
    """The best features of each picture, in base64, by digest; pictures with too few are left out.

    Elements are known only in a case that was matched. In a view with frames, frames are pictures.
    """
    # Imported here because they load the comparison of pictures.
    from frametrace.matcher.photos.elements import element_cells
    from frametrace.matcher.pictures.compare_pairs import pairs_around

    elements = element_cells(pairs_around(case, pictures))
    encoded: dict[str, str] = {}
    for shard in case.shards(signal_table(Local.name), ["sha256", "code"]):
        rows = shard.filter(pc.is_in(shard["sha256"], value_set=pictures))
        for digest, code in zip(
            *(rows[name].to_pylist() for name in rows.column_names), strict=True
        ):
            features = Features.of(code)
            outside = _outside_elements(features, elements.get(digest))
            if outside.sum() >= _MIN_FEATURES:
                best = outside & (np.cumsum(outside) <= MAX_FEATURES)
                encoded[digest] = base64.b64encode(features.where(best)).decode("ascii")
    return encoded


def _outside_elements(features: Features, elements: np.ndarray | None) -> np.ndarray:
    """Which features lie outside the cells of elements, (n,) bool."""
    if elements is None or not len(features):
        return np.ones(len(features), bool)
    cell = features.positions * GRID / (features.width, features.height)
    column, row = cell.astype(np.int64).clip(0, GRID - 1).T
    outside: np.ndarray = ~elements[row, column]
    return outside
