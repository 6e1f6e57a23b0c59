"""Builds the inverted lists of local features from the shards, or from an earlier index.

It takes two passes over the shards, one batch at a time, so that memory does not grow with the
case. If pictures were added, an earlier index's lists are carried over and only the features of the
new pictures are inserted, until the case is twice as large as when the centers were trained.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Protocol

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0

from frametrace.case.atomic_files import reserve_space
from frametrace.embed.signals.local import BITS, Features
from frametrace.index.arrays import save_array
from frametrace.index.distinct_codes import as_keys
from frametrace.index.feature_search.codebook import nearest_centers, train_centers
from frametrace.index.feature_search.picture_votes import ANGLE_STEPS, SCALE_STEPS
from frametrace.index.feature_shards import FeatureShards, NumberedPictures
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
POSE_BITS = 8  # low bits of an owner: orientation and scale
MAX_INDEXED_PICTURES = 1 << (32 - POSE_BITS)  # the other bits number the picture

_MAX_FEATURES = 300  # of a picture, the first ones: 6,000 bytes
_PICTURES_PER_LIST = 8  # a list then has about 2,400 features
_MIN_CENTERS, _MAX_CENTERS = 16, 1 << 13  # building compares every feature with all centers
_TRAINING_FEATURES = 32  # per center
_TRAINING_PICTURES = 1 << 13  # that they are sampled from
_MAX_GROWTH = 2  # times the pictures that centers were trained for; beyond, they are retrained


class EarlierLists(Protocol):
    """The arrays of an index (see `FeatureIndex`) that another one is built from."""

    items: np.ndarray
    centers: np.ndarray
    starts: np.ndarray
    words: np.ndarray
    owners: np.ndarray

    def __len__(self) -> int:
        """The number of pictures."""


def can_reuse_centers(earlier: EarlierLists, pictures: int) -> bool:
    """Whether an earlier index's centers still suit this number of pictures."""
    # Training may have merged a few of the requested centers, a power of 2.
    requested = 2 * len(earlier.centers)
    return _power_of_two(pictures) < _MAX_GROWTH * requested or requested > _MAX_CENTERS


def build_inverted_index(
    folder: Path, shards: FeatureShards, earlier: EarlierLists | None, progress: Progress
) -> None:
    """Write the arrays of an index of the shards' pictures into a folder.

    The lists of an `earlier` index of some of these pictures are carried over. Raises `CaseError`
    if a shard can't be read, `UsageError` if there are too many pictures.
    """
    pictures = NumberedPictures.of(shards)
    count = len(pictures.items)
    if count > MAX_INDEXED_PICTURES:
        raise UsageError(
            f"{count:,} pictures are too many for an index of local features: the maximum is "
            f"{MAX_INDEXED_PICTURES:,}; divide the posts into several cases"
        )
    if earlier is not None:
        is_new = ~np.isin(as_keys(pictures.items), as_keys(earlier.items))
        earlier = earlier if count - is_new.sum() == len(earlier) else None
    if earlier is None:
        is_new = np.ones(count, bool)
    centers = _train(shards, pictures) if earlier is None else earlier.centers
    sizes = np.zeros(len(centers), np.int64) if earlier is None else np.diff(earlier.starts)
    tracked = progress.track("indexing local features", 2 * int(is_new.sum()))
    with tracked as advance, TemporaryFile(dir=folder) as lists:
        for features, numbers in _batches(shards, pictures, is_new):
            numbers_of_lists = nearest_centers(_bits(features), centers, 1)[:, 0].astype(np.uint16)
            sizes += np.bincount(numbers_of_lists, minlength=len(centers))
            lists.write(numbers_of_lists.tobytes())
            advance(len(numbers))
        lists.seek(0)
        writer = _ListWriter(folder, centers, sizes)
        if earlier is not None:
            numbers = np.searchsorted(as_keys(pictures.items), as_keys(earlier.items))
            writer.carry_over(earlier, numbers)
        for features, numbers in _batches(shards, pictures, is_new):
            writer.insert(features, numbers, lists)
            advance(len(numbers))
    writer.finish(pictures)


class _ListWriter:
    """Fills the arrays of an index; `sizes` are the final numbers of features in each list."""

    def __init__(self, folder: Path, centers: np.ndarray, sizes: np.ndarray) -> None:
        self._folder, self._centers = folder, centers
        self._starts = np.append(0, np.cumsum(sizes))
        self._next = self._starts[:-1].copy()
        size = int(self._starts[-1])
        self._words = _allocate(folder / "words.npy", np.empty((2, 0), np.uint64), (2, size))
        self._owners = _allocate(folder / "owners.npy", np.empty(0, np.uint32), (size,))

    def carry_over(self, earlier: EarlierLists, numbers: np.ndarray) -> None:
        """Copy the lists of an earlier index, whose pictures are now numbered `numbers`."""
        high_bits = numbers.astype(np.uint32) << np.uint32(POSE_BITS)
        pose_mask = np.uint32((1 << POSE_BITS) - 1)
        bounds = earlier.starts.tolist()
        for number, (begin, end) in enumerate(pairwise(bounds)):
            start = int(self._next[number])
            target = slice(start, start + end - begin)
            owners = earlier.owners[begin:end]
            self._owners[target] = high_bits[owners >> POSE_BITS] | owners & pose_mask
            self._words[:, target] = earlier.words[:, begin:end]
        self._next += np.diff(earlier.starts)

    def insert(
        self, features: Sequence[Features], numbers: np.ndarray, lists_file: IO[bytes]
    ) -> None:
        """Insert the features of pictures; the lists of the features come next in `lists_file`."""
        pictures = zip(features, numbers.tolist(), strict=True)
        owner = np.concatenate([pack_owners(f, n, _MAX_FEATURES) for f, n in pictures])
        lists = np.frombuffer(lists_file.read(2 * len(owner)), np.uint16)
        order = np.argsort(lists, kind="stable")
        sizes = np.bincount(lists, minlength=len(self._centers))
        within = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        target = np.repeat(self._next, sizes) + within
        self._words[:, target] = _bits(features).view(np.uint64)[order].T
        self._owners[target] = owner[order]
        self._next += sizes

    def finish(self, pictures: NumberedPictures) -> None:
        """Write the remaining arrays."""
        self._words.flush()
        self._owners.flush()
        rest = pictures.items, pictures.rows, self._centers, self._starts
        for name, array in zip(ARRAY_NAMES, rest, strict=False):
            save_array(self._folder / f"{name}.npy", array)


def pack_owners(features: Features, picture: int, count: int) -> np.ndarray:
    """The owner of each of the first `count` features, (count,) uint32.

    24 bits name the picture, 4 the orientation (a 16th of a turn), 4 the scale (half a doubling).
    """
    angle = np.floor(features.angle[:count] * (ANGLE_STEPS / 360)).astype(np.uint32) % ANGLE_STEPS
    scale = np.floor(2 * np.log2(features.scale[:count])).clip(0, SCALE_STEPS - 1).astype(np.uint32)
    owners: np.ndarray = np.uint32(picture << POSE_BITS) | angle << np.uint32(4) | scale
    return owners


def _allocate(path: Path, like: np.ndarray, shape: tuple[int, ...]) -> np.memmap:
    """Map a new `.npy` file to fill. Its space is reserved first, so that a full disk shows now."""
    with path.open("wb") as file:
        header = {**header_data_from_array_1_0(like), "shape": shape}
        write_array_header_1_0(file, header)
        begin = file.tell()
        reserve_space(file, max(int(np.prod(shape)) * like.itemsize, 1))
    return np.memmap(path, like.dtype, "r+", begin, shape)


def _train(shards: FeatureShards, pictures: NumberedPictures) -> np.ndarray:
    """Train centers on features of pictures all over the case."""
    count = min(max(_power_of_two(len(pictures.items)), _MIN_CENTERS), _MAX_CENTERS)
    sampled = np.zeros(len(pictures.items), bool)
    sampled[:: max(len(sampled) // _TRAINING_PICTURES, 1)] = True
    parts = [_bits(features) for features, _ in _batches(shards, pictures, sampled)]
    bits = np.concatenate([np.empty((0, BITS // 8), np.uint8), *parts])
    return train_centers(bits[:: max(len(bits) // (_TRAINING_FEATURES * count), 1)], count)


def _power_of_two(pictures: int) -> int:
    """The power of two above the number of lists for this number of pictures."""
    return 1 << (pictures // _PICTURES_PER_LIST).bit_length()


def _batches(
    shards: FeatureShards, pictures: NumberedPictures, chosen: np.ndarray
) -> Iterator[tuple[list[Features], np.ndarray]]:
    """The features of the `chosen` pictures, (n,) bool by number, and their numbers."""
    for shard, numbers in enumerate(pictures.numbers):
        for rows, features in shards.feature_batches(shard, chosen[numbers]):
            yield features, numbers[rows]


def _bits(features: Sequence[Features]) -> np.ndarray:
    """The bits of the indexed features, (f, 16) uint8."""
    words = [picture.words[:_MAX_FEATURES] for picture in features]
    return np.ascontiguousarray(np.concatenate(words)).view(np.uint8)
