"""A watch reports each newcomer once, and misses none."""

import hashlib

import pytest
from making import jpeg, make_case, photo

from frametrace.case.json_files import read_json
from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.tips.export import export_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.watch_new_posts import NEWCOMERS, compare_new_posts
from frametrace.matcher.tips.watch_state import open_watch, save_state
from frametrace.posts.errors import CaseError, CaseLocked

WORDS = "they broke the whole station again last night and we had enough"
SIGNALS = ("pdq", "caption_key")


@pytest.fixture
def tip(tmp_path):
    """A tip on photo 1 and on some words."""
    place = tmp_path / "sender"
    posts = [{"account_id": "a", "media": ["1.jpg"], "text": WORDS}]
    case = make_case(place, posts, {"1.jpg": jpeg(photo(1))}, signals=SIGNALS)
    export_tip(case, Selection(accounts=("a",)), place / "tip.json")
    return read_tip(place / "tip.json")


def add(folder, posts, photos=(), quality=60):
    """Add posts to the case in a folder, with pictures of some photos' numbers."""
    pictures = {f"{at}.jpg": jpeg(photo(at), quality) for at in photos}
    return make_case(folder, posts, pictures, signals=SIGNALS)


def newcomers(case, tips=(), keep=True):
    with open_watch(case) as state:
        found = compare_new_posts(Case(case.path), state, tips)
        if keep:
            save_state(case, found.state)
    assert found.newcomers.schema == NEWCOMERS
    return found.newcomers.to_pylist(), found


def names(case, tips=(), keep=True):
    return [row["account_id"] for row in newcomers(case, tips, keep)[0]]


def test_posts_that_the_case_held_before_are_not_reported(tmp_path, tip):
    case = add(tmp_path, [{"post_id": "old", "account_id": "old", "media": ["1.jpg"]}], [1])
    rows, found = newcomers(case, [tip])
    assert (rows, found.posts, found.matched) == ([], 0, None)


def test_each_newcomer_is_reported_once_with_its_closest_evidence(tmp_path, tip):
    case = add(tmp_path, [{"post_id": "old", "account_id": "b", "text": "hello"}])
    assert names(case, [tip]) == []
    posts = [
        {"post_id": "1", "account_id": "b", "text": WORDS, "posted_at": "2019-08-02T00:00:00Z"},
        {"post_id": "2", "account_id": "b", "media": ["1.jpg"]},
        {"post_id": "3", "account_id": "c", "account_kind": "page", "text": WORDS + "!!"},
        {"post_id": "4", "account_id": "d", "media": ["9.jpg"], "text": "what d says by itself"},
    ]
    (tmp_path / "1.jpg").write_bytes(jpeg(photo(1).crop((5, 4, 635, 476)), 60))
    case = add(tmp_path, posts, [9])
    assert names(case, [tip], keep=False) == ["b", "c"]  # stopped before it was remembered
    rows, found = newcomers(case, [tip])
    b, c = rows
    assert (b["seen_before"], b["posts"], b["post_id"], b["signal"]) == (True, 2, "2", "pdq")
    assert 0 < b["distance"] <= 31  # the words are the same to the letter, but a picture says more
    assert (c["seen_before"], c["account_kind"], c["signal"]) == (False, "page", "caption_key")
    assert {row["known_as"] for row in rows} == {tip.sha256}
    assert {row["tlp"] for row in rows} == {"TLP:AMBER"}
    assert found.posts == 4
    assert names(case, [tip]) == []
    case = add(tmp_path, [{"post_id": "5", "account_id": "b", "text": WORDS}])
    assert names(case, [tip]) == []


def test_an_account_that_posted_the_file_before_is_not_reported(tmp_path, tip):
    case = add(tmp_path, [{"post_id": "old", "account_id": "old", "media": ["1.jpg"]}], [1])
    assert names(case, [tip]) == []
    case = add(tmp_path, [{"post_id": "new", "account_id": "new", "media": ["1.jpg"]}])
    assert names(case, [tip]) == ["new"]


def test_known_groups_report_newcomers_but_not_their_members(tmp_path):
    posts = [{"post_id": n, "account_id": n, "media": ["1.jpg"]} for n in ("m1", "m2")]
    case = add(tmp_path, posts, [1], 90)
    results, _ = match_case(case)
    (group,) = results.groups["group_id"].to_pylist()
    assert names(case) == []
    posts = [
        {"post_id": "n1", "account_id": "m1", "media": ["1.jpg"]},
        {"post_id": "n2", "account_id": "new", "media": ["1.jpg"]},
        {"post_id": "n3", "account_id": "else", "media": ["3.jpg"]},
    ]
    case = add(tmp_path, posts, [1, 3], 40)
    match_case(case)  # the newcomer is a member now, but was none when its post arrived
    rows, found = newcomers(case)
    assert [(row["account_id"], row["known_as"], row["tlp"]) for row in rows] == [
        ("new", group, None)
    ]
    assert (found.groups, found.posts) == (1, 3)
    assert names(case) == []


def test_known_framings_report_newcomers_by_the_wording(tmp_path):
    texts = (WORDS, WORDS + " yes", "short")
    posts = [
        {"post_id": f"m{at}", "account_id": f"m{at}", "text": text, "media": ["1.jpg"]}
        for at, text in enumerate(texts)
    ]
    case = add(tmp_path, posts, [1])
    results, _ = match_case(case)
    groups = {row["kind"]: row["group_id"] for row in results.groups.to_pylist()}
    assert names(case) == []
    case = add(tmp_path, [{"post_id": "n", "account_id": "new", "text": "@you " + WORDS.upper()}])
    (row,) = newcomers(case)[0]
    assert (row["account_id"], row["known_as"]) == ("new", groups["framing"])
    assert (row["signal"], row["similarity"]) == ("caption_key", 1)
    assert row["item_id"] == hashlib.sha256(WORDS.encode()).hexdigest()[:16]


def test_a_picture_that_arrives_after_its_post_is_compared(tmp_path, tip):
    case = Case.create(tmp_path / "case")
    assert names(case, [tip]) == []
    post = {"post_id": "1", "account_id": "late", "media": ["1.jpg"]}
    case = add(tmp_path, [post])
    assert names(case, [tip]) == []
    case = add(tmp_path, [post], [1])
    assert names(case, [tip]) == ["late"]


def test_two_platforms_may_have_accounts_of_the_same_name(tmp_path, tip):
    case = Case.create(tmp_path / "case")
    names(case)
    case = add(tmp_path, [{"platform": p, "account_id": "same", "text": WORDS} for p in "xy"])
    assert names(case, [tip]) == ["same", "same"]
    case = add(tmp_path, [{"platform": "z", "account_id": "same", "text": WORDS}])
    assert names(case, [tip]) == ["same"]


def test_only_one_process_watches_a_case_at_a_time(tmp_path):
    case = Case.create(tmp_path / "case")
    with open_watch(case), pytest.raises(CaseLocked), open_watch(case):
        pass


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"epoch": "x", "shards": {}}'])
def test_a_damaged_state_is_reported(tmp_path, content):
    case = Case.create(tmp_path / "case")
    names(case)
    state = case.path / "watch" / "state.json"
    assert set(read_json(state)) == {
        "epoch",
        "files",
        "pending",
        "shards",
        "told",
    }
    state.write_text(content, "utf-8")
    with pytest.raises(CaseError, match=r"state\.json"), open_watch(case):
        pass
