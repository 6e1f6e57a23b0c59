"""What a tip discloses, and what it does not."""

import hashlib

import numpy as np
import pytest
from making import make_case, put_codes
from tipping import WORDS, exported, sender_case

from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.tips.export import sent_items
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.pseudonyms import account_key, pseudonym
from frametrace.posts.errors import CaseError, UsageError


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    return sender_case(tmp_path_factory.mktemp("sender"))


def test_a_photo_group_gives_its_pictures_and_its_posts_captions(sender, tmp_path):
    case, groups = sender
    tip, content = exported(case, tmp_path / "tip.json", Selection(groups=(groups["photo"],)))
    items = {one["id"].split("-")[0]: one for one in content["items"]}
    assert (tip.pictures, tip.captions, tip.left_out) == (2, 1, 1)
    first = next(one for one in content["items"] if len(one["accounts"]) == 2)
    assert first["counts"] == [
        {"platform": "twitter", "kind": "account", "accounts": 2, "posts": 3}
    ]
    assert (first["first_seen"], first["last_seen"]) == ("2019-08-01T10:05Z", "2019-08-03T10:00Z")
    key = account_key(case.path / "tips" / "accounts.key")
    assert first["accounts"] == sorted(pseudonym(key, "twitter", name) for name in ("ann", "bob"))
    assert items["caption"]["counts"] == [
        {"platform": "twitter", "kind": "account", "accounts": 1, "posts": 1},
        {"platform": "twitter", "kind": "group", "accounts": 1, "posts": 1},
    ]
    stored = case.read("signals/pdq").to_pylist()
    codes = {row["sha256"]: (row["code"].hex(), row["quality"]) for row in stored}
    for one in content["items"]:
        for digest in sent_items(case, tip.sha256)[one["id"]]:
            if pdq := one["signals"].get("pdq"):
                assert codes[digest] == (pdq["hash"], pdq["quality"])
    assert content["head"]["settings"]["max_pdq"] == "31"
    assert content["head"]["selection"] == {"accounts": 0, "groups": [groups["photo"]]}


def test_texts_and_names_are_included_only_on_request(sender, tmp_path):
    case, groups = sender
    choice = Selection(groups=tuple(groups.values()), accounts=("twitter/ann",))
    _, content = exported(case, tmp_path / "plain.json", choice)
    text = (tmp_path / "plain.json").read_text("utf-8")
    assert not [part for part in ("ann", "bob", "club", "station", "/", ".jpg") if part in text]
    assert content["head"]["accounts"] == "pseudonyms"
    _, content = exported(case, tmp_path / "all.json", choice, with_captions=True)
    assert WORDS in {one.get("caption") for one in content["items"]}
    _, content = exported(case, tmp_path / "names.json", choice, reveal_accounts=True)
    assert content["head"]["accounts"] == "revealed"
    assert {name for one in content["items"] for name in one["accounts"]} == {
        "twitter/ann", "twitter/bob", "twitter/club"}  # fmt: skip


def test_an_account_contributes_its_own_items_and_no_others(sender, tmp_path):
    case, _ = sender
    tip, content = exported(
        case, tmp_path / "tip.json", Selection(accounts=("ann",)), reveal_accounts=True
    )
    assert (tip.pictures, tip.captions, tip.left_out) == (2, 2, 0)
    assert content["head"]["selection"] == {"accounts": 1, "groups": []}
    assert {tuple(one["accounts"]) for one in content["items"]} == {("twitter/ann",)}


def test_the_same_selection_gives_the_same_bytes(sender, tmp_path):
    case, groups = sender
    for name in ("one.json", "two.json"):
        exported(case, tmp_path / name, Selection(groups=tuple(groups.values()) * 2))
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Selection(), "--group or --account"),
        (Selection(groups=("photo-1",)), "no group 'photo-1'"),
        (Selection(accounts=("nobody",)), "no account 'nobody'"),
    ],
)
def test_an_empty_selection_is_refused(sender, tmp_path, choice, message):
    with pytest.raises(UsageError, match=message):
        exported(sender[0], tmp_path / "tip.json", choice)
    assert not (tmp_path / "tip.json").exists()


def test_what_cant_be_sent_is_refused_with_what_to_do(sender, tmp_path):
    case, _ = sender
    with pytest.raises(UsageError, match="inside the case"):
        exported(case, case.path / "tip.json", Selection(accounts=("ann",)))
    posts = [{"account_id": "a", "platform": p, "text": WORDS} for p in ("twitter", "y")]
    two = make_case(tmp_path, posts, signals=())
    with pytest.raises(UsageError, match="twitter and y: name one as twitter/a"):
        exported(two, tmp_path / "tip.json", Selection(accounts=("a",)))
    with pytest.raises(UsageError, match="frametrace embed"):
        exported(two, tmp_path / "tip.json", Selection(accounts=("twitter/a",)))
    digest = hashlib.sha256(WORDS.encode()).hexdigest()
    other = put_codes(two, "caption_key", {digest: np.zeros(64, np.uint32)}, "another:1")
    with pytest.raises(CaseError, match="another:1"):
        exported(other, tmp_path / "tip.json", Selection(accounts=("twitter/a",)))
    with pytest.raises(CaseError, match="has not been matched since"):
        exported(other, tmp_path / "tip.json", Selection(groups=("photo-1",)))


def test_the_case_keeps_only_what_the_items_of_a_tip_represent(sender, tmp_path):
    case, groups = sender
    tip, _ = exported(case, tmp_path / "tip.json", Selection(groups=(groups["photo"],)))
    digests = {one for some in sent_items(case, tip.sha256).values() for one in some}
    known = {
        *case.read("media")["sha256"].to_pylist(),
        *case.read("posts")["caption_sha256"].to_pylist(),
    }
    assert digests < known
    with pytest.raises(CaseError, match="sent no tip"):
        sent_items(Case(case.path), "0" * 64)


def test_what_an_account_reposts_is_not_its_own(tmp_path):
    posts = [
        {"account_id": "a", "text": WORDS},
        {"account_id": "a", "text": "what somebody else said to the world", "repost_of": "p9"},
        {"account_id": "b", "text": WORDS, "repost_of": "p0"},
        {"account_id": "c", "text": WORDS},
    ]
    case = make_case(tmp_path, posts, signals=("caption_key",))
    results, _ = match_case(case)
    groups = tuple(results.groups["group_id"].to_pylist())
    tip, _ = exported(case, tmp_path / "tip.json", Selection(accounts=("a",)))
    assert (tip.captions, tip.left_out) == (1, 0)
    _, content = exported(
        case, tmp_path / "tip.json", Selection(groups=groups), reveal_accounts=True
    )
    assert [one["accounts"] for one in content["items"]] == [["twitter/a", "twitter/c"]]


def test_very_long_captions_are_cut_and_very_many_accounts_only_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("frametrace.matcher.tips.export_items._MAX_ACCOUNTS", 2)
    long = "many words " * 10_000
    names = ("one", "two", "three")
    posts = [{"account_id": name, "text": WORDS} for name in names]
    case = make_case(
        tmp_path, [*posts, {"account_id": "one", "text": long}], signals=("caption_key",)
    )
    _, content = exported(
        case, tmp_path / "tip.json", Selection(accounts=names), with_captions=True
    )
    by_caption = {one["caption"]: one for one in content["items"]}
    assert set(by_caption) == {WORDS, long[:100_000]}
    assert by_caption[WORDS]["counts"][0]["accounts"] == 3
    assert "accounts" not in by_caption[WORDS]
    assert len(by_caption[long[:100_000]]["accounts"]) == 1
