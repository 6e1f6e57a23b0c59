"""Limits a union's results to groups that span its cases: no case alone holds all their posts."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.matcher.account_names import connect
from frametrace.matcher.between_cases.origins import Origins, origins_of
from frametrace.matcher.between_cases.union import part_number, parts_of
from frametrace.matcher.groups import accounts_of
from frametrace.matcher.result_schemas import CASE_NAME, MATCHES
from frametrace.matcher.saved_results import Results

__all__ = ["matches_shown", "skipped_of", "spanning_results"]

_SPANNING = """
SELECT group_id FROM members JOIN origins USING (platform, post_id)
GROUP BY group_id HAVING bit_and(cases) = 0
"""
# Results of an earlier match may name an account by its number.
_CASES_OF_ACCOUNTS = """
WITH known AS (
    SELECT platform, account_id, CAST(bit_or(cases) AS BIGINT) AS cases
    FROM posts JOIN origins USING (platform, post_id) GROUP BY ALL
)
SELECT * FROM known UNION ALL
SELECT platform, number, cases FROM handles
JOIN (SELECT platform, account_id AS handle, cases FROM known) USING (platform, handle)
"""
# The cases of each row `t` of a results table, in the rows' order.
_CASES_OF_ROWS = {
    "members": "SELECT o.cases FROM t JOIN origins o USING (platform, post_id) ORDER BY row",
    "accounts": "SELECT o.cases FROM t JOIN cases_of_accounts o USING (platform, account_id) "
    "ORDER BY row",
    "ties": "SELECT a.cases AS cases_a, b.cases AS cases_b FROM t "
    "JOIN cases_of_accounts a ON (a.platform, a.account_id) = (t.platform_a, t.account_id_a) "
    "JOIN cases_of_accounts b ON (b.platform, b.account_id) = (t.platform_b, t.account_id_b) "
    "ORDER BY row",
}


def spanning_results(case: Case, results: Results, *, whole: bool) -> tuple[Results, list[str]]:
    """A union's results limited to what spans its cases, and the names of these cases.

    With `whole`, nothing is left out. Members, accounts and ties get the names of their cases.
    Results of a case that is not a union are returned unchanged, with no names.
    """
    origins = origins_of(case)
    if origins is None:
        return results, []
    if not whole:
        results = _spanning(case, results, origins)
    return _with_cases(case, results, origins), list(origins.names)


def _spanning(case: Case, results: Results, origins: Origins) -> Results:
    """Keep the groups that no single case holds completely, with members, accounts and framings.

    Ties are kept if their two accounts are in different cases.
    """
    tables = {"members": results.members, "origins": origins.posts}
    with query_over(**tables) as connection:
        spanning = connection.sql(_SPANNING).to_arrow_table()["group_id"].combine_chunks()
    members = _of_groups(results.members, spanning)
    cases = _cases_of_rows(case, results.ties, "ties", origins)
    in_different_cases = pc.equal(pc.bit_wise_and(cases["cases_a"], cases["cases_b"]), 0)
    is_spanning = pc.is_in(results.map["group_id"], value_set=spanning)
    column = results.map.schema.get_field_index("group_id")
    group_ids = pc.if_else(is_spanning, results.map["group_id"], None)
    return replace(
        results,
        groups=_of_groups(results.groups, spanning),
        members=members,
        accounts=accounts_of(case, members),
        ties=results.ties.filter(in_different_cases),
        framings=_of_groups(results.framings, spanning),
        map=results.map.set_column(column, results.map.schema.field(column), group_ids),
    )


def _with_cases(case: Case, results: Results, origins: Origins) -> Results:
    """Fill in the names of cases in members, accounts and ties."""
    named_tables = {}
    for table_name in ("members", "accounts", "ties"):
        table = getattr(results, table_name)
        cases = _cases_of_rows(case, table, table_name, origins)
        for name in cases.column_names:
            column = table.schema.get_field_index(name.replace("cases", CASE_NAME))
            case_names = origins.names_of(cases[name])
            table = table.set_column(column, table.schema.field(column), case_names)
        named_tables[table_name] = table
    return replace(results, **named_tables)


def matches_shown(
    case: Case, batches: Iterator[pa.RecordBatch], *, spanning: bool
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns to show of the matches in `batches`, and their rows, with any further columns.

    In a union they have the names of cases; with `spanning`, only matches between cases are given.
    """
    origins = origins_of(case)
    if origins is None:
        return MATCHES, batches
    names = [pa.field(f"{CASE_NAME}_{side}", pa.string()) for side in "ab"]
    return pa.schema([*MATCHES, *names]), _with_names(batches, origins, spanning)


def _with_names(
    batches: Iterable[pa.RecordBatch], origins: Origins, spanning: bool
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        a, b = (origins.of_items(batch[side]) for side in ("sha256_a", "sha256_b"))
        table = pa.Table.from_batches([batch])
        for side, cases in (("a", a), ("b", b)):
            table = table.append_column(f"{CASE_NAME}_{side}", origins.names_of(cases))
        if spanning:
            have_posts = pc.and_(pc.greater(a, 0), pc.greater(b, 0))
            table = table.filter(pc.and_(have_posts, pc.equal(pc.bit_wise_and(a, b), 0)))
        yield from table.to_batches()


def skipped_of(case: Case) -> pa.Table:
    """The table `skipped`; in a union with the name of the case that each row comes from."""
    skipped, parts = case.read("skipped"), parts_of(case)
    files = case.files("skipped") if parts else []
    rows = [(parts[part_number(f)].name, case.epoch.shards["skipped"][f.name]) for f in files]
    names = pa.array([name for name, count in rows for _ in range(count)], pa.string())
    return skipped.append_column(CASE_NAME, names if parts else pa.nulls(len(skipped), pa.string()))


def _of_groups(table: pa.Table, groups: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table["group_id"], value_set=groups))


def _cases_of_rows(case: Case, table: pa.Table, table_name: str, origins: Origins) -> pa.Table:
    """The cases of each row's post, account or two accounts: columns of bits, in row order."""
    numbered = table.append_column("row", pa.array(range(len(table)), pa.int64()))
    with connect(case, "posts") as connection:
        connection.register("t", numbered)
        connection.register("origins", origins.posts)
        connection.execute(f"CREATE TEMP VIEW cases_of_accounts AS {_CASES_OF_ACCOUNTS}")
        return connection.sql(_CASES_OF_ROWS[table_name]).to_arrow_table()
