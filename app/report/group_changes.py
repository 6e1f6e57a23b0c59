"""Describes how groups changed since an earlier match: counts, words and CSV columns."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.views import query_over
from frametrace.matcher.result_schemas import CHANGES, Change, GroupKind
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    from frametrace.matcher.saved_results import MatchRun

__all__ = [
    "Since",
    "changed_most",
    "groups_with_changes",
    "mark",
    "members_with_changes",
    "news",
    "since_of",
]

_CHANGE_COLUMNS = ("change", "previous_ids", "new_posts", "new_accounts")
_MAX_PREVIOUS = 4  # ids that are named; groups.csv lists all

_MARKED = """
SELECT a.post_id IS NOT NULL AS new_post, coalesce(a.new_account, false) AS new_account
FROM members m LEFT JOIN arrivals a USING (group_id, platform, post_id) ORDER BY m.at
"""


@dataclass(frozen=True, slots=True)
class Since:
    """How many groups changed in which way since the match of an earlier epoch."""

    epoch: int
    new: int = 0
    grew: int = 0
    merged: int = 0
    split: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0

    def __str__(self) -> str:
        counts = {
            "new groups" if self.new != 1 else "new group": self.new,
            **{name: getattr(self, name) for name in ("grew", "merged", "split", "changed")},
            **{"gone": self.gone, "as before": self.same},
        }
        return ", ".join(f"{n:,} {name}" for name, n in counts.items() if n) or "no groups"


def since_of(results: Results, run: "MatchRun") -> Since | None:
    """The counts of changes; None if there was no earlier match to compare with.

    Elements are not counted.
    """
    if run.since is None:
        return None
    counted = results.changes.filter(pc.not_equal(results.changes["kind"], str(GroupKind.ELEMENT)))
    return Since(run.since, **Counter(counted["change"].to_pylist()))


def groups_with_changes(results: Results) -> pa.Table:
    """The groups with the columns of CHANGES; null where nothing was compared, and for elements."""
    groups, changes = results.groups, results.changes.slice(0, results.groups.num_rows)
    is_compared = pc.not_equal(groups["kind"], str(GroupKind.ELEMENT))
    for name in _CHANGE_COLUMNS:
        nulls = pa.nulls(groups.num_rows, CHANGES.field(name).type)
        column = pc.if_else(is_compared, changes[name], nulls) if changes.num_rows else nulls
        groups = groups.append_column(name, column)
    return groups


def changed_most(results: Results, limit: int) -> pa.Table:
    """The groups that changed, with the columns of CHANGES, those with most new posts first."""
    groups = groups_with_changes(results)
    changed = groups.filter(pc.not_equal(groups["change"], str(Change.SAME)))
    return changed.take(pc.sort_indices(changed, [("new_posts", "descending")])).slice(0, limit)


def members_with_changes(results: Results) -> pa.Table:
    """The members with `change` and `previous_ids` of their group, `new_post` and `new_account`.

    The latter two say what is new to the group; null where nothing was compared.
    """
    members, groups = results.members, groups_with_changes(results)
    at = pc.index_in(members["group_id"], value_set=groups["group_id"].combine_chunks())
    for name in _CHANGE_COLUMNS[:2]:
        members = members.append_column(name, groups[name].take(at))
    keys = members.select(["group_id", "platform", "post_id"])
    keys = keys.append_column("at", pa.array(np.arange(keys.num_rows)))
    with query_over(members=keys, arrivals=results.arrivals) as connection:
        marked = connection.sql(_MARKED).to_arrow_table()
    compared = pc.is_valid(members["change"])
    for name in marked.column_names:
        members = members.append_column(name, pc.if_else(compared, marked[name], None))
    return members


def mark(group: Mapping[str, Any]) -> str:
    """How a group changed, in a word or two; empty if it didn't."""
    match group["change"]:
        case None | Change.SAME:
            return ""
        case Change.GREW if group["new_posts"]:
            return f"grew +{group['new_posts']:,}"
        case Change.MERGED:
            return f"merged from {len(group['previous_ids']):,}"
    return str(group["change"])


def news(group: Mapping[str, Any]) -> str:
    """The new posts and accounts of a known group, and its previous ids; empty for a new group."""
    previous = group["previous_ids"]
    if not previous:
        return ""
    parts = [
        _counted(group["new_posts"], "new post"),
        _counted(group["new_accounts"], "account", " new to the group"),
    ]
    if previous != [group["group_id"]]:
        more = f" and {len(previous) - _MAX_PREVIOUS:,} more"
        named = ", ".join(previous[:_MAX_PREVIOUS])
        parts.append(f"was {named}{more if len(previous) > _MAX_PREVIOUS else ''}")
    return ", ".join(part for part in parts if part)


def _counted(count: int, noun: str, rest: str = "") -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}{rest}" if count else ""
