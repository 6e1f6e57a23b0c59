"""Adds to the posts of framings whether they assert or dispute what the framing claims.

The claim is what most texts of a framing state, without those that dispute it by their own words.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.account_names import connect, named_accounts
from frametrace.matcher.framing.text.negations import claim_of
from frametrace.matcher.framing.text.stance import Stance, StanceKind, stance_of
from frametrace.work.progress import SILENT, Advance, Progress

__all__ = ["count_stances", "with_stances", "without_disputes"]

_MAX_TEXTS = 500  # of a framing that its claim is taken from
_BATCH = 10_000  # posts that are Python objects at a time

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
    case: Case,
    posts: pa.Table,
    framing: pa.Array,
    fact_checkers: Collection[str] = (),
    progress: Progress = SILENT,
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
        rows = connection.sql(_POSTS).to_arrow_table()
        known = named_accounts(connection) if fact_checkers else {}
    checkers = {key for name in fact_checkers for key in known.get(name, ())}
    distinct: dict[tuple[str | None, _Post], int] = {}
    numbers = []
    for row in (row for batch in rows.to_batches(_BATCH) for row in batch.to_pylist()):
        is_checker = (row["platform"], row["account_id"]) in checkers
        post = _Post(row["text"], tuple(row["links"]), is_checker)
        numbers.append(distinct.setdefault((row["framing"], post), len(distinct)))
    with progress.track("stances of distinct posts", len(distinct)) as advance:
        stances = _stances(list(distinct), advance)
    kinds = pa.array([stance and str(stance.kind) for stance in stances], pa.string())
    cues = pa.array([(stance and stance.cue) or None for stance in stances], pa.string())
    for name, values in (("stance", kinds), ("stance_cue", cues)):
        posts = posts.append_column(name, values.take(pa.array(numbers, pa.int64())))
    return posts


def _stances(posts: Sequence[tuple[str | None, _Post]], advance: Advance) -> list[Stance | None]:
    """The stance of each distinct post of a framing; None without a framing."""
    rows: dict[str | None, list[int]] = {}
    for row, (framing, _) in enumerate(posts):
        rows.setdefault(framing, []).append(row)
    rows.pop(None, None)
    stances: list[Stance | None] = [None] * len(posts)
    for of_framing in rows.values():
        texts = dict.fromkeys(posts[row][1].text for row in of_framing)
        claim = _claim(list(texts)[:_MAX_TEXTS])
        for row in of_framing:
            post = posts[row][1]
            stances[row] = stance_of(
                post.text, post.links, claim=claim, by_fact_checker=post.by_fact_checker
            )
        advance(len(of_framing))
    return stances


def _claim(texts: Sequence[str]) -> frozenset[str]:
    """The claim of a framing: what its texts state, without those that dispute."""
    return claim_of([text for text in texts if stance_of(text).kind is not StanceKind.DISPUTES])


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
