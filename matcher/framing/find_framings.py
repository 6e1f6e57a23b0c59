"""Finds the framing groups of a case, after its photos were grouped, and summarises them."""

from dataclasses import dataclass

import pyarrow as pa

from frametrace.case.store import Case
from frametrace.matcher.framing.clustering import FramingGroups, group_contents
from frametrace.matcher.framing.distinct_contents import NONE, Contents, contents_of
from frametrace.matcher.framing.framing_summary import summarise
from frametrace.matcher.framing.framing_tables import framing_matches, framing_members, group_ids
from frametrace.matcher.framing.fusion import EvidenceFusion
from frametrace.matcher.framing.member_stances import with_stances
from frametrace.matcher.framing.neighbour_graph import find_edges
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.result_schemas import MEMBERS, upgraded
from frametrace.work.progress import SILENT, Progress

__all__ = ["Framings", "find_framings"]


@dataclass(frozen=True, slots=True)
class Framings:
    """The framings of a case.

    `members` has the schema `MEMBERS`, not yet ordered, `matches` `MATCHES`, `summaries`
    `FRAMINGS`; `cohesion` has the columns group_id and cohesion.
    """

    contents: Contents
    fusion: EvidenceFusion
    groups: FramingGroups
    members: pa.Table
    matches: pa.Table
    summaries: pa.Table
    cohesion: pa.Table


def find_framings(
    case: Case, photos: pa.Table, settings: MatchSettings, progress: Progress = SILENT
) -> Framings:
    """Group the case's posts by framing; `photos` says which photo each picture shows."""
    contents = contents_of(case, photos, progress)
    fusion = EvidenceFusion.of(case, contents, progress)
    edges = find_edges(contents, fusion, settings.min_decades, settings.neighbours, progress)
    groups = group_contents(contents, edges, fusion, settings.min_decades, progress)
    # A weak tie between two framings, or outside of them, shows nothing.
    together = (groups.group[edges.a] == groups.group[edges.b]) & (groups.group[edges.a] != NONE)
    edges = edges.take(together | (edges.evidence.rarity >= settings.min_decades))
    members = framing_members(case, contents, groups).drop_columns(["stance", "stance_cue"])
    members = with_stances(case, members, members["group_id"], settings.fact_checkers, progress)
    members = upgraded(members, MEMBERS)
    cohesion = pa.array(groups.cohesion, pa.float32())
    return Framings(
        contents=contents,
        fusion=fusion,
        groups=groups,
        members=members,
        matches=framing_matches(contents, edges),
        summaries=summarise(case, contents, groups, members, photos, progress),
        cohesion=pa.table({"group_id": group_ids(contents, groups), "cohesion": cohesion}),
    )
