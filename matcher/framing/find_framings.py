"""From a case whose photos are grouped to its framing groups, with what they are about."""

from dataclasses import dataclass

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.framing.clustering import Communities, Edges, communities, edges_of
from frametrace.matcher.framing.distinct_contents import Contents, contents_of
from frametrace.matcher.framing.framing_tables import group_ids, matches_of, members_of
from frametrace.matcher.framing.fusion import Fusion
from frametrace.matcher.framing.summary import about
from frametrace.matcher.match_settings import MatchSettings

__all__ = ["Framings", "find_framings"]


@dataclass(frozen=True, slots=True)
class Framings:
    """The framings of a case.

    `members` are in the schema `MEMBERS`, not yet ordered, `matches` in `MATCHES`, `about` in
    `FRAMINGS`; `cohesion` has the columns group_id and cohesion.
    """

    contents: Contents
    fusion: Fusion
    edges: Edges
    found: Communities
    members: pa.Table
    matches: pa.Table
    about: pa.Table
    cohesion: pa.Table


def find_framings(case: Case, photos: pa.Table, settings: MatchSettings) -> Framings:
    """Group the case's posts by framing; `photos` are the places of its pictures."""
    contents = contents_of(case, photos)
    fusion = Fusion(case, contents)
    edges = edges_of(contents, fusion, settings.min_decades, settings.neighbours)
    found = communities(contents, edges, fusion, settings.min_decades)
    members = members_of(case, contents, found)
    names = group_ids(contents, found)
    return Framings(
        contents=contents,
        fusion=fusion,
        edges=edges,
        found=found,
        members=members,
        matches=matches_of(contents, edges),
        about=about(case, contents, found, members, photos),
        cohesion=pa.table({"group_id": names, "cohesion": pa.array(found.cohesion, pa.float32())}),
    )
