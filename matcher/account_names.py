"""Opens a case's tables with one name per account, even if sources use both number and handle.

Some sources give only an account's number; others give its handle, and the number with the post.
Matching uses the handle if exactly one handle has the number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.case.stored_rows import ACCOUNT_NUMBER_PATTERN, ACCOUNT_NUMBER_PREFIX
from frametrace.case.views import connect as connect_as_stored

if TYPE_CHECKING:
    import duckdb

__all__ = ["connect", "handles_of", "named_accounts"]

_HANDLES = pa.schema([(name, pa.string()) for name in ("platform", "number", "handle")])
_CACHED_CASES = 8  # number of cases whose handles are cached

# The column `extra` is long, so it is read only for platforms that have both numbers and handles
# as account ids. An account whose handle is 555 is not the account with the number 555.
_MIXED_PLATFORMS = """
SELECT platform FROM posts GROUP BY platform
HAVING bool_or(regexp_full_match(account_id, '\\d+'))
    AND bool_or(NOT regexp_full_match(account_id, '\\d+'))
"""
_FIND_HANDLES = """
WITH named AS (
    SELECT DISTINCT platform, account_id AS handle, regexp_extract(extra, $number, 1) AS number
    FROM posts WHERE list_contains($mixed, platform) AND contains(extra, $prefix)
)
SELECT platform, number, any_value(handle) AS handle FROM named n WHERE number <> ''
    AND NOT EXISTS (SELECT 1 FROM named o WHERE (o.platform, o.handle) = (n.platform, n.number))
GROUP BY ALL HAVING count(*) = 1 ORDER BY ALL
"""

_USE_HANDLES = """
ALTER VIEW posts RENAME TO posts_as_stored;
CREATE TEMP VIEW posts AS
SELECT p.* REPLACE (coalesce(h.handle, p.account_id) AS account_id)
FROM posts_as_stored p LEFT JOIN handles h ON (h.platform, h.number) = (p.platform, p.account_id)
"""


@contextmanager
def connect(case: Case, *tables: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Like `case.views.connect`, but `posts` names each account by its handle if it has one.

    With `posts` comes the view `handles` (platform, number, handle): the accounts that some posts
    name by their number.
    """
    with connect_as_stored(case, *tables) as connection:
        if "posts" in tables:
            handles = handles_of(case)
            connection.register("handles", handles)
            if handles.num_rows:
                connection.execute(_USE_HANDLES)
        yield connection


# The names of each account: its id, its display names and its number, each also after its platform.
_ACCOUNT_NAMES = """
SELECT platform, account_id, list_concat([account_id],
    list_concat(list(DISTINCT account_name) FILTER (account_name IS NOT NULL),
        list(DISTINCT number) FILTER (number IS NOT NULL))) AS names
FROM posts LEFT JOIN (SELECT platform, handle AS account_id, number FROM handles)
    USING (platform, account_id)
GROUP BY platform, account_id ORDER BY platform, account_id
"""


def named_accounts(connection: "duckdb.DuckDBPyConnection") -> dict[str, set[tuple[str, str]]]:
    """The accounts, as platform and id, by each of their names with and without the platform."""
    accounts: dict[str, set[tuple[str, str]]] = {}
    for platform, account_id, names in connection.sql(_ACCOUNT_NAMES).fetchall():
        for name in names:
            for key in (name, f"{platform}/{name}"):
                accounts.setdefault(key, set()).add((platform, account_id))
    return accounts


def handles_of(case: Case) -> pa.Table:
    """The view `handles` as a table: it is found once for the case's posts as they are."""
    return _handles(_PostShards(case))


class _PostShards:
    """A case as a cache key: equal if its shards of posts, which never change, are the same."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._files = tuple(case.files("posts"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _PostShards) and self._files == other._files

    def __hash__(self) -> int:
        return hash(self._files)


@lru_cache(maxsize=_CACHED_CASES)
def _handles(shards: _PostShards) -> pa.Table:
    if not shards.case.epoch.rows("posts"):
        return _HANDLES.empty_table()
    with connect_as_stored(shards.case, "posts") as connection:
        mixed = [platform for (platform,) in connection.sql(_MIXED_PLATFORMS).fetchall()]
        if not mixed:
            return _HANDLES.empty_table()
        parameters = {
            "mixed": mixed,
            "number": ACCOUNT_NUMBER_PATTERN,
            "prefix": ACCOUNT_NUMBER_PREFIX,
        }
        return connection.sql(_FIND_HANDLES, params=parameters).to_arrow_table().cast(_HANDLES)
