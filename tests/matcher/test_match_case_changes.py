"""A case that gains posts and is matched again: what became of its groups."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import make_case, put_codes, results_without_digests

from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.result_schemas import EVIDENCE, MEMBERS
from frametrace.matcher.saved_results import Results, load_results

Match = Callable[..., Results]

# Pictures by name, with the bits that are set in their hashes: a range. Two are copies where their
# ranges differ in at most 31 bits, and these are far apart but for those of the river.
_BITS = {
    "march": range(0),
    "left-bank": range(60, 120),
    "right-bank": range(60, 160),
    "river": range(60, 140),  # 20 bits from either bank, which are 40 from each other
    "fire": range(160, 256),
    "solo": range(0, 50),
}

_FIRST = {
    "march": ["ana", "bo"],
    "left-bank": ["ana", "cy"],
    "right-bank": ["bo", "dee"],
    "solo": ["dee"],
}
_SECOND = {
    "march": ["bo", "eve", "eve"],
    "river": ["ana", "bo", "cy", "dee", "eve", "flo"],
    "fire": ["flo", "ana"],
}


def add(folder: Path, batch: Mapping[str, list[str]], day: int) -> Case:
    """Each picture posted once by each account of its list."""
    pictures = {f"{name}.jpg": name.encode() for name in batch}
    posts = [
        {"post_id": f"{name}-{day}-{at}", "account_id": account, "media": [f"{name}.jpg"]}
        for name, accounts in batch.items()
        for at, account in enumerate(accounts)
    ]
    case = make_case(folder, posts, pictures, signals=())
    known = set(case.read("signals/pdq")["sha256"].to_pylist())
    codes = {digest(name): code_of(name) for name in batch if digest(name) not in known}
    return put_codes(case, "pdq", codes)


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def code_of(name: str) -> np.ndarray:
    bits = np.zeros(256, np.uint8)
    bits[list(_BITS[name])] = 1
    return np.packbits(bits)


def told(results: Results) -> dict[str, tuple[Any, ...]]:
    """What is said of each group, by its pictures: the names of the previous ones' medoids too."""
    names = {f"photo-{digest(name)[:16]}": name for name in _BITS}
    return {
        names.get(row["group_id"], "gone"): (
            row["change"],
            sorted(names[old] for old in row["previous_ids"]),
            row["new_posts"],
            row["new_accounts"],
        )
        for row in results.changes.to_pylist()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A case that was matched after its first batch, and not yet after its second."""
    folder = tmp_path_factory.mktemp("made")
    match_case(add(folder, _FIRST, 1))
    return add(folder, _SECOND, 2)


@pytest.fixture
def case(made: Case, tmp_path: Path) -> Case:
    """A copy of that case for one test."""
    return Case(Path(shutil.copytree(made.path, tmp_path / "case")))


def earlier_of(case: Case) -> Path:
    (folder,) = (f for f in (case.path / "results").glob("epoch-*") if f.name != epoch_name(case))
    return folder


def epoch_name(case: Case) -> str:
    return f"epoch-{case.epoch.number:06d}"


def test_the_first_run_says_nothing_of_changes(tmp_path: Path, matched: Match) -> None:
    case = add(tmp_path, _FIRST, 1)
    for _ in range(2):  # a run of the same epoch is not compared with itself
        results = matched(case)
        assert results.groups.num_rows == 3
        assert (results.changes.num_rows, results.arrivals.num_rows) == (0, 0)
    assert load_results(case)[1].since is None


def test_a_second_batch_makes_a_group_new_grows_one_and_merges_two(
    case: Case, matched: Match
) -> None:
    results = matched(case)
    assert told(results) == {
        "march": ("grew", ["march"], 3, 1),
        "river": ("merged", ["left-bank", "right-bank"], 6, 2),
        "fire": ("new", [], 2, 2),
    }
    assert results.changes["group_id"].to_pylist() == results.groups["group_id"].to_pylist()
    newcomers = {
        (row["post_id"].split("-")[0], row["account_id"])
        for row in results.arrivals.to_pylist()
        if row["new_account"]
    }
    assert newcomers == {
        *(("march", "eve"), ("river", "eve"), ("river", "flo")),
        *(("fire", "flo"), ("fire", "ana")),
    }
    _, run = load_results(case)
    assert (run.since, run.otherwise) == (int(earlier_of(case).name[-6:]), [])
    again, _ = match_case(case)
    assert again == results


def test_an_epoch_that_adds_nothing_leaves_every_group_the_same(case: Case, matched: Match) -> None:
    matched(case)
    before = case.epoch.number
    results = matched(put_codes(case, "phash", {}))
    assert {change for change, *_ in told(results).values()} == {"same"}
    assert results.arrivals.num_rows == 0
    _, run = load_results(Case(case.path))
    assert (run.since, run.otherwise) == (before, ["phash was absent"])


def test_other_settings_are_compared_with_the_earlier_epoch_and_told_of(
    case: Case, matched: Match
) -> None:
    matched(case)
    results = matched(case, MatchSettings(max_pdq=10))
    assert told(results) == {
        "march": ("grew", ["march"], 3, 1),
        "left-bank": ("same", ["left-bank"], 0, 0),
        "right-bank": ("same", ["right-bank"], 0, 0),
        "river": ("new", [], 6, 6),
        "fire": ("new", [], 2, 2),
    }
    assert load_results(case)[1].otherwise == ["max_pdq was 31"]


def test_groups_that_are_gone_are_listed_last(case: Case, matched: Match) -> None:
    """An earlier run under looser settings held a group that these don't make."""
    folder = earlier_of(case)
    results_without_digests(folder)
    members = pq.read_table(folder / "members.parquet").to_pylist()
    lost = [{**members[0], "group_id": "photo-0", "media_sha256": "0", "post_id": n} for n in "ab"]
    pq.write_table(pa.Table.from_pylist([*members, *lost], MEMBERS), folder / "members.parquet")
    last = matched(case).changes.to_pylist()[-1]
    assert (last["group_id"], last["change"], last["previous_ids"]) == (None, "gone", ["photo-0"])


def test_results_from_before_changes_were_told_are_read_and_compared_with(
    case: Case, matched: Match
) -> None:
    results = matched(case)
    for folder in (case.path / "results" / epoch_name(case), earlier_of(case)):
        for name in ("changes", "arrivals"):
            (folder / f"{name}.parquet").unlink()
        content = results_without_digests(folder)
        for name in ("since", "otherwise", "version"):
            del content[name]
        (folder / "match.json").write_text(json.dumps(content), "utf-8")
    old, run = load_results(case)
    assert (old.groups, old.members) == (results.groups, results.members)
    assert (old.changes.num_rows, run.since) == (0, None)
    assert matched(case) == results


def test_results_from_before_there_was_evidence_are_read_without_it(
    case: Case, matched: Match
) -> None:
    results = matched(case)
    matches = results.matches.table()
    folder = case.path / "results" / epoch_name(case)
    results_without_digests(folder)
    for name in ("members", "matches"):
        table = pq.read_table(folder / f"{name}.parquet")
        old = table.drop_columns(EVIDENCE.names)
        pq.write_table(old, folder / f"{name}.parquet")
    old, _ = load_results(case)
    assert (old.members, old.matches.table()) == (results.members, matches)


def test_an_earlier_run_by_another_version_is_told_of(case: Case) -> None:
    folder = earlier_of(case)
    content = {**results_without_digests(folder), "version": "0.0.9"}
    (folder / "match.json").write_text(json.dumps(content), "utf-8")
    assert match_case(case)[1].otherwise == ["Frametrace was 0.0.9"]


@pytest.mark.parametrize("how", ["cut", "no table", "other columns", "no run", "no settings"])
def test_earlier_results_that_cannot_be_read_are_passed_over(
    case: Case, how: str, matched: Match
) -> None:
    oldest = match_case(case)[0]
    case = add(case.path.parent, {"fire": ["gus"]}, 3)
    matched(case)
    case = add(case.path.parent, {"fire": ["hal"]}, 4)
    newest = case.path / "results" / sorted(p.name for p in (case.path / "results").iterdir())[-1]
    members, run = newest / "members.parquet", newest / "match.json"
    if how == "cut":
        members.write_bytes(members.read_bytes()[:-100])
    elif how == "no table":
        members.unlink()
    elif how == "other columns":
        pq.write_table(pa.table({"group_id": [1]}), members)
    else:
        run.write_text("{}" if how == "no run" else json.dumps(_without_settings(run)), "utf-8")
    results = matched(case)
    assert oldest.groups.num_rows == results.groups.num_rows == 3
    assert told(results)["fire"] == ("grew", ["fire"], 2, 2)


def _without_settings(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(run.read_text("utf-8"))
    return {**content, "settings": None}


def test_an_empty_case_that_was_matched_is_a_past_too(tmp_path: Path, matched: Match) -> None:
    match_case(Case.create(tmp_path / "case"))
    results = matched(add(tmp_path, _FIRST, 1))
    assert {row["change"] for row in results.changes.to_pylist()} == {"new"}
    assert load_results(Case(tmp_path / "case"))[1].since == 0
