"""One account that some posts name by its handle, and some by its number, is one in matching."""

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from making import jpeg, make_case, photo

from frametrace.matcher.account_names import connect
from frametrace.matcher.between_cases.spanning_groups import spanning_results
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_cases import match_cases
from frametrace.matcher.query.answer_query import find_picture
from frametrace.matcher.tips.export_selection import Selection, selected_posts
from frametrace.matcher.tips.watch_new_posts import compare_new_posts
from frametrace.matcher.tips.watch_state import open_watch, save_state
from frametrace.work.executor import InProcess

SIGNALS = ("pdq", "caption_key")


def post(name, account, picture="1.jpg", platform="instagram", **more):
    key = {"platform": platform, "post_id": name, "account_id": account}
    return {**key, "media": [picture], "posted_at": "2019-08-02T10:00:00Z", **more}


BY_HANDLE = post("CAAAAAAAAA1", "lin", account_number="555")
BY_NUMBER = post("CAAAAAAAAA2", "555")
ANOTHER = post("CAAAAAAAAA3", "mei", account_number="556")
PICTURES = {"1.jpg": jpeg(photo(1)), "2.jpg": jpeg(photo(2))}


def accounts(case):
    with connect(case, "posts") as connection:
        return dict(connection.sql("SELECT post_id, account_id FROM posts").fetchall())


def test_groups_and_ties_count_it_once(tmp_path):
    case = make_case(tmp_path, [BY_HANDLE, BY_NUMBER, ANOTHER], PICTURES, signals=SIGNALS)
    results, _ = match_case(case)
    (group,) = results.groups.to_pylist()
    assert (group["posts"], group["accounts"]) == (3, 2)
    assert [row["account_id"] for row in results.members.to_pylist()] == ["lin", "lin", "mei"]
    assert [(row["account_id"], row["posts"]) for row in results.accounts.to_pylist()] == [
        ("lin", 2),
        ("mei", 1),
    ]
    assert {row["account_id_a"] for row in results.ties.to_pylist()} <= {"lin"}


def test_an_account_may_be_chosen_by_its_number(tmp_path):
    case = make_case(tmp_path, [BY_HANDLE, BY_NUMBER, ANOTHER], PICTURES, signals=SIGNALS)
    for name in ("555", "instagram/555", "lin"):
        chosen = selected_posts(case, Selection(accounts=(name,)))
        assert set(chosen["post_id"].to_pylist()) == {"CAAAAAAAAA1", "CAAAAAAAAA2"}


def test_an_answer_names_it_by_its_handle(tmp_path):
    case = make_case(tmp_path, [BY_HANDLE, BY_NUMBER, ANOTHER], PICTURES, signals=SIGNALS)
    (tmp_path / "query.jpg").write_bytes(PICTURES["1.jpg"])
    rows = find_picture(case, tmp_path / "query.jpg").rows
    assert rows["post_id"].to_pylist() == ["CAAAAAAAAA1", "CAAAAAAAAA2", "CAAAAAAAAA3"]
    assert rows["account_id"].to_pylist() == ["lin", "lin", "mei"]


@pytest.mark.parametrize(
    "posts",
    [
        [BY_HANDLE, BY_NUMBER, post("CAAAAAAAAA4", "lin.new", account_number="555")],
        [BY_HANDLE, BY_NUMBER, post("CAAAAAAAAA4", "555", account_number="9")],
        [BY_HANDLE, post("CAAAAAAAAA2", "555", platform="threads")],
        [post("CAAAAAAAAA1", "lin", text='"account_number": "555"'), BY_NUMBER],
        [post("CAAAAAAAAA1", "lin", note=json.dumps({"account_number": "555"})), BY_NUMBER],
    ],
    ids=["two handles", "a handle of digits", "another site", "in the text", "in another column"],
)
def test_what_is_not_certain_stays(tmp_path, posts):
    case = make_case(tmp_path, posts, PICTURES, signals=())
    assert accounts(case) == {row["post_id"]: row["account_id"] for row in posts}


def test_what_comes_later_is_known_at_once(tmp_path):
    case = make_case(tmp_path, [BY_NUMBER], PICTURES, signals=SIGNALS)
    assert accounts(case) == {"CAAAAAAAAA2": "555"}
    case = make_case(tmp_path, [BY_HANDLE], signals=())
    assert accounts(case) == {"CAAAAAAAAA1": "lin", "CAAAAAAAAA2": "lin"}


def test_a_union_knows_it_by_what_either_case_tells(tmp_path):
    one = make_case(tmp_path / "one", [BY_HANDLE, ANOTHER], PICTURES, signals=SIGNALS)
    other = make_case(tmp_path / "two", [BY_NUMBER], PICTURES, signals=SIGNALS)
    found = match_cases([one, other], tmp_path / "union", executor=InProcess())
    (row,) = found.reuses.to_pylist()
    assert (row["account_id"], row["accounts_a"]) == ("lin", 2)


def test_results_that_name_it_by_its_number_can_be_shown(tmp_path):
    one = make_case(tmp_path / "one", [BY_HANDLE, ANOTHER], PICTURES, signals=SIGNALS)
    other = make_case(tmp_path / "two", [BY_NUMBER], PICTURES, signals=SIGNALS)
    found = match_cases([one, other], tmp_path / "union", executor=InProcess())
    results, _ = match_case(found.union)
    numbered = results.accounts.to_pylist()
    numbered[0]["account_id"] = "555"
    old = replace(results, accounts=pa.Table.from_pylist(numbered, results.accounts.schema))
    shown, _ = spanning_results(found.union, old, whole=True)
    assert shown.accounts.num_rows == len(numbered)


def test_a_group_has_no_new_account_where_its_handle_becomes_known(tmp_path):
    case = make_case(tmp_path, [BY_NUMBER, ANOTHER], PICTURES, signals=SIGNALS)
    match_case(case)
    case = make_case(tmp_path, [BY_HANDLE], signals=SIGNALS)
    results, _ = match_case(case)
    assert [(row["new_posts"], row["new_accounts"]) for row in results.changes.to_pylist()] == [
        (1, 0)
    ]


def test_a_watch_tells_of_it_once(tmp_path):
    old = [ANOTHER, post("CAAAAAAAAA5", "kai")]
    case = make_case(tmp_path, old, PICTURES, signals=SIGNALS)
    match_case(case)
    told = []
    for posts in ([], [BY_NUMBER], [BY_HANDLE], [{**BY_NUMBER, "post_id": "CAAAAAAAAA6"}]):
        case = make_case(tmp_path, posts, signals=SIGNALS) if posts else case
        with open_watch(case) as state:
            found = compare_new_posts(case, state, ())
            save_state(case, found.state)
        told += [row["account_id"] for row in found.newcomers.to_pylist()]
    assert told == ["555"]
