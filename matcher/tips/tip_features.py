"""The local features that a tip carries: the best ones of what is the picture's own.

Where unrelated pictures of the sender's case show the same as a picture does, an app's bars, a
watermark, the words of a meme, its features are left out: a tip on a screenshot would else find
everybody who uses that app.
"""

import base64
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Features, Local
from frametrace.matcher.photos.elements import element_cells
from frametrace.matcher.pictures.compare_pairs import pairs_around
from frametrace.matcher.pictures.evidence import GRID
from frametrace.matcher.tips.tip_model import FEATURES

__all__ = ["features_of"]

_FEWEST = 12  # features of its own that a picture is looked for by; not tuned


def features_of(case: Case, pictures: pa.Array) -> Mapping[str, str]:
    """The features of some pictures, by digest, in base64; those that have too few are left out.

    Elements are known as far as the case was matched.
    """
    cells = element_cells(pairs_around(case, pictures))
    found: dict[str, str] = {}
    for shard in case.shards(signal_table(Local.name), ["sha256", "code"]):
        kept = shard.filter(pc.is_in(shard["sha256"], value_set=pictures))
        for digest, code in zip(
            *(kept[name].to_pylist() for name in kept.column_names), strict=True
        ):
            features = Features.of(code)
            own = _own(features, cells.get(digest))
            if own.sum() >= _FEWEST:
                first = own & (np.cumsum(own) <= FEATURES)
                found[digest] = base64.b64encode(features.where(first)).decode("ascii")
    return found


def _own(features: Features, elements: np.ndarray | None) -> np.ndarray:
    """Which features lie in no element, (n,) bool."""
    if elements is None or not len(features):
        return np.ones(len(features), bool)
    cell = features.place * GRID / (features.width, features.height)
    column, row = cell.astype(np.int64).clip(0, GRID - 1).T
    own: np.ndarray = ~elements[row, column]
    return own
