"""What is known of pairs of frames: whether they agree, and the evidence."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.signals.base import bits_distance
from frametrace.matcher.pictures.compare_pairs import PairComparison
from frametrace.matcher.pictures.pair_evidence import CELLS, GRID
from frametrace.matcher.pictures.pairs_to_compare import PairsToCompare
from frametrace.matcher.pictures.verified_pair_table import (
    cells_of,
    inverted_evidence,
    pictures_in,
    positions_in,
)
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.moved_objects import are_moments_of_one_shot
from frametrace.matcher.videos.numbered_frames import VideoFrames
from frametrace.matcher.videos.spans import FramePair, Verdict

__all__ = ["FrameVerdicts"]

# Of the 256 cells of a frame; more move with the camera, fewer by chance.
_MIN_MOVING, _MAX_MOVING = 4, 180
# Parts of the moving cells, in at least one of the two frames: those that agree, and those that are
# altered. Of 49 pairs of two speakers in one studio (tuning half of benchmarks/video), 48 have more
# altered, and 7 % of 914 pairs of copies.
_MIN_AGREEING, _MAX_ALTERED = 0.4, 0.5
_MIN_PART = 0.6  # of one of two moments of a shot that agrees with the other
_AGREE = (str(Relation.COPY), str(Relation.CONTAINS))


class FrameVerdicts:
    """Verdicts on pairs of items, by comparison in detail or by near hashes alone.

    Without a `comparison`, only hashes decide.
    """

    def __init__(self, frames: VideoFrames, radius: int, comparison: PairComparison | None) -> None:
        self._frames, self.radius, self._comparison = frames, radius, comparison
        self._verdicts: dict[FramePair, Verdict] = {}
        self._rows: dict[FramePair, int] = {}
        self._moments: dict[FramePair, bool] = {}
        self._verified = pa.table({})
        self._load()

    def compare(self, pairs: Iterable[FramePair]) -> None:
        """Compare pairs in detail, in both orientations; what can't be compared stays unknown."""
        if self._comparison is None:
            return
        names, chosen = self._frames.names, list(pairs)
        near = np.array([self.near(*pair) for pair in chosen], bool)
        a, b = np.array(chosen, np.int64).reshape(-1, 2).T
        for by_hash in (True, False):
            at = near == by_hash
            sides = (names.take(pa.array(side[at])) for side in (a, b))
            self._comparison.compare(PairsToCompare.of(*sides, hash_copies=by_hash))
        self._load()

    def of(self, a: int, b: int) -> Verdict:
        """The verdict on two items."""
        verdict = self._verdicts.get((min(a, b), max(a, b)))
        if verdict is not None:
            return verdict
        return Verdict.AGREE if self.near(a, b) else Verdict.UNKNOWN

    def is_compared(self, a: int, b: int) -> bool:
        """Whether two items were compared in detail."""
        return (min(a, b), max(a, b)) in self._verdicts

    def near(self, a: int, b: int) -> bool:
        """Whether two frames have near hashes."""
        codes, usable = self._frames.hashes
        if max(a, b) >= len(codes) or not (usable[a] and usable[b]):
            return False
        return int(np.bitwise_count(codes[a] ^ codes[b]).sum()) <= self.radius

    def near_frames(self, a: np.ndarray, b: np.ndarray) -> list[FramePair]:
        """All pairs of some frames `a` and `b` with near hashes."""
        codes, usable = self._frames.hashes
        a, b = a[usable[a]], b[usable[b]]
        if not (len(a) and len(b)):
            return []
        words = codes.view(np.uint64)
        at_a, at_b = np.nonzero(bits_distance(words[a], words[b]) <= self.radius)
        return list(zip(a[at_a].tolist(), b[at_b].tolist(), strict=True))

    def evidence(self, a: int, b: int) -> Mapping[str, Any] | None:
        """The row of `PAIRS` of two items that were compared in detail and found to agree."""
        at = self._rows.get((min(a, b), max(a, b)))
        row: Mapping[str, Any] | None = None
        if at is not None:
            row = self._verified.slice(at, 1).to_pylist()[0]
        return row

    def _load(self) -> None:
        """Read what was compared so far."""
        if self._comparison is None:
            return
        store, frames = self._comparison.store, self._frames
        compared, self._verified = store.compared(), store.verified(frames.names)
        keys = self._keys(compared)
        # A pair without a result shares nothing, unless its hashes are near: then nothing differs.
        for key in keys:
            self._verdicts[key] = Verdict.AGREE if self.near(*key) else Verdict.DIFFERENT
        keys = self._keys(self._verified)
        agree = pc.is_in(self._verified["relation"], value_set=pa.array(_AGREE)).to_numpy()
        partly = self._verified["same_photograph"].to_numpy()
        found = np.where(agree, Verdict.AGREE, np.where(partly, Verdict.PARTLY, Verdict.DIFFERENT))
        found[self._moments_of_one_shot()] = Verdict.AGREE
        found[self._only_setting()] = Verdict.DIFFERENT
        for at, (key, verdict) in enumerate(zip(keys, found.tolist(), strict=True)):
            self._rows[key] = at
            self._verdicts[key] = Verdict(verdict)

    def _only_setting(self) -> np.ndarray:
        """Which verified pairs agree in what stands still, and not in what moves, (k,) bool.

        Two speakers in one studio agree in the studio: what moves doesn't agree, or is altered. A
        picture, and a frame in which all of the picture moves or nothing, tells nothing about that:
        both frames must.
        """
        told = np.ones(len(self._verified), bool)
        apart, altered = told.copy(), np.full(len(told), 1.0)
        moving = {side: self._moving(f"sha256_{side}") for side in "ab"}
        for side, cells in moving.items():
            count = cells.sum(axis=1)
            told &= (count >= _MIN_MOVING) & (count <= _MAX_MOVING)
            agreeing = (cells & cells_of(self._verified[f"cells_{side}"])).sum(axis=1)
            apart &= agreeing < _MIN_AGREEING * count
        for at in np.flatnonzero(told & ~apart).tolist():
            row = self._verified.slice(at, 1).to_pylist()[0]
            parts = (_altered_part(row, moving[side][at], side) for side in "ab")
            altered[at] = min(parts)
        return told & (apart | (altered >= _MAX_ALTERED))

    def _moments_of_one_shot(self) -> np.ndarray:
        """Which verified pairs are two moments of one shot, not two shots of one scene, (k,) bool.

        Those that were looked at before are not looked at again.
        """
        assert self._comparison is not None
        rows = self._verified
        scenes = pc.equal(rows["relation"], str(Relation.SAME_SCENE)).to_numpy()
        moving = self._moving("sha256_a"), self._moving("sha256_b")
        counts = np.stack([cells.sum(axis=1) for cells in moving])
        told = ((counts > 0) & (counts <= _MAX_MOVING)).any(axis=0)
        part = np.maximum(rows["part_a"].to_numpy(), rows["part_b"].to_numpy())
        at = np.flatnonzero(scenes & told & (part >= _MIN_PART))
        keys = self._keys(rows)
        missing = [row for row in at.tolist() if keys[row] not in self._moments]
        chosen = rows.take(pa.array(missing, pa.int64()))
        names = pictures_in(chosen)
        if len(names):
            with self._comparison.values_of(names) as values:
                sides = positions_in(chosen, names)
                for row, a, b in zip(missing, *(side.tolist() for side in sides), strict=True):
                    self._moments[keys[row]] = are_moments_of_one_shot(
                        *(values(a), values(b), (moving[0][row], moving[1][row])),
                        mirrored=bool(rows["mirrored"][row].as_py()),
                    )
        moments = np.zeros(len(rows), bool)
        moments[at] = [self._moments[keys[row]] for row in at.tolist()]
        return moments

    def _moving(self, name: str) -> np.ndarray:
        """The cells in which the items of a column move, (k, 256) bool; none for pictures."""
        item = self._frames.items(self._verified[name].combine_chunks())
        moving = np.zeros((len(item), CELLS), bool)
        of_video = (item >= 0) & (item < self._frames.frames)
        moving[of_video] = self._frames.moving[item[of_video]]
        return moving

    def _keys(self, pairs: pa.Table) -> list[FramePair]:
        """The items of pairs of digests."""
        sides = [
            self._frames.items(pairs[name].combine_chunks()) for name in ("sha256_a", "sha256_b")
        ]
        low, high = np.minimum(*sides).tolist(), np.maximum(*sides).tolist()
        return list(zip(low, high, strict=True))


def _altered_part(row: Mapping[str, Any], moving: np.ndarray, side: str) -> float:
    """The part of the moving cells of one frame, (256,) bool, that is altered in a pair."""
    boxes = row["altered"]
    if boxes and side == "a":
        size_a, size_b = ((row[f"width_{end}"], row[f"height_{end}"]) for end in "ab")
        boxes = inverted_evidence(row, size_a, size_b)["altered"]
    centre = (np.arange(GRID) + 0.5) / GRID
    altered = np.zeros((GRID, GRID), bool)
    for box in boxes or ():
        columns = (centre >= box["x0"]) & (centre <= box["x1"])
        rows = (centre >= box["y0"]) & (centre <= box["y1"])
        altered |= rows[:, None] & columns[None]
    return float((altered.ravel() & moving).sum() / moving.sum())
