"""Two cases: which of B's posts reuse A's pictures, and by what evidence."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.case import Case
from frametrace.embed.held import connect
from frametrace.embed.signals import pdq
from frametrace.index.binary import BinaryIndex
from frametrace.index.codes import Codes
from frametrace.index.store import open_index
from frametrace.matcher.results import POST_FIELDS, Relation
from frametrace.posts.errors import CaseError, IndexMismatch

__all__ = ["REUSES", "match_across"]

_NONE = np.iinfo(np.int64).max

# One row per post of B and picture of it, with the nearest picture of A (of equals, that with the
# smallest SHA-256); ordered by A's picture, then time. `distance` is in bits of 256. `posts_a`,
# `accounts_a` and `first_at_a` count those of A's posts that carry this very picture.
REUSES = pa.schema(
    [
        pa.field("sha256_a", pa.string(), nullable=False),
        pa.field("sha256_b", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        *POST_FIELDS,
        ("media_path", pa.string()),
        ("media_path_a", pa.string()),
        ("platforms_a", pa.list_(pa.string())),
        ("posts_a", pa.int64()),
        ("accounts_a", pa.int64()),
        ("first_at_a", pa.timestamp("us", tz="UTC")),
    ]
)

_OF_A = """
SELECT m.sha256 AS sha256_a, min(m.path) AS media_path_a,
    list_sort(list_distinct(list(p.platform))) AS platforms_a,
    count(DISTINCT (p.platform, p.post_id)) AS posts_a,
    count(DISTINCT (p.platform, p.account_id)) AS accounts_a, min(p.posted_at) AS first_at_a
FROM post_media m JOIN posts p USING (platform, post_id)
WHERE m.sha256 IN (SELECT sha256_a FROM pairs) GROUP BY m.sha256
"""

_OF_B = f"""
SELECT x.sha256_a, x.sha256_b, '{Relation.COPY}' AS relation, x.signal, x.distance,
    CAST(1 - x.distance / {pdq.BITS} AS FLOAT) AS similarity, p.platform, p.post_id, p.account_id,
    p.account_kind, p.account_name, p.posted_at, m.path AS media_path, a.media_path_a,
    a.platforms_a, a.posts_a, a.accounts_a, a.first_at_a
FROM pairs x JOIN of_a a USING (sha256_a) JOIN post_media m ON m.sha256 = x.sha256_b
JOIN posts p USING (platform, post_id)
ORDER BY a.posts_a DESC, x.sha256_a, p.posted_at NULLS LAST, p.platform, p.post_id, m.path
"""  # noqa: S608


def match_across(a: Case, b: Case, max_distance: int = pdq.MAX_DISTANCE) -> pa.Table:
    """Which posts of case B carry a copy of a picture of case A, in the schema `REUSES`.

    Pictures are copies when their bytes are equal or their PDQ hashes lie within `max_distance`
    bits. Raises `IndexMismatch` where the cases' hashes were made in different ways.
    """
    ours, theirs = _fingerprint(a), _fingerprint(b)
    if ours != theirs:
        raise IndexMismatch(
            f"{a.path} has {pdq.Pdq.name} made by {ours}, {b.path} by {theirs}: bring the older "
            f"one up to date with: frametrace embed CASE --signal {pdq.Pdq.name} --replace"
        )
    pairs = pa.concat_tables([_same_bytes(a, b), _near(a, b, max_distance)])
    with connect(a, "posts", "post_media") as connection:
        connection.register("pairs", pairs)
        of_a = connection.sql(_OF_A).to_arrow_table()
    with connect(b, "posts", "post_media") as connection:
        connection.register("pairs", pairs)
        connection.register("of_a", of_a)
        return connection.sql(_OF_B).to_arrow_table().cast(REUSES)


def _fingerprint(case: Case) -> str:
    if pdq.Pdq.name not in case.epoch.signals:
        raise CaseError(
            f"{case.path} has no picture hashes yet; compute them: frametrace embed {case.path}"
        )
    return case.epoch.signals[pdq.Pdq.name]["fingerprint"]


def _same_bytes(a: Case, b: Case) -> pa.Table:
    """B's pictures that A has byte for byte."""
    shared = pa.array(sorted(set(_pictures(a)) & set(_pictures(b))), pa.string())
    return _pairs(shared, shared, np.zeros(len(shared), np.int32), "sha256")


def _near(a: Case, b: Case, max_distance: int) -> pa.Table:
    """B's other pictures, each with the nearest picture of A within the distance."""
    index = open_index(a, pdq.Pdq.name)
    assert isinstance(index, BinaryIndex)
    codes = Codes.of(b, pdq.Pdq.name)
    best = np.full(len(codes), _NONE)  # distance and row in one number, which sorts like both
    for hits in index.pairs_with(codes.codes, max_distance):
        np.minimum.at(best, hits.query, hits.value.astype(np.int64) << 32 | hits.row)
    of_code = np.repeat(np.arange(len(codes)), np.diff(codes.starts))
    items = np.flatnonzero(best[of_code] < _NONE)
    nearest = best[of_code[items]]
    firsts = index.codes.digests(index.codes.starts[nearest & 0xFFFFFFFF])
    pairs = _pairs(firsts, codes.digests(items), nearest >> 32, pdq.Pdq.name)
    known = pa.array(_pictures(a), pa.string())
    return pairs.filter(pc.invert(pc.is_in(pairs["sha256_b"], known)))


def _pairs(a: pa.Array, b: pa.Array, distance: np.ndarray, signal: str) -> pa.Table:
    return pa.table(
        {
            "sha256_a": a,
            "sha256_b": b,
            "signal": pa.repeat(signal, len(a)),
            "distance": pa.array(distance, pa.int32()),
        }
    )


def _pictures(case: Case) -> list[str]:
    digests: list[str] = case.read("media", ["sha256"])["sha256"].to_pylist()
    return digests
