"""Trains the codebook of an inverted index: the centers (coarse quantizer) of binary codes.

It is Lloyd's k-means among bits (k-majority): each bit of a center is the majority of that bit in
the codes that are nearest to it (Grana, Borghesani, Manfredi and Cucchiara, "A fast approach for
integrating ORB descriptors in the bag of words model", 2013). FAISS finds the nearest centers by
comparing all.
"""

from dataclasses import dataclass

import numpy as np

from frametrace.work.thread_pool import ThreadPool

__all__ = ["nearest_centers", "train_centers"]

_ROUNDS = 6
_SEED = 0
_BLOCK = 1 << 13  # codes at a time


def train_centers(codes: np.ndarray, count: int) -> np.ndarray:
    """(count, k) uint8 centers of (n, k) codes; the same codes give the same centers.

    With fewer than `count` distinct codes, these are the centers; without any code, there is one.
    """
    if not len(codes):
        return np.zeros((1, codes.shape[1]), np.uint8)
    distinct = np.unique(codes, axis=0)
    if len(distinct) <= count:
        return distinct
    rng = np.random.default_rng(_SEED)
    centers = distinct[np.sort(rng.choice(len(distinct), count, replace=False))]
    for _ in range(_ROUNDS):
        center_numbers = nearest_centers(codes, centers, 1)[:, 0]
        order = np.argsort(center_numbers, kind="stable")
        sizes = np.bincount(center_numbers, minlength=count)
        filled = np.flatnonzero(sizes)
        bits = np.unpackbits(codes[order], axis=1)
        starts = (np.cumsum(sizes) - sizes)[filled]
        ones = np.add.reduceat(bits, starts, axis=0, dtype=np.int32)
        centers[filled] = np.packbits(2 * ones > sizes[filled, None], axis=1)
    return np.unique(centers, axis=0)


def nearest_centers(codes: np.ndarray, centers: np.ndarray, count: int) -> np.ndarray:
    """The numbers of the `count` centers nearest to each code, (n, count) int32, nearest first."""
    search = _Search(np.ascontiguousarray(centers), count)
    if len(codes) <= _BLOCK:
        return search(codes)
    starts = range(0, len(codes), _BLOCK)
    numbers = np.empty((len(codes), count), np.int32)
    with ThreadPool() as executor:
        blocks = executor.map(search, (codes[start : start + _BLOCK] for start in starts))
        for start, block in zip(starts, blocks, strict=True):
            numbers[start : start + _BLOCK] = block
    return numbers


@dataclass(frozen=True, slots=True)
class _Search:
    """Finds the `count` nearest centers of a block of codes."""

    centers: np.ndarray
    count: int

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        import faiss

        index = faiss.IndexBinaryFlat(8 * self.centers.shape[1])
        index.add(self.centers)
        # FAISS's own threads wait for each other in busy loops: very slow if other processes need
        # the cores. The setting is the calling thread's alone.
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            numbers: np.ndarray = index.search(np.ascontiguousarray(codes), self.count)[1]
        finally:
            faiss.omp_set_num_threads(before)
        return numbers
