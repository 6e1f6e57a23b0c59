"""The inverted index: finds pictures that share local features with a query picture.

Each feature is in the list of its nearest center (`codebook`). A query probes the lists of the
centers nearest to each of its features, unmirrored and mirrored, and the near features found there
vote for their pictures (`picture_votes`). A feature takes 20 bytes: its 128 bits, and one number
for its picture, orientation and scale. The files are mapped, not read into memory.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from frametrace.embed.signals.local import Features
from frametrace.index.arrays import map_array
from frametrace.index.base import Index, IndexSource, Manifest
from frametrace.index.distinct_codes import as_keys
from frametrace.index.feature_search.build_inverted_index import (
    ARRAY_NAMES,
    POSE_BITS,
    build_inverted_index,
    can_reuse_centers,
)
from frametrace.index.feature_search.codebook import nearest_centers
from frametrace.index.feature_search.inverted_lists import (
    MAX_FEATURE_DISTANCE,
    InvertedLists,
    feature_distances,
)
from frametrace.index.feature_search.picture_votes import (
    ANGLE_STEPS,
    MAX_QUERY_FEATURES,
    SCALE_STEPS,
    FeatureHits,
    count_votes,
)
from frametrace.index.feature_shards import FeatureShards
from frametrace.posts.errors import IndexMismatch
from frametrace.work.progress import Progress

__all__ = ["FeatureIndex", "Shortlist"]

# Lists that each feature probes. Of 385 edited copies among 100,000 pictures, 8 lists put no
# more among the first 20, and take half as long again.
_PROBED_LISTS = 4
# Only the nearest features vote: at most this share of the pictures, but never fewer than 100.
_VOTER_SHARE, _MIN_VOTERS = 1 / 200, 100
_SAMPLE, _SAMPLE_NEIGHBORS = 64, 10  # features that measure the recall; nearest ones of each
_BLOCK = 1 << 16  # features compared at a time
_SHORTLIST = 1000  # pictures


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Pictures that may share pixels with the query, most votes first.

    `row` is (k,) int64, their numbers; `mirrored` (k,) bool: whether it is the query's mirror image
    that shares features with them; `votes` (k,) float32.
    """

    row: np.ndarray
    mirrored: np.ndarray
    votes: np.ndarray


class FeatureIndex(Index):
    """The local features of a case's pictures, which are numbered in the order of their digests.

    `items` is (n, 32) uint8, the digests; `rows` (n, 2) uint32, the shard of each and the row in
    it; `centers` (c, 16) uint8; `starts` (c + 1,) int64: list i holds features `starts[i]` to
    `starts[i + 1]`; `words` (2, m) uint64, their bits; `owners` (m,) uint32, see `pack_owners`.
    """

    technique = "inverted-lists"
    files = tuple(f"{name}.npy" for name in ARRAY_NAMES)

    def __init__(self, arrays: Sequence[np.ndarray], shards: FeatureShards) -> None:
        self.items, self.rows, self.centers, self.starts, self.words, self.owners = arrays
        self._inverted_lists = InvertedLists(self.starts, self.words, self.owners, POSE_BITS)
        self._shards = shards
        self.dimension = int(self.centers.shape[1])

    @classmethod
    def build(
        cls, folder: Path, source: IndexSource, earlier: Iterable[Path], progress: Progress
    ) -> Self:
        """Write the lists, from those of an earlier index if its centers still fit."""
        shards, base = FeatureShards.of_case(source.case, source.signal), None
        for path in earlier:
            with suppress(OSError, ValueError):
                largest = cls.map(path)
                base = largest if can_reuse_centers(largest, source.rows) else None
                break
        build_inverted_index(folder, shards, base, progress)
        index = cls.map(folder, shards)
        index.recall = round(index.measured_recall(), 4)
        return index

    @classmethod
    def open(cls, folder: Path, source: IndexSource, manifest: Manifest) -> Self:
        """Map the files of a case's index."""
        index = cls.map(folder, FeatureShards.of_case(source.case, source.signal))
        index.recall = manifest.recall
        return index

    @classmethod
    def map(cls, folder: Path, shards: FeatureShards | None = None) -> Self:
        """Map the files in a folder; without the shards, `features` can't be read.

        Raises `OSError` or `ValueError` if the files can't be mapped.
        """
        arrays = [map_array(folder / f"{name}.npy") for name in ARRAY_NAMES]
        index = cls(arrays, shards or FeatureShards(()))
        pictures, features, lists = len(index), len(index.owners), len(index.centers)
        expected = (pictures, 32), (pictures, 2), (lists, 16), (lists + 1,), (2, features)
        shapes = tuple(array.shape for array in arrays[:-1])
        ends = index.starts[[0, -1]].tolist()
        if shapes != expected or ends != [0, features] or (np.diff(index.starts) < 0).any():
            raise ValueError("its files don't belong together")
        return index

    def __len__(self) -> int:
        return len(self.items)

    @property
    def counts(self) -> tuple[int, int]:
        """How many features and how many pictures it holds."""
        return len(self.owners), len(self)

    def digest(self, row: int) -> str:
        """The SHA-256 digest of one picture."""
        digits: str = self.items[row].tobytes().hex()
        return digits

    def numbers(self, digests: Collection[str]) -> np.ndarray:
        """The numbers of those pictures that the index contains, (k,) int64, ascending."""
        digest_bytes = np.frombuffer(bytes.fromhex("".join(sorted(digests))), np.uint8)
        keys, wanted = as_keys(self.items), as_keys(digest_bytes.reshape(-1, 32))
        rows = np.searchsorted(keys, wanted)
        in_range = rows < len(keys)
        rows, wanted = rows[in_range], wanted[in_range]
        numbers: np.ndarray = rows[keys[rows] == wanted]
        return numbers

    def shortlist(
        self, query: Features, among: np.ndarray | None = None, limit: int = _SHORTLIST
    ) -> Shortlist:
        """The `limit` pictures with most votes.

        With `among`, (n,) bool, only these pictures are listed, and only their features count. A
        picture may be listed twice: unmirrored and mirrored. Raises `IndexMismatch` if the index
        turns out to be damaged.
        """
        known = len(self) if among is None else int(among.sum())
        orientations = (query, query.mirrored()) if known and len(query) else ()
        with _reporting_damage():
            hits = (self._hits(orientation, among, known) for orientation in orientations)
            votes = [count_votes(each, len(self), known, limit) for each in hits]
        both = np.concatenate(votes) if votes else np.zeros(0, np.float32)
        rows = np.flatnonzero(both > 0)
        if len(rows) > limit:
            rows = rows[np.argpartition(-both[rows], limit)[:limit]]
        rows = rows[np.lexsort((rows, -both[rows]))]
        is_mirrored, row = np.divmod(rows, max(len(self), 1))
        return Shortlist(row, is_mirrored == 1, both[rows])

    def features(self, row: int) -> Features:
        """A picture's features, read from its shard. Raises `CaseError` if it is damaged."""
        shard, shard_row = self.rows[row].tolist()
        with _reporting_damage():
            return self._shards.features_at(shard, shard_row)

    def measured_recall(self) -> float:
        """The share of the nearest neighbors of some of the index's features that probes find."""
        size = self.words.shape[1]
        queries = np.ascontiguousarray(self.words[:, :: max(size // _SAMPLE, 1)].T)
        within = np.zeros((len(queries), 129), np.int64)
        for number, words in enumerate(queries):
            for start in range(0, size, _BLOCK):
                distances = feature_distances(self.words[:, start : start + _BLOCK], words)
                within[number] += np.bincount(distances, minlength=129)
        within = np.cumsum(within, axis=1)[:, : MAX_FEATURE_DISTANCE + 1]
        probed = self._inverted_lists.near(queries, self._probed(queries), None, size).within
        radius = (within < _SAMPLE_NEIGHBORS).sum(axis=1)
        radius = np.minimum(radius, MAX_FEATURE_DISTANCE)[:, None]
        neighbors, hits = (np.take_along_axis(c, radius, 1).sum() for c in (within, probed))
        return float(hits / neighbors) if neighbors else 1.0

    def _hits(self, query: Features, among: np.ndarray | None, known: int) -> FeatureHits:
        """The features nearest to each feature of the query."""
        words = query.words[:MAX_QUERY_FEATURES]
        voters = max(round(known * _VOTER_SHARE), _MIN_VOTERS)
        near = self._inverted_lists.near(words, self._probed(words), among, voters)
        owner = near.owner.astype(np.int64)
        rotation, scale = _implied_rotation_and_scale(query, near.feature, owner)
        picture = owner >> POSE_BITS
        if picture.max(initial=0) >= max(len(self), 1):
            raise IndexError("a feature's picture is outside the index")
        return FeatureHits(near.feature, picture, near.distance, rotation, scale, near.within)

    def _probed(self, words: np.ndarray) -> np.ndarray:
        """The lists that each of (f, 2) words probes, (f, p)."""
        count = min(_PROBED_LISTS, len(self.centers))
        return nearest_centers(words.view(np.uint8), self.centers, count)


@contextmanager
def _reporting_damage() -> Iterator[None]:
    """Report numbers that point outside the index: mapped files are not checked on opening."""
    try:
        yield
    except IndexError:
        raise IndexMismatch(
            "the index of local features is damaged: delete the folder index/local in the case, it "
            "will be rebuilt"
        ) from None


def _implied_rotation_and_scale(
    query: Features, feature: np.ndarray, owner: np.ndarray
) -> tuple[np.ndarray, ...]:
    """How the query would be rotated (256ths of a turn) and scaled (16ths of a doubling)."""
    angle = np.rint(query.angle * (256 / 360)).astype(np.int64)
    scale = np.rint(16 * np.log2(query.scale)).astype(np.int64)
    owner_angle = (owner >> 4 & (ANGLE_STEPS - 1)) * (256 // ANGLE_STEPS) + 128 // ANGLE_STEPS
    owner_scale = (owner & (SCALE_STEPS - 1)) * 8 + 4
    return owner_angle - angle[feature], owner_scale - scale[feature]
