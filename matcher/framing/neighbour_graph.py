"""Builds the graph of similar contents: candidate pairs, and mutual nearest neighbours as edges.

Nearly all pairs of a large case are dissimilar, so only candidates are compared: contents with a
text or a photo in common, and those with an item among the other's nearest. Edges are candidates
that are mutual nearest neighbours by their fused evidence, because a content that is near to
everything has no particular neighbours. Contents with an item in common are tied to the one of them
that most posts carry: this gives a star, while a clique would have millions of edges.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from frametrace.matcher.framing.distinct_contents import NONE, Contents, ItemLists
from frametrace.matcher.framing.fusion import EvidenceFusion, FusedEvidence
from frametrace.work.progress import SILENT, Progress

__all__ = ["WEAK", "Edges", "find_edges"]

# The share of the minimum rarity by which texts tie a content to a framing that has stronger ties
# too, and that its pairs have on average. On one half of invented posts of 30 claims in ten
# languages, 63 % of the pairs of posts that make one claim are together in one language and 46 %
# across languages, and no others (by strong ties and Leiden 25 and 18 %); with a mean of 0.45 87
# and 75 %. But of 500 captions of 100 pictures on similar subjects, 35 % of the pairs that are
# together are of one picture, and with 0.45 only 15 % (`benchmarks/framings/bench_claims.py` has
# the other half of the claims).
WEAK = 0.6


@dataclass(frozen=True, slots=True)
class Edges:
    """m pairs a < b of contents, (m,) int64 each, ordered, and the evidence that ties them."""

    a: np.ndarray
    b: np.ndarray
    evidence: FusedEvidence

    def take(self, keep: np.ndarray) -> Self:
        """The edges with `keep`, (m,) bool."""
        evidence = self.evidence
        parts = (evidence.captions, evidence.ocr_texts, evidence.pictures)
        rows = np.flatnonzero(keep)
        kept = FusedEvidence(*(part.take(rows) for part in parts))
        return type(self)(self.a[rows], self.b[rows], kept)

    def graph(self, n: int, keep: np.ndarray) -> csr_matrix:
        """The symmetric (n, n) graph of the edges with `keep`, weighted by rarity."""
        a, b, rarity = self.a[keep], self.b[keep], self.evidence.rarity[keep]
        both_ways = np.append(a, b), np.append(b, a)
        return coo_matrix((np.append(rarity, rarity), both_ways), (n, n), np.float32).tocsr()


def find_edges(
    contents: Contents,
    fusion: EvidenceFusion,
    min_rarity: float,
    neighbours: int,
    progress: Progress = SILENT,
) -> Edges:
    """The pairs that are mutual neighbours or have an item in common, and are similar enough.

    Strong pairs have at least `min_rarity`. Weak ones have `WEAK` of it by their texts alone.
    """
    n = len(contents)
    shared = _sharing_pairs(contents)
    nearest = _nearest_pairs(contents, fusion, neighbours, progress)
    a, b = np.divmod(np.union1d(shared, nearest), max(n, 1))
    with progress.track("comparing pairs of posts", len(a)) as advance:
        strength = fusion.strength(a, b, min_rarity, advance)
    keep = strength >= WEAK * min_rarity
    a, b, strength = a[keep], b[keep], strength[keep]
    language = _languages(contents, fusion.texts.languages.numbers)
    keep = np.isin(a * n + b, shared) | _mutual(a, b, strength, language, neighbours)
    a, b = a[keep], b[keep]
    return Edges(a, b, fusion.compare(a, b))


def _sharing_pairs(contents: Contents) -> np.ndarray:
    """Pairs of contents with a text or a photo in common, as numbers (see `_numbered`).

    Of all contents with an item, the one that most posts carry is paired with all the others.
    """
    pictures = contents.pictures
    photos = ItemLists(pictures.starts, contents.photo[pictures.items])
    stars = [_stars(items, contents.post_counts) for items in (contents.all_texts(), photos)]
    a, b = (np.concatenate(side) for side in zip(*stars, strict=True))
    return _numbered(a, b, len(contents))


def _nearest_pairs(
    contents: Contents, fusion: EvidenceFusion, neighbours: int, progress: Progress
) -> np.ndarray:
    """Pairs of contents in which a text or a picture of one is among the nearest of the other.

    Each item is represented by one content, of those that have it the one that most posts carry:
    the others are tied to it.
    """
    text_hub = _hubs(contents.all_texts(), contents.post_counts, len(contents.text_digests))
    candidates = [tuple(text_hub[side] for side in fusion.texts.nearest(neighbours, progress))]
    if fusion.images.vectors is not None:
        picture_hub = _hubs(contents.pictures, contents.post_counts, len(contents.picture_digests))
        pairs = fusion.images.vectors.nearest(neighbours, progress)
        candidates.append(tuple(picture_hub[side] for side in pairs))
    a, b = (np.concatenate(side) for side in zip(*candidates, strict=True))
    known = (a != NONE) & (b != NONE)
    return _numbered(a[known], b[known], len(contents))


def _hubs(lists: ItemLists, post_counts: np.ndarray, count: int) -> np.ndarray:
    """For each of `count` items, the content with the most posts that has it, or `NONE`."""
    owner = lists.owners()
    order = np.lexsort((owner, -post_counts[owner], lists.items))
    item, first = np.unique(lists.items[order], return_index=True)
    hubs = np.full(count, NONE, np.int64)
    hubs[item] = owner[order[first]]
    return hubs


def _stars(lists: ItemLists, post_counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = int(lists.items.max(initial=NONE)) + 1
    return _hubs(lists, post_counts, count)[lists.items], lists.owners()


def _numbered(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """Each unordered pair of different contents once as `a * n + b` with a < b, ascending."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    different = low != high
    return np.unique(low[different] * n + high[different])


def _languages(contents: Contents, of_texts: np.ndarray) -> np.ndarray:
    """The number of each content's language, (n,) int64: of its caption, else of a picture's text.

    Contents without text have one of their own.
    """
    texts = contents.all_texts()
    first = np.full(len(contents), NONE, np.int64)
    filled = np.diff(texts.starts) > 0
    first[filled] = texts.items[texts.starts[:-1][filled]]
    text = np.where(contents.caption != NONE, contents.caption, first)
    return np.where(text != NONE, np.append(of_texts, NONE)[text], NONE)


def _mutual(
    a: np.ndarray, b: np.ndarray, rarity: np.ndarray, language: np.ndarray, neighbours: int
) -> np.ndarray:
    """Which pairs are among the nearest of both contents in the other's language, (m,) bool.

    Without the languages, contents in the language of most would crowd out all others.
    """
    m = len(a)
    node, neighbour = np.append(a, b), np.append(b, a)
    among = node * (language.max(initial=NONE) + 2) + language[neighbour] + 1
    order = np.lexsort((neighbour, -np.append(rarity, rarity), among))
    start = np.searchsorted(among[order], among[order])
    near = np.empty(2 * m, bool)
    near[order] = np.arange(2 * m) - start < neighbours
    mutual: np.ndarray = near[:m] & near[m:]
    return mutual
