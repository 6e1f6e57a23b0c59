"""What a case holds already: its shards as DuckDB tables, and anti-joins against them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa

from frametrace.case.key_conflicts import ACCOUNT, SHORT_NUMBER, TEXT, TIME
from frametrace.case.store import BASE_TABLES, Case
from frametrace.case.verify import check_shards
from frametrace.posts.errors import CaseError
from frametrace.posts.model import ACCOUNT_NUMBER, PARTIAL, MediaFile

if TYPE_CHECKING:
    import duckdb

__all__ = ["KEPT_NUMBER", "KEYS", "NUMBER_KEPT", "Held", "connect", "query_over"]

KEYS: Mapping[str, tuple[str, ...]] = {
    "posts": ("platform", "post_id"),
    "accounts": ("platform", "account_id"),
    "media": ("sha256",),
    "post_media": ("platform", "post_id", "sha256"),
    "guessed": ("platform", "post_id", "sha256"),
    "skipped": ("source", "line", "item", "reason", "sha256"),
}


@contextmanager
def query_over(**tables: pa.Table) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A DuckDB connection, in UTC, in which these tables go by these names."""
    import duckdb

    with _database().cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        for name, table in tables.items():
            connection.register(name, table)
        try:
            yield connection
        except (duckdb.FatalException, duckdb.InternalException):
            _database.cache_clear()  # after such an error a database refuses all further queries
            raise


@cache
def _database() -> "duckdb.DuckDBPyConnection":
    """The process's one DuckDB database: it takes 15 ms to set up, a connection to it next to none.

    Connections share nothing in it: all that they create is temporary.
    """
    import duckdb

    return duckdb.connect()


@contextmanager
def connect(case: Case, *tables: str) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A DuckDB connection in which each of the case's tables is a view over its shards.

    `signals/pdq` is the view `pdq`; a signal without shards is an empty view of `sha256`. Raises
    `CaseError` where a query fails on a shard that is missing or damaged.
    """
    import duckdb

    with query_over() as connection:
        try:
            for name in tables:
                _create_view(connection, case, name)
            yield connection
        except duckdb.Error:
            if wrong := [line for name in tables for line in check_shards(case, name)]:
                hint = f"`frametrace doctor {case.path}` checks all files"
                raise CaseError(f"{wrong[0]}. {hint}") from None
            raise


def _create_view(connection: "duckdb.DuckDBPyConnection", case: Case, table: str) -> None:
    view = table.rpartition("/")[2]
    if files := [str(file) for file in case.files(table)]:
        names = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        rows = f"read_parquet([{names}], hive_partitioning = false)"
        connection.execute(f'CREATE TEMP VIEW "{view}" AS SELECT * FROM {rows}')  # noqa: S608
    else:
        empty = BASE_TABLES.get(table, pa.schema([("sha256", pa.string())])).empty_table()
        connection.register(view, empty)


# How the JSON of a post's `extra` has the number of its account: the beginning, and as a pattern.
KEPT_NUMBER = f'"{ACCOUNT_NUMBER}": "'
NUMBER_KEPT = KEPT_NUMBER + '([^"]+)"'
# Some tools know an account by its number alone, where others know its handle and its number.
_SAME_ACCOUNT = " OR ".join(
    (
        "(r.account_id = p.account_id",
        f"contains(coalesce(r.extra, ''), '{KEPT_NUMBER}' || p.account_id || '\"')",
        f"contains(coalesce(p.extra, ''), '{KEPT_NUMBER}' || r.account_id || '\"'))",
    )
)
# As `refusal` has it.
_ANOTHER_TIME = (
    f"(regexp_full_match(r.post_id, '{SHORT_NUMBER}') "
    "AND abs(epoch(r.posted_at) - epoch(p.posted_at)) > 86400)"
)
_TIME_FOUND = (
    "(p.posted_at IS NULL AND r.posted_at IS NOT NULL AND p.source = r.source "
    "AND p.line = r.line AND p.caption_sha256 IS NOT DISTINCT FROM r.caption_sha256)"
)
_PARTIAL = {"partial": f'"{PARTIAL}"'}  # what the JSON of such a post's `extra` holds


class Held:
    """The rows of a case as far as its writer has put them, committed or not."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def new(self, table: str, rows: pa.Table) -> pa.Table:
        """Those of `rows` whose key the case doesn't hold, in their order."""
        return self._anti_join(table, rows) if rows.num_rows else rows

    def new_posts(self, rows: pa.Table) -> tuple[pa.Table, int, pa.Table]:
        """The new posts; how many are held already; those held with other text, account or time.

        The last have the columns `platform`, `post_id`, `source`, `line` and `differs`. One that
        is partial is held where its account's post is, whatever its text.
        """
        if not rows.num_rows:
            return rows, 0, rows
        new = self._anti_join("posts", rows)
        with connect(self._case, "posts") as connection:
            connection.register("rows", rows)
            conflicts = connection.sql(
                "SELECT r.platform, r.post_id, r.source, r.line, "  # noqa: S608
                f"CASE WHEN NOT {_SAME_ACCOUNT} THEN '{ACCOUNT}' "
                f"WHEN r.caption_sha256 IS DISTINCT FROM p.caption_sha256 THEN '{TEXT}' "
                f"ELSE '{TIME}' END AS differs "
                "FROM rows r JOIN posts p USING (platform, post_id) "
                f"WHERE NOT {_SAME_ACCOUNT} OR {_ANOTHER_TIME} "
                "OR (r.caption_sha256 IS DISTINCT FROM p.caption_sha256 "
                "AND NOT contains(coalesce(r.extra, ''), $partial)) ORDER BY r.source, r.line",
                params=_PARTIAL,
            ).to_arrow_table()
        return new, rows.num_rows - new.num_rows - conflicts.num_rows, conflicts

    def partial(self, rows: pa.Table) -> pa.Table:
        """Those of `rows` that are whole while the case holds the same post in part.

        In part is also what a row gave before anybody said how its time is to be read.
        """
        with connect(self._case, "posts") as connection:
            connection.register("rows", rows.append_column("_at", pa.array(range(rows.num_rows))))
            kept = connection.sql(
                "SELECT _at FROM rows r JOIN posts p USING (platform, post_id) "  # noqa: S608
                f"WHERE {_SAME_ACCOUNT} AND NOT contains(coalesce(r.extra, ''), $partial) "
                f"AND (contains(coalesce(p.extra, ''), $partial) OR {_TIME_FOUND}) ORDER BY _at",
                params=_PARTIAL,
            ).to_arrow_table()
        return rows.take(kept["_at"].combine_chunks())

    def other_times(self, rows: pa.Table) -> int:
        """How many of `rows` gave posts another time when they were first read."""
        with connect(self._case, "posts") as connection:
            connection.register("rows", rows)
            (count,) = connection.execute(
                "SELECT count(*) FROM rows r JOIN posts p USING (platform, post_id, source, line) "
                "WHERE r.posted_at <> p.posted_at"
            ).fetchall()[0]
        return int(count)

    def left_of(self, table: str, gone: Collection[tuple[str, ...]]) -> tuple[pa.Table, list[str]]:
        """What is left of the shards of a table that hold rows of some keys, and their names."""
        left, names = [BASE_TABLES[table].empty_table()], []
        for file in self._case.files(table) if gone else ():
            keys = self._case.read_shard(table, file, list(KEYS[table])).to_pydict().values()
            kept = [key not in gone for key in zip(*keys, strict=True)]
            if not all(kept):
                shard = self._case.read_shard(table, file)
                left.append(shard.filter(pa.array(kept, pa.bool_())))
                names.append(file.name)
        return pa.concat_tables(left), names

    def guesses_at(self, places: Collection[str]) -> dict[str, list[tuple[str, str, str]]]:
        """The keys (platform, post_id, sha256) of pictures that guesses gave to posts, by place."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        if places and self._case.files("guessed"):
            with connect(self._case, "guessed") as connection:
                connection.register("places", pa.table({"place": pa.array(places, pa.string())}))
                rows = connection.sql(
                    "SELECT place, platform, post_id, sha256 FROM guessed "
                    "SEMI JOIN places USING (place) ORDER BY ALL"
                ).fetchall()
            for place, *key in rows:
                found.setdefault(place, []).append((key[0], key[1], key[2]))
        return found

    def keys(self, post_ids: Collection[str]) -> set[tuple[str, str]]:
        """The keys (platform, post_id) of the posts that have one of these ids."""
        if not post_ids:
            return set()
        with connect(self._case, "posts") as connection:
            connection.register("ids", pa.table({"post_id": pa.array(post_ids, pa.string())}))
            query = "SELECT platform, post_id FROM posts SEMI JOIN ids USING (post_id)"
            return set(connection.execute(query).fetchall())

    def owners(
        self, files: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], set[tuple[str, str]]]:
        """The keys of the posts that have some files, (sha256, path), as their pictures."""
        found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        if files:
            columns = [pa.array(column, pa.string()) for column in zip(*files, strict=True)]
            with connect(self._case, "post_media") as connection:
                connection.register("files", pa.table(columns, names=["sha256", "path"]))
                rows = connection.sql(
                    "SELECT sha256, path, platform, post_id FROM post_media "
                    "SEMI JOIN files USING (sha256, path)"
                ).fetchall()
            for sha256, path, *key in rows:
                found.setdefault((sha256, path), set()).add((key[0], key[1]))
        return found

    def owned(self, files: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of some files, (sha256, place), that are pictures of posts, and not by a guess."""
        columns = [pa.array(column, pa.string()) for column in zip(*files, strict=True)]
        with connect(self._case, "post_media", "guessed") as connection:
            connection.register("files", pa.table(columns, names=["sha256", "place"]))
            rows = connection.sql(
                "SELECT sha256, place FROM files f JOIN post_media l USING (sha256) "
                "ANTI JOIN guessed g USING (platform, post_id, sha256) "
                "WHERE ends_with(f.place, '/' || l.path)"
            ).fetchall()
        return {(sha256, place) for sha256, place in rows}

    def without(self, files: Iterable[MediaFile]) -> list[MediaFile]:
        """Those of some files that are no post's picture."""
        left = list(files)
        if not left:
            return left
        with connect(self._case, "post_media", "media") as connection:
            rows = connection.sql(
                "SELECT DISTINCT m.root, l.path FROM post_media l JOIN media m USING (sha256)"
            ).fetchall()
        owned = {MediaFile(*row).place for row in rows}
        return [file for file in left if file.place not in owned]

    def namesakes(self, links: pa.Table) -> list[tuple[str, str, str]]:
        """Those of new rows of `post_media` whose post has another file by that path elsewhere.

        `links` has the column `root` besides: where the file lies, or null to leave the row out.
        """
        if not links.num_rows:
            return []
        with connect(self._case, "post_media", "media") as connection:
            connection.register("links", links)
            return connection.sql(
                "SELECT l.platform, l.post_id, l.sha256 FROM links l "
                "JOIN post_media h USING (platform, post_id, path) "
                "JOIN media m ON m.sha256 = h.sha256 WHERE m.root <> l.root"
            ).fetchall()

    def _anti_join(self, table: str, rows: pa.Table) -> pa.Table:
        keys = KEYS.get(table, ("sha256",))
        same = " AND ".join(f"r.{key} IS NOT DISTINCT FROM h.{key}" for key in keys)
        view = table.rpartition("/")[2]
        query = f"SELECT _at FROM rows r ANTI JOIN {view} h ON {same} ORDER BY _at"  # noqa: S608
        with connect(self._case, table) as connection:
            connection.register("rows", rows.append_column("_at", pa.array(range(rows.num_rows))))
            kept = connection.sql(query).to_arrow_table()
        return rows.take(kept["_at"].combine_chunks())
