"""Finds echoes: posts of a case that reuse known material, each with its evidence.

Known material is what a tip holds, or what the case's known groups share (`known_material`).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.with_frames import has_videos
from frametrace.embed.signals import caption_key
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.matcher.account_names import connect
from frametrace.matcher.result_schemas import POST_FIELDS, SPANS
from frametrace.matcher.tips.echoes_by_hash import echoes_by_hash
from frametrace.matcher.tips.echoes_by_text import echoes_by_meaning
from frametrace.matcher.tips.echoes_by_video import MATCHED_MEDIA, echoes_by_video
from frametrace.matcher.tips.frame_matches import Search, edited_copies
from frametrace.matcher.tips.known_material import EchoSettings, concat_matches, without_frames
from frametrace.matcher.tips.texts_in_pictures import texts_in_pictures
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["ECHOES", "find_echoes"]

# One row per post and picture, video or caption of it that reuses known material, with the nearest
# item:
# `item` is its row in the material, `near` the number of items within the threshold. `distance` is
# in bits. `similarity` is, by signal: for hashes 1 minus the fraction of bits that differ, for
# MinHash keys the estimated Jaccard similarity, for local features the fraction of inliers, for
# caption vectors the cosine. `relation` is `copy`; with local features also `contains` (the post's
# picture contains the item's) or `part` (it is a part of the item's). Only local features set
# `mirrored`. For text in a picture the row has the picture and the digest of the text. `spans` say
# when the item (A) and the post's picture or video (B) show the same; null if neither is a video.
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
        ("spans", SPANS),
        *POST_FIELDS,
        ("text", pa.string()),
        ("media_sha256", pa.string()),
        ("media_path", pa.string()),
        ("caption_sha256", pa.string()),
    ]
)

_POSTS = """
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, l.sha256 AS media_sha256, l.path AS media_path, NULL AS caption_sha256
FROM matches f JOIN post_media l USING (sha256) JOIN posts p USING (platform, post_id)
WHERE f.signal NOT IN {text_signals}
UNION ALL
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, NULL, NULL, p.caption_sha256
FROM matches f JOIN posts p ON p.caption_sha256 = f.sha256
WHERE f.signal IN {text_signals} AND p.repost_of IS NULL
UNION ALL
SELECT f.*, p.platform, p.post_id, p.account_id, p.account_kind, p.account_name, p.posted_at,
    p.text, l.sha256, l.path, t.text_sha256
FROM matches f JOIN texts_in_pictures t ON t.text_sha256 = f.sha256
JOIN post_media l ON l.sha256 = t.sha256 JOIN posts p USING (platform, post_id)
WHERE f.signal IN {text_signals}
"""

_ORDERED = """
SELECT e.*, m.id AS item_id FROM ({posts}) e JOIN material m ON m.row = e.item {only_wanted}
ORDER BY e.item, e.posted_at NULLS LAST, e.platform, e.post_id, e.media_sha256, e.media_path
"""

# The signals of texts, both captions and texts in pictures.
_TEXT_SIGNALS = (caption_key.CaptionKey.name, Caption.name)


def find_echoes(
    case: Case,
    material: pa.Table,
    settings: EchoSettings = EchoSettings(),
    posts: pa.Table | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """The posts of a case that reuse known material, in the schema ECHOES, by item and time.

    `material` has the schema MATERIAL. `posts` (platform, post_id) limits the search to these
    posts. A signal that the case lacks is skipped. Each picture or caption is matched with the
    nearest item; of equally near items, with the first.
    """
    items = None if posts is None else _carried_by(case, posts)
    search = Search(settings, executor, progress)
    copies = edited_copies(case, material, search, items)
    of_frame = pc.is_in(
        copies["item"], value_set=pc.indices_nonzero(pc.is_valid(material["video"]))
    )
    known_pictures, in_pictures = without_frames(material), copies.filter(pc.invert(of_frame))
    matches = _in_pictures_and_texts(case, known_pictures, in_pictures, search, items)
    if has_videos(case) or len(in_pictures) < len(copies):
        matched = pc.is_in(copies["sha256"], value_set=matches["sha256"].combine_chunks())
        stills = copies.filter(pc.and_(of_frame, pc.invert(matched)))
        by_video = echoes_by_video(case, material, search, stills, items)
        matches = pa.concat_tables([matches, by_video])
    return _posts_with(case, material, matches, posts)


def _in_pictures_and_texts(
    case: Case, material: pa.Table, copies: pa.Table, search: Search, items: pa.Array | None
) -> pa.Table:
    """The pictures and texts of the case that reuse known ones, in the schema MATCHED_MEDIA."""
    settings, executor, progress = search.settings, search.executor, search.progress
    matches = echoes_by_hash(case, material, settings, items)
    if Caption.name in settings.signals:
        matched = matches["sha256"].combine_chunks()
        by_meaning = echoes_by_meaning(case, material, matched, items, progress)
        matches = concat_matches([matches, by_meaning])
    if Local.name in settings.signals:
        # Imported here because it loads the comparison of pictures.
        from frametrace.matcher.tips.echoes_by_picture import echoes_by_picture

        matches = echoes_by_picture(case, material, matches, copies, executor, progress)
    return matches.append_column(MATCHED_MEDIA.field("spans"), pa.nulls(len(matches), SPANS))


def _posts_with(
    case: Case, material: pa.Table, matches: pa.Table, posts: pa.Table | None
) -> pa.Table:
    """The posts that carry the matched pictures and texts, in the schema ECHOES."""
    numbered = material.select(["id"]).append_column("row", pa.array(np.arange(len(material))))
    with connect(case, "posts", "post_media") as connection:
        connection.register("matches", matches)
        connection.register("material", numbered)
        connection.register("texts_in_pictures", texts_in_pictures(case))
        only_wanted = ""
        if posts is not None:
            connection.register("wanted", posts)
            only_wanted = "SEMI JOIN wanted USING (platform, post_id)"
        query = _POSTS.format(text_signals=_TEXT_SIGNALS)
        query = _ORDERED.format(posts=query, only_wanted=only_wanted)
        return connection.sql(query).to_arrow_table().select(ECHOES.names).cast(ECHOES)


def _carried_by(case: Case, posts: pa.Table) -> pa.Array:
    """The digests of the pictures, captions and texts in pictures of some posts."""
    with connect(case, "posts", "post_media") as connection:
        connection.register("wanted", posts)
        connection.register("texts_in_pictures", texts_in_pictures(case))
        return (
            connection.sql(
                "SELECT sha256 FROM post_media SEMI JOIN wanted USING (platform, post_id) UNION "
                "SELECT caption_sha256 FROM posts SEMI JOIN wanted USING (platform, post_id) "
                "WHERE caption_sha256 IS NOT NULL UNION "
                "SELECT text_sha256 FROM texts_in_pictures JOIN post_media USING (sha256) "
                "SEMI JOIN wanted USING (platform, post_id)"
            )
            .to_arrow_table()["sha256"]
            .combine_chunks()
        )
