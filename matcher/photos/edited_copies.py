"""Finds edited copies that PDQ misses, and rejects copies by PDQ that the pixels contradict.

Copies by PDQ are confirmed first: each is compared with the picture that ties it. Then pictures
that differ by PDQ are compared: a join of their local features proposes pairs (see
`index.feature_join`), so do vectors of `copy` if the case has them, and `pictures.verify_pair`
decides on each.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.photos.candidates import (
    hash_copy_candidates,
    hub_candidates,
    proposed_candidates,
)
from frametrace.matcher.photos.copy_candidates import CopyNeighbours
from frametrace.matcher.photos.grouping import CopyGraph, HashStars, posts_tied
from frametrace.matcher.pictures.compare_pairs import (
    PairComparison,
    comparable_pictures,
    open_comparison,
)
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress, Silent

__all__ = ["EditedCopies", "find_edited_copies"]

_MAX_CONFIRMING_ROUNDS = 10  # another picture may tie a rejected copy, and is then checked
_MAX_COPY_ROUNDS = 10  # a new tie makes room for the next nearest picture
_MAX_HUB_ROUNDS = 3  # a new pair may join two sets of copies, which then have a new hub


@dataclass(frozen=True, slots=True)
class EditedCopies:
    """The copies by PDQ that were confirmed, and all verified pairs, in the schema `PAIRS`.

    `without_thumbnail` pictures have features but no thumbnail and were not compared.
    """

    graph: CopyGraph
    hash_stars: HashStars
    pairs: pa.Table
    without_thumbnail: int


def find_edited_copies(
    case: Case, graph: CopyGraph, executor: Executor | None = None, progress: Progress | None = None
) -> EditedCopies:
    """Confirm the copies by PDQ, and compare pictures that differ by it.

    No pair is compared twice. Raises `CaseError` if the results can't be written.
    """
    progress = progress or Silent()
    comparable, without_thumbnail = comparable_pictures(case)
    with open_comparison(case, comparable, executor, progress) as comparison:
        graph = _confirmed(graph, comparison)
        hash_stars = graph.hash_stars()
        pictures = hash_stars.name.filter(pc.is_in(hash_stars.name, value_set=comparable))
        proposals = comparison.proposals(pictures)
        for best in (True, False):
            known = comparison.store.verified(pictures)
            comparison.compare(proposed_candidates(proposals, pictures, known, best=best))
        neighbours = CopyNeighbours.of(case, pictures, progress)
        for _ in range(_MAX_COPY_ROUNDS):
            known = comparison.store.verified(pictures)
            if not comparison.compare(neighbours.candidates(known)):
                break
        for _ in range(_MAX_HUB_ROUNDS):
            known = comparison.store.verified(pictures)
            tied = posts_tied(graph, hash_stars, known)
            if not comparison.compare(hub_candidates(known, hash_stars.name, tied)):
                break
        pairs = comparison.store.verified(graph.nodes.item)
        return EditedCopies(graph, hash_stars, pairs, without_thumbnail)


def _confirmed(graph: CopyGraph, comparison: PairComparison) -> CopyGraph:
    """The copies by PDQ without those that their pixels contradict."""
    for _ in range(_MAX_CONFIRMING_ROUNDS):
        comparison.compare(hash_copy_candidates(graph, graph.hash_stars()))
        confirmed = graph.without(comparison.store.verified(graph.nodes.name))
        if len(confirmed.edges) == len(graph.edges):
            break
        graph = confirmed
    return graph
