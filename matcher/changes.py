"""What became of the groups since an earlier match run: which are new, grew, merged, or fell apart.

Groups are compared by their members, not by their names: a member is a post, of photo groups with
one of its pictures, and a group of now comes from the previous groups of its kind with which
it has a member in common; but one that is only listed with the group's photo, as it contains that
or is a part of it, makes no group the heir of another. A case only gains posts, so a member is gone
from a group only where the matcher placed its item elsewhere.
"""

import pyarrow as pa

from frametrace.case.views import query_over
from frametrace.matcher.results import ARRIVALS, BELONGING, CHANGES, MEMBERS

__all__ = ["BEFORE", "compare"]

# What is needed of the members of an earlier run.
BEFORE = pa.schema(
    [
        *(MEMBERS.field(n) for n in ("group_id", "kind", "relation", "platform", "post_id")),
        *(MEMBERS.field(name) for name in ("account_id", "media_sha256", "caption_sha256")),
    ]
)

# A post that carries a picture twice, under two paths, is one member.
_DISTINCT = """
CREATE TEMP TABLE {table} AS
SELECT group_id, kind, platform, post_id, account_id,
    CASE kind WHEN 'framing' THEN '' ELSE media_sha256 END AS item,
    bool_or(relation IN {belonging}) AS belongs
FROM {table}_rows GROUP BY ALL
"""

# An account that went by its number then may go by its handle now.
_SAME_NAMES = """
UPDATE before SET account_id = n.account_id FROM now n
WHERE before.platform = n.platform AND before.post_id = n.post_id
    AND before.account_id <> n.account_id
"""

_KIN = """
CREATE TEMP TABLE kin AS
SELECT n.group_id, b.group_id AS previous_id, count(*) AS shared
FROM now n JOIN before b USING (kind, item, platform, post_id)
GROUP BY ALL HAVING bool_or(n.belongs AND b.belongs)
"""

_ARRIVALS = """
CREATE TEMP TABLE arrivals AS
WITH known AS (
    SELECT DISTINCT n.group_id, n.platform, n.post_id
    FROM now n JOIN before b USING (kind, platform, post_id)
    JOIN kin k ON k.group_id = n.group_id AND k.previous_id = b.group_id
),
fresh AS (
    SELECT DISTINCT group_id, platform, post_id, account_id
    FROM now ANTI JOIN known USING (group_id, platform, post_id)
),
met AS (
    SELECT DISTINCT f.group_id, f.platform, f.account_id
    FROM fresh f JOIN kin k USING (group_id)
    JOIN before b ON b.group_id = k.previous_id
        AND b.platform = f.platform AND b.account_id = f.account_id
)
SELECT f.*, m.account_id IS NULL AS new_account
FROM fresh f LEFT JOIN met m USING (group_id, platform, account_id)
"""

# `whole` counts the previous groups that have no other heir; `shared` and `held` are compared only
# where there is one.
_CHANGES = """
WITH sizes AS (SELECT group_id, count(*) AS size FROM now GROUP BY ALL),
previous AS (
    SELECT group_id AS previous_id, any_value(kind) AS kind, count(*) AS held
    FROM before GROUP BY ALL
),
heirs AS (SELECT previous_id, count(*) AS heirs FROM kin GROUP BY ALL),
past AS (
    SELECT group_id, list_sort(list(previous_id)) AS previous_ids, count(*) AS parents,
        count(*) FILTER (heirs = 1) AS whole, sum(shared) AS shared, sum(held) AS held
    FROM kin JOIN heirs USING (previous_id) JOIN previous USING (previous_id) GROUP BY group_id
),
arrived AS (
    SELECT group_id, count(*) AS new_posts,
        count(DISTINCT (platform, account_id)) FILTER (new_account) AS new_accounts
    FROM arrivals GROUP BY ALL
)
SELECT g.group_id, g.kind,
    CASE WHEN parents IS NULL THEN 'new' WHEN whole > 1 THEN 'merged'
        WHEN parents > 1 THEN 'changed' WHEN whole = 0 THEN 'split'
        WHEN shared < held THEN 'changed' WHEN shared < size THEN 'grew' ELSE 'same' END AS change,
    coalesce(previous_ids, []) AS previous_ids,
    coalesce(new_posts, 0) AS new_posts, coalesce(new_accounts, 0) AS new_accounts
FROM groups g JOIN sizes USING (group_id)
LEFT JOIN past USING (group_id) LEFT JOIN arrived USING (group_id)
ORDER BY g.rank
"""

_GONE = """
SELECT NULL AS group_id, any_value(kind) AS kind, 'gone' AS change, [group_id] AS previous_ids,
    0 AS new_posts, 0 AS new_accounts
FROM before WHERE group_id NOT IN (SELECT previous_id FROM kin)
GROUP BY before.group_id ORDER BY before.group_id
"""

_ARRIVALS_ORDERED = """
SELECT a.* FROM arrivals a JOIN groups g USING (group_id) ORDER BY g.rank, a.platform, a.post_id
"""


def compare(groups: pa.Table, members: pa.Table, before: pa.Table) -> tuple[pa.Table, pa.Table]:
    """What changed since the run whose members are `before`, in the schemas CHANGES and ARRIVALS.

    `groups` and `members` are those of now; `before` has the columns of BEFORE.
    """
    ranked = groups.select(["group_id", "kind"])
    ranked = ranked.append_column("rank", pa.array(range(groups.num_rows), pa.int64()))
    rows = {"now_rows": members.select(BEFORE.names), "before_rows": before}
    with query_over(groups=ranked, **rows) as connection:
        for table in ("now", "before"):
            connection.execute(_DISTINCT.format(table=table, belonging=BELONGING))
        connection.execute(_SAME_NAMES)
        connection.execute(_KIN)
        connection.execute(_ARRIVALS)
        parts = [
            connection.sql(query).to_arrow_table().cast(CHANGES) for query in (_CHANGES, _GONE)
        ]
        arrivals = connection.sql(_ARRIVALS_ORDERED).to_arrow_table().cast(ARRIVALS)
    return pa.concat_tables(parts).combine_chunks(), arrivals
