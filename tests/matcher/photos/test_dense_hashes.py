"""Crowds: of very many near hashes only the pairs that tie members are kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from trying import examples

from frametrace.embed.signals.base import bits_distance
from frametrace.index.base import Hits
from frametrace.matcher.photos.dense_hashes import MAX_NEAR, PairThinning, ThinnedPairs
from frametrace.matcher.photos.match_graph import Edges
from frametrace.matcher.photos.star_clustering import star_clusters

RADIUS = 31


@dataclass
class Drawn:
    """Distinct codes in clusters, tight and wide; how near all are, and who is in a crowd."""

    seed: int
    most: int
    codes: np.ndarray = field(init=False)
    weight: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        sizes = rng.choice([1, 2, 5, 12, 25], rng.integers(0, 5))
        bases = rng.integers(0, 256, (len(sizes), 32), np.uint8)
        centers = np.repeat(bases, sizes, axis=0)
        edited = rng.random((len(centers), 256)) < rng.choice([0.02, 0.06, 0.08], (len(centers), 1))
        codes = centers ^ np.packbits(edited, axis=1)
        self.codes = np.unique(np.concatenate([codes, bases]), axis=0)
        self.weight = rng.integers(0, 4, len(self.codes))
        self.distance = bits_distance(self.codes, self.codes)
        self.near = (self.distance <= RADIUS) & ~np.eye(len(self.codes), dtype=bool)
        crowded = self.near.sum(axis=1) > self.most
        self.inside = self.near & crowded & crowded[:, None]

    def gathered(self, seed: int = 0) -> ThinnedPairs:
        """All pairs in any order and direction, in batches of any size."""
        rng = np.random.default_rng(seed)
        a, b = np.nonzero(np.triu(self.near))
        pairs = np.stack([a, b, self.distance[a, b]], axis=1)[rng.permutation(len(a))]
        turned = rng.random(len(pairs)) < 0.5
        pairs[turned, :2] = pairs[turned, 1::-1]
        at_once = int(rng.choice([1, 7, 50, 1000]))
        gathering = PairThinning(self.codes, self.weight, RADIUS, self.most, at_once)
        for batch in np.array_split(pairs, rng.integers(1, 9)):
            gathering.add(Hits(batch[:, 0], batch[:, 1], batch[:, 2].astype(np.int32)))
        return gathering.finish()

    def pivots(self) -> list[int]:
        """By the definition: of each crowd the most central that no pivot is near, and again."""
        central = 256 * self.weight + (self.near * (256 - self.distance)) @ self.weight
        found: list[int] = []
        count, label = connected_components(self.inside)
        for crowd in (np.flatnonzero(label == at) for at in range(count)):
            left = set(crowd.tolist()) if len(crowd) > 1 else set()
            while left:
                pivot = min(left, key=lambda node: (-central[node], node))
                left -= {pivot, *np.flatnonzero(self.inside[pivot]).tolist()}
                found.append(pivot)
        return sorted(found)


def drawn() -> st.SearchStrategy[Drawn]:
    return st.builds(Drawn, st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 8, 20, MAX_NEAR]))


@examples(200)
@given(drawn())
def test_only_pairs_inside_crowds_that_are_no_pivots_are_left_out(case: Drawn) -> None:
    found = case.gathered()
    pivots = case.pivots()
    assert found.pivots.tolist() == pivots
    kept = np.triu(case.near & ~case.inside)
    kept[pivots] |= case.near[pivots]
    kept[:, pivots] |= case.near[:, pivots]
    a, b = np.nonzero(np.triu(kept))
    assert found.a.tolist() == a.tolist()
    assert found.b.tolist() == b.tolist()
    assert found.distance.tolist() == case.distance[a, b].tolist()
    assert found.unlisted == np.triu(case.near).sum() - len(a)
    # Each hash lacks `most` of its pairs at least before it lacks one.
    of_each = np.bincount(np.concatenate([a, b]), minlength=len(case.codes))
    assert (of_each == case.near.sum(axis=1))[~case.inside.any(axis=1)].all()


@given(drawn(), st.integers(0, 2**32 - 1))
def test_the_order_of_pairs_changes_nothing(case: Drawn, seed: int) -> None:
    first, again = case.gathered(), case.gathered(seed)
    for name in ("a", "b", "distance", "pivots", "unlisted"):
        assert np.array_equal(getattr(first, name), getattr(again, name))


@examples(200)
@given(drawn())
def test_stars_of_crowds_hold_what_stars_promise_of_all_pairs(case: Drawn) -> None:
    found, n = case.gathered(), len(case.codes)
    edges = Edges.of_distances(found.a, found.b, "pdq", found.distance, 256)
    cut = star_clusters(edges.graph(n), case.weight, first=found.pivots)
    medoids = np.unique(cut.medoid)
    assert set(found.pivots.tolist()) <= set(medoids.tolist())
    for node, medoid, via in zip(range(n), cut.medoid, cut.via, strict=True):
        if node in medoids:
            assert medoid == via == node
            continue
        assert case.near[node, via]
        assert cut.medoid[via] == cut.via[via] == medoid
        # No medoid is nearer than its own; the others are within one recorded step.
        to_medoids = case.distance[node, medoids].min()
        assert (via == medoid) == (to_medoids <= RADIUS)
        if via == medoid:
            assert case.distance[node, medoid] == to_medoids
    # Without crowds every star is what it is for all pairs.
    if not len(found.pivots):
        a, b = np.nonzero(np.triu(case.near))
        similarity = (1 - case.distance[a, b] / 256).astype(np.float32)
        half = coo_matrix((similarity, (a, b)), (n, n))
        whole = star_clusters((half + half.T).tocsr(), case.weight)
        assert np.array_equal(cut.via, whole.via)


def frames(count: int) -> np.ndarray:
    """Codes of one video: six bits of each are turned."""
    rng = np.random.default_rng(count)
    base = rng.integers(0, 256, 32, np.uint8)
    bits = np.zeros((count, 256), bool)
    np.put_along_axis(bits, np.argsort(rng.random((count, 256)), axis=1)[:, :6], True, axis=1)
    return np.unique(base ^ np.packbits(bits, axis=1), axis=0)


def pairs_of(codes: np.ndarray) -> Iterator[Hits]:
    words = codes.view(np.uint64)
    for at in range(len(codes) - 1):
        distance = bits_distance(words[at : at + 1], words[at + 1 :])[0]
        row = np.flatnonzero(distance <= RADIUS)
        yield Hits(np.full(len(row), at), at + 1 + row, distance[row])


def test_thousands_of_frames_of_one_video_keep_as_many_pairs() -> None:
    codes = frames(4000)
    n = len(codes)
    gathering = PairThinning(codes, np.ones(n, np.int64), RADIUS)
    for hits in pairs_of(codes):
        gathering.add(hits)
    found = gathering.finish()
    assert len(found.pivots) == 1
    assert len(found.a) == n - 1
    assert found.unlisted == n * (n - 1) // 2 - (n - 1)
    distance = bits_distance(codes, codes)
    assert found.pivots[0] == np.argmin(distance.sum(axis=1))
    assert set(np.concatenate([found.a, found.b]).tolist()) == set(range(n))
