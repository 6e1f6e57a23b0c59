"""Reads from a case which accounts share which photos, captions or links, and finds their ties."""

from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.matcher.account_names import connect
from frametrace.matcher.match_settings import TieSettings
from frametrace.matcher.network.shares import RAW_SHARES, Shares
from frametrace.matcher.network.ties import find_ties
from frametrace.matcher.result_schemas import TIES, upgraded
from frametrace.posts.errors import CaseError
from frametrace.posts.model import Precision

__all__ = ["SharedKind", "case_ties", "shares_in_case"]


class SharedKind(StrEnum):
    """The kind of item that two accounts share."""

    PHOTO = "photo"
    CAPTION = "caption"
    URL = "url"


# A picture without copies ties no accounts, but counts as an item that its account shared. A
# picture that contains known photos is one item, not several: two accounts that share a collage
# share one item.
_PHOTOS = """
WITH copies AS (SELECT * FROM members WHERE kind = 'photo' AND relation = 'copy')
SELECT platform, post_id, group_id AS item FROM copies
UNION ALL
SELECT platform, post_id, concat_ws(' ', m.sha256, p.platform, p.account_id)
FROM post_media m JOIN posts p USING (platform, post_id)
    ANTI JOIN copies g ON g.media_sha256 = m.sha256
"""

# Posts that dispute the claim of their framing are left out, unless asked for.
_CAPTIONS = """
SELECT platform, post_id, 'caption-' || (min(k.sha256) OVER (PARTITION BY k.key))[:12] AS item
FROM posts p JOIN caption_key k ON k.sha256 = p.caption_sha256
    ANTI JOIN disputing d USING (platform, post_id)
WHERE k.key IS NOT NULL AND p.repost_of IS NULL
"""

_URLS = """
SELECT platform, post_id, unnest(links) AS item FROM posts WHERE repost_of IS NULL
"""

_DISPUTING = """
CREATE TEMP TABLE disputing AS
SELECT DISTINCT platform, post_id FROM members WHERE stance = 'disputes' AND $left_out
"""

_ITEMS = {SharedKind.PHOTO: _PHOTOS, SharedKind.CAPTION: _CAPTIONS, SharedKind.URL: _URLS}

_RAW = """
SELECT platform, account_id, account_kind, account_name, item, epoch_ms(posted_at) AS moment,
    precision
FROM items JOIN posts USING (platform, post_id) WHERE item <> ''
"""


def shares_in_case(
    case: Case,
    members: pa.Table,
    kind: SharedKind = SharedKind.PHOTO,
    *,
    count_disputes: bool = False,
) -> Shares:
    """The shares of the items of one kind in a case; `members` are the members of its groups.

    The captions of posts that dispute the claim of their framing are left out, unless
    `count_disputes`. Raises `CaseError` if captions have no keys yet.
    """
    tables = ["posts", "post_media"]
    if kind is SharedKind.CAPTION:
        if not case.epoch.rows(signal_table(CaptionKey.name)):
            raise CaseError(
                f"{case.path} holds no caption keys; compute them with: "
                f"frametrace embed {case.path} --signal {CaptionKey.name}"
            )
        tables.append(signal_table(CaptionKey.name))
    with connect(case, *tables) as connection:
        connection.register("members", members)
        connection.execute(_DISPUTING, {"left_out": not count_disputes})
        connection.execute(f"CREATE TEMP VIEW items AS {_ITEMS[kind]}")
        raw = connection.sql(_RAW).to_arrow_table()
    precisions = pc.unique(raw.filter(pc.is_valid(raw["moment"]))["precision"]).to_pylist()
    return Shares.of(
        raw.select(RAW_SHARES.names).cast(RAW_SHARES), [Precision(name) for name in precisions]
    )


def case_ties(case: Case, members: pa.Table, settings: TieSettings) -> pa.Table:
    """The pairs of accounts that share photo groups, in the schema `TIES`."""
    ties = find_ties(shares_in_case(case, members), settings).ties
    renamed = {"shared_groups": "shared_items", "group_ids": "item_ids"}
    names = [name for name in TIES.names if renamed.get(name, name) in ties.column_names]
    ties = ties.select([renamed.get(name, name) for name in names]).rename_columns(names)
    return upgraded(ties, TIES)
