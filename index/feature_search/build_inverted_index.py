"""Building the inverted lists of local features, from the shards or from an earlier index."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Protocol

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0

from frametrace.case.files import reserve_space
from frametrace.embed.signals.local import BITS, Features
from frametrace.index.arrays import save_array
from frametrace.index.codes import as_keys
from frametrace.index.feature_search.codebook import nearest_centers, train_centers
from frametrace.index.feature_search.picture_votes import ANGLE_STEPS, SCALE_STEPS
from frametrace.index.feature_shards import FeatureShards, Numbered
from frametrace.posts.errors import UsageError
from frametrace.work.progress import Progress

__all__ = [
    "ARRAY_NAMES",
    "MAX_INDEXED_PICTURES",
    "POSE_BITS",
    "EarlierLists",
    "build_inverted_index",
    "can_reuse_centers",
    "pack_owners",
]

ARRAY_NAMES = ("items", "rows", "centers", "starts", "words", "owners")
POSE_BITS = 8  # bits of an owner's number that hold orientation and scale
MAX_INDEXED_PICTURES = 1 << (32 - POSE_BITS)  # the rest of the bits number the pictures

_KEPT = 300  # features of a picture, the first ones: 6,000 bytes
_TO_A_LIST = 8  # pictures; a list then holds some 2,400 features
_CENTERS = 16, 1 << 13  # at least and at most: building compares every feature with all
_TRAINING = 32  # features a center
_GROWTH = 2  # times as many pictures as an index was trained for make another one
_SAMPLED = 1 << 13  # pictures that they are taken from


class EarlierLists(Protocol):
    """The arrays of an index (see `FeatureIndex`) that another one is built from."""

    items: np.ndarray
    centers: np.ndarray
    starts: np.ndarray
    words: np.ndarray
    owners: np.ndarray

    def __len__(self) -> int:
        """How many pictures it holds."""


def can_reuse_centers(earlier: EarlierLists, pictures: int) -> bool:
    """Whether an earlier index's centers do for so many pictures, however often it grew since."""
    # Training may have merged a few of the centers that it was asked for, a power of 2.
    asked = 2 * len(earlier.centers)
    return _power(pictures) < _GROWTH * asked or asked > _CENTERS[1]


def build_inverted_index(
    folder: Path, shards: FeatureShards, earlier: EarlierLists | None, progress: Progress
) -> None:
    """Write the arrays of an index of the shards' pictures into a folder.

    Those of an `earlier` index of some of these pictures are carried over. Raises `CaseError` where
    a shard can't be read, `UsageError` where there are too many pictures.
    """
    pictures = Numbered.of(shards)
    count = len(pictures.items)
    if count > MAX_INDEXED_PICTURES:
        raise UsageError(
            f"an index of local features takes {MAX_INDEXED_PICTURES:,} pictures at most"
        )
    if earlier is not None:
        is_new = ~np.isin(as_keys(pictures.items), as_keys(earlier.items))
        earlier = earlier if count - is_new.sum() == len(earlier) else None
    if earlier is not None:
        centers = earlier.centers
    else:
        is_new = np.ones(count, bool)
        centers = train_centers(_sample(shards, pictures, _count(count)), _count(count))
    many = np.zeros(len(centers), np.int64) if earlier is None else np.diff(earlier.starts)
    tracked = progress.track("indexing local features", 2 * int(is_new.sum()))
    with tracked as advance, TemporaryFile(dir=folder) as lists:
        for features, numbers in _batches(shards, pictures, is_new):
            of = nearest_centers(_bits(features), centers, 1)[:, 0].astype(np.uint16)
            many += np.bincount(of, minlength=len(centers))
            lists.write(of.tobytes())
            advance(len(numbers))
        lists.seek(0)
        writing = _Writing(folder, centers, many)
        if earlier is not None:
            writing.carry(earlier, np.searchsorted(as_keys(pictures.items), as_keys(earlier.items)))
        for features, numbers in _batches(shards, pictures, is_new):
            writing.put(features, numbers, lists)
            advance(len(numbers))
    writing.end(pictures)


class _Writing:
    """The arrays of an index as they are filled; `many` features will lie in each list."""

    def __init__(self, folder: Path, centers: np.ndarray, many: np.ndarray) -> None:
        self._folder, self._centers = folder, centers
        self._starts = np.append(0, np.cumsum(many))
        self._next = self._starts[:-1].copy()
        size = int(self._starts[-1])
        self._words = _room(folder / "words.npy", np.empty((2, 0), np.uint64), (2, size))
        self._owners = _room(folder / "owners.npy", np.empty(0, np.uint32), (size,))

    def carry(self, earlier: EarlierLists, numbers: np.ndarray) -> None:
        """Take over an earlier index, whose pictures are called `numbers` now."""
        numbers = numbers.astype(np.uint32) << np.uint32(POSE_BITS)
        bounds = earlier.starts.tolist()
        for at, (begin, end) in enumerate(pairwise(bounds)):
            place = slice(int(self._next[at]), int(self._next[at]) + end - begin)
            owners = earlier.owners[begin:end]
            self._owners[place] = numbers[owners >> POSE_BITS] | owners & np.uint32(
                (1 << POSE_BITS) - 1
            )
            self._words[:, place] = earlier.words[:, begin:end]
        self._next += np.diff(earlier.starts)

    def put(self, features: Sequence[Features], numbers: np.ndarray, of: IO[bytes]) -> None:
        """Put a batch of pictures into their lists, whose numbers come next in `of`."""
        owners = [pack_owners(f, n, _KEPT) for f, n in zip(features, numbers.tolist(), strict=True)]
        owner = np.concatenate(owners)
        lists = np.frombuffer(of.read(2 * len(owner)), np.uint16)
        order = np.argsort(lists, kind="stable")
        many = np.bincount(lists, minlength=len(self._centers))
        within = np.arange(len(order)) - np.repeat(np.cumsum(many) - many, many)
        place = np.repeat(self._next, many) + within
        self._words[:, place] = _bits(features).view(np.uint64)[order].T
        self._owners[place] = owner[order]
        self._next += many

    def end(self, pictures: Numbered) -> None:
        """Write the rest."""
        self._words.flush()
        self._owners.flush()
        rest = pictures.items, pictures.rows, self._centers, self._starts
        for name, array in zip(ARRAY_NAMES, rest, strict=False):
            save_array(self._folder / f"{name}.npy", array)


def pack_owners(features: Features, picture: int, count: int) -> np.ndarray:
    """Who owns each of the first `count` features, (count,) uint32.

    24 bits name the picture, 4 the orientation (a 16th of a turn), 4 the scale (half a doubling).
    """
    angle = np.floor(features.angle[:count] * (ANGLE_STEPS / 360)).astype(np.uint32) % ANGLE_STEPS
    scale = np.floor(2 * np.log2(features.scale[:count])).clip(0, SCALE_STEPS - 1).astype(np.uint32)
    owners: np.ndarray = np.uint32(picture << POSE_BITS) | angle << np.uint32(4) | scale
    return owners


def _room(path: Path, like: np.ndarray, shape: tuple[int, ...]) -> np.memmap:
    """A mapped `.npy` file to fill. Its room is taken first: a full disk is told before."""
    with path.open("wb") as file:
        header = {**header_data_from_array_1_0(like), "shape": shape}
        write_array_header_1_0(file, header)
        begin = file.tell()
        reserve_space(file, max(int(np.prod(shape)) * like.itemsize, 1))
    return np.memmap(path, like.dtype, "r+", begin, shape)


def _count(pictures: int) -> int:
    """How many centers."""
    least, most = _CENTERS
    return min(max(_power(pictures), least), most)


def _power(pictures: int) -> int:
    return 1 << (pictures // _TO_A_LIST).bit_length()


def _batches(
    shards: FeatureShards, pictures: Numbered, wanted: np.ndarray
) -> Iterator[tuple[list[Features], np.ndarray]]:
    """The features of the `wanted` pictures, (n,) bool by number, and these numbers."""
    for shard, numbers in enumerate(pictures.numbers):
        for rows, features in shards.some(shard, wanted[numbers]):
            yield features, numbers[rows]


def _sample(shards: FeatureShards, pictures: Numbered, count: int) -> np.ndarray:
    """Features of pictures all over the case to choose so many centers by."""
    wanted = np.zeros(len(pictures.items), bool)
    wanted[:: max(len(wanted) // _SAMPLED, 1)] = True
    parts = [_bits(features) for features, _ in _batches(shards, pictures, wanted)]
    bits = np.concatenate([np.empty((0, BITS // 8), np.uint8), *parts])
    return bits[:: max(len(bits) // (_TRAINING * count), 1)]


def _bits(features: Sequence[Features]) -> np.ndarray:
    """The bits of the features that are kept, (f, 16) uint8."""
    words = [each.words[:_KEPT] for each in features]
    return np.ascontiguousarray(np.concatenate(words)).view(np.uint8)
