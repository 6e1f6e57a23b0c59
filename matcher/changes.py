"""Compares the groups with those of an earlier match run: which are new, grew, merged or split.

Groups are compared by their members, not by their names. A member is a post or, in photo groups, a
post with one of its pictures. A group descends from each earlier group of its kind that shares a
member with it. Rows that are only listed with a group, because their picture contains the group's
photo or is a part of it, don't count for descent. A case only gains posts, so a group loses a
member only if the matcher assigned its item elsewhere.
"""

import pyarrow as pa

from frametrace.case.views import query_over
from frametrace.matcher.result_schemas import ARRIVALS, BELONGING, CHANGES, MEMBERS
from frametrace.matcher.saved_results import MatchRun

__all__ = ["EARLIER_MEMBERS", "compare_members", "input_differences"]

# The columns that are read from an earlier run's members.
EARLIER_MEMBERS = pa.schema(
    [
        *(MEMBERS.field(n) for n in ("group_id", "kind", "relation", "platform", "post_id")),
        *(MEMBERS.field(name) for name in ("account_id", "media_sha256", "caption_sha256")),
    ]
)

# Settings that groups don't depend on; `max_local` was one before Frametrace 0.5.
_SETTINGS_OF_TIES = frozenset({"fdr", "max_tied_accounts", "max_local", "fact_checkers"})

# A post that carries a picture twice, under two paths, counts as one member.
_DISTINCT = """
CREATE TEMP TABLE {table} AS
SELECT group_id, kind, platform, post_id, account_id,
    CASE kind WHEN 'framing' THEN '' ELSE media_sha256 END AS item,
    bool_or(relation IN {belonging}) AS belongs
FROM {table}_rows GROUP BY ALL
"""

# Earlier results may use the number of an account that now goes by its handle.
_SAME_ACCOUNT_NAMES = """
UPDATE before SET account_id = n.account_id FROM now n
WHERE before.platform = n.platform AND before.post_id = n.post_id
    AND before.account_id <> n.account_id
"""

_DESCENT = """
CREATE TEMP TABLE descent AS
SELECT n.group_id, b.group_id AS previous_id, count(*) AS shared
FROM now n JOIN before b USING (kind, item, platform, post_id)
GROUP BY ALL HAVING bool_or(n.belongs AND b.belongs)
"""

_ARRIVALS = """
CREATE TEMP TABLE arrivals AS
WITH known AS (
    SELECT DISTINCT n.group_id, n.platform, n.post_id
    FROM now n JOIN before b USING (kind, platform, post_id)
    JOIN descent k ON k.group_id = n.group_id AND k.previous_id = b.group_id
),
fresh AS (
    SELECT DISTINCT group_id, platform, post_id, account_id
    FROM now ANTI JOIN known USING (group_id, platform, post_id)
),
met AS (
    SELECT DISTINCT f.group_id, f.platform, f.account_id
    FROM fresh f JOIN descent k USING (group_id)
    JOIN before b ON b.group_id = k.previous_id
        AND b.platform = f.platform AND b.account_id = f.account_id
)
SELECT f.*, m.account_id IS NULL AS new_account
FROM fresh f LEFT JOIN met m USING (group_id, platform, account_id)
"""

# `whole` counts the earlier groups without other descendants. `shared` counts the members in common
# with earlier groups, and `total` all members of those; the two are compared only if `whole` is 1.
_CHANGES = """
WITH sizes AS (SELECT group_id, count(*) AS size FROM now GROUP BY ALL),
previous AS (
    SELECT group_id AS previous_id, any_value(kind) AS kind, count(*) AS total
    FROM before GROUP BY ALL
),
descendants AS (SELECT previous_id, count(*) AS descendants FROM descent GROUP BY ALL),
past AS (
    SELECT group_id, list_sort(list(previous_id)) AS previous_ids, count(*) AS parents,
        count(*) FILTER (descendants = 1) AS whole, sum(shared) AS shared, sum(total) AS total
    FROM descent JOIN descendants USING (previous_id) JOIN previous USING (previous_id)
    GROUP BY group_id
),
arrived AS (
    SELECT group_id, count(*) AS new_posts,
        count(DISTINCT (platform, account_id)) FILTER (new_account) AS new_accounts
    FROM arrivals GROUP BY ALL
)
SELECT g.group_id, g.kind,
    CASE WHEN parents IS NULL THEN 'new' WHEN whole > 1 THEN 'merged'
        WHEN parents > 1 THEN 'changed' WHEN whole = 0 THEN 'split'
        WHEN shared < total THEN 'changed' WHEN shared < size THEN 'grew' ELSE 'same' END AS change,
    coalesce(previous_ids, []) AS previous_ids,
    coalesce(new_posts, 0) AS new_posts, coalesce(new_accounts, 0) AS new_accounts
FROM groups g JOIN sizes USING (group_id)
LEFT JOIN past USING (group_id) LEFT JOIN arrived USING (group_id)
ORDER BY g.rank
"""

_GONE = """
SELECT NULL AS group_id, any_value(kind) AS kind, 'gone' AS change, [group_id] AS previous_ids,
    0 AS new_posts, 0 AS new_accounts
FROM before WHERE group_id NOT IN (SELECT previous_id FROM descent)
GROUP BY before.group_id ORDER BY before.group_id
"""

_ARRIVALS_ORDERED = """
SELECT a.* FROM arrivals a JOIN groups g USING (group_id) ORDER BY g.rank, a.platform, a.post_id
"""


def compare_members(
    groups: pa.Table, members: pa.Table, earlier: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """What changed since an earlier run, in the schemas `CHANGES` and `ARRIVALS`.

    `groups` and `members` are the current ones; `earlier` are the earlier run's members, with the
    columns `EARLIER_MEMBERS`.
    """
    ranked = groups.select(["group_id", "kind"])
    ranked = ranked.append_column("rank", pa.array(range(groups.num_rows), pa.int64()))
    rows = {"now_rows": members.select(EARLIER_MEMBERS.names), "before_rows": earlier}
    with query_over(groups=ranked, **rows) as connection:
        for table in ("now", "before"):
            connection.execute(_DISTINCT.format(table=table, belonging=BELONGING))
        for statement in (_SAME_ACCOUNT_NAMES, _DESCENT, _ARRIVALS):
            connection.execute(statement)
        parts = [
            connection.sql(query).to_arrow_table().cast(CHANGES) for query in (_CHANGES, _GONE)
        ]
        arrivals = connection.sql(_ARRIVALS_ORDERED).to_arrow_table().cast(ARRIVALS)
    return pa.concat_tables(parts).combine_chunks(), arrivals


def input_differences(run: MatchRun, earlier: MatchRun) -> list[str]:
    """How the inputs of an earlier run differed from those of a run, as phrases."""
    then, now = earlier.settings, run.settings
    names = [n for n in sorted({*then, *now} - _SETTINGS_OF_TIES) if then.get(n) != now.get(n)]
    phrases = [f"{name} was {then.get(name, 'absent')}" for name in names]
    made_then, made_now = (
        {name: made_by.get("fingerprint") for name, made_by in r.signals.items()}
        for r in (earlier, run)
    )
    for name in sorted({*made_then, *made_now}):
        if name not in made_then:
            phrases.append(f"{name} was absent")
        elif made_then[name] != made_now.get(name):
            phrases.append(f"{name} was computed differently")
    if earlier.spanning != run.spanning:
        phrases.append(f"groups inside one case were {'left out' if earlier.spanning else 'shown'}")
    if earlier.version != run.version:
        phrases.append(f"Frametrace was {earlier.version}")
    return phrases
