"""Caches and named framings of cases are shared with their union, unless they are damaged."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from making import cropped, jpeg, make_case, photo
from pairing import Counting
from PIL import ImageOps
from uniting import files_of

from frametrace.case.store import Case
from frametrace.matcher.between_cases.linked_caches import link_caches
from frametrace.matcher.between_cases.spanning_groups import matches_shown
from frametrace.matcher.between_cases.union import unite
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_cases import MatchedCases, match_cases
from frametrace.matcher.result_schemas import CASE_NAME
from frametrace.work.executor import InProcess

SIGNALS = ("pdq", "local")
P, Q = photo(1, 320, 240), photo(2, 320, 240)
PICTURES = {
    "p": jpeg(P),
    "p-again": jpeg(P, 50),
    "p-crop": jpeg(cropped(P, 0.7)),
    "p-mirror": jpeg(ImageOps.mirror(P)),
    "q": jpeg(Q),
    "q-crop": jpeg(cropped(Q, 0.75)),
}


def case_of(folder: Path, names: str, **fields: str) -> Case:
    """A case with one post for each picture."""
    rows = [
        {"post_id": n, "account_id": "a", **fields, "media": [f"{n}.jpg"]} for n in names.split()
    ]
    pictures = {f"{name}.jpg": data for name, data in PICTURES.items()}
    case = make_case(folder / "sources", rows, pictures, signals=SIGNALS)
    return Case(case.path.rename(folder / "case"))


def compared(case: Case) -> set[tuple[str, str]]:
    """The compared pairs of pictures that are saved, related or not."""
    files = case.path.glob("verified/*/*.parquet")
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return {(row["sha256_a"], row["sha256_b"]) for row in rows}


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Two cases that were matched; nothing is written into them."""
    folder = tmp_path_factory.mktemp("matched")
    cases = [
        case_of(folder / "a", "p p-crop q"),
        case_of(folder / "b", "p-again p-mirror q q-crop"),
    ]
    for case in cases:
        match_case(case, executor=InProcess())
    return cases


@pytest.fixture(scope="module")
def anew(matched: list[Case], tmp_path_factory: pytest.TempPathFactory) -> MatchedCases:
    """The union's results if nothing was computed before."""
    folder = tmp_path_factory.mktemp("anew")
    copies = [Path(shutil.copytree(c.path.parent, folder / c.path.parent.name)) for c in matched]
    for copy in copies:
        for name in ("verified", "index", "results"):
            shutil.rmtree(copy / "case" / name)
    return match_cases(
        [Case(copy / "case") for copy in copies], folder / "union", executor=Counting()
    )


def between(found: MatchedCases) -> list[dict[str, Any]]:
    """The matches between cases."""
    _, batches = matches_shown(found.union, found.results.matches.batches(), spanning=True)
    return [row for batch in batches for row in batch.to_pylist()]


def same(one: MatchedCases, other: MatchedCases) -> bool:
    """More pairs inside a case are known if it was matched alone."""
    return (
        one.results == other.results
        and one.reuses == other.reuses
        and between(one) == between(other)
    )


def test_only_pairs_of_one_picture_of_each_case_are_compared(
    matched: list[Case], anew: MatchedCases, tmp_path: Path
) -> None:
    before, known = files_of(*matched), [compared(case) for case in matched]
    executor = Counting()
    found = match_cases(matched, tmp_path / "union", executor=executor)
    new = compared(found.union) - known[0] - known[1]
    assert len(new) == executor.asked > 0
    assert known[0] | known[1] < compared(found.union)
    held = [set(case.read("media")["sha256"].to_pylist()) for case in matched]
    assert not any({*pair} <= pictures for pair in new for pictures in held)
    assert same(found, anew)
    assert files_of(*matched) == before
    executor = Counting()
    assert same(match_cases(matched, tmp_path / "union", executor=executor), found)
    assert executor.asked == 0


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_text("{}")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


PAIRS, JOIN, HASHES = "verified/*/*.parquet", "verified/*/join", "index/pdq/*"
DAMAGES = {
    "flipped": [
        *((PAIRS, flip), (f"{JOIN}/*.bin", flip)),
        *((f"{HASHES}/pairs-31/*.arrow", flip), (f"{HASHES}/codes.npy", flip)),
    ],
    "cut": [(PAIRS, cut), (f"{JOIN}/places.bin", cut), (f"{HASHES}/pairs-31/done.json", cut)],
    "unknown": [(f"{JOIN}/join.json", empty), (f"{HASHES}/manifest.json", empty)],
    "gone": [(f"{HASHES}/pairs-31/*.arrow", Path.unlink), (f"{HASHES}/*.npy", Path.unlink)],
    "join-gone": [(f"{JOIN}/places.bin", Path.unlink)],
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_damaged_caches_of_a_case_are_computed_again(
    matched: list[Case], anew: MatchedCases, tmp_path: Path, damage: str
) -> None:
    cases = []
    for case in matched:
        copy = shutil.copytree(case.path.parent, tmp_path / case.path.parent.name)
        for pattern, harm in DAMAGES[damage]:
            files = sorted((copy / "case").glob(pattern))
            assert files
            for file in files:
                harm(file)
        cases.append(Case(copy / "case"))
    before = files_of(*cases)
    assert same(match_cases(cases, tmp_path / "union", executor=InProcess()), anew)
    assert files_of(*cases) == before


def test_a_join_that_grows_is_a_copy_and_pairs_are_links(
    matched: list[Case], tmp_path: Path
) -> None:
    union = unite(matched, tmp_path / "union")
    link_caches(matched, union)
    inodes = {path.stat().st_ino for case in matched for path in case.path.rglob("*")}
    shared = {p.relative_to(union.path) for p in union.path.rglob("*") if p.stat().st_ino in inodes}
    parquet = {path.suffix for path in shared if path.parts[0] == "verified"}
    assert parquet == {".parquet"}
    assert any(path.parts[0] == "index" for path in shared)
    assert (next(union.path.glob("verified/*/join")) / "join.json").is_file()


def test_framings_are_shared_and_the_first_of_equal_names_counts(
    matched: list[Case], tmp_path: Path
) -> None:
    cases = [Case(shutil.copytree(c.path, tmp_path / c.path.parent.name)) for c in matched]
    for case, names in zip(cases, ("one both", "both two"), strict=True):
        (case.path / "framings").mkdir()
        for name in names.split():
            (case.path / "framings" / f"{name}.json").write_text(case.path.name)
    union = unite(cases, tmp_path / "union")
    for gone in (None, "one", "both"):
        if gone:
            (cases[0].path / "framings" / f"{gone}.json").unlink()
        link_caches(cases, union)
        held = {path.stem: path.read_text() for path in (union.path / "framings").glob("*.json")}
        expected = {"two": "b", "both": "b" if gone == "both" else "a"}
        assert held == expected | {"one": "a"}  # the union's own by now


def contradicting(folder: Path) -> MatchedCases:
    """Both cases have a post `p`, by two accounts with two pictures: the first counts."""
    posts = {"a": {"p": "p"}, "b": {"p": "q", "r": "p-again", "s": "q-crop"}}
    cases = []
    for name, pictures in posts.items():
        rows = [
            {"post_id": post, "account_id": name, "media": [f"{picture}.jpg"]}
            for post, picture in pictures.items()
        ]
        files = {f"{name}.jpg": data for name, data in PICTURES.items()}
        case = make_case(folder / "sources" / name, rows, files, signals=SIGNALS)
        cases.append(Case(case.path.rename(folder / name)))
    return match_cases(cases, folder / "union", executor=InProcess())


def test_pictures_that_no_post_of_the_union_has_match_nothing_between_cases(
    tmp_path: Path,
) -> None:
    found = contradicting(tmp_path)
    rows = between(found)
    assert not [row for row in rows if "" in (row[f"{CASE_NAME}_a"], row[f"{CASE_NAME}_b"])]


def test_a_post_that_another_case_holds_differently_does_not_count_for_its_case(
    tmp_path: Path,
) -> None:
    found = contradicting(tmp_path)
    members = found.results.members.to_pylist()
    assert {(row["post_id"], row[CASE_NAME]) for row in members} == {("p", "a"), ("r", "b")}
    assert [row["post_id"] for row in found.reuses.to_pylist()] == ["r"]
