"""Centers of binary codes: what the lists of an inverted index are for.

Lloyd's k-means among bits: a center is the majority of each bit of the codes that are nearest to
it (Grana, Borghesani, Manfredi and Cucchiara, "A fast approach for integrating ORB descriptors in
the bag of words model", 2013). FAISS finds what is nearest, all centers compared.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from frametrace.work.executor import cpu_count

__all__ = ["nearest_centers", "train_centers"]

_ROUNDS = 6
_SEED = 0
_BLOCK = 1 << 13  # codes at a time


def train_centers(codes: np.ndarray, count: int) -> np.ndarray:
    """(count, k) uint8 centers of (n, k) codes; the same codes give the same centers.

    Fewer than `count` different codes give as many centers as there are; none gives one.
    """
    if not len(codes):
        return np.zeros((1, codes.shape[1]), np.uint8)
    chosen = np.unique(codes, axis=0)
    if len(chosen) <= count:
        return chosen
    rng = np.random.default_rng(_SEED)
    centers = chosen[np.sort(rng.choice(len(chosen), count, replace=False))]
    for _ in range(_ROUNDS):
        of = nearest_centers(codes, centers, 1)[:, 0]
        order = np.argsort(of, kind="stable")
        many = np.bincount(of, minlength=count)
        filled = np.flatnonzero(many)
        bits = np.unpackbits(codes[order], axis=1)
        starts = (np.cumsum(many) - many)[filled]
        ones = np.add.reduceat(bits, starts, axis=0, dtype=np.int32)
        centers[filled] = np.packbits(2 * ones > many[filled, None], axis=1)
    return np.unique(centers, axis=0)


def nearest_centers(codes: np.ndarray, centers: np.ndarray, count: int) -> np.ndarray:
    """The numbers of the `count` centers nearest to each code, (n, count) int32, nearest first."""
    import faiss

    index = faiss.IndexBinaryFlat(8 * centers.shape[1])
    index.add(np.ascontiguousarray(centers))
    found = np.empty((len(codes), count), np.int32)

    def fill(start: int) -> None:
        part = np.ascontiguousarray(codes[start : start + _BLOCK])
        found[start : start + _BLOCK] = index.search(part, count)[1]

    # FAISS' own threads wait for each other in loops, which takes ages where others need the cores.
    set_threads, before = faiss.omp_set_num_threads, faiss.omp_get_max_threads()
    if len(codes) <= _BLOCK:
        set_threads(1)
        try:
            fill(0)
        finally:
            set_threads(before)
        return found
    with ThreadPoolExecutor(cpu_count(), initializer=set_threads, initargs=(1,)) as pool:
        list(pool.map(fill, range(0, len(codes), _BLOCK)))
    return found
