"""Stances of the members of framings: in the results, and where disputing members are left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from making import make_case, results_without_digests

from frametrace.case.store import Case
from frametrace.matcher.framing.member_stances import without_disputes
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.network import SharedKind, shares_in_case
from frametrace.matcher.result_schemas import FRAMINGS, MEMBERS
from frametrace.matcher.saved_results import Results, load_results
from frametrace.matcher.tips.export_selection import Selection, selected_posts
from frametrace.matcher.tips.known_groups import material_of_groups

Match = Callable[..., Results]

_SAID = "Engineers found a huge crack in the Harrow bridge and the city keeps it open anyway"
_DENIED = "Engineers found no crack in the Harrow bridge and the city keeps it open anyway"
_FALSE = f"Not true, share this: {_SAID}".replace("share this", "this story is false")


def case_of(folder: Path, *texts: str, **more: Any) -> Case:
    posts = [{"text": text, "account_name": f"Name {at}", **more} for at, text in enumerate(texts)]
    case: Case = make_case(folder, posts)
    return case


def stances_of(results: Results) -> dict[str, tuple[str, str | None]]:
    return {
        row["post_id"]: (row["stance"], row["stance_cue"])
        for row in results.members.to_pylist()
        if row["kind"] == "framing"
    }


def test_members_have_a_stance_and_framings_count_them(tmp_path: Path, matched: Match) -> None:
    asked = f"{_SAID}. Is this true?"
    results = matched(case_of(tmp_path, _SAID, f"{_SAID}!", _FALSE, asked))
    assert stances_of(results) == {
        "p0": ("asserts", None),
        "p1": ("asserts", None),
        "p2": ("disputes", "not true"),
        "p3": ("unclear", "is this true"),
    }
    (about,) = results.framings.to_pylist()
    assert (about["asserts"], about["disputes"], about["unclear"]) == (2, 1, 1)


def test_a_negation_disputes_what_the_others_claim(tmp_path: Path, matched: Match) -> None:
    results = matched(case_of(tmp_path, _SAID, f"{_SAID}!", f"{_SAID}!!!", _DENIED))
    assert stances_of(results)["p3"] == ("disputes", "no crack in the harrow")
    results = matched(case_of(tmp_path / "other", _DENIED, f"{_DENIED}!", f"{_DENIED}!!!"))
    assert {kind for kind, _ in stances_of(results).values()} == {"asserts"}


@pytest.mark.parametrize("name", ["twitter/a1", "a1", "twitter/Name 1", "Name 1"])
def test_posts_of_fact_checkers_dispute(tmp_path: Path, matched: Match, name: str) -> None:
    case = case_of(tmp_path, _SAID, _SAID)
    results = matched(case, MatchSettings(fact_checkers=(name, "twitter/absent")))
    assert stances_of(results) == {
        "p0": ("asserts", None),
        "p1": ("disputes", "account of a fact-checker"),
    }
    _, run = load_results(case)
    assert run.settings["fact_checkers"] == 2


def test_links_to_fact_checks_dispute(tmp_path: Path, matched: Match) -> None:
    posts = [{"text": _SAID}, {"text": _SAID, "links": ["https://www.snopes.com/fact-check/x"]}]
    results = matched(make_case(tmp_path, posts))
    assert stances_of(results)["p1"] == ("disputes", "link to snopes.com")


def test_accounts_count_framings_that_they_dont_dispute(tmp_path: Path, matched: Match) -> None:
    results = matched(case_of(tmp_path, _SAID, _FALSE))
    counts = {row["account_id"]: row["framing_groups"] for row in results.accounts.to_pylist()}
    assert counts == {"a0": 1, "a1": 0}


def test_captions_of_disputing_posts_tie_nobody_unless_asked_for(tmp_path: Path) -> None:
    case = case_of(tmp_path, _SAID, _SAID, _FALSE, _FALSE)
    members = match_case(case)[0].members

    def sharers(**options: bool) -> list[int]:
        shares = shares_in_case(case, members, SharedKind.CAPTION, **options)
        return sorted(shares.sharers().tolist())

    assert sharers() == [2]
    assert sharers(count_disputes=True) == [2, 2]


def test_disputing_posts_are_neither_known_material_nor_sent(tmp_path: Path) -> None:
    case = case_of(tmp_path, _SAID, _SAID, _FALSE)
    results, run = match_case(case)
    groups, _ = material_of_groups(case, results)
    assert len(groups) == 1
    sent = selected_posts(case, Selection(groups=(groups[0].as_py(),)), (results, run))
    assert sent["post_id"].to_pylist() == ["p0", "p1"]


def test_results_without_stances_are_still_read(tmp_path: Path) -> None:
    case = case_of(tmp_path, _SAID, _SAID, _FALSE)
    results, run = match_case(case)
    folder = case.path / "results" / f"epoch-{run.epoch:06d}"
    results_without_digests(folder)
    columns = {"members": ["stance", "stance_cue"], "framings": ["asserts", "disputes", "unclear"]}
    for name, dropped in columns.items():
        table = getattr(results, name)
        pq.write_table(table.drop_columns(dropped), folder / f"{name}.parquet")
    old, _ = load_results(case)
    assert old.members.schema == MEMBERS
    assert old.framings.schema == FRAMINGS
    assert old.members["stance"].null_count == old.members.num_rows == 3
    assert without_disputes(old.members) == old.members
    shares = shares_in_case(case, old.members, SharedKind.CAPTION)
    assert pc.sum(pa.array(shares.sharers())).as_py() == 3
