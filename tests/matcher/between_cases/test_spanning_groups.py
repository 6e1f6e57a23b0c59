"""Copies, elements and framings between cases are those within one case with all their posts."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from making import cropped, jpeg, make_case, photo, stamped
from picturing import panels
from PIL import ImageOps

from frametrace.case.store import Case
from frametrace.matcher.between_cases.spanning_groups import matches_shown
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_cases import MatchedCases, match_cases
from frametrace.matcher.match_settings import Extent
from frametrace.matcher.result_schemas import CASE_NAME
from frametrace.matcher.saved_results import Results, load_results
from frametrace.work.executor import InProcess

SIGNALS = ("pdq", "local", "thumbnail", "caption_key")
LONG = "They burned the station down and nobody in the papers says a word about who paid them"
P, Q, R = (photo(seed, 480, 360) for seed in (1, 2, 3))


PICTURES = {
    "p": jpeg(P),
    "p-again": jpeg(P, 50),
    "p-crop": jpeg(cropped(P, 0.7)),
    "p-mirror": jpeg(ImageOps.mirror(P)),
    "p-part": jpeg(cropped(P, 0.3)),
    "q": jpeg(Q),
    "pq": jpeg(panels(P, Q)),
    "r": jpeg(R),
    "logo-1": jpeg(stamped(photo(5))),
    "logo-2": jpeg(stamped(photo(6))),
    "s": jpeg(photo(7, 480, 360)),
    "s-again": jpeg(photo(7, 480, 360), 50),
}
# A post is called like its picture, or that is named behind it. `q`, `r` and `s` are of two cases.
CASES = {
    "one": "p q r logo-1 said-1",
    "two": "p-again p-crop p-mirror pq q r said-2 s s-again",
    "three": "p-part p-part-too:p-part logo-2 r-too:r said-3 said-4 s",
}
DIGESTS = {hashlib.sha256(data).hexdigest(): name for name, data in PICTURES.items()}


def case_of(folder: Path, posts: str) -> Case:
    """A case of some posts; a post named `said` has a text and no picture."""
    rows = []
    for name, _, picture in (post.partition(":") for post in posts.split()):
        post: dict[str, Any] = {"post_id": name, "account_id": f"by-{name}"}
        said = name.startswith("said")
        rows.append(post | ({"text": LONG} if said else {"media": [f"{picture or name}.jpg"]}))
    pictures = {f"{name}.jpg": data for name, data in PICTURES.items()}
    case = make_case(folder / "sources", rows, pictures, signals=SIGNALS)
    return Case(case.path.rename(folder / folder.name))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    folder = tmp_path_factory.mktemp("cases")
    return [case_of(folder / name, posts) for name, posts in CASES.items()]


@pytest.fixture(scope="module")
def whole(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> MatchedCases:
    """All results, within cases as well, of the union that the tests share."""
    folder = tmp_path_factory.mktemp("union")
    return match_cases(cases, folder, extent=Extent(whole=True), executor=InProcess())


@pytest.fixture(scope="module")
def spanning(whole: MatchedCases, cases: list[Case]) -> MatchedCases:
    """The results that span cases; made after `whole` in the same folder."""
    return match_cases(cases, whole.union.path, executor=InProcess())


def holders(post: str) -> set[str]:
    """The cases that have a post."""
    return {
        name for name, posts in CASES.items() if post in [p.split(":")[0] for p in posts.split()]
    }


def without_cases(table: pa.Table) -> pa.Table:
    return table.drop_columns([n for n in table.column_names if n.startswith(CASE_NAME)])


def members_of(results: Results) -> dict[str, set[tuple[str, ...]]]:
    """The posts of each group, and the relation of each."""
    groups: dict[str, set[tuple[str, ...]]] = {}
    for row in results.members.to_pylist():
        post = (row["post_id"], row["relation"], row["media_sha256"])
        groups.setdefault(row["group_id"], set()).add(post)
    return groups


def test_the_results_are_those_of_one_case_with_all_posts(
    whole: MatchedCases, tmp_path: Path
) -> None:
    posts = dict.fromkeys(" ".join(CASES.values()).split())
    alone, run = match_case(case_of(tmp_path / "alone", " ".join(posts)), executor=InProcess())
    found = whole.results
    assert {len(posts) for posts in members_of(alone).values()} == {2, 3, 4, 7}
    assert members_of(found) == members_of(alone)
    for name in ("groups", "framings", "map", "named"):
        assert getattr(found, name) == getattr(alone, name)
    for name in ("members", "accounts", "ties"):
        assert without_cases(getattr(found, name)) == without_cases(getattr(alone, name))
    assert found.matches.table() == alone.matches.table()
    assert alone.members[CASE_NAME].null_count == alone.members.num_rows
    assert (run.cases, run.spanning) == ([], False)
    assert (whole.run.cases, whole.run.spanning) == (list(CASES), False)


def test_groups_that_no_case_holds_completely_are_kept(
    whole: MatchedCases, spanning: MatchedCases
) -> None:
    every = members_of(whole.results)
    kept = {
        group_id: posts
        for group_id, posts in every.items()
        if not set.intersection(*(holders(post[0]) for post in posts))
    }
    results = spanning.results
    assert 0 < len(kept) < len(every)
    assert members_of(results) == kept
    assert results.groups["group_id"].to_pylist() == [
        name for name in whole.results.groups["group_id"].to_pylist() if name in kept
    ]
    accounts = {f"by-{post}" for posts in kept.values() for post, *_ in posts}
    assert set(results.accounts["account_id"].to_pylist()) == accounts
    assert (spanning.run.cases, spanning.run.spanning) == (list(CASES), True)
    assert load_results(spanning.union)[0] == results


def test_every_row_names_its_cases(whole: MatchedCases, spanning: MatchedCases) -> None:
    """The remaining ties and matches are between accounts and pictures of different cases."""
    for found in (whole, spanning):
        for row in found.results.members.to_pylist():
            assert set(row[CASE_NAME].split(", ")) == holders(row["post_id"])
        for row in found.results.accounts.to_pylist():
            assert set(row[CASE_NAME].split(", ")) == holders(row["account_id"][3:])
        pairs = found.results.ties.to_pylist()
        all_batches = found.results.matches.batches()
        _, batches = matches_shown(found.union, all_batches, spanning=found is spanning)
        pairs += [row for batch in batches for row in batch.to_pylist()]
        apart = []
        for row in pairs:
            one, other = (set(row[f"{CASE_NAME}_{side}"].split(", ")) for side in "ab")
            if "account_id_a" in row:
                assert one == holders(row["account_id_a"][3:])
                assert other == holders(row["account_id_b"][3:])
            assert "" not in one | other
            apart.append(not one & other)
        assert any(apart)
        assert all(apart) == (found is spanning)


EXPECTED = {
    ("one", "two"): {
        ("p-again", "copy", "pdq", "p"),
        ("p-crop", "copy", "local", "p"),
        ("p-mirror", "copy", "local", "p"),
        ("pq", "contains", "local", "p"),
        ("pq", "contains", "local", "q"),
        ("said-2", "similar", "sha256", None),
    },
    ("one", "three"): {
        ("p-part", "part", "local", "p"),
        ("p-part-too", "part", "local", "p"),
        ("r-too", "copy", "sha256", "r"),
        ("said-3", "similar", "sha256", None),
        ("said-4", "similar", "sha256", None),
    },
    ("two", "three"): {
        ("p-part", "part", "local", "p-again"),
        ("p-part-too", "part", "local", "p-again"),
        ("p-part", "part", "local", "pq"),
        ("p-part-too", "part", "local", "pq"),
        ("r-too", "copy", "sha256", "r"),
        ("said-3", "similar", "sha256", None),
        ("said-4", "similar", "sha256", None),
    },
}


def reused(found: MatchedCases) -> dict[tuple[str, str], set[tuple[Any, ...]]]:
    rows: dict[tuple[str, str], set[tuple[Any, ...]]] = {}
    for row in found.reuses.to_pylist():
        of = DIGESTS.get(row["sha256_a"])
        assert (row["media_path_a"] or "").removesuffix(".jpg") == (of or "")
        reuse = (row["post_id"], row["relation"], row["signal"], of)
        assert reuse not in rows.setdefault((row["case_a"], row["case_b"]), set())
        rows[row["case_a"], row["case_b"]].add(reuse)
    return rows


def test_each_case_lists_what_it_reuses_of_earlier_ones_except_shared_posts(
    whole: MatchedCases,
) -> None:
    assert reused(whole) == EXPECTED


def test_what_is_reused_does_not_depend_on_what_is_shown(
    whole: MatchedCases, spanning: MatchedCases
) -> None:
    assert reused(spanning) == reused(whole)
