"""Holds what two media items have in common, and makes rows of the tables of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from frametrace.matcher.pictures.pair_evidence import CELLS
from frametrace.matcher.pictures.verified_pair_table import PAIRS, inverted_evidence
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.videos.frame_verdicts import FrameVerdicts
from frametrace.matcher.videos.numbered_frames import VideoFrames
from frametrace.matcher.videos.spans import FramePair, Span

__all__ = ["MediaPair", "pair_rows"]


@dataclass(frozen=True, slots=True)
class MediaPair:
    """Two owners of items, at least the first a video, and what they have in common.

    `shares` are the parts of their time; `agreeing` pairs of items, the best first where their
    order matters.
    """

    owners: tuple[int, int]
    relation: Relation
    shares: tuple[float, float]
    spans: tuple[Span, ...]
    agreeing: tuple[FramePair, ...]

    def is_turned(self, frames: VideoFrames) -> bool:
        """Whether the second owner has the smaller digest, and becomes A in tables."""
        first, second = map(frames.owner_digest, self.owners)
        return first > second

    def best(self, verdicts: FrameVerdicts) -> FramePair:
        """The two items that agree best: in most features, or the first if hashes alone decide."""
        known = {items: row for items in self.agreeing if (row := verdicts.evidence(*items))}
        if not known:
            return self.agreeing[0]
        return max(known, key=lambda items: (known[items]["inliers"], items))

    def row(self, frames: VideoFrames, verdicts: FrameVerdicts) -> dict[str, object]:
        """A row of `VIDEO_MATCHES`."""
        turned = self.is_turned(frames)
        a, b = map(frames.owner_digest, self.owners[::-1] if turned else self.owners)
        share_a, share_b = self.shares[::-1] if turned else self.shares
        best = self.best(verdicts)
        frame_a, frame_b = (frames.names[at].as_py() for at in (best[::-1] if turned else best))
        spans = [span.row(turned=turned) for span in self.spans]
        times = ("start_a_ms", "start_b_ms", "end_a_ms", "end_b_ms")
        return {
            **{"sha256_a": a, "sha256_b": b, "relation": str(self.relation)},
            **{"share_a": share_a, "share_b": share_b, "frames": len(self.agreeing)},
            **{"frame_a": frame_a, "frame_b": frame_b},
            "spans": sorted(spans, key=lambda span: [span[name] for name in times]),
        }


def pair_rows(pairs: Sequence[MediaPair], frames: VideoFrames, verdicts: FrameVerdicts) -> pa.Table:
    """The pairs in the schema `PAIRS`, ordered, with the evidence of the best two frames.

    `part_a` is the part of A in area and in time.
    """
    rows = [_row(pair, frames, verdicts) for pair in pairs]
    order = [("sha256_a", "ascending"), ("sha256_b", "ascending")]
    return pa.Table.from_pylist(rows, PAIRS).sort_by(order)


def _row(pair: MediaPair, frames: VideoFrames, verdicts: FrameVerdicts) -> dict[str, Any]:
    turned = pair.is_turned(frames)
    a, b = map(frames.owner_digest, pair.owners[::-1] if turned else pair.owners)
    shares = pair.shares[::-1] if turned else pair.shares
    items = pair.best(verdicts)
    best = verdicts.evidence(*items)
    whole = {
        **dict.fromkeys(PAIRS.names),
        **{"sha256_a": a, "sha256_b": b, "relation": str(pair.relation), "similarity": 1.0},
        **{"width_a": 0, "height_a": 0, "width_b": 0, "height_b": 0},
        **{"cells_a": bytes(CELLS // 8), "cells_b": bytes(CELLS // 8)},
        **{"same_photograph": pair.relation != Relation.SHARES_ELEMENT},
        **{"part_a": shares[0], "part_b": shares[1]},
    }
    if best is not None:
        first = frames.names[items[0]].as_py() < frames.names[items[1]].as_py()
        row = best if first != turned else _turned(best)
        names = [name for name in PAIRS.names if name not in ("sha256_a", "sha256_b", "relation")]
        whole |= {name: row[name] for name in names}
        whole["part_a"], whole["part_b"] = (
            row[name] * share for name, share in zip(("part_a", "part_b"), shares, strict=True)
        )
        whole["same_photograph"] = pair.relation != Relation.SHARES_ELEMENT
    if pair.relation == Relation.SHARES_ELEMENT:
        # Their cells are those of one moment: the rest of the videos shows something else there.
        cells = bytes(CELLS // 8)
        whole |= {"altered": None, "altered_part": None, "cells_a": cells, "cells_b": cells}
    return whole


def _turned(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `PAIRS` from B to A."""
    size_a, size_b = ((row[f"width_{side}"], row[f"height_{side}"]) for side in "ab")
    inverted = inverted_evidence(row, size_a, size_b)
    swapped = {
        f"{name}_{side}": row[f"{name}_{other}"]
        for name in ("width", "height", "cells")
        for side, other in (("a", "b"), ("b", "a"))
    }
    return {**row, **inverted, **swapped}
