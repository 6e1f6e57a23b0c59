"""Neighbours by `copy` become candidates, and nothing but the comparison of pixels ties them."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from making import cropped, jpeg, make_case, photo, put_codes
from pairing import pairs_of

from frametrace.case.store import Case
from frametrace.embed.signals.copy import Copy
from frametrace.index.feature_join.feature_join import PROPOSAL_SCHEMA, Proposals
from frametrace.matcher.photos.copy_candidates import CopyNeighbours
from frametrace.matcher.pictures.compare_pairs import PairComparison
from frametrace.matcher.pictures.pairs_to_compare import PairsToCompare
from frametrace.matcher.pictures.verified_pair_table import PAIRS
from frametrace.matcher.saved_results import Results
from frametrace.work.progress import Silent

NONE = PAIRS.empty_table()

Match = Callable[..., Results]


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def crowded(count: int, seed: int = 0) -> dict[str, np.ndarray | None]:
    """Vectors in five bundles, with equal ones and items without one."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((5, 16))
    codes: dict[str, np.ndarray | None] = {}
    for at in range(count):
        vector = centres[at % 5] + 0.35 * rng.standard_normal(16)
        codes[f"{at:064x}"] = None if at % 11 == 3 else unit(*vector)
    codes[f"{1:064x}"] = codes[f"{2:064x}"] = codes[f"{0:064x}"]
    return codes


def numbers(wanted: PairsToCompare) -> set[tuple[int, int]]:
    pairs = zip(*(wanted.rows[name].to_pylist() for name in ("sha256_a", "sha256_b")), strict=True)
    return {(int(a, 16), int(b, 16)) for a, b in pairs}


def expected_pairs(codes: dict[str, np.ndarray | None], names: list[str]) -> set[tuple[int, int]]:
    """By brute force: the four most similar partners of each picture, from 0.75 up.

    Of pictures with equal vectors the first stands for the others, which are paired with it alone.
    """
    assert Copy.bound is not None
    first: dict[bytes, str] = {}
    pairs = set()
    for name in names:
        if (code := codes[name]) is not None and (other := first.setdefault(code.tobytes(), name)):
            pairs |= {(int(other, 16), int(name, 16))} if other != name else set()
    for name in first.values():
        near = [
            (-float(codes[name] @ codes[other]), int(other, 16))
            for other in first.values()
            if other != name and codes[name] @ codes[other] >= Copy.bound.value
        ]
        for _, other in sorted(near)[:4]:
            pairs.add((min(int(name, 16), other), max(int(name, 16), other)))
    return pairs


@pytest.mark.parametrize("count", [0, 1, 2, 60, 300])
def test_each_picture_is_paired_with_its_nearest_few_as_brute_force_says(
    tmp_path: Path, count: int
) -> None:
    codes = dict(list(crowded(max(count, 3)).items())[:count])
    case = put_codes(Case.create(tmp_path / "case"), "copy", codes)
    names = [name for name in codes if int(name, 16) % 7 != 6]  # some are not wanted
    neighbours = CopyNeighbours.of(case, pa.array(names, pa.string()), Silent())
    assert numbers(neighbours.candidates(NONE)) == expected_pairs(codes, names)


def test_a_picture_that_copies_tie_makes_room_for_the_next(tmp_path: Path) -> None:
    codes = {f"{at:064x}": unit(1, 0.01 * at) for at in range(8)}
    case = put_codes(Case.create(tmp_path / "case"), "copy", codes)
    neighbours = CopyNeighbours.of(case, pa.array(list(codes)), Silent())
    before = numbers(neighbours.candidates(NONE))
    assert {b for a, b in before if a == 0} == {1, 2, 3, 4}
    known = pairs_of([(0, 1, {}), (1, 2, {}), (0, 3, {"relation": "contains"})])
    after = numbers(neighbours.candidates(known))
    assert {b for a, b in after if a == 0} == {3, 4, 5, 6}


def test_a_case_without_the_signal_has_no_such_candidates(tmp_path: Path) -> None:
    case = Case.create(tmp_path / "case")
    neighbours = CopyNeighbours.of(case, pa.array(["a" * 64]), Silent())
    assert len(neighbours.candidates(NONE)) == 0


PICTURES = {
    "a": jpeg(photo(1)),
    "a-crop": jpeg(cropped(photo(1), 0.6)),
    "b": jpeg(photo(2)),
    "c": jpeg(photo(3)),
}
DIGESTS = {name: hashlib.sha256(data).hexdigest() for name, data in PICTURES.items()}


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Pictures that PDQ does not tie; the join of local features proposes none of their pairs."""
    empty = Proposals(pa.array([], pa.string()), PROPOSAL_SCHEMA.empty_table())
    monkeypatch.setattr(PairComparison, "proposals", lambda comparison, pictures: empty)
    pictures = {f"{name}.jpg": data for name, data in PICTURES.items()}
    posts = [
        {"post_id": name, "account_id": f"by-{name}", "media": [f"{name}.jpg"]} for name in PICTURES
    ]
    return make_case(tmp_path, posts, pictures, signals=("pdq", "local"))


def grouped(results: Results) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for member in results.members.to_pylist():
        assert member["signal"] != "copy"
        groups.setdefault(member["group_id"], set()).add(member["post_id"])
    return {frozenset(posts) for posts in groups.values()}


def test_a_copy_that_the_join_missed_is_tied_once_it_is_verified(
    case: Case, matched: Match
) -> None:
    assert grouped(matched(case)) == set()
    everything_near = {DIGESTS[name]: unit(1, 0.01 * at) for at, name in enumerate(PICTURES)}
    case = put_codes(case, "copy", everything_near)
    assert grouped(matched(case)) == {frozenset(("a", "a-crop"))}


def test_what_is_not_near_enough_is_not_compared(case: Case, matched: Match) -> None:
    codes = {DIGESTS["a"]: unit(1, 0), DIGESTS["a-crop"]: unit(0.74, np.sqrt(1 - 0.74**2))}
    assert grouped(matched(put_codes(case, "copy", codes))) == set()


def test_matching_again_gives_the_same_results(case: Case, matched: Match) -> None:
    codes = {DIGESTS[name]: unit(1, 0.01 * at) for at, name in enumerate(PICTURES)}
    case = put_codes(case, "copy", codes)
    first, again = (matched(case) for _ in range(2))
    assert first.members.equals(again.members)
    assert first.matches.table().equals(again.matches.table())
