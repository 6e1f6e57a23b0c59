"""Echoes: the posts of a case that carry known material, with the evidence for each."""

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.embed.signals import caption_key
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.matcher.account_names import connect
from frametrace.matcher.results import POST_FIELDS
from frametrace.matcher.tips.echoes_by_hash import by_hash
from frametrace.matcher.tips.echoes_by_text import by_meaning
from frametrace.matcher.tips.known_material import EchoSettings, found_in
from frametrace.matcher.tips.texts_in_pictures import picture_texts
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["ECHOES", "echoes_of"]

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

_ORDERED = """
SELECT e.*, m.id AS item_id FROM ({posts}) e JOIN material m ON m.at = e.item {within}
ORDER BY e.item, e.posted_at NULLS LAST, e.platform, e.post_id, e.media_sha256, e.media_path
"""


# Signals of what is written, in captions and in pictures.
_WRITTEN = (caption_key.CaptionKey.name, Caption.name)


def echoes_of(
    case: Case,
    material: pa.Table,
    settings: EchoSettings = EchoSettings(),
    posts: pa.Table | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """Where a case echoes some `MATERIAL`, in the schema ECHOES, ordered by item and time.

    `posts` (platform, post_id) narrows it to some posts. A signal that the case lacks finds
    nothing. Each picture or caption is paired with the nearest item, of equal ones the first.
    """
    items = None if posts is None else _items_of(case, posts)
    found = by_hash(case, material, settings, items)
    if Caption.name in settings.signals:
        known = found["sha256"].combine_chunks()
        found = found_in([found, by_meaning(case, material, known, items, progress)])
    if Local.name in settings.signals:
        from frametrace.matcher.tips.echoes_by_picture import (
            by_picture,  # loads what compares pictures
        )

        found = by_picture(case, material, found, items, executor, progress)
    numbered = material.select(["id"]).append_column("at", pa.array(np.arange(len(material))))
    with connect(case, "posts", "post_media") as connection:
        connection.register("found", found)
        connection.register("material", numbered)
        connection.register("picture_texts", picture_texts(case))
        within = ""
        if posts is not None:
            connection.register("wanted", posts)
            within = "SEMI JOIN wanted USING (platform, post_id)"
        query = _ORDERED.format(posts=_POSTS.format(written=_WRITTEN), within=within)
        return connection.sql(query).to_arrow_table().select(ECHOES.names).cast(ECHOES)


def _items_of(case: Case, posts: pa.Table) -> pa.Array:
    """The digests of the pictures and texts that some posts carry."""
    with connect(case, "posts", "post_media") as connection:
        connection.register("wanted", posts)
        connection.register("picture_texts", picture_texts(case))
        return (
            connection.sql(
                "SELECT sha256 FROM post_media SEMI JOIN wanted USING (platform, post_id) UNION "
                "SELECT caption_sha256 FROM posts SEMI JOIN wanted USING (platform, post_id) "
                "WHERE caption_sha256 IS NOT NULL UNION "
                "SELECT text_sha256 FROM picture_texts JOIN post_media USING (sha256) "
                "SEMI JOIN wanted USING (platform, post_id)"
            )
            .to_arrow_table()["sha256"]
            .combine_chunks()
        )
