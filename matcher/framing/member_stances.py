"""Adds to the posts of framings whether they assert or dispute what the framing claims.

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

__all__ = ["count_stances", "with_stances", "without_disputes"]

_MAX_TEXTS = 500  # of a framing that its claim is taken from

_POSTS = """
SELECT n.framing, coalesce(n.text, '') AS text, coalesce(p.links, []) AS links, n.platform,
    n.account_id
FROM numbered n JOIN posts p USING (platform, post_id) ORDER BY n.row
"""


@dataclass(frozen=True, slots=True)
class _Post:
    """What a post's stance is taken from."""

    text: str
    links: tuple[str, ...]
    by_fact_checker: bool


def with_stances(
    case: Case, posts: pa.Table, framing: pa.Array, fact_checkers: Collection[str] = ()
) -> pa.Table:
    """The posts of framings, with the columns `stance` and `stance_cue` as in `MEMBERS`.

    `framing` names the framing of each post; a post without one has no stance. `fact_checkers` are
    accounts as in `account_list`; those that the case doesn't have are ignored.
    """
    columns = posts.select(["platform", "post_id", "account_id", "text"])
    numbered = columns.append_column("framing", framing)
    numbered = numbered.append_column("row", pa.array(range(posts.num_rows), pa.int64()))
    with connect(case, "posts") as connection:
        connection.register("numbered", numbered)
        rows = connection.sql(_POSTS).to_arrow_table().to_pylist()
        known = named_accounts(connection) if fact_checkers else {}
    checkers = {key for name in fact_checkers for key in known.get(name, ())}
    groups: dict[str, list[_Post]] = {}
    pairs = []
    for row in rows:
        is_checker = (row["platform"], row["account_id"]) in checkers
        post = _Post(row["text"], tuple(row["links"]), is_checker)
        pairs.append((row["framing"], post))
        groups.setdefault(row["framing"], []).append(post)
    by_framing = {name: _stances(group) for name, group in groups.items() if name is not None}
    stances = [None if name is None else by_framing[name][post] for name, post in pairs]
    kinds = pa.array([stance and str(stance.kind) for stance in stances], pa.string())
    cues = pa.array([(stance and stance.cue) or None for stance in stances], pa.string())
    return posts.append_column("stance", kinds).append_column("stance_cue", cues)


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
