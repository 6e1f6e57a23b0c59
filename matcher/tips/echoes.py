"""Echoes: the posts of a case that carry known material, with the evidence for each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.case import Case
from frametrace.embed.held import connect
from frametrace.embed.signals import caption_key, pdq, phash
from frametrace.embed.tables import signal_table
from frametrace.index.binary import BinaryIndex
from frametrace.index.codes import Codes
from frametrace.index.store import open_index
from frametrace.matcher.results import POST_FIELDS
from frametrace.matcher.tips.model import KEY_BYTES
from frametrace.matcher.tips.nearest import Nearest, nearest_hashes, nearest_keys

__all__ = ["ECHOES", "MATERIAL", "MOST_DIFFERENT", "EchoSettings", "echoes_of", "names_of"]

# What to look for: one row per picture or caption, under the name it is reported by. A `pdq` of low
# quality says nothing and is not compared (one of unknown quality, from a list of hashes, is);
# `phash` is compared only where there is no `pdq`.
MATERIAL = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("pdq", pa.binary(32)),
        ("quality", pa.uint8()),
        ("phash", pa.binary(8)),
        ("caption_key", pa.binary(KEY_BYTES)),
    ]
)

# One row per post and picture or caption of it that echoes known material, by the nearest item:
# `item` is its position in the material, `near` how many items lie near. `distance` is in bits;
# `similarity` is 1 minus the part of the bits that differ, or the estimated Jaccard similarity.
ECHOES = pa.schema(
    [
        pa.field("item", pa.int64(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("near", pa.int64()),
        *POST_FIELDS,
        ("text", pa.string()),
        ("media_sha256", pa.string()),
        ("media_path", pa.string()),
        ("caption_sha256", pa.string()),
    ]
)

_FOUND = pa.schema(
    [
        ("sha256", pa.string()),
        ("item", pa.int64()),
        ("signal", pa.string()),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("near", pa.int64()),
    ]
)

# Flat pictures collide with each other by any hash; PDQ tells which they are.
_POSTS = """
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, l.sha256 AS media_sha256, l.path AS media_path, NULL AS caption_sha256
FROM found f JOIN post_media l USING (sha256) JOIN posts p USING (platform, post_id)
WHERE f.signal <> 'caption_key'
UNION ALL
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, NULL, NULL, p.caption_sha256
FROM found f JOIN posts p ON p.caption_sha256 = f.sha256
WHERE f.signal = 'caption_key' AND p.repost_of IS NULL
"""

_ORDERED = """
SELECT e.*, m.id AS item_id FROM ({posts}) e JOIN material m ON m.at = e.item {within}
ORDER BY e.item, e.posted_at NULLS LAST, e.platform, e.post_id, e.media_sha256, e.media_path
"""


@dataclass(frozen=True, slots=True)
class EchoSettings:
    """How near is an echo. `signals` are the names of those to compare by."""

    max_pdq: int = pdq.MAX_DISTANCE
    max_phash: int = phash.MAX_DISTANCE
    signals: tuple[str, ...] = (pdq.Pdq.name, phash.Phash.name, caption_key.CaptionKey.name)


# Of the 64 numbers of two MinHash keys, so many may differ at the bound for captions.
MOST_DIFFERENT = int(caption_key.PERMUTATIONS * (1 - caption_key.MIN_SIMILARITY))


def echoes_of(
    case: Case,
    material: pa.Table,
    settings: EchoSettings = EchoSettings(),
    posts: pa.Table | None = None,
) -> pa.Table:
    """Where a case echoes some material, in the schema ECHOES, ordered by item and time.

    `posts` (platform, post_id) narrows it to some posts. A signal that the case lacks finds
    nothing. Each picture or caption is told of the nearest item, of equally near ones the first.
    """
    items = None if posts is None else _items_of(case, posts)
    found = [
        _by_signal(case, material, name, settings, items)
        for name in settings.signals
        if name in case.epoch.signals
    ]
    numbered = material.select(["id"]).append_column("at", pa.array(np.arange(len(material))))
    names = ["posts", "post_media", *([signal_table("pdq")] if _has_pdq(case) else [])]
    with connect(case, *names) as connection:
        connection.register("found", _unlike_flat(case, pa.concat_tables([_none(), *found])))
        connection.register("material", numbered)
        within = ""
        if posts is not None:
            connection.register("wanted", posts)
            within = "SEMI JOIN wanted USING (platform, post_id)"
        query = _ORDERED.format(posts=_POSTS, within=within)
        return connection.sql(query).to_arrow_table().select(ECHOES.names).cast(ECHOES)


def _none() -> pa.Table:
    return _FOUND.empty_table()


def _has_pdq(case: Case) -> bool:
    return bool(case.epoch.rows(signal_table("pdq")))


def _unlike_flat(case: Case, found: pa.Table) -> pa.Table:
    """Without pictures that only pHash finds and that PDQ knows to be flat."""
    if not _has_pdq(case) or not found.num_rows:
        return found
    table = case.read(signal_table("pdq"), ["sha256", "quality"])
    flat = table.filter(pc.less(table["quality"], pdq.MIN_QUALITY))["sha256"].combine_chunks()
    by_phash = pc.equal(found["signal"], phash.Phash.name)
    return found.filter(pc.invert(pc.and_(by_phash, pc.is_in(found["sha256"], value_set=flat))))


def _items_of(case: Case, posts: pa.Table) -> np.ndarray:
    """The digests of the pictures and captions that some posts carry, as sorted keys."""
    with connect(case, "posts", "post_media") as connection:
        connection.register("wanted", posts)
        digests = connection.sql(
            "SELECT sha256 FROM post_media SEMI JOIN wanted USING (platform, post_id) UNION "
            "SELECT caption_sha256 FROM posts SEMI JOIN wanted USING (platform, post_id) "
            "WHERE caption_sha256 IS NOT NULL ORDER BY 1"
        ).to_arrow_table()["sha256"]
    raw = bytes.fromhex("".join(digests.to_pylist()))
    return np.frombuffer(raw, np.dtype((np.void, 32)))


def _by_signal(
    case: Case,
    material: pa.Table,
    name: str,
    settings: EchoSettings,
    items: np.ndarray | None,
) -> pa.Table:
    wanted, codes = _codes(material, name)
    if not len(wanted):
        return _none()
    index = open_index(case, name)
    rows = np.arange(len(index.codes)) if items is None else _rows_of(index.codes, items)
    if not len(rows):
        return _none()
    if name == caption_key.CaptionKey.name:
        near = nearest_keys(index.codes.codes[rows], codes, MOST_DIFFERENT)
        return _table(index.codes, rows, wanted, near, name)
    hashes = index if items is None else BinaryIndex(index.codes.only(rows))
    assert isinstance(hashes, BinaryIndex)
    radius = settings.max_pdq if name == pdq.Pdq.name else settings.max_phash
    return _table(index.codes, rows, wanted, nearest_hashes(hashes, codes, radius), name)


def _codes(material: pa.Table, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Which rows of the material are compared by a signal, and their (m, k) codes."""
    keep = pc.is_valid(material[name])
    if name == pdq.Pdq.name:
        low = pc.less(material["quality"], pdq.MIN_QUALITY).fill_null(False)
        keep = pc.and_(keep, pc.invert(low))
    elif name == phash.Phash.name:
        keep = pc.and_(keep, pc.is_null(material[pdq.Pdq.name]))
    wanted = np.flatnonzero(keep.combine_chunks().to_numpy(zero_copy_only=False))
    values = material[name].take(pa.array(wanted)).combine_chunks()
    raw = b"".join(values.to_pylist())
    if name == caption_key.CaptionKey.name:
        numbers = np.frombuffer(raw, ">u4").astype(np.uint32)
        return wanted, numbers.reshape(-1, caption_key.PERMUTATIONS)
    width = pdq.BITS // 8 if name == pdq.Pdq.name else phash.BITS // 8
    return wanted, np.frombuffer(raw, np.uint8).reshape(-1, width)


def _rows_of(codes: Codes, items: np.ndarray) -> np.ndarray:
    """The codes that one of some items has, ascending."""
    keys = np.ascontiguousarray(codes.items).view(np.dtype((np.void, 32))).ravel()
    at = np.flatnonzero(np.isin(keys, items))
    return np.unique(np.searchsorted(codes.starts, at, "right") - 1)


def _table(
    codes: Codes, rows: np.ndarray, wanted: np.ndarray, near: Nearest, name: str
) -> pa.Table:
    """One row per item of the case that has a code for which something near was found."""
    code = rows[near.row]
    size = codes.starts[code + 1] - codes.starts[code]
    at = np.repeat(codes.starts[code] - (np.cumsum(size) - size), size) + np.arange(size.sum())
    hashed = name != caption_key.CaptionKey.name
    bits = 8 * codes.codes.shape[1] if hashed else caption_key.PERMUTATIONS
    value = np.repeat(near.value, size)
    columns = [
        codes.digests(at),
        pa.array(np.repeat(wanted[near.item], size), pa.int64()),
        pa.array([name] * len(at), pa.string()),
        pa.array(value.astype(np.int32)) if hashed else pa.nulls(len(at), pa.int32()),
        pa.array((1 - value / bits).astype(np.float32)),
        pa.array(np.repeat(near.near, size), pa.int64()),
    ]
    return pa.Table.from_arrays(columns, schema=_FOUND)


def names_of(signals: Sequence[str]) -> tuple[str, ...]:
    """Those of some signals that material is compared by, in a fixed order."""
    return tuple(name for name in EchoSettings().signals if name in signals)
