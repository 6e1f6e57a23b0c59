"""Which pictures share local features with one: an inverted index in mapped files.

The bits of each feature lie in the list of the center that is nearest (`centers.py`); a question
looks into the lists of the centers nearest to each of its features, as they are and mirrored, and
the features found there vote for their pictures (`votes.py`). 20 bytes a feature: its 128 bits, and
one number that holds its picture, its orientation and its scale.

Built in passes over the shards, a part at a time, so that memory does not grow with the case. When
pictures were added, an earlier index's lists are carried over and only the new pictures' features
are put into theirs, until the case is twice as large as it was when the centers were chosen.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.embed.signals.local import Features
from frametrace.index.arrays import map_array
from frametrace.index.base import Hits, Index, IndexSource, Manifest
from frametrace.index.codes import as_digits, as_keys
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

# Lists that are looked into for each feature. Of 385 edited copies among 100,000 pictures, 8 put no
# other one among the first 20, and take half as long again.
_PROBED = 4
# Of the features that vote, at most this part of the pictures, or so many: the nearest ones.
_VOTERS, _FEWEST_VOTERS = 1 / 200, 100
_SAMPLE, _NEAREST = 64, 10  # features that measure the recall, and how many near ones of each
_BLOCK = 1 << 16
_PROPOSED = 1000


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Pictures that may share pixels with the one asked for, most votes first.

    `row` is (k,) int64, their numbers; `mirrored` (k,) bool: which form of the picture asked for
    they would share them with; `votes` (k,) float32.
    """

    row: np.ndarray
    mirrored: np.ndarray
    votes: np.ndarray


class FeatureIndex(Index):
    """An open index; pictures are numbered in the order of their digests.

    `items` is (n, 32) uint8, the digests; `rows` (n, 2) uint32, the shard of each and the row in
    it; `centers` (c, 16) uint8; `starts` (c + 1,) int64: list i holds features `starts[i]` to
    `starts[i + 1]`; `words` (2, m) uint64, their bits; `owners` (m,) uint32, see `packed`.
    """

    technique = "inverted-lists"
    files = tuple(f"{name}.npy" for name in ARRAY_NAMES)

    def __init__(
        self, arrays: Sequence[np.ndarray], shards: FeatureShards, *, compiled: bool = False
    ) -> None:
        self.items, self.rows, self.centers, self.starts, self.words, self.owners = arrays
        self._held = InvertedLists(self.starts, self.words, self.owners, POSE_BITS)
        self._shards, self._compiled = shards, compiled
        self.dimension = int(self.centers.shape[1])

    @classmethod
    def build(
        cls, folder: Path, source: IndexSource, earlier: Iterable[Path], progress: Progress
    ) -> Self:
        """Write the lists, from those of an earlier index where its centers still fit."""
        shards, base = FeatureShards(source.shards()), None
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
        index = cls.map(folder, FeatureShards(source.shards()))
        index.recall = manifest.recall
        return index

    @classmethod
    def map(
        cls, folder: Path, shards: FeatureShards | None = None, *, compiled: bool = False
    ) -> Self:
        """Map the files in a folder; without the shards, `features` can't be read.

        `compiled` loops (they need numba) pay where many pictures are asked for. Raises `OSError`
        or `ValueError` where the files can't be mapped.
        """
        arrays = [map_array(folder / f"{name}.npy") for name in ARRAY_NAMES]
        index = cls(arrays, shards or FeatureShards(()), compiled=compiled)
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

    def search(
        self, queries: Sequence[Features], bound: float | None = None, limit: int = _PROPOSED
    ) -> Hits:
        """The pictures that share features with each query, those with most votes first.

        The value is the number of votes, float32: candidates that have to be verified.
        """
        parts = []
        for at, query in enumerate(queries):
            shortlist = self.shortlist(query, None, limit or 2 * max(len(self), 1))
            row, first = np.unique(shortlist.row, return_index=True)
            order = np.argsort(first)
            votes = shortlist.votes[first[order]]
            hits = Hits(np.full(len(row), at), row[order], votes)
            parts.append(hits if bound is None else hits.where(votes >= bound))
        return Hits.concatenate(parts, np.float32)

    @property
    def digests(self) -> pa.StringArray:
        """The pictures' SHA-256 digests by their numbers."""
        return as_digits(self.items)

    def digest(self, row: int) -> str:
        """The SHA-256 digest of one picture."""
        digits: str = self.items[row].tobytes().hex()
        return digits

    def numbers(self, digests: Collection[str]) -> np.ndarray:
        """The numbers of those pictures that the index holds, (k,) int64, ascending."""
        wanted = np.frombuffer(bytes.fromhex("".join(sorted(digests))), np.uint8).reshape(-1, 32)
        held, wanted = as_keys(self.items), as_keys(wanted)
        at = np.searchsorted(held, wanted)
        there = at < len(held)
        at, wanted = at[there], wanted[there]
        found: np.ndarray = at[held[at] == wanted]
        return found

    def shortlist(
        self, asked: Features, among: np.ndarray | None = None, most: int = _PROPOSED
    ) -> Shortlist:
        """The pictures that most features speak for, `most` at most.

        `among` is (n,) bool: only those are proposed, and only their features count. A picture may
        be proposed in both forms. Raises `IndexMismatch` where the index is seen to be damaged.
        """
        known = len(self) if among is None else int(among.sum())
        forms = (asked, asked.mirrored()) if known and len(asked) else ()
        with _whole():
            hits = (self._hits(form, among, known) for form in forms)
            votes = [count_votes(each, len(self), known, most) for each in hits]
        both = np.concatenate(votes) if votes else np.zeros(0, np.float32)
        found = np.flatnonzero(both > 0)
        if len(found) > most:
            found = found[np.argpartition(-both[found], most)[:most]]
        found = found[np.lexsort((found, -both[found]))]
        mirrored, row = np.divmod(found, max(len(self), 1))
        return Shortlist(row, mirrored == 1, both[found])

    def features(self, row: int) -> Features:
        """A picture's features, read from its shard. Raises `CaseError` where it is damaged."""
        shard, at = self.rows[row].tolist()
        with _whole():
            return self._shards.one(shard, at)

    def measured_recall(self) -> float:
        """Of the features nearest to some of the index's own, the part that is looked at."""
        size = self.words.shape[1]
        queries = np.ascontiguousarray(self.words[:, :: max(size // _SAMPLE, 1)].T)
        within = np.zeros((len(queries), 129), np.int64)
        for at, words in enumerate(queries):
            for start in range(0, size, _BLOCK):
                block = feature_distances(self.words[:, start : start + _BLOCK], words)
                within[at] += np.bincount(block, minlength=129)
        within = np.cumsum(within, axis=1)[:, : MAX_FEATURE_DISTANCE + 1]
        looked = self._held.near(queries, self._lists(queries), None, size).within
        radius = np.minimum((within < _NEAREST).sum(axis=1), MAX_FEATURE_DISTANCE)[:, None]
        there, found = (np.take_along_axis(each, radius, 1).sum() for each in (within, looked))
        return float(found / there) if there else 1.0

    def _hits(self, asked: Features, among: np.ndarray | None, known: int) -> FeatureHits:
        """The features near to each feature asked for, the nearest ones of those."""
        words = asked.words[:MAX_QUERY_FEATURES]
        most = max(round(known * _VOTERS), _FEWEST_VOTERS)
        near = self._held.near(words, self._lists(words), among, most, compiled=self._compiled)
        owner = near.owner.astype(np.int64)
        turn, scale = _moved(asked, near.feature, owner)
        if (owner >> POSE_BITS).max(initial=0) >= max(len(self), 1):
            raise IndexError("a feature's picture is none of the index")
        return FeatureHits(
            near.feature, owner >> POSE_BITS, near.distance, turn, scale, near.within
        )

    def _lists(self, words: np.ndarray) -> np.ndarray:
        """The lists that are looked into for each of (f, 2) words, (f, p)."""
        probed = min(_PROBED, len(self.centers))
        return nearest_centers(words.view(np.uint8), self.centers, probed)


@contextmanager
def _whole() -> Iterator[None]:
    """Tell of numbers that lead out of the index: files are read only where they are looked at."""
    try:
        yield
    except IndexError:
        raise IndexMismatch(
            "the index of local features is damaged: delete the folder index/local in the case, it "
            "will be rebuilt"
        ) from None


def _moved(asked: Features, feature: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, ...]:
    """By how much the picture asked for would be turned (256ths) and scaled (16ths) for each."""
    angle = np.rint(asked.angle * (256 / 360)).astype(np.int64)
    scale = np.rint(16 * np.log2(asked.scale)).astype(np.int64)
    turn = (
        (owner >> 4 & (ANGLE_STEPS - 1)) * (256 // ANGLE_STEPS)
        + 128 // ANGLE_STEPS
        - angle[feature]
    )
    return turn, (owner & (SCALE_STEPS - 1)) * 8 + 4 - scale[feature]
