"""Adds pictures to a feature join: writes their records into part files, and reads these back."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from frametrace.embed.signals.local import Features
from frametrace.index.distinct_codes import as_digests, as_keys
from frametrace.index.feature_join.geometric_consistency import pack_positions
from frametrace.index.feature_join.join_folder import (
    PICTURE_DTYPE,
    RECORD_DTYPE,
    JoinFolder,
    part_filename,
)
from frametrace.index.feature_join.lsh_keys import (
    MAX_FEATURES,
    MAX_JOINED_PICTURES,
    PART_COUNT,
    Records,
    canonical_records,
    owner_numbers,
    part_numbers,
    picture_numbers,
)
from frametrace.index.feature_shards import FeatureShards
from frametrace.posts.errors import IndexMismatch, UsageError
from frametrace.work.progress import Progress

__all__ = ["add_pictures", "new_pictures", "read_records"]

_BATCH_PICTURES = 1 << 13  # whose records are written at a time: 55 MB
_COMMIT_PICTURES = 1 << 17  # after which they are committed, should the run be killed
_READ_RECORDS = 1 << 20  # read at a time

ShardRows = list[tuple[int, np.ndarray]]  # shards, and which of their rows, (n,) bool


def new_pictures(folder: JoinFolder, shards: FeatureShards, pictures: pa.StringArray) -> ShardRows:
    """The shard rows of those pictures that are not in the join yet.

    Raises `UsageError` if there would be more than `MAX_JOINED_PICTURES`.
    """
    missing = set(as_keys(as_digests(pa.chunked_array([pictures]))).tolist())
    missing.difference_update(as_keys(folder.pictures()["digest"]).tolist())
    shard_rows: ShardRows = []
    for shard in range(len(shards)) if missing else ():
        digests = as_keys(shards.digests(shard)).tolist()
        is_new = np.zeros(len(digests), bool)
        for row, digest in enumerate(digests):
            if digest in missing:
                is_new[row] = True
                missing.discard(digest)  # another shard may have it as well
        shard_rows.append((shard, is_new))
    count = folder.state.pictures + sum(int(is_new.sum()) for _, is_new in shard_rows)
    if count > MAX_JOINED_PICTURES:
        raise UsageError(
            f"{count:,} pictures are too many to compare by local features: the maximum is "
            f"{MAX_JOINED_PICTURES:,}; divide the posts into several cases"
        )
    return [(shard, is_new) for shard, is_new in shard_rows if is_new.any()]


def add_pictures(
    folder: JoinFolder,
    shards: FeatureShards,
    new: ShardRows,
    progress: Progress,
    *,
    compiled: bool,
) -> None:
    """Append the pictures, their positions and their records, and commit them."""
    if not new:
        if not folder.state.whole:
            folder.commit(whole=True)
        return
    total = sum(int(is_new.sum()) for _, is_new in new)
    uncommitted = 0
    with progress.track("reading local features", total) as advance:
        for digests, features in _batches(shards, new):
            _append(folder, digests, features, folder.state.pictures + uncommitted, compiled)
            uncommitted += len(features)
            advance(len(features))
            if uncommitted >= _COMMIT_PICTURES:
                folder.commit(pictures=folder.state.pictures + uncommitted, whole=False)
                uncommitted = 0
    folder.commit(pictures=folder.state.pictures + uncommitted, whole=True)


def _batches(shards: FeatureShards, new: ShardRows) -> Iterator[tuple[np.ndarray, list[Features]]]:
    """Digests, (n, 32) uint8, and features of some thousand pictures at a time, by digest.

    So the numbers of pictures don't depend on how shards hold them. Shards are mostly ordered by
    digest as well; each of their row groups is then read about once.
    """
    items = [shards.digests(shard)[is_new] for shard, is_new in new]
    ends = np.cumsum([len(part) for part in items])
    order = np.argsort(as_keys(np.concatenate(items)))
    batch_of = np.empty(len(order), np.int64)
    batch_of[order] = np.arange(len(order)) // _BATCH_PICTURES
    batches = np.split(batch_of, ends[:-1])
    for batch in range(int(batch_of.max()) + 1):
        digests: list[np.ndarray] = []
        features: list[Features] = []
        for (shard, is_new), part, numbers in zip(new, items, batches, strict=True):
            wanted = is_new.copy()
            wanted[is_new] = numbers == batch
            digests.append(part[numbers == batch])
            for _, row_features in shards.feature_batches(shard, wanted):
                features += row_features
        gathered = np.concatenate(digests)
        by_digest = np.argsort(as_keys(gathered))
        yield gathered[by_digest], [features[at] for at in by_digest.tolist()]


def _append(
    folder: JoinFolder,
    digests: np.ndarray,
    features: list[Features],
    first: int,
    compiled: bool,
) -> None:
    """Append a batch of pictures, numbered from `first`."""
    pictures = np.zeros(len(features), PICTURE_DTYPE)
    pictures["digest"] = digests
    pictures["features"] = [min(len(picture), MAX_FEATURES) for picture in features]
    pictures["width"] = [picture.width for picture in features]
    folder.append_pictures(pictures, pack_positions(features))
    words = np.concatenate([picture.words[:MAX_FEATURES] for picture in features])
    owners = owner_numbers(pictures["features"].astype(np.int64), first)
    _append_records(folder, canonical_records(words, owners, compiled=compiled), compiled)


def _append_records(folder: JoinFolder, records: Records, compiled: bool) -> None:
    """Append each record to the file of its part, in order."""
    parts = part_numbers(records.words)
    ordered = np.empty(len(records), RECORD_DTYPE)
    sizes = np.bincount(parts, minlength=PART_COUNT)
    if compiled:
        from frametrace.index.feature_join.lsh_kernels import write_by_part

        starts = np.cumsum(np.concatenate([[0], sizes]))
        rows = ordered.view(np.uint32).reshape(-1, 5)
        write_by_part(records.words, records.owners, parts, starts, rows)
    else:
        order = np.argsort(parts, kind="stable")
        ordered["words"], ordered["owner"] = records.words[order], records.owners[order]
    ends = np.cumsum(sizes).tolist()
    for part, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
        if end > begin:
            folder.append(part_filename(part), ordered[begin:end].view(np.uint8).data)


def read_records(folder: Path, sizes: Mapping[int, int], first_new: int) -> tuple[Records, int]:
    """The first records of some parts; those of pictures below `first_new` first, and their count.

    `sizes` are the record counts of the parts. Records of different parts never share a key, so
    they can be compared together. Parts without a new record are left out. Raises `IndexMismatch`
    if a file is too short.
    """
    sizes = {part: size for part, size in sizes.items() if _has_new(folder, part, size, first_new)}
    total = sum(sizes.values())
    words, owners = np.empty((total, 2), np.uint64), np.empty(total, np.uint32)
    done = end = 0
    for part, size in sizes.items():
        path = folder / part_filename(part)
        end += size
        for block in _blocks(path, size):
            rows = slice(done, done + len(block))
            words[rows], owners[rows] = block["words"], block["owner"]
            done += len(block)
        if done < end:
            raise IndexMismatch(f"{path} is cut short: delete {folder}, it will be rebuilt")
    is_new = picture_numbers(owners) >= first_new
    earlier = total - int(is_new.sum())
    if is_new[:earlier].any():  # of several parts
        order = np.argsort(is_new, kind="stable")
        words, owners = words[order], owners[order]
    return Records(words, owners), earlier


def _has_new(folder: Path, part: int, size: int, first_new: int) -> bool:
    """Whether the last record of a part is of a new picture."""
    if not size:
        return False
    with (folder / part_filename(part)).open("rb") as file:
        file.seek((size - 1) * RECORD_DTYPE.itemsize)
        last = np.fromfile(file, RECORD_DTYPE, 1)["owner"]
    return bool((picture_numbers(last) >= first_new).all())


def _blocks(path: Path, size: int) -> Iterator[np.ndarray]:
    """The first `size` records of a part, a million at a time."""
    with path.open("rb") as file:
        for begin in range(0, size, _READ_RECORDS):
            yield np.fromfile(file, RECORD_DTYPE, min(_READ_RECORDS, size - begin))
