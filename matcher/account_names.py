"""A case's tables as matching reads them: an account has one name in all posts.

Some tools know an account by its number alone, where others know its handle and keep the number
beside it. In matching it goes by the handle, if that is the only one with the number.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.case.views import KEPT_NUMBER, NUMBER_KEPT
from frametrace.case.views import connect as connect_as_kept

if TYPE_CHECKING:
    import duckdb

__all__ = ["connect"]

_HANDLES = pa.schema([(name, pa.string()) for name in ("platform", "number", "handle")])
_CASES = 8  # whose handles are remembered

# What is kept with posts is long: it is read of platforms alone on which some accounts go by
# numbers and some don't. Who calls himself 555 is not the account with the number 555.
_MIXED = """
SELECT platform FROM posts GROUP BY platform
HAVING bool_or(regexp_full_match(account_id, '\\d+'))
    AND bool_or(NOT regexp_full_match(account_id, '\\d+'))
"""
_HANDLES_OF = """
WITH named AS (
    SELECT DISTINCT platform, account_id AS handle, regexp_extract(extra, $number, 1) AS number
    FROM posts WHERE list_contains($mixed, platform) AND contains(extra, $kept)
)
SELECT platform, number, any_value(handle) AS handle FROM named n WHERE number <> ''
    AND NOT EXISTS (SELECT 1 FROM named o WHERE (o.platform, o.handle) = (n.platform, n.number))
GROUP BY ALL HAVING count(*) = 1 ORDER BY ALL
"""

_RENAMED = """
ALTER VIEW posts RENAME TO posts_as_kept;
CREATE TEMP VIEW posts AS
SELECT p.* REPLACE (coalesce(h.handle, p.account_id) AS account_id)
FROM posts_as_kept p LEFT JOIN handles h ON (h.platform, h.number) = (p.platform, p.account_id)
"""


@contextmanager
def connect(case: Case, *tables: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Like `embed.held.connect`; in `posts` each account goes by its handle where it has one.

    The view `handles` (platform, number, handle) holds the accounts that some posts name by their
    number; it is there where `posts` is.
    """
    with connect_as_kept(case, *tables) as connection:
        if "posts" in tables:
            handles = _handles(case)
            connection.register("handles", handles)
            if handles.num_rows:
                connection.execute(_RENAMED)
        yield connection


def _handles(case: Case) -> pa.Table:
    return _handles_in(_Shards(case))


class _Shards:
    """A case by its shards of posts, which never change."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._files = tuple(case.files("posts"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shards) and self._files == other._files

    def __hash__(self) -> int:
        return hash(self._files)


@lru_cache(maxsize=_CASES)
def _handles_in(shards: _Shards) -> pa.Table:
    if not shards.case.epoch.rows("posts"):
        return _HANDLES.empty_table()
    with connect_as_kept(shards.case, "posts") as connection:
        mixed = [platform for (platform,) in connection.sql(_MIXED).fetchall()]
        if not mixed:
            return _HANDLES.empty_table()
        values = {"mixed": mixed, "number": NUMBER_KEPT, "kept": KEPT_NUMBER}
        return connection.sql(_HANDLES_OF, params=values).to_arrow_table().cast(_HANDLES)
