"""The shares of a case's accounts, and their ties in its results."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from making import jpeg, make_case, photo, results_without_digests

from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings, TieSettings
from frametrace.matcher.network import SharedKind, find_ties, shares_in_case
from frametrace.matcher.result_schemas import TIES
from frametrace.matcher.saved_results import Results, load_results
from frametrace.posts.errors import CaseError, UsageError

Match = Callable[..., Results]

_NEW = ("p_value", "q_value", "first_shared_at", "closest_seconds", "community_a", "community_b")


def pictures_of(names: Mapping[str, int]) -> dict[str, bytes]:
    return {name: jpeg(photo(seed, 160, 120)) for name, seed in names.items()}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Twenty accounts post pictures of their own; two of them share four photos and a link."""
    names = {f"own{at}.jpg": at for at in range(1, 41)} | {f"r{at}.jpg": 50 + at for at in range(4)}
    posts: list[dict[str, Any]] = [
        {
            "account_id": f"a{at % 20}",
            "platform": "x" if at % 2 else "facebook",
            "media": [f"own{at + 1}.jpg"],
            "posted_at": f"2019-08-01T10:{at:02}:07Z",
            "links": ["https://news.example/"],
        }
        for at in range(40)
    ]
    for at in range(4):
        text = f"See what they did to the station number {at}, and nobody says a word about it"
        for account, platform, minute in (("a1", "x", 0), ("a2", "facebook", 3 + at)):
            posts.append(
                {
                    "account_id": account,
                    "platform": platform,
                    "media": [f"r{at}.jpg"],
                    "text": text,
                    "links": [f"https://blog.example/{at}"],
                    "posted_at": f"2019-08-0{at + 2}T11:{minute:02}:00Z",
                }
            )
    return make_case(tmp_path_factory.mktemp("network"), posts, pictures_of(names))


def test_the_results_hold_ties_with_their_significance(case: Case, matched: Match) -> None:
    (tie,) = matched(case).ties.to_pylist()
    assert (tie["account_id_a"], tie["account_id_b"], tie["shared_groups"]) == ("a2", "a1", 4)
    assert tie["p_value"] <= tie["q_value"] < 0.01
    assert tie["first_shared_at"].isoformat() == "2019-08-02T11:03:00+00:00"
    assert tie["closest_seconds"] == 180
    assert tie["community_a"] == tie["community_b"] == 0
    strict = matched(case, MatchSettings(fdr=1e-12)).ties.to_pylist()
    assert [row["community_a"] for row in strict] == [None]


def test_pictures_in_no_group_count_as_what_an_account_shared(case: Case) -> None:
    results, _ = match_case(case)
    shares = shares_in_case(case, results.members)
    assert len(shares.items) == 44
    network = find_ties(shares)
    items = {row["account_id"]: row["items"] for row in network.accounts.to_pylist()}
    assert items == {"a1": 6, "a2": 6}
    assert network.tests == 20 * 19 // 2


def test_captions_and_links_tie_accounts_as_photos_do(case: Case) -> None:
    members = match_case(case)[0].members
    (by_caption,) = find_ties(shares_in_case(case, members, SharedKind.CAPTION)).ties.to_pylist()
    assert by_caption["shared_items"] == 4
    assert all(item.startswith("caption-") for item in by_caption["item_ids"])
    shares = shares_in_case(case, members, SharedKind.URL)
    urls = find_ties(shares, TieSettings(max_accounts=19))
    assert urls.ties["item_ids"].to_pylist() == [[f"https://blog.example/{at}" for at in range(4)]]
    assert urls.viral_items == 1
    everything = find_ties(shares).ties.to_pylist()
    assert len(everything) == 190
    assert everything[0]["shared_items"] == 5


def test_the_case_s_own_precision_bounds_the_window(tmp_path: Path) -> None:
    posts = [
        {"account_id": f"a{at}", "media": ["p.jpg"], "posted_at": f"2019-08-19 1{at}:03"}
        for at in range(3)
    ]
    case = make_case(tmp_path, posts, pictures_of({"p.jpg": 1}))
    shares = shares_in_case(case, match_case(case)[0].members)
    with pytest.raises(UsageError, match="only to the minute"):
        find_ties(shares, TieSettings(window=10))
    assert find_ties(shares, TieSettings(window=3600)).ties.num_rows == 2


def test_captions_without_keys_are_refused_with_the_command(tmp_path: Path) -> None:
    case = make_case(tmp_path, [{"text": "A caption"}], signals=())
    with pytest.raises(CaseError, match=r"frametrace embed .* --signal caption_key"):
        shares_in_case(case, match_case(case)[0].members, SharedKind.CAPTION)


def test_results_from_before_p_values_are_still_read(case: Case) -> None:
    results, run = match_case(case)
    path = case.path / "results" / f"epoch-{run.epoch:06d}" / "ties.parquet"
    results_without_digests(path.parent)
    pq.write_table(results.ties.drop_columns(list(_NEW)), path)
    old, _ = load_results(case)
    assert old.ties.schema == TIES
    assert old.ties["group_ids"] == results.ties["group_ids"]
    assert all(old.ties[name].null_count == old.ties.num_rows == 1 for name in _NEW)
    pq.write_table(results.ties.drop_columns(["account_id_a"]), path)
    with pytest.raises(CaseError, match="is damaged"):
        load_results(case)
    match_case(case)
