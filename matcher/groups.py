"""From items' places to groups of posts: members with evidence, groups by spread, accounts."""

from collections.abc import Sequence

import pyarrow as pa

from frametrace.embed.case import Case
from frametrace.embed.held import connect
from frametrace.matcher.placing import LISTED
from frametrace.matcher.results import ACCOUNTS, BELONGING, GROUPS, MEMBERS, GroupKind, Relation

__all__ = ["accounts_of", "groups_of", "members_of"]

_TOO_LONG = "(?s)^(.{79}).{2,}$"  # of a caption, 80 characters stand for its group

# A post is listed once for each item of the group that it carries.
_CARRIERS = {
    "picture": (
        "SELECT platform, post_id, sha256, sha256 AS media_sha256, path AS media_path, "
        "NULL AS caption_sha256 FROM post_media"
    ),
    "caption": (
        "SELECT platform, post_id, caption_sha256 AS sha256, NULL AS media_sha256, "
        "NULL AS media_path, caption_sha256 FROM posts "
        "WHERE repost_of IS NULL AND caption_sha256 IS NOT NULL"
    ),
}

# 16 digits name a group; all of them where somebody made two digests begin alike.
_MEMBERS = """
WITH every AS (
    SELECT *, $relation AS relation FROM places
    UNION ALL SELECT * FROM listed
),
named AS (
    SELECT *, CASE WHEN min(medoid_sha256) OVER begin_alike = max(medoid_sha256) OVER begin_alike
        THEN medoid_sha256[:16] ELSE medoid_sha256 END AS name
    FROM every WINDOW begin_alike AS (PARTITION BY medoid_sha256[:16])
)
SELECT $prefix || p.name AS group_id, $kind AS kind, p.relation,
    o.platform, o.post_id, o.account_id, o.account_kind, o.account_name, o.posted_at, o.text,
    c.media_sha256, c.media_path, c.caption_sha256, p.medoid_sha256,
    p.* EXCLUDE (sha256, medoid_sha256, name, relation)
FROM named p JOIN carriers c USING (sha256) JOIN posts o USING (platform, post_id)
QUALIFY count(DISTINCT (o.platform, o.post_id)) OVER (PARTITION BY p.medoid_sha256) > 1
"""

_GROUPS = """
SELECT group_id, any_value(kind) AS kind, any_value(medoid_sha256) AS medoid_sha256,
    coalesce(regexp_replace(regexp_replace(
        arg_min(text, (signal <> 'sha256', posted_at IS NULL, posted_at, platform, post_id)),
        '\\s+', ' ', 'g'), $too_long, '\\1…'), '') AS title,
    list_sort(list_distinct(list(platform))) AS platforms,
    count(DISTINCT (platform, post_id)) AS posts,
    count(DISTINCT (platform, account_id)) AS accounts,
    count(DISTINCT (platform, account_id)) FILTER (account_kind = 'page') AS pages,
    count(DISTINCT (platform, account_id)) FILTER (account_kind = 'group') AS groups,
    count(DISTINCT (platform, account_id)) FILTER (account_kind = 'channel') AS channels,
    count(DISTINCT item) AS items,
    min(posted_at) AS first_at, max(posted_at) AS last_at,
    list_sort(coalesce(list(DISTINCT signal) FILTER (signal <> 'sha256'), [])) AS signals,
    avg(similarity) FILTER (list_contains($belonging, relation)) AS cohesion
FROM (
    SELECT * REPLACE (min(account_kind) OVER (PARTITION BY platform, account_id) AS account_kind),
        coalesce(media_sha256, caption_sha256) AS item
    FROM members
)
GROUP BY group_id
ORDER BY len(platforms) DESC, accounts DESC, posts DESC, group_id
"""

_ORDERED = """
SELECT m.* FROM members m JOIN (SELECT group_id, row_number() OVER () AS rank FROM groups) g
USING (group_id)
ORDER BY g.rank, m.posted_at NULLS LAST, m.platform, m.post_id, m.media_sha256, m.media_path
"""

_ACCOUNTS = """
WITH grouped AS (
    SELECT platform, account_id,
        count(DISTINCT group_id) FILTER (kind = 'photo' AND relation = 'copy') AS photo_groups,
        count(DISTINCT group_id) FILTER (kind = 'framing') AS framing_groups
    FROM members GROUP BY ALL
)
SELECT p.platform, p.account_id, min(p.account_kind) AS account_kind,
    coalesce(min(p.account_name), min(a.account_name)) AS account_name,
    count(DISTINCT p.post_id) AS posts, any_value(photo_groups) AS photo_groups,
    any_value(framing_groups) AS framing_groups,
    min(p.posted_at) AS first_at, max(p.posted_at) AS last_at
FROM grouped g JOIN posts p USING (platform, account_id)
LEFT JOIN accounts a USING (platform, account_id)
GROUP BY p.platform, p.account_id
ORDER BY photo_groups DESC, framing_groups DESC, p.platform, p.account_id
"""


def members_of(
    case: Case,
    places: pa.Table,
    kind: GroupKind,
    carriers: str,
    listed: pa.Table | None = None,
) -> pa.Table:
    """The posts that carry the placed items, in groups of two posts or more; not yet ordered.

    `carriers` is `picture` or `caption`. What is `listed` with them, in the schema `LISTED`, are no
    copies.
    """
    relation = Relation.COPY if kind is GroupKind.PHOTO else Relation.SIMILAR
    with connect(case, "posts", "post_media") as connection:
        connection.register("places", places)
        connection.register("listed", LISTED.empty_table() if listed is None else listed)
        connection.execute(f"CREATE VIEW carriers AS {_CARRIERS[carriers]}")
        values = {"prefix": f"{kind}-", "kind": str(kind), "relation": str(relation)}
        return connection.sql(_MEMBERS, params=values).to_arrow_table().cast(MEMBERS)


def groups_of(case: Case, parts: Sequence[pa.Table]) -> tuple[pa.Table, pa.Table]:
    """The groups ordered by spread, and their members in the same order, then by time."""
    with connect(case) as connection:
        connection.register("members", pa.concat_tables(parts))
        values = {"too_long": _TOO_LONG, "belonging": BELONGING}
        groups = connection.sql(_GROUPS, params=values).to_arrow_table().cast(GROUPS)
        connection.register("groups", groups)
        members = connection.sql(_ORDERED).to_arrow_table().cast(MEMBERS)
    return groups, members


def accounts_of(case: Case, members: pa.Table) -> pa.Table:
    """The accounts that take part in a group, those with most photo groups first."""
    with connect(case, "posts", "accounts") as connection:
        connection.register("members", members)
        return connection.sql(_ACCOUNTS).to_arrow_table().cast(ACCOUNTS)
