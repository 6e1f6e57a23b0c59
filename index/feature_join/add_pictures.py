"""The first step of a join: the features of new pictures become records, spread over the parts."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from frametrace.embed.signals.local import Features
from frametrace.index.codes import as_digests, as_keys
from frametrace.index.feature_join.feature_records import (
    MAX_FEATURES,
    MAX_JOINED_PICTURES,
    PART_COUNT,
    RECORD_DTYPE,
    Records,
    canonical_records,
    owner_numbers,
    part_numbers,
)
from frametrace.index.feature_join.join_folder import JoinFolder, part_filename
from frametrace.index.feature_join.positions import PICTURE_DTYPE, pack_positions
from frametrace.index.feature_shards import FeatureShards
from frametrace.posts.errors import UsageError
from frametrace.work.progress import Progress

__all__ = ["add_pictures", "new_pictures"]

_TOGETHER = 1 << 13  # pictures whose records are written at a time: 55 MB
_COMMITTED = 1 << 17  # pictures after which what was written is kept, should the run be killed

Wanted = list[tuple[int, np.ndarray]]  # shards, and which of their rows, (n,) bool


def new_pictures(folder: JoinFolder, shards: FeatureShards, pictures: pa.StringArray) -> Wanted:
    """Where the features of those pictures lie that are not in the join yet.

    Raises `UsageError` where there would be more than `MAX_PICTURES`.
    """
    wanted = set(as_keys(as_digests(pa.chunked_array([pictures]))).tolist())
    wanted.difference_update(as_keys(folder.pictures()["digest"]).tolist())
    rows: Wanted = []
    for shard in range(len(shards)) if wanted else ():
        chosen = np.zeros(0, bool)
        digests = as_keys(shards.digests(shard)).tolist()
        chosen = np.zeros(len(digests), bool)
        for at, digest in enumerate(digests):
            if digest in wanted:
                chosen[at] = True
                wanted.discard(digest)  # it may lie in another shard as well
        rows.append((shard, chosen))
    count = folder.state.pictures + sum(int(chosen.sum()) for _, chosen in rows)
    if count > MAX_JOINED_PICTURES:
        raise UsageError(
            f"{count:,} pictures are too many to be compared by local features: {MAX_JOINED_PICTURES:,} "
            "is the most; divide the posts into several cases"
        )
    return [(shard, chosen) for shard, chosen in rows if chosen.any()]


def add_pictures(
    folder: JoinFolder,
    shards: FeatureShards,
    wanted: Wanted,
    progress: Progress,
    *,
    compiled: bool,
) -> None:
    """Append the pictures, their places and their records, and commit them."""
    if not wanted:
        if not folder.state.whole:
            folder.commit(whole=True)
        return
    total = sum(int(chosen.sum()) for _, chosen in wanted)
    uncommitted = 0
    with progress.track("reading local features", total) as advance:
        for digests, features in _batches(shards, wanted):
            _append(folder, digests, features, folder.state.pictures + uncommitted, compiled)
            uncommitted += len(features)
            advance(len(features))
            if uncommitted >= _COMMITTED:
                folder.commit(pictures=folder.state.pictures + uncommitted, whole=False)
                uncommitted = 0
    folder.commit(pictures=folder.state.pictures + uncommitted, whole=True)


def _batches(shards: FeatureShards, wanted: Wanted) -> Iterator[tuple[np.ndarray, list[Features]]]:
    """Digests, (n, 32) uint8, and features of some thousand pictures at a time."""
    digests: list[np.ndarray] = []
    features: list[Features] = []
    for shard, chosen in wanted:
        held = shards.digests(shard)
        for rows, some in shards.some(shard, chosen):
            digests.append(held[rows])
            features += some
            if len(features) >= _TOGETHER:
                yield np.concatenate(digests), features
                digests, features = [], []
    if features:
        yield np.concatenate(digests), features


def _append(
    folder: JoinFolder,
    digests: np.ndarray,
    features: list[Features],
    first: int,
    compiled: bool,
) -> None:
    rows = np.zeros(len(features), PICTURE_DTYPE)
    rows["digest"] = digests
    rows["features"] = [min(len(each), MAX_FEATURES) for each in features]
    rows["width"] = [each.width for each in features]
    folder.append_pictures(rows, pack_positions(features))
    words = np.concatenate([each.words[:MAX_FEATURES] for each in features])
    owners = owner_numbers(rows["features"].astype(np.int64), first)
    _append_records(folder, canonical_records(words, owners, compiled=compiled), compiled)


def _append_records(folder: JoinFolder, records: Records, compiled: bool) -> None:
    """Each record to its part, in their order."""
    parts = part_numbers(records.words)
    ordered = np.empty(len(records), RECORD_DTYPE)
    if compiled:
        from frametrace.index.feature_join.lsh_kernels import write_by_part

        begins = np.cumsum(np.concatenate([[0], np.bincount(parts, minlength=PART_COUNT)]))
        write_by_part(
            records.words, records.owners, parts, begins, ordered.view(np.uint32).reshape(-1, 5)
        )
    else:
        order = np.argsort(parts, kind="stable")
        ordered["words"], ordered["owner"] = records.words[order], records.owners[order]
    ends = np.cumsum(np.bincount(parts, minlength=PART_COUNT)).tolist()
    for part, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
        if end > begin:
            folder.append(part_filename(part), ordered[begin:end].view(np.uint8).data)
