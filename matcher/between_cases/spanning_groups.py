"""Of what was found in a union, what spans its cases: no one of them holds all of it."""

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
from frametrace.matcher.results import CASE_NAME, MATCHES, Results

__all__ = ["matches_shown", "shown_of", "skipped_of"]

_SPANNING = """
SELECT group_id FROM members JOIN origins USING (platform, post_id)
GROUP BY group_id HAVING bit_and(cases) = 0
"""
# Results of an earlier match may name an account by its number.
_ACCOUNTS = """
WITH known AS (
    SELECT platform, account_id, CAST(bit_or(cases) AS BIGINT) AS cases
    FROM posts JOIN origins USING (platform, post_id) GROUP BY ALL
)
SELECT * FROM known UNION ALL
SELECT platform, number, cases FROM handles
JOIN (SELECT platform, account_id AS handle, cases FROM known) USING (platform, handle)
"""
_CASES = {
    "members": "SELECT o.cases FROM t JOIN origins o USING (platform, post_id) ORDER BY row",
    "accounts": "SELECT o.cases FROM t JOIN held o USING (platform, account_id) ORDER BY row",
    "ties": "SELECT a.cases AS cases_a, b.cases AS cases_b FROM t "
    "JOIN held a ON (a.platform, a.account_id) = (t.platform_a, t.account_id_a) "
    "JOIN held b ON (b.platform, b.account_id) = (t.platform_b, t.account_id_b) ORDER BY row",
}


def shown_of(case: Case, results: Results, *, whole: bool) -> tuple[Results, list[str]]:
    """Of a union's results what spans its cases, or all, with the cases' names; and these names.

    Results of a case that is not a union stay as they are, without names.
    """
    origins = origins_of(case)
    if origins is None:
        return results, []
    if not whole:
        results = _spanning(case, results, origins)
    return _with_cases(case, results, origins), list(origins.names)


def _spanning(case: Case, results: Results, origins: Origins) -> Results:
    """The groups that no case holds all posts of, with their members, accounts and framings.

    Of ties there remain those between accounts of different cases.
    """
    tables = {"members": results.members, "origins": origins.posts}
    with query_over(**tables) as connection:
        kept = connection.sql(_SPANNING).to_arrow_table()["group_id"].combine_chunks()
    members = _among(results.members, kept)
    ties, cases = results.ties, _held(case, results.ties, "ties", origins)
    apart = pc.equal(pc.bit_wise_and(cases["cases_a"], cases["cases_b"]), 0)
    known = pc.is_in(results.map["group_id"], value_set=kept)
    at = results.map.schema.get_field_index("group_id")
    shown = pc.if_else(known, results.map["group_id"], None)
    return replace(
        results,
        groups=_among(results.groups, kept),
        members=members,
        accounts=accounts_of(case, members),
        ties=ties.filter(apart),
        framings=_among(results.framings, kept),
        map=results.map.set_column(at, results.map.schema.field(at), shown),
    )


def _with_cases(case: Case, results: Results, origins: Origins) -> Results:
    """The results with the names of cases in members, accounts and ties."""
    named = {}
    for name in ("members", "accounts", "ties"):
        table = getattr(results, name)
        for column in (cases := _held(case, table, name, origins)).column_names:
            field = column.replace("cases", CASE_NAME)
            at = table.schema.get_field_index(field)
            names = origins.names_of(cases[column])
            table = table.set_column(at, table.schema.field(at), names)
        named[name] = table
    return replace(results, **named)


def matches_shown(
    case: Case, results: Results, *, spanning: bool
) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    """The columns and rows of the matches; of a union those that span cases, or all, with cases."""
    origins = origins_of(case)
    if origins is None:
        return MATCHES.names, results.matches.batches()
    names = [*MATCHES.names, f"{CASE_NAME}_a", f"{CASE_NAME}_b"]
    return names, _with_names(results.matches.batches(), origins, spanning)


def _with_names(
    batches: Iterable[pa.RecordBatch], origins: Origins, spanning: bool
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        a, b = (origins.of_items(batch[side]) for side in ("sha256_a", "sha256_b"))
        table = pa.Table.from_batches([batch])
        for side, cases in (("a", a), ("b", b)):
            table = table.append_column(f"{CASE_NAME}_{side}", origins.names_of(cases))
        if spanning:
            held = pc.and_(pc.greater(a, 0), pc.greater(b, 0))
            table = table.filter(pc.and_(held, pc.equal(pc.bit_wise_and(a, b), 0)))
        yield from table.to_batches()


def skipped_of(case: Case) -> pa.Table:
    """The table `skipped`; of a union with the name of the case that each row is of."""
    skipped, parts = case.read("skipped"), parts_of(case)
    files = case.files("skipped") if parts else []
    rows = [(parts[part_number(f)].name, case.epoch.shards["skipped"][f.name]) for f in files]
    names = pa.array([name for name, count in rows for _ in range(count)], pa.string())
    return skipped.append_column(CASE_NAME, names if parts else pa.nulls(len(skipped), pa.string()))


def _among(table: pa.Table, groups: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table["group_id"], value_set=groups))


def _held(case: Case, table: pa.Table, name: str, origins: Origins) -> pa.Table:
    """The cases of each row's post, account or accounts: columns of bits, in the rows' order."""
    numbered = table.append_column("row", pa.array(range(len(table)), pa.int64()))
    with connect(case, "posts") as connection:
        connection.register("t", numbered)
        connection.register("origins", origins.posts)
        connection.execute(f"CREATE TEMP VIEW held AS {_ACCOUNTS}")
        return connection.sql(_CASES[name]).to_arrow_table()
