"""Compares new rows with those that a case has stored, so that nothing is added twice."""

from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa

from frametrace.case.post_key_conflicts import (
    ACCOUNT,
    MAX_TIME_DIFFERENCE,
    SHORT_NUMBER,
    TEXT,
    TIME,
)
from frametrace.case.store import BASE_TABLES, Case
from frametrace.case.views import connect, view_name
from frametrace.posts.model import ACCOUNT_NUMBER, PARTIAL, MediaFile

__all__ = ["ACCOUNT_NUMBER_PATTERN", "ACCOUNT_NUMBER_PREFIX", "TABLE_KEYS", "StoredRows"]

TABLE_KEYS: Mapping[str, tuple[str, ...]] = {
    "posts": ("platform", "post_id"),
    "accounts": ("platform", "account_id"),
    "media": ("sha256",),
    "post_media": ("platform", "post_id", "sha256"),
    "guessed": ("platform", "post_id", "sha256"),
    "skipped": ("source", "line", "item", "reason", "sha256"),
    "videos": ("sha256",),
    "intervals": ("video_sha256", "start_ms"),
}
# How the JSON of a post's `extra` spells the number of its account.
ACCOUNT_NUMBER_PREFIX = f'"{ACCOUNT_NUMBER}": "'
ACCOUNT_NUMBER_PATTERN = ACCOUNT_NUMBER_PREFIX + '([^"]+)"'  # a regular expression
# Some tools identify an account by its number alone, others by its handle and its number.
_SAME_ACCOUNT = " OR ".join(
    (
        "(r.account_id = p.account_id",
        f"contains(coalesce(r.extra, ''), '{ACCOUNT_NUMBER_PREFIX}' || p.account_id || '\"')",
        f"contains(coalesce(p.extra, ''), '{ACCOUNT_NUMBER_PREFIX}' || r.account_id || '\"'))",
    )
)
# The same rules as in `key_conflict`.
_ANOTHER_TIME = (
    f"(regexp_full_match(r.post_id, '{SHORT_NUMBER}') "
    f"AND abs(epoch(r.posted_at) - epoch(p.posted_at)) > {MAX_TIME_DIFFERENCE.total_seconds():g})"
)
_TIME_IS_NEW = (
    "(p.posted_at IS NULL AND r.posted_at IS NOT NULL AND p.source = r.source "
    "AND p.line = r.line AND p.caption_sha256 IS NOT DISTINCT FROM r.caption_sha256)"
)
_PARTIAL = {"partial": f'"{PARTIAL}"'}  # part of the JSON of a partial post's `extra`


class StoredRows:
    """The rows that a case's writer has put, committed or not."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def new(self, table: str, rows: pa.Table) -> pa.Table:
        """The `rows` whose key the case doesn't have, in their order."""
        return self._anti_join(table, rows) if rows.num_rows else rows

    def new_posts(self, rows: pa.Table) -> tuple[pa.Table, int, pa.Table]:
        """Split posts into new ones, the number of known ones, and conflicting ones.

        A conflicting post has the key of a known one, but another text, account or time; these rows
        have the columns `platform`, `post_id`, `source`, `line` and `differs`. A partial post is
        known if its account has a post of that key, even with another text.
        """
        if not rows.num_rows:
            return rows, 0, rows
        new = self._anti_join("posts", rows)
        if new.num_rows == rows.num_rows:
            return new, 0, rows.slice(0, 0)
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

    def completing(self, rows: pa.Table) -> pa.Table:
        """The whole posts among `rows` that the case has only in part.

        A stored post without a readable time is also partial, once the same row gives its time.
        """
        with connect(self._case, "posts") as connection:
            connection.register("rows", _numbered(rows))
            completing = connection.sql(
                "SELECT _at FROM rows r JOIN posts p USING (platform, post_id) "  # noqa: S608
                f"WHERE {_SAME_ACCOUNT} AND NOT contains(coalesce(r.extra, ''), $partial) "
                f"AND (contains(coalesce(p.extra, ''), $partial) OR {_TIME_IS_NEW}) ORDER BY _at",
                params=_PARTIAL,
            ).to_arrow_table()
        return rows.take(completing["_at"].combine_chunks())

    def other_times(self, rows: pa.Table) -> int:
        """The number of `rows` that gave their post a different time when they were first read."""
        with connect(self._case, "posts") as connection:
            connection.register("rows", rows)
            (count,) = connection.execute(
                "SELECT count(*) FROM rows r JOIN posts p USING (platform, post_id, source, line) "
                "WHERE r.posted_at <> p.posted_at"
            ).fetchall()[0]
        return int(count)

    def remaining(
        self, table: str, deleted: Collection[tuple[str, ...]]
    ) -> tuple[pa.Table, list[str]]:
        """Delete rows by key; returns what is left of the affected shards, and their names."""
        remaining, names = [BASE_TABLES[table].empty_table()], []
        for file in self._case.files(table) if deleted else ():
            keys = self._case.read_shard(table, file, list(TABLE_KEYS[table])).to_pydict().values()
            stays = [key not in deleted for key in zip(*keys, strict=True)]
            if not all(stays):
                shard = self._case.read_shard(table, file)
                remaining.append(shard.filter(pa.array(stays, pa.bool_())))
                names.append(file.name)
        return pa.concat_tables(remaining), names

    def guesses_at(self, paths: Collection[str]) -> dict[str, list[tuple[str, str, str]]]:
        """The links (platform, post_id, sha256) that guesses made, by the full path of the file."""
        guesses: dict[str, list[tuple[str, str, str]]] = {}
        if paths and self._case.files("guessed"):
            with connect(self._case, "guessed") as connection:
                connection.register("paths", pa.table({"place": pa.array(paths, pa.string())}))
                rows = connection.sql(
                    "SELECT place, platform, post_id, sha256 FROM guessed "
                    "SEMI JOIN paths USING (place) ORDER BY ALL"
                ).fetchall()
            for place, *key in rows:
                guesses.setdefault(place, []).append((key[0], key[1], key[2]))
        return guesses

    def post_keys(self, post_ids: Collection[str]) -> set[tuple[str, str]]:
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
        owners: dict[tuple[str, str], set[tuple[str, str]]] = {}
        if files:
            columns = [pa.array(column, pa.string()) for column in zip(*files, strict=True)]
            with connect(self._case, "post_media") as connection:
                connection.register("files", pa.table(columns, names=["sha256", "path"]))
                rows = connection.sql(
                    "SELECT sha256, path, platform, post_id FROM post_media "
                    "SEMI JOIN files USING (sha256, path)"
                ).fetchall()
            for sha256, path, *key in rows:
                owners.setdefault((sha256, path), set()).add((key[0], key[1]))
        return owners

    def owned(self, files: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """The files, (sha256, place), that are pictures of posts, and not by a guess."""
        columns = [pa.array(column, pa.string()) for column in zip(*files, strict=True)]
        with connect(self._case, "post_media", "guessed") as connection:
            connection.register("files", pa.table(columns, names=["sha256", "place"]))
            rows = connection.sql(
                "SELECT sha256, place FROM files f JOIN post_media l USING (sha256) "
                "ANTI JOIN guessed g USING (platform, post_id, sha256) "
                "WHERE ends_with(f.place, '/' || l.path)"
            ).fetchall()
        return {(sha256, place) for sha256, place in rows}

    def unowned(self, files: Iterable[MediaFile]) -> list[MediaFile]:
        """The files that aren't the picture of any post."""
        files = list(files)
        if not files:
            return files
        with connect(self._case, "post_media", "media") as connection:
            rows = connection.sql(
                "SELECT DISTINCT m.root, l.path FROM post_media l JOIN media m USING (sha256)"
            ).fetchall()
        owned = {MediaFile(*row).full_path for row in rows}
        return [file for file in files if file.full_path not in owned]

    def namesakes(self, links: pa.Table) -> list[tuple[str, str, str]]:
        """The new rows of `post_media` whose post has a file of the same path in another root.

        `links` has a further column `root`: where the file is, or null to leave the row out.
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
        if not self._case.files(table):
            return rows
        keys = TABLE_KEYS.get(table, ("sha256",))
        same = " AND ".join(f"r.{key} IS NOT DISTINCT FROM h.{key}" for key in keys)
        query = f"SELECT _at FROM rows r ANTI JOIN {view_name(table)} h ON {same} ORDER BY _at"  # noqa: S608
        with connect(self._case, table) as connection:
            connection.register("rows", _numbered(rows))
            new = connection.sql(query).to_arrow_table()
        return rows if new.num_rows == rows.num_rows else rows.take(new["_at"].combine_chunks())


def _numbered(rows: pa.Table) -> pa.Table:
    return rows.append_column("_at", pa.array(range(rows.num_rows)))
