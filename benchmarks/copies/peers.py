"""Computes hashes of whole pictures, ours and those of peers, and their distances.

A method may use several views of a picture: its eight rotated and mirrored orientations for
queries, or the picture and what is left of it without borders. The least distance of any two views
counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from copies.trimming import trimmed

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.pdq import MIN_QUALITY, compute_orientations, compute_pdq

__all__ = ["FAR", "METHODS", "Method", "distances", "hashed"]

FAR = np.uint16(999)  # pairs that a method doesn't compare come last
_BLOCK = 256  # queries at a time


@dataclass(frozen=True, slots=True)
class Method:
    """A method's views of a picture that is a query, and of one in the database, by name.

    `limit` is the distance at which its makers call two pictures copies, in bits.
    """

    name: str
    query: tuple[str, ...]
    kept: tuple[str, ...]
    bits: int
    limit: int
    clear: bool = False  # only of pictures with enough quality


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("imagehash pHash", ("phash",), ("phash",), 64, 10),
        Method("imagehash dHash", ("dhash",), ("dhash",), 64, 10),
        Method("imagededup PHash", ("dedup_phash",), ("dedup_phash",), 64, 10),
        Method("imagededup DHash", ("dedup_dhash",), ("dedup_dhash",), 64, 10),
        Method("imagededup AHash", ("dedup_ahash",), ("dedup_ahash",), 64, 10),
        Method("imagededup WHash", ("dedup_whash",), ("dedup_whash",), 64, 10),
        Method("PDQ", ("pdq",), ("pdq",), 256, 31, clear=True),
        Method("PDQ, 8 forms", ("forms",), ("pdq",), 256, 31, clear=True),
        Method("PDQ, trimmed too", ("pdq", "trim"), ("pdq", "trim"), 256, 31, clear=True),
    )
}


def hashed(picture: Picture) -> dict[str, bytes]:
    """All views of a picture by name, and its PDQ quality as one byte."""
    import imagehash

    luma, rgb = np.asarray(picture.luma), np.asarray(picture.image)
    forms, quality = compute_orientations(luma)
    return {
        "phash": np.packbits(imagehash.phash(picture.image).hash).tobytes(),
        "dhash": np.packbits(imagehash.dhash(picture.image).hash).tobytes(),
        **{name: bytes.fromhex(hasher(rgb)) for name, hasher in _imagededup().items()},
        "pdq": forms[0].tobytes(),
        "forms": forms.tobytes(),
        "trim": compute_pdq(trimmed(luma))[0],
        "quality": bytes([quality]),
    }


@lru_cache(maxsize=1)
def _imagededup() -> Mapping[str, Callable[[np.ndarray], str]]:
    from imagededup import methods  # type: ignore[import-untyped]

    def hasher(made: Any) -> Callable[[np.ndarray], str]:
        return lambda rgb: str(made.encode_image(image_array=rgb))

    return {
        f"dedup_{name.lower()}": hasher(getattr(methods, name)(verbose=False))
        for name in ("PHash", "DHash", "AHash", "WHash")
    }


def distances(
    method: Method, query: Mapping[str, np.ndarray], kept: Mapping[str, np.ndarray]
) -> np.ndarray:
    """From every query picture to every one in the database: (m, n) uint16, in bits.

    Both are columns of `hashed`: (m, bytes) and (n, bytes) uint8 by name.
    """
    width = method.bits // 8
    ours, theirs = (_words(*side, width) for side in ((query, method.query), (kept, method.kept)))
    found = np.full((len(ours), len(theirs)), FAR)
    for start in range(0, len(ours), _BLOCK):
        block = found[start : start + _BLOCK]
        for one in np.moveaxis(ours[start : start + _BLOCK], 1, 0):
            for other in np.moveaxis(theirs, 1, 0):
                different = np.bitwise_count(one[:, None] ^ other[None])
                np.minimum(block, different.sum(axis=2, dtype=np.uint16), out=block)
    if method.clear:
        found[query["quality"].ravel() < MIN_QUALITY] = FAR
        found[:, kept["quality"].ravel() < MIN_QUALITY] = FAR
    return found


def _words(views: Mapping[str, np.ndarray], names: tuple[str, ...], width: int) -> np.ndarray:
    """(n, views, words) uint64."""
    stacked = np.concatenate([views[name] for name in names], axis=1)
    words: np.ndarray = np.ascontiguousarray(stacked).view(np.uint64)
    return words.reshape(len(stacked), -1, width // 8)
