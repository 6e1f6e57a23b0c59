"""The pairs that are compared: the best few first, each component once, then hubs."""

from collections.abc import Iterable, Mapping

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from pairing import name_of, pairs_of

from frametrace.index.feature_join.feature_join import PROPOSAL_SCHEMA, Proposals
from frametrace.matcher.photos.candidates import hub_candidates, proposed_candidates
from frametrace.matcher.pictures.pairs_to_compare import PairsToCompare
from frametrace.matcher.pictures.verified_pair_table import PAIRS

NONE = PAIRS.empty_table()


def names(count: int) -> pa.StringArray:
    return pa.array([name_of(at) for at in range(count)])


def proposals(scores: Mapping[tuple[int, int], float], count: int) -> Proposals:
    rows = [
        {"a": a, "b": b, "mirrored": (a + b) % 2 == 1, "votes": 9, "score": score}
        for (a, b), score in sorted(scores.items())
    ]
    return Proposals(names(count), pa.Table.from_pylist(rows, PROPOSAL_SCHEMA))


def numbers(wanted: PairsToCompare) -> set[tuple[int, int]]:
    pairs = zip(*(wanted.rows[name].to_pylist() for name in ("sha256_a", "sha256_b")), strict=True)
    return {(int(a, 16), int(b, 16)) for a, b in pairs}


def without_comparing(pairs: Iterable[tuple[int, int]], **options: object) -> pa.Table:
    return pairs_of([(a, b, {}) for a, b in pairs], **options)


def test_a_pair_is_kept_in_the_order_of_its_digests_and_once() -> None:
    a, b = pa.array(["b", "a", "c"]), pa.array(["a", "b", "a"])
    wanted = PairsToCompare.of(a, b, np.array([True, False, True]))
    assert [row["sha256_a"] < row["sha256_b"] for row in wanted.rows.to_pylist()] == [True] * 3
    compared = pa.table(
        {"sha256_a": pa.array([], pa.string()), "sha256_b": pa.array([], pa.string())}
    )
    once = wanted.without(compared).rows.to_pylist()
    # Both orientations are tried of a pair that is proposed in both.
    assert [(row["sha256_b"], row["mirrored"]) for row in once] == [("b", None), ("c", True)]
    left = wanted.without(pa.table({"sha256_a": ["a"], "sha256_b": ["b"]}))
    assert left.rows["sha256_b"].to_pylist() == ["c"]
    assert len(wanted.among(pa.array(["a", "b"]))) == 2
    held, candidates = left.numbered()
    assert held.to_pylist() == ["a", "c"]
    assert [tuple(one) for one in candidates] == [(0, 1, True, False)]


def test_the_best_few_partners_of_either_picture_come_first() -> None:
    """Picture 0 has ten partners: its best four, and who has no better one than picture 0."""
    scores = {(0, other): 100.0 - other for other in range(1, 11)}
    scores |= {(other, 20 + 5 * other + k): 200.0 for other in (9, 10) for k in range(4)}
    made = proposals(scores, 80)
    first = numbers(proposed_candidates(made, made.names, NONE, best=True))
    assert {pair for pair in first if pair[0] == 0} == {(0, other) for other in range(1, 9)}
    rest = numbers(proposed_candidates(made, made.names, NONE, best=False))
    assert rest == set(scores)
    orientation = {
        (int(row["sha256_a"], 16), int(row["sha256_b"], 16)): row["mirrored"]
        for row in proposed_candidates(made, made.names, NONE, best=False).rows.to_pylist()
    }
    assert all(mirrored == (sum(pair) % 2 == 1) for pair, mirrored in orientation.items())


def test_what_copies_tie_together_is_not_compared_again() -> None:
    scores = dict.fromkeys(((0, 1), (0, 2), (1, 2), (2, 3), (3, 4)), 1.0)
    made = proposals(scores, 5)
    known = without_comparing([(0, 1), (0, 2)])
    assert numbers(proposed_candidates(made, made.names, known, best=False)) == {(2, 3), (3, 4)}
    # What only contains, or shares an element, ties nothing in this sense.
    for relation in ("contains", "shares_element", "same_scene"):
        known = without_comparing([(0, 1), (0, 2)], relation=relation)
        assert numbers(proposed_candidates(made, made.names, known, best=False)) == set(scores)


def test_only_pictures_that_are_asked_for_are_compared() -> None:
    made = proposals({(0, 1): 1.0, (1, 2): 1.0}, 3)
    some = made.names.take(pa.array([0, 1]))
    for best in (True, False):
        assert numbers(proposed_candidates(made, some, NONE, best=best)) == {(0, 1)}
    nothing = Proposals(pa.array([], pa.string()), PROPOSAL_SCHEMA.empty_table())
    assert len(proposed_candidates(nothing, nothing.names, NONE, best=True)) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_tied_in_several_steps_is_compared_with_one_hub(seed: int) -> None:
    """300 pictures in a sparse random graph: 299 comparisons instead of 44,850."""
    graph = nx.gnm_random_graph(300, 900, seed)
    graph.add_edges_from((at, at + 1) for at in range(299))
    known = without_comparing((min(pair), max(pair)) for pair in graph.edges)
    tied = np.array([graph.degree[at] for at in range(300)])
    wanted = numbers(hub_candidates(known, names(300), tied))
    (hub,) = set.intersection(*({*pair} for pair in wanted))
    assert {*np.ravel(list(wanted)).tolist()} == set(range(300))
    assert len(wanted) == 299
    assert graph.degree[hub] == max(tied)


def test_each_component_has_a_hub_of_its_own_and_pairs_need_none() -> None:
    known = without_comparing([(0, 1), (1, 2), (2, 3), (10, 11), (12, 13), (13, 14)])
    tied = np.zeros(20, np.int64)
    tied[[1, 10, 13]] = 4, 2, 3
    wanted = numbers(hub_candidates(known, names(20), tied))
    assert wanted == {(0, 1), (1, 2), (1, 3), (12, 13), (13, 14)}


def test_a_collage_does_not_make_one_hub_of_two_photographs() -> None:
    """Picture 9 contains a copy of each: it is compared with both hubs, their copies with one."""
    inside = [(at, 9, {"relation": "contains", "part_a": 0.9, "part_b": 0.3}) for at in (3, 7)]
    copies = [(at, at + 1, {}) for at in (0, 1, 2, 4, 5, 6)]
    tied = np.zeros(10, np.int64)
    tied[[1, 5]] = 4, 4
    wanted = numbers(hub_candidates(pairs_of([*inside, *copies]), names(10), tied))
    assert {(0, 1), (1, 2), (1, 3), (1, 9), (4, 5), (5, 6), (5, 7), (5, 9)} <= wanted
    assert not wanted & {(0, 5), (1, 5), (2, 5), (1, 4), (1, 6)}


def test_the_picture_that_most_contain_is_a_hub_as_well() -> None:
    """A photo in five collages; two of them are copies, so copies have their own hub."""
    inside = [(0, at, {"relation": "contains", "part_a": 0.9, "part_b": 0.3}) for at in range(1, 6)]
    known = pairs_of([*inside, (1, 2, {}), (2, 3, {})])
    wanted = numbers(hub_candidates(known, names(6), np.array([0, 0, 3, 0, 0, 0])))
    assert {(0, at) for at in range(1, 6)} <= wanted
    assert {(1, 2), (2, 3)} <= wanted


def test_another_photograph_is_no_step() -> None:
    known = pairs_of([(0, 1, {}), (1, 2, {"same_photograph": False, "relation": "same_scene"})])
    assert numbers(hub_candidates(known, names(3), np.ones(3, np.int64))) == set()
