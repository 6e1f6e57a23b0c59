"""Measures how close vectors are to those computed in float32."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Agreement", "agreement"]

_TIE = 0.005  # of cosine similarity: neighbours that float32 finds as near as that are as good


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cosines of each vector to float32's, and whether its nearest neighbour is the same one."""

    mean: float
    least: float
    neighbours: float  # part whose nearest is float32's nearest
    as_near: float  # part whose nearest is, in float32, within 0.005 of the nearest

    def __str__(self) -> str:
        return f"cosine {self.mean:.4f} (least {self.least:.4f}), neighbours {self.neighbours:.1%}"


def agreement(exact: np.ndarray, found: np.ndarray) -> Agreement:
    """Compare (n, d) float32 vectors of unit length."""
    cosines = (exact * found).sum(axis=1)
    ours, theirs = exact @ exact.T, found @ found.T
    np.fill_diagonal(ours, -2)
    np.fill_diagonal(theirs, -2)
    best, chosen = ours.argmax(axis=1), theirs.argmax(axis=1)
    rows = np.arange(len(exact))
    lost = ours[rows, best] - ours[rows, chosen]
    return Agreement(
        float(cosines.mean()),
        float(cosines.min()),
        float((best == chosen).mean()),
        float((lost <= _TIE).mean()),
    )
