"""What the accounts of a case share: photos, captions, or links; and their ties in the results."""

from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.matcher.account_names import connect
from frametrace.matcher.match_settings import TieSettings
from frametrace.matcher.network.shares import RAW, Shares
from frametrace.matcher.network.ties import find_ties
from frametrace.matcher.results import TIES, upgraded
from frametrace.posts.errors import CaseError
from frametrace.posts.model import Precision

__all__ = ["By", "shares_in", "ties_of"]


class By(StrEnum):
    """What two accounts have to share."""

    PHOTO = "photo"
    CAPTION = "caption"
    URL = "url"


# A picture that is a copy of no other ties nobody, but it is one that its account shared. One that
# contains known photos is one item, not several: two accounts that share a collage share one thing.
_PHOTOS = """
WITH copies AS (SELECT * FROM members WHERE kind = 'photo' AND relation = 'copy')
SELECT platform, post_id, group_id AS item FROM copies
UNION ALL
SELECT platform, post_id, concat_ws(' ', m.sha256, p.platform, p.account_id)
FROM post_media m JOIN posts p USING (platform, post_id)
    ANTI JOIN copies g ON g.media_sha256 = m.sha256
"""

_CAPTIONS = """
SELECT platform, post_id, 'caption-' || (min(k.sha256) OVER (PARTITION BY k.key))[:12] AS item
FROM posts p JOIN caption_key k ON k.sha256 = p.caption_sha256
WHERE k.key IS NOT NULL AND p.repost_of IS NULL
"""

_URLS = """
SELECT platform, post_id, unnest(links) AS item FROM posts WHERE repost_of IS NULL
"""

_ITEMS = {By.PHOTO: _PHOTOS, By.CAPTION: _CAPTIONS, By.URL: _URLS}

_RAW = """
SELECT platform, account_id, account_kind, account_name, item, epoch_ms(posted_at) AS moment,
    precision
FROM items JOIN posts USING (platform, post_id) WHERE item <> ''
"""


def shares_in(case: Case, members: pa.Table, by: By = By.PHOTO) -> Shares:
    """Who shared what in a case; `members` are those of its groups.

    Raises `CaseError` where captions have no keys yet.
    """
    tables = ["posts", "post_media"]
    if by is By.CAPTION:
        if not case.epoch.rows(signal_table(CaptionKey.name)):
            raise CaseError(
                f"{case.path} holds no captions with keys; make them with: "
                f"frametrace embed {case.path} --signal {CaptionKey.name}"
            )
        tables.append(signal_table(CaptionKey.name))
    with connect(case, *tables) as connection:
        connection.register("members", members)
        connection.execute(f"CREATE VIEW items AS {_ITEMS[by]}")
        raw = connection.sql(_RAW).to_arrow_table()
    dated = pc.unique(raw.filter(pc.is_valid(raw["moment"]))["precision"]).to_pylist()
    return Shares.of(raw.select(RAW.names).cast(RAW), [Precision(name) for name in dated])


def ties_of(case: Case, members: pa.Table, settings: TieSettings) -> pa.Table:
    """The pairs of accounts that share photo groups, in the schema `TIES`."""
    ties = find_ties(shares_in(case, members), settings).ties
    names = {"shared_groups": "shared_items", "group_ids": "item_ids"}
    chosen = [name for name in TIES.names if names.get(name, name) in ties.column_names]
    ties = ties.select([names.get(name, name) for name in chosen]).rename_columns(chosen)
    return upgraded(ties, TIES)
