"""Account ties: which accounts share photo groups, and how many."""

import duckdb
import pyarrow as pa

from frametrace.matcher.results import TIES

__all__ = ["ties_of"]

_TIES = """
WITH shares AS (
    SELECT DISTINCT group_id, platform, account_id FROM members WHERE kind = 'photo'
    QUALIFY count(*) OVER (PARTITION BY group_id) <= $most
)
SELECT a.platform AS platform_a, a.account_id AS account_id_a,
    b.platform AS platform_b, b.account_id AS account_id_b,
    count(*) AS shared_groups, list_sort(list(group_id)) AS group_ids
FROM shares a JOIN shares b USING (group_id)
WHERE (a.platform, a.account_id) < (b.platform, b.account_id)
GROUP BY ALL
ORDER BY shared_groups DESC, platform_a, account_id_a, platform_b, account_id_b
"""


def ties_of(members: pa.Table, max_tied_accounts: int) -> pa.Table:
    """Every pair of accounts that share photo groups, most shared first.

    Groups of more than `max_tied_accounts` accounts tie nobody: what everybody posts is no tie.
    """
    with duckdb.connect() as connection:
        connection.register("members", members)
        found = connection.sql(_TIES, params={"most": max_tied_accounts})
        return found.to_arrow_table().cast(TIES)
