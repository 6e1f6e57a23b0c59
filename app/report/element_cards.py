"""Elements as the page shows them: what many unrelated pictures share, which ties nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow.compute as pc

from frametrace.matcher.results import GroupKind
from frametrace.matcher.saved_results import Results

__all__ = ["ElementView", "element_views"]

MOST_ELEMENTS = 60  # on the page, those in most pictures; all are in groups.csv
MOST_PICTURES = 6  # of one element: some 30 kB


@dataclass(frozen=True, slots=True)
class ElementView:
    """One element: its row among the groups, and a few of the pictures that have it."""

    row: Mapping[str, Any]
    pictures: tuple[str, ...]


def element_views(results: Results) -> list[ElementView]:
    """The elements that are in most pictures.

    Of each those pictures are shown that agree most with the one that stands for it.
    """
    kind = str(GroupKind.ELEMENT)
    groups = results.groups.filter(pc.equal(results.groups["kind"], kind))
    order = [("items", "descending"), ("accounts", "descending"), ("group_id", "ascending")]
    rows = groups.sort_by(order).slice(0, MOST_ELEMENTS).to_pylist()
    ids = groups["group_id"].combine_chunks()
    members = results.members.filter(pc.is_in(results.members["group_id"], value_set=ids))
    columns = ["group_id", "media_sha256", "medoid_sha256", "similarity"]
    members = members.select(columns).sort_by("group_id").to_pylist()
    pictures = {
        name: _pictures(list(of_group))
        for name, of_group in groupby(members, key=lambda member: member["group_id"])
    }
    return [ElementView(row, pictures[row["group_id"]]) for row in rows]


def _pictures(members: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """A few different ones, first the one that stands for the element."""
    closest = sorted(
        members,
        key=lambda m: (
            m["media_sha256"] != m["medoid_sha256"],
            -m["similarity"],
            m["media_sha256"],
        ),
    )
    return tuple(dict.fromkeys(member["media_sha256"] for member in closest))[:MOST_PICTURES]
