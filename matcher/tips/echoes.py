"""Echoes: the posts of a case that carry known material, with the evidence for each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.case import Case
from frametrace.embed.executor import Executor
from frametrace.embed.held import connect, query_over
from frametrace.embed.progress import Progress
from frametrace.embed.signals import caption_key, pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.embed.tables import signal_table
from frametrace.index.binary import BinaryIndex
from frametrace.index.codes import Codes
from frametrace.index.minhash import MinHashIndex
from frametrace.index.store import open_index
from frametrace.matcher.framing.chatter import says_enough
from frametrace.matcher.results import POST_FIELDS, Relation
from frametrace.matcher.tips.meanings import nearest_meanings
from frametrace.matcher.tips.model import KEY_BYTES
from frametrace.matcher.tips.nearest import Nearest, nearest_hashes, nearest_keys
from frametrace.matcher.tips.picture_texts import picture_texts

__all__ = ["ECHOES", "MATERIAL", "MOST_DIFFERENT", "EchoSettings", "echoes_of", "names_of"]

# What to look for: one row per picture or caption, under the name it is reported by. A `pdq` of low
# quality says nothing and is not compared (one of unknown quality, from a list of hashes, is);
# `phash` is compared only where there is no `pdq`. `local` finds what these don't; with a
# `thumbnail` it is verified by both pictures, else by the features alone. `vector` finds captions
# that `caption_key` doesn't.
MATERIAL = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("pdq", pa.binary(32)),
        ("quality", pa.uint8()),
        ("phash", pa.binary(8)),
        ("caption_key", pa.binary(KEY_BYTES)),
        ("local", pa.binary()),
        ("thumbnail", pa.binary()),
        ("vector", pa.binary()),
    ]
)

# One row per post and picture or caption of it that echoes known material, by the nearest item:
# `item` is its position in the material, `near` how many items lie near. `distance` is in bits;
# `similarity` is 1 minus the part of the bits that differ, the estimated Jaccard similarity, of
# local features the part of the inliers, or of meanings the cosine. `relation` is `copy`; of local
# features `contains` where the post's picture holds the item's, and `part` where that holds it;
# `mirrored` is theirs alone. Text in a picture stands with the picture and the digest of the text.
ECHOES = pa.schema(
    [
        pa.field("item", pa.int64(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        ("distance", pa.int32()),
        ("similarity", pa.float32()),
        ("near", pa.int64()),
        pa.field("relation", pa.string(), nullable=False),
        ("mirrored", pa.bool_()),
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
        ("relation", pa.string()),
        ("mirrored", pa.bool_()),
    ]
)

# Flat pictures collide with each other by any hash; PDQ tells which they are.
_POSTS = """
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, l.sha256 AS media_sha256, l.path AS media_path, NULL AS caption_sha256
FROM found f JOIN post_media l USING (sha256) JOIN posts p USING (platform, post_id)
WHERE f.signal NOT IN {written}
UNION ALL
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, NULL, NULL, p.caption_sha256
FROM found f JOIN posts p ON p.caption_sha256 = f.sha256
WHERE f.signal IN {written} AND p.repost_of IS NULL
UNION ALL
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, l.sha256, l.path, t.text_sha256
FROM found f JOIN picture_texts t ON t.text_sha256 = f.sha256
JOIN post_media l ON l.sha256 = t.sha256 JOIN posts p USING (platform, post_id)
WHERE f.signal IN {written}
"""

_SAID = """
SELECT sha256, any_value(text) AS text FROM (
    SELECT caption_sha256 AS sha256, text FROM posts
    WHERE caption_sha256 IS NOT NULL AND repost_of IS NULL
    UNION ALL SELECT text_sha256, text FROM picture_texts
) GROUP BY sha256 ORDER BY sha256
"""

_BEST = """
SELECT sha256, item, $signal AS signal, NULL AS distance, similarity,
    count(*) OVER (PARTITION BY sha256) AS near, relation, mirrored
FROM edited
QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY relation, inliers DESC, item) = 1
ORDER BY sha256
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
    signals: tuple[str, ...] = (
        *(pdq.Pdq.name, phash.Phash.name, Local.name),
        *(caption_key.CaptionKey.name, Caption.name),
    )


# Signals of what is written, in captions and in pictures.
_WRITTEN = (caption_key.CaptionKey.name, Caption.name)

# Of the 64 numbers of two MinHash keys, so many may differ: an estimated Jaccard similarity of
# 0.52. Framings ask for 0.49 by wording alone: five decades, by what `framing.background` supposes
# of unrelated captions. Where it is below that of `caption_key`, captions have
# to say enough to be told apart: greetings and the like are alike by chance.
MOST_DIFFERENT = 31


_WIDTH = {
    pdq.Pdq.name: pdq.BITS // 8,
    phash.Phash.name: phash.BITS // 8,
    caption_key.CaptionKey.name: caption_key.PERMUTATIONS,
}


def echoes_of(
    case: Case,
    material: pa.Table,
    settings: EchoSettings = EchoSettings(),
    posts: pa.Table | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """Where a case echoes some material, in the schema ECHOES, ordered by item and time.

    `posts` (platform, post_id) narrows it to some posts. A signal that the case lacks finds
    nothing. Each picture or caption is paired with the nearest item, of equal ones the first.
    """
    items = None if posts is None else _items_of(case, posts)
    found = [
        _by_signal(case, material, name, settings, items)
        for name in settings.signals
        if name in _WIDTH and case.epoch.rows(signal_table(name))
    ]
    if Caption.name in settings.signals and case.epoch.rows(signal_table(Caption.name)):
        found.append(_by_meaning(case, material, _known(found), items, progress))
    if Local.name in settings.signals:
        from frametrace.matcher.tips.edited import edited_copies  # loads what compares pictures

        pictures = None if items is None else items["sha256"].combine_chunks()
        edited = edited_copies(case, material, pictures, executor, progress)
        found.append(_by_features(edited, _known(found)))
    numbered = material.select(["id"]).append_column("at", pa.array(np.arange(len(material))))
    names = ["posts", "post_media", *([signal_table("pdq")] if _has_pdq(case) else [])]
    with connect(case, *names) as connection:
        connection.register("found", _unlike_flat(case, pa.concat_tables([_none(), *found])))
        connection.register("material", numbered)
        connection.register("picture_texts", picture_texts(case))
        within = ""
        if posts is not None:
            connection.register("wanted", posts)
            within = "SEMI JOIN wanted USING (platform, post_id)"
        query = _ORDERED.format(posts=_POSTS.format(written=_WRITTEN), within=within)
        return connection.sql(query).to_arrow_table().select(ECHOES.names).cast(ECHOES)


def _none() -> pa.Table:
    return _FOUND.empty_table()


def _known(found: Sequence[pa.Table]) -> pa.Array:
    """The pictures and texts that some tables of `_FOUND` hold."""
    return pa.concat_tables([_none(), *found])["sha256"].combine_chunks()


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


def _items_of(case: Case, posts: pa.Table) -> pa.Table:
    """The digests of the pictures and texts that some posts carry, as the column `sha256`."""
    with connect(case, "posts", "post_media") as connection:
        connection.register("wanted", posts)
        connection.register("picture_texts", picture_texts(case))
        return connection.sql(
            "SELECT sha256 FROM post_media SEMI JOIN wanted USING (platform, post_id) UNION "
            "SELECT caption_sha256 FROM posts SEMI JOIN wanted USING (platform, post_id) "
            "WHERE caption_sha256 IS NOT NULL UNION "
            "SELECT text_sha256 FROM picture_texts JOIN post_media USING (sha256) "
            "SEMI JOIN wanted USING (platform, post_id)"
        ).to_arrow_table()


def _by_signal(
    case: Case,
    material: pa.Table,
    name: str,
    settings: EchoSettings,
    items: pa.Table | None,
) -> pa.Table:
    wanted, codes = _codes(material, name)
    if not len(wanted):
        return _none()
    index = open_index(case, name) if items is None else None
    assert index is None or isinstance(index, BinaryIndex | MinHashIndex)
    here = index.codes if index else _codes_of(case, name, items)
    if not len(here):
        return _none()
    if name == caption_key.CaptionKey.name:
        near = nearest_keys(here.codes, codes, MOST_DIFFERENT)
        return _saying_enough(case, _table(here, wanted, near, name))
    hashes = index or BinaryIndex(here)
    assert isinstance(hashes, BinaryIndex)
    radius = settings.max_pdq if name == pdq.Pdq.name else settings.max_phash
    near = nearest_hashes(hashes, codes, radius)
    return _table(here, wanted, near, name)


def _saying_enough(case: Case, found: pa.Table) -> pa.Table:
    """Without captions that are less alike than keys ask for, or in meaning, and say too little."""
    meant = pc.equal(found["signal"], Caption.name)
    doubtful = pc.or_(meant, pc.less(found["similarity"], caption_key.MIN_SIMILARITY))
    if not pc.any(doubtful).as_py():
        return found
    with connect(case, "posts") as connection:
        connection.register("picture_texts", picture_texts(case))
        texts = connection.sql(_SAID).to_arrow_table()
    enough = pa.array(says_enough(texts["text"].to_pylist()), pa.bool_())
    known = texts["sha256"].filter(enough).combine_chunks()
    return found.filter(pc.or_(pc.invert(doubtful), pc.is_in(found["sha256"], value_set=known)))


def _by_meaning(
    case: Case,
    material: pa.Table,
    known: pa.Array,
    items: pa.Table | None,
    progress: Progress | None,
) -> pa.Table:
    """Texts that say enough and that no key knows, by the item that is nearest in meaning."""
    wanted = np.flatnonzero(material["vector"].is_valid().to_numpy())
    if not len(wanted):
        return _none()
    texts = None if items is None else items["sha256"].combine_chunks()
    vectors = material["vector"].drop_null().to_pylist()
    meant = nearest_meanings(case, vectors, texts, progress)
    meant = meant.filter(pc.invert(pc.is_in(meant["sha256"], value_set=known)))
    columns = {
        **{name: meant[name] for name in ("sha256", "similarity", "near")},
        "item": pa.array(wanted[meant["item"].to_numpy()], pa.int64()),
        "signal": pa.repeat(Caption.name, len(meant)),
        "distance": pa.nulls(len(meant), pa.int32()),
        "relation": pa.repeat(str(Relation.COPY), len(meant)),
        "mirrored": pa.nulls(len(meant), pa.bool_()),
    }
    return _saying_enough(case, pa.table(columns).select(_FOUND.names).cast(_FOUND))


def _by_features(edited: pa.Table, known: pa.Array) -> pa.Table:
    """Of pictures that no hash knows the item that most features agree with."""
    edited = edited.filter(pc.invert(pc.is_in(edited["sha256"], value_set=known)))
    with query_over(edited=edited) as connection:
        rows = connection.sql(_BEST, params={"signal": Local.name}).to_arrow_table()
    return rows.select(_FOUND.names).cast(_FOUND)


def _codes_of(case: Case, name: str, items: pa.Table | None) -> Codes:
    """The codes of some of the case's items, without an index of all."""
    judged = f"AND quality >= {pdq.MIN_QUALITY}" if name == pdq.Pdq.name else ""
    with connect(case, signal_table(name)) as connection:
        connection.register("wanted", items)
        rows = connection.sql(
            f"SELECT sha256, code FROM {name} SEMI JOIN wanted USING (sha256) "  # noqa: S608
            f"WHERE code IS NOT NULL {judged}"
        ).to_arrow_table()
    digests = np.frombuffer(bytes.fromhex("".join(rows["sha256"].to_pylist())), np.uint8)
    values = rows["code"].combine_chunks()
    if name == caption_key.CaptionKey.name:
        array = values.flatten().to_numpy(zero_copy_only=False)
    else:
        array = np.frombuffer(b"".join(values.to_pylist()), np.uint8)
    width = _WIDTH[name]
    return Codes.collapse(array.reshape(-1, width), digests.reshape(-1, 32))


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
    numbers = np.frombuffer(raw, ">u4" if name == caption_key.CaptionKey.name else np.uint8)
    native = numbers.astype(numbers.dtype.newbyteorder("="))
    return wanted, native.reshape(-1, _WIDTH[name])


def _table(codes: Codes, wanted: np.ndarray, near: Nearest, name: str) -> pa.Table:
    """One row per item of the case that has a code for which something near was found."""
    code = near.row
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
        pa.repeat(str(Relation.COPY), len(at)),
        pa.nulls(len(at), pa.bool_()),
    ]
    return pa.Table.from_arrays(columns, schema=_FOUND)


def names_of(signals: Sequence[str]) -> tuple[str, ...]:
    """Those of some signals that material is compared by, in a fixed order."""
    return tuple(name for name in EchoSettings().signals if name in signals)
