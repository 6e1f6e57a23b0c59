"""Writes cases as `add` and `embed` do: pictures, their values, and a post for each."""

import hashlib

import numpy as np
import pyarrow as pa
from synthetic import Described, packed

from frametrace.case.schemas import MEDIA, POST_MEDIA, POSTS, signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.distinct_codes import as_digits

__all__ = ["put_described", "put_synthetic"]


def put_synthetic(
    case: Case, unit: str, codes: np.ndarray, thumbnails: pa.Array, seed: int
) -> None:
    """A unit of pictures with random hashes, and thumbnails in turn."""
    rng, count = np.random.default_rng([23, seed]), len(codes)
    hashes = packed(rng.integers(0, 256, (count, 32), np.uint8)).cast(pa.binary(32))
    _put_values(
        case,
        unit,
        as_digits(rng.integers(0, 256, (count, 32), np.uint8)),
        {
            Local(): pa.table({"code": packed(codes)}),
            Thumbnail(): pa.table(
                {"code": thumbnails.take(pa.array(np.arange(count) % len(thumbnails)))}
            ),
            Pdq(): pa.table(
                {"code": hashes, "quality": pa.repeat(pa.scalar(100, pa.uint8()), count)}
            ),
        },
    )


def put_described(case: Case, unit: str, pictures: Described) -> None:
    local, thumbnail, pdq = Local(), Thumbnail(), Pdq()
    once = sorted({digest: at for at, digest in enumerate(pictures.digests)}.items())
    at = [place for _, place in once]
    _put_values(
        case,
        unit,
        pa.array([digest for digest, _ in once]),
        {
            local: local.finish([pictures.codes[i] for i in at]),
            thumbnail: thumbnail.finish([pictures.thumbnails[i] for i in at]),
            pdq: pdq.finish([pictures.hashes[i] for i in at]),
        },
    )


def _put_values(
    case: Case, unit: str, digests: pa.Array, values: dict[Local | Thumbnail | Pdq, pa.Table]
) -> None:
    """Pictures, their values, and one post of each by one of 5,000 accounts."""
    count, names = len(digests), digests.to_pylist()
    ids = [hashlib.sha256(name.encode()).hexdigest()[:16] for name in names]
    posts = {
        "platform": ["x"] * count,
        "post_id": ids,
        "account_id": [f"account-{int(each, 16) % 5_000}" for each in ids],
        "account_kind": ["account"] * count,
        "precision": ["unknown"] * count,
        "source": ["posts.jsonl"] * count,
        "line": list(range(1, count + 1)),
    }
    posts |= {name: [None] * count for name in POSTS.names if name not in posts}
    paths = [f"{name}.jpg" for name in names]
    media = {"sha256": names, "root": ["/pictures"] * count, "path": paths, "size": [1] * count}
    links = {"platform": ["x"] * count, "post_id": ids, "sha256": names, "path": paths}
    with case.writer() as writer:
        for signal in values:
            writer.describe(signal.name, signal.made_by)
        writer.put(
            unit,
            {
                "posts": pa.Table.from_pydict(posts, POSTS),
                "media": pa.table(media, MEDIA),
                "post_media": pa.table(links, POST_MEDIA),
                **{
                    signal_table(signal.name): table.add_column(0, "sha256", digests)
                    for signal, table in values.items()
                },
            },
        )
        writer.commit()
