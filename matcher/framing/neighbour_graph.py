"""Which pairs of contents to compare: of all pairs of a large case nearly none is alike."""

import numpy as np

from frametrace.matcher.framing.distinct_contents import NONE, Carried, Contents
from frametrace.matcher.framing.fusion import Fusion

__all__ = ["near", "sharing"]


def sharing(contents: Contents) -> np.ndarray:
    """Pairs of contents with a text or a photo in common, as numbers (see `_numbered`).

    Of all with one item the content that most posts carry is paired with every other.
    """
    pictures = contents.pictures
    photos = Carried(pictures.starts, contents.photo[pictures.items])
    stars = [_stars(carried, contents.weight) for carried in (contents.written(), photos)]
    a, b = (np.concatenate(side) for side in zip(*stars, strict=True))
    return _numbered(a, b, len(contents))


def near(contents: Contents, fusion: Fusion, neighbours: int) -> np.ndarray:
    """Pairs of contents of which one has a text or a picture that is among the other's nearest.

    An item's place is taken by the content that most posts carry of those that have it: the others
    are tied to that one.
    """
    of_text = _heaviest(contents.written(), contents.weight, len(contents.texts))
    proposed = [tuple(of_text[side] for side in fusion.texts.nearest(neighbours))]
    if fusion.looks.vectors is not None:
        of_picture = _heaviest(contents.pictures, contents.weight, len(contents.files))
        found = fusion.looks.vectors.nearest(neighbours)
        proposed.append(tuple(of_picture[side] for side in found))
    a, b = (np.concatenate(side) for side in zip(*proposed, strict=True))
    known = (a != NONE) & (b != NONE)
    return _numbered(a[known], b[known], len(contents))


def _heaviest(carried: Carried, weight: np.ndarray, count: int) -> np.ndarray:
    """For each of `count` items the content of most posts that has it, or `NONE`."""
    owner = carried.owners()
    order = np.lexsort((owner, -weight[owner], carried.items))
    item, first = np.unique(carried.items[order], return_index=True)
    heaviest = np.full(count, NONE, np.int64)
    heaviest[item] = owner[order[first]]
    return heaviest


def _stars(carried: Carried, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = int(carried.items.max(initial=NONE)) + 1
    return _heaviest(carried, weight, count)[carried.items], carried.owners()


def _numbered(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """Each unordered pair of different contents once as `a * n + b` with a < b, ascending."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    different = low != high
    return np.unique(low[different] * n + high[different])
