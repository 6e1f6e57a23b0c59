"""A check finds the echoes in a case, each with its evidence."""

from collections import Counter

import numpy as np
import pyarrow.compute as pc
import pytest
from making import jpeg, make_case, photo, put_codes
from PIL import Image
from tipping import HASHES, WORDS, exported, sender_case

from frametrace.embed.signals.base import bits_distance
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.check import ECHOED_ITEMS, ECHOING_ACCOUNTS, check_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.find_echoes import ECHOES
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.tip_model import Head
from frametrace.posts.errors import TipError


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    return sender_case(tmp_path_factory.mktemp("sender"))


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    """Copies of photo 1, a flat picture, other photos, and the words in another spelling."""
    flat = Image.new("RGB", (640, 480), (90, 90, 90))
    pictures = {
        "a.jpg": jpeg(photo(1), 40),
        "b.jpg": jpeg(photo(1).resize((500, 375)), 70),
        "c.jpg": jpeg(flat),
        **{f"{at}.jpg": jpeg(photo(at)) for at in (7, 8)},
    }
    posts = [
        {"account_id": "page", "account_kind": "page", "media": ["a.jpg"], "text": "see here"},
        {"account_id": "page", "account_kind": "page", "media": ["b.jpg", "7.jpg"]},
        {"account_id": "person", "text": WORDS.upper() + " #now https://t.co/abc"},
        {"account_id": "again", "text": WORDS, "repost_of": "p2"},
        {"account_id": "flat", "media": ["c.jpg"], "text": "some other words that say nothing"},
        {"account_id": "other", "media": ["8.jpg"]},
    ]
    rows = [{"platform": "facebook", **post} for post in posts]
    return make_case(tmp_path_factory.mktemp("receiver"), rows, pictures, signals=HASHES)


@pytest.fixture(scope="module")
def tip(sender, tmp_path_factory):
    path = tmp_path_factory.mktemp("tip") / "tip.json"
    exported(sender[0], path, Selection(groups=(sender[1]["photo"],)))
    return read_tip(path)


def test_the_check_finds_what_echoes_the_tip_with_its_evidence(receiver, tip):
    found = check_tip(receiver, tip)
    tables = [
        (found.echoes, ECHOES),
        (found.accounts, ECHOING_ACCOUNTS),
        (found.items, ECHOED_ITEMS),
    ]
    assert all(table.schema == schema for table, schema in tables)
    echoes = found.echoes.to_pylist()
    assert {(row["post_id"], row["signal"]) for row in echoes} == {
        ("p0", "pdq"), ("p1", "pdq"), ("p2", "caption_key")}  # fmt: skip
    codes = {row["sha256"]: row["code"] for row in receiver.read("signals/pdq").to_pylist()}
    theirs = {row["id"]: row for row in tip.items.to_pylist()}
    for row in echoes:
        if row["signal"] == "pdq":
            rows = [np.frombuffer(code, np.uint8)[None] for code in (
                codes[row["media_sha256"]], theirs[row["item_id"]]["pdq"])]  # fmt: skip
            assert row["distance"] == bits_distance(*rows)[0, 0] <= 31
            assert row["similarity"] == pytest.approx(1 - row["distance"] / 256)
        else:
            assert row["distance"] is None
            assert row["similarity"] >= 0.8
    actors = {row["account_id"]: row for row in found.accounts.to_pylist()}
    assert set(actors) == {"page", "person"}
    assert (actors["page"]["posts"], actors["page"]["captions"]) == (2, 0)
    items = found.items.to_pylist()
    assert Counter(row["pages"] for row in items)[1] >= 1
    assert sum(row["posts_by_pages"] for row in items) == 2
    assert sum(row["posts_by_accounts"] for row in items) == 1


def test_a_lower_threshold_or_fewer_signals_find_less(receiver, tip):
    assert check_tip(receiver, tip, signals=["pdq"]).accounts["account_id"].to_pylist() == ["page"]
    assert check_tip(receiver, tip, signals=["caption_key"]).echoes.num_rows == 1
    with pytest.raises(TipError, match="no signal 'clip'"):
        check_tip(receiver, tip, signals=["clip"])
    assert check_tip(receiver, tip, max_pdq=0).echoes.num_rows < 3


def written_tip(path, items, signals):
    rows = []
    for number, values in enumerate(items):
        rows.append({"id": f"picture-{short_digest(values)}", "signals": values, "counts": []})
        rows[-1]["label"] = str(number)
    head = Head(signals={name: {"fingerprint": made} for name, made in signals.items()})
    write_document(path, TIP, head.to_json(), rows)
    return read_tip(path)


def test_phash_is_compared_only_where_a_tip_has_no_pdq(receiver, tmp_path):
    stored = receiver.read("signals/phash").to_pylist()
    phashes = {row["sha256"]: row["code"].hex() for row in stored}
    qualities = {row["sha256"]: row["quality"] for row in receiver.read("signals/pdq").to_pylist()}
    made = {"phash": "imagehash-phash-64:1", "pdq": "pdq-256:1"}
    far = {"hash": "0f" * 32, "quality": 100}
    for digest, quality in qualities.items():
        alone = written_tip(tmp_path / "a.json", [{"phash": phashes[digest]}], made)
        found = check_tip(receiver, alone).echoes.to_pylist()
        # A flat picture's hash collides with others: it is never found.
        assert (digest in {row["media_sha256"] for row in found}) == (quality >= 50)
        assert {row["signal"] for row in found} <= {"phash"}
        both = written_tip(tmp_path / "b.json", [{"phash": phashes[digest], "pdq": far}], made)
        assert not check_tip(receiver, both).echoes.num_rows


def test_notes_say_what_was_not_compared(tmp_path, tip):
    flat = {"pdq": {"hash": "0" * 64, "quality": 3}, "phash": "0" * 16}
    made = {"phash": "imagehash-phash-64:1", "pdq": "pdq-256:1"}
    items = [flat, {"phash": "1" * 16}, {"pdq": {"hash": "1" * 64}}]
    bare = written_tip(tmp_path / "tip.json", items, made)
    picture = {"a.jpg": jpeg(photo(1))}
    case = make_case(tmp_path, [{"media": ["a.jpg"], "text": WORDS}], picture, signals=())
    notes = " ".join(check_tip(case, bare).notes)
    assert "too flat for PDQ were not compared: 1" in notes
    assert "without pdq: 1" in notes
    assert "without phash: 1. Compute it with: frametrace embed" in notes
    notes = " ".join(check_tip(case, tip).notes)
    assert "Captions of the case without caption_key: 1" in notes
    assert "phash" not in notes


def test_a_case_whose_hashes_were_made_in_another_way_is_not_compared(tmp_path, tip):
    case = make_case(tmp_path, [{"text": WORDS}], signals=())
    case = put_codes(case, "pdq", {"0" * 64: np.zeros(32, np.uint8)}, "another:1")
    with pytest.raises(TipError, match=r"pdq-256:1; .* holds another:1"):
        check_tip(case, tip)


def test_a_flat_picture_of_the_tip_finds_nothing_whatever_its_hash_is(receiver, tmp_path):
    (row, *_) = receiver.read("signals/pdq").filter(pc.field("quality") >= 50).to_pylist()
    for quality, found in ((49, 0), (50, 1)):
        signals = {"pdq": {"hash": row["code"].hex(), "quality": quality}}
        tip = written_tip(tmp_path / "tip.json", [signals], {"pdq": "pdq-256:1"})
        assert min(check_tip(receiver, tip).echoes.num_rows, 1) == found


def test_an_account_with_two_kinds_counts_once(tmp_path, tip):
    kinds = ("page", "account", "group")
    posts = [{"account_id": "one", "account_kind": k, "text": WORDS, "post_id": k} for k in kinds]
    case = make_case(tmp_path, posts, signals=("caption_key",))
    (item,) = check_tip(case, tip).items.to_pylist()
    assert (item["accounts"], item["pages"], item["groups"], item["posts"]) == (1, 0, 0, 3)
    assert item["posts_by_accounts"] == 3
