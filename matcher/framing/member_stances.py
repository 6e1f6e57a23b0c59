"""Adds to the members of framings whether they assert or dispute what the framing claims.

The claim is what most texts of a framing state, without those that dispute it by their own words.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect, named_accounts
from frametrace.matcher.framing.text.negations import claim_of
from frametrace.matcher.framing.text.stance import Stance, StanceKind, stance_of
from frametrace.matcher.result_schemas import MEMBERS

__all__ = ["count_stances", "with_stances", "without_disputes"]

_MAX_TEXTS = 500  # of a framing that its claim is taken from

_POSTS = """
SELECT m.group_id, coalesce(m.text, '') AS text, coalesce(p.links, []) AS links, m.platform,
    m.account_id
FROM numbered m JOIN posts p USING (platform, post_id) ORDER BY m.row
"""


@dataclass(frozen=True, slots=True)
class _Post:
    """What a member's stance is taken from."""

    text: str
    links: tuple[str, ...]
    by_fact_checker: bool


def with_stances(case: Case, members: pa.Table, fact_checkers: Collection[str] = ()) -> pa.Table:
    """The members of framings, in the schema `MEMBERS`, with `stance` and `stance_cue`.

    `fact_checkers` are accounts as in `account_list`; those that the case doesn't have are ignored.
    """
    columns = ["group_id", "platform", "post_id", "account_id", "text"]
    numbered = members.select(columns).append_column("row", pa.array(range(members.num_rows)))
    with connect(case, "posts") as connection:
        connection.register("numbered", numbered)
        rows = connection.sql(_POSTS).to_arrow_table().to_pylist()
        known = named_accounts(connection) if fact_checkers else {}
    checkers = {key for name in fact_checkers for key in known.get(name, ())}
    posts = [
        _Post(row["text"], tuple(row["links"]), (row["platform"], row["account_id"]) in checkers)
        for row in rows
    ]
    groups: dict[str, list[_Post]] = {}
    for row, post in zip(rows, posts, strict=True):
        groups.setdefault(row["group_id"], []).append(post)
    by_group = {name: _stances(of_group) for name, of_group in groups.items()}
    stances = [by_group[row["group_id"]][post] for row, post in zip(rows, posts, strict=True)]
    values = {
        "stance": [str(stance.kind) for stance in stances],
        "stance_cue": [stance.cue or None for stance in stances],
    }
    for name, cells in values.items():
        column = MEMBERS.get_field_index(name)
        members = members.set_column(column, MEMBERS.field(name), pa.array(cells, pa.string()))
    return members


def _stances(posts: Sequence[_Post]) -> Mapping[_Post, Stance]:
    """The stance of each distinct post of a framing."""
    texts = list(dict.fromkeys(post.text for post in posts))[:_MAX_TEXTS]
    claim = claim_of([text for text in texts if stance_of(text).kind is not StanceKind.DISPUTES])
    return {
        post: stance_of(post.text, post.links, claim=claim, by_fact_checker=post.by_fact_checker)
        for post in dict.fromkeys(posts)
    }


def count_stances(members: pa.Table) -> dict[str, dict[str, int]]:
    """How many members of each framing have each stance, by the framing's id and the stance."""
    counts: dict[str, dict[str, int]] = {}
    grouped = members.group_by(["group_id", "stance"]).aggregate([([], "count_all")])
    for row in grouped.to_pylist():
        counts.setdefault(row["group_id"], {})[row["stance"]] = row["count_all"]
    return counts


def without_disputes(members: pa.Table) -> pa.Table:
    """The members that don't dispute the claim of their framing."""
    disputes = pc.equal(members["stance"], str(StanceKind.DISPUTES))
    return members.filter(pc.invert(disputes.fill_null(False)))
