"""Builds the tables of groups, members and accounts from the pictures assigned to each photo."""

from collections.abc import Sequence

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.matcher.account_names import connect
from frametrace.matcher.result_schemas import (
    ACCOUNTS,
    BELONGING,
    GROUPS,
    MEMBERS,
    GroupKind,
    upgraded,
)

__all__ = ["accounts_of", "groups_of", "members_of"]

_TOO_LONG = "(?s)^(.{79}).{2,}$"  # a group's title is at most 80 characters of a caption

# A post is listed once for each picture of the group that it carries. A group is named by 16 digits
# of its medoid's digest, or by all 64 if another medoid's digest begins with the same 16.
_MEMBERS = """
WITH every AS (
    SELECT *, 'copy' AS relation FROM assigned
    UNION ALL SELECT * FROM listed
),
named AS (
    SELECT *, CASE WHEN min(medoid_sha256) OVER begin_alike = max(medoid_sha256) OVER begin_alike
        THEN medoid_sha256[:16] ELSE medoid_sha256 END AS name
    FROM every WINDOW begin_alike AS (PARTITION BY medoid_sha256[:16])
)
SELECT $kind || '-' || p.name AS group_id, $kind AS kind, p.relation,
    o.platform, o.post_id, o.account_id, o.account_kind, o.account_name, o.posted_at, o.text,
    p.sha256 AS media_sha256, c.path AS media_path, NULL AS caption_sha256, p.medoid_sha256,
    p.* EXCLUDE (sha256, medoid_sha256, name, relation),
    NULL AS decades, NULL AS tied_by, NULL AS via_platform, NULL AS via_post_id,
    NULL AS stance, NULL AS stance_cue
FROM named p JOIN post_media c USING (sha256) JOIN posts o USING (platform, post_id)
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
    list_sort(list_distinct(flatten(list(tied)))) AS signals,
    coalesce(any_value(c.cohesion),
        avg(similarity) FILTER (list_contains($belonging, relation))) AS cohesion
FROM (
    SELECT * REPLACE (min(account_kind) OVER (PARTITION BY platform, account_id) AS account_kind),
        CASE kind WHEN 'framing' THEN coalesce(caption_sha256, media_sha256)
            ELSE media_sha256 END AS item,
        CASE WHEN tied_by IS NOT NULL THEN list_transform(tied_by, lambda t: t.signal)
            WHEN signal <> 'sha256' THEN [signal] ELSE [] END AS tied
    FROM members
) LEFT JOIN cohesion c USING (group_id)
GROUP BY group_id
ORDER BY len(platforms) DESC, accounts DESC, posts DESC, group_id
"""

_ORDERED_MEMBERS = """
SELECT m.* FROM members m JOIN (SELECT group_id, row_number() OVER () AS rank FROM groups) g
USING (group_id)
ORDER BY g.rank, m.posted_at NULLS LAST, m.platform, m.post_id, m.media_sha256, m.media_path
"""

_ACCOUNTS = """
WITH grouped AS (
    SELECT platform, account_id,
        count(DISTINCT group_id) FILTER (kind = 'photo' AND relation = 'copy') AS photo_groups,
        count(DISTINCT group_id) FILTER (
            kind = 'framing' AND stance IS DISTINCT FROM 'disputes') AS framing_groups
    FROM members WHERE kind <> 'element' GROUP BY ALL
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
    case: Case, assigned: pa.Table, listed: pa.Table, kind: GroupKind = GroupKind.PHOTO
) -> pa.Table:
    """The posts that carry the pictures of each group of two posts or more; not ordered.

    `assigned` pictures, in the schema `ASSIGNED`, are copies of the group's photo; `listed` ones,
    in the schema `LISTED`, are not.
    """
    with connect(case, "posts", "post_media") as connection:
        connection.register("assigned", assigned)
        connection.register("listed", listed)
        members = connection.sql(_MEMBERS, params={"kind": str(kind)})
        return upgraded(members.to_arrow_table(), MEMBERS)


def groups_of(parts: Sequence[pa.Table], cohesion: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The groups, widest spread first, and their members in the order of groups, then by time.

    `parts` are tables of members. `cohesion`, with the columns group_id and cohesion, is given for
    groups whose cohesion is not the mean of their members' similarities.
    """
    with query_over(members=pa.concat_tables(parts), cohesion=cohesion) as connection:
        parameters = {"too_long": _TOO_LONG, "belonging": BELONGING}
        groups = connection.sql(_GROUPS, params=parameters).to_arrow_table().cast(GROUPS)
        connection.register("groups", groups)
        members = connection.sql(_ORDERED_MEMBERS).to_arrow_table().cast(MEMBERS)
    return groups, members


def accounts_of(case: Case, members: pa.Table) -> pa.Table:
    """The accounts with a post in a group, those in most photo groups first."""
    with connect(case, "posts", "accounts") as connection:
        connection.register("members", members)
        return upgraded(connection.sql(_ACCOUNTS).to_arrow_table(), ACCOUNTS)
