"""A tip's way from one case into another: what it tells, what it finds."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import jpeg, make_case, photo, put_codes
from PIL import Image

from frametrace.embed.case import Case
from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.index.binary import BinaryIndex
from frametrace.index.codes import Codes
from frametrace.matcher.stage import match_case
from frametrace.matcher.tips.canonical import short_digest
from frametrace.matcher.tips.check import ACTORS, ECHOED, check_tip
from frametrace.matcher.tips.choice import Choice
from frametrace.matcher.tips.documents import TIP, write_document
from frametrace.matcher.tips.echoes import ECHOES, MOST_DIFFERENT
from frametrace.matcher.tips.export import ExportSettings, export_tip, sent_items
from frametrace.matcher.tips.keys import account_key, pseudonym
from frametrace.matcher.tips.model import Head
from frametrace.matcher.tips.nearest import nearest_hashes, nearest_keys
from frametrace.matcher.tips.reading import read_tip
from frametrace.posts.errors import CaseError, TipError, UsageError

WORDS = "they broke the whole station again last night and we had enough"
HASHES = ("pdq", "phash", "caption_key")


def moment(day, minute=0):
    return datetime(2019, 8, day, 10, minute, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    """Photo 1 by three accounts (one of them twice) in two versions, and photo 2 by one of them."""
    pictures = {
        "a.jpg": jpeg(photo(1), 90),
        "b.jpg": jpeg(photo(1).crop((4, 3, 636, 477)), 60),
        "c.jpg": jpeg(photo(2), 80),
        "d.jpg": jpeg(photo(3), 80),
    }
    posts = [
        ("1", "ann", "account", "a.jpg", moment(3), WORDS),
        ("2", "bob", "account", "a.jpg", moment(1, 5), "short"),
        ("3", "club", "group", "b.jpg", None, WORDS + "!"),
        ("4", "ann", "account", "a.jpg", moment(2), ""),
        ("5", "ann", "account", "c.jpg", moment(9), "what else ann has to say to the world"),
        ("6", "zoe", "account", "d.jpg", moment(9), "what zoe alone has to say to the world"),
    ]
    names = ("post_id", "account_id", "account_kind", "media", "posted_at", "text")
    rows = [dict(zip(names, post, strict=True)) for post in posts]
    for row in rows:
        row["media"] = [row["media"]]
        row["posted_at"] = row["posted_at"] and row["posted_at"].isoformat()
    case = make_case(tmp_path_factory.mktemp("sender"), rows, pictures, signals=HASHES)
    results, _ = match_case(case)
    groups = {row["kind"]: row["group_id"] for row in results.groups.to_pylist()}
    return case, groups


def exported(case, out, choice, **settings):
    told = export_tip(case, choice, out, ExportSettings(**settings))
    return told, json.loads(out.read_text("utf-8"))


def test_a_photo_group_gives_its_pictures_and_its_posts_captions(sender, tmp_path):
    case, groups = sender
    told, content = exported(case, tmp_path / "tip.json", Choice(groups=(groups["photo"],)))
    items = {one["id"].split("-")[0]: one for one in content["items"]}
    assert (told.pictures, told.captions, told.left_out) == (2, 1, 1)
    first = next(one for one in content["items"] if len(one["accounts"]) == 2)
    assert first["counts"] == [{"platform": "x", "kind": "account", "accounts": 2, "posts": 3}]
    assert (first["first_seen"], first["last_seen"]) == ("2019-08-01T10:05Z", "2019-08-03T10:00Z")
    key = account_key(case.path / "tips" / "accounts.key")
    assert first["accounts"] == sorted(pseudonym(key, "x", name) for name in ("ann", "bob"))
    assert items["caption"]["counts"] == [
        {"platform": "x", "kind": "account", "accounts": 1, "posts": 1},
        {"platform": "x", "kind": "group", "accounts": 1, "posts": 1},
    ]
    stored = case.read("signals/pdq").to_pylist()
    codes = {row["sha256"]: (row["code"].hex(), row["quality"]) for row in stored}
    for one in content["items"]:
        for digest in sent_items(case, told.sha256)[one["id"]]:
            if pdq := one["signals"].get("pdq"):
                assert codes[digest] == (pdq["hash"], pdq["quality"])
    assert content["head"]["settings"]["max_pdq"] == "31"
    assert content["head"]["selection"] == {"accounts": 0, "groups": [groups["photo"]]}


def test_texts_and_names_are_told_only_when_asked_for(sender, tmp_path):
    case, groups = sender
    choice = Choice(groups=tuple(groups.values()), accounts=("x/ann",))
    _, content = exported(case, tmp_path / "plain.json", choice)
    text = (tmp_path / "plain.json").read_text("utf-8")
    assert not [told for told in ("ann", "bob", "club", "station", "/", ".jpg") if told in text]
    assert content["head"]["accounts"] == "pseudonyms"
    _, content = exported(case, tmp_path / "all.json", choice, with_captions=True)
    assert WORDS in {one.get("caption") for one in content["items"]}
    _, content = exported(case, tmp_path / "names.json", choice, reveal_accounts=True)
    assert content["head"]["accounts"] == "revealed"
    assert {name for one in content["items"] for name in one["accounts"]} == {
        "x/ann", "x/bob", "x/club"}  # fmt: skip


def test_an_account_gives_all_of_its_own_and_nothing_of_others(sender, tmp_path):
    case, _ = sender
    told, content = exported(
        case, tmp_path / "tip.json", Choice(accounts=("ann",)), reveal_accounts=True
    )
    assert (told.pictures, told.captions, told.left_out) == (2, 2, 0)
    assert content["head"]["selection"] == {"accounts": 1, "groups": []}
    assert {tuple(one["accounts"]) for one in content["items"]} == {("x/ann",)}


def test_the_same_choice_gives_the_same_bytes(sender, tmp_path):
    case, groups = sender
    for name in ("one.json", "two.json"):
        exported(case, tmp_path / name, Choice(groups=tuple(groups.values()) * 2))
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(), "--group or --account"),
        (Choice(groups=("photo-1",)), "no group 'photo-1'"),
        (Choice(accounts=("nobody",)), "no account 'nobody'"),
    ],
)
def test_a_choice_of_nothing_is_refused(sender, tmp_path, choice, message):
    with pytest.raises(UsageError, match=message):
        exported(sender[0], tmp_path / "tip.json", choice)
    assert not (tmp_path / "tip.json").exists()


def test_what_cant_be_sent_is_refused_with_what_to_do(sender, tmp_path):
    case, _ = sender
    with pytest.raises(UsageError, match="in the case"):
        exported(case, case.path / "tip.json", Choice(accounts=("ann",)))
    posts = [{"account_id": "a", "platform": p, "text": WORDS} for p in ("x", "y")]
    two = make_case(tmp_path, posts, signals=())
    with pytest.raises(UsageError, match="x and y: name one as x/a"):
        exported(two, tmp_path / "tip.json", Choice(accounts=("a",)))
    with pytest.raises(UsageError, match="frametrace embed"):
        exported(two, tmp_path / "tip.json", Choice(accounts=("x/a",)))
    digest = hashlib.sha256(WORDS.encode()).hexdigest()
    other = put_codes(two, "caption_key", {digest: np.zeros(64, np.uint32)}, "another:1")
    with pytest.raises(CaseError, match="another:1"):
        exported(other, tmp_path / "tip.json", Choice(accounts=("x/a",)))
    with pytest.raises(CaseError, match="not matched since"):
        exported(other, tmp_path / "tip.json", Choice(groups=("photo-1",)))


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
    exported(sender[0], path, Choice(groups=(sender[1]["photo"],)))
    return read_tip(path)


def test_the_check_finds_what_echoes_the_tip_with_its_evidence(receiver, tip):
    found = check_tip(receiver, tip)
    tables = [(found.echoes, ECHOES), (found.actors, ACTORS), (found.items, ECHOED)]
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
    actors = {row["account_id"]: row for row in found.actors.to_pylist()}
    assert set(actors) == {"page", "person"}
    assert (actors["page"]["posts"], actors["page"]["captions"]) == (2, 0)
    items = found.items.to_pylist()
    assert Counter(row["pages"] for row in items)[1] >= 1
    assert sum(row["posts_by_pages"] for row in items) == 2
    assert sum(row["posts_by_accounts"] for row in items) == 1


def test_a_smaller_bound_or_fewer_signals_find_less(receiver, tip):
    assert check_tip(receiver, tip, signals=["pdq"]).actors["account_id"].to_pylist() == ["page"]
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


def test_what_was_not_compared_is_said(tmp_path, tip):
    flat = {"pdq": {"hash": "0" * 64, "quality": 3}, "phash": "0" * 16}
    made = {"phash": "imagehash-phash-64:1", "pdq": "pdq-256:1"}
    items = [flat, {"phash": "1" * 16}, {"pdq": {"hash": "1" * 64}}]
    bare = written_tip(tmp_path / "tip.json", items, made)
    picture = {"a.jpg": jpeg(photo(1))}
    case = make_case(tmp_path, [{"media": ["a.jpg"], "text": WORDS}], picture, signals=())
    notes = " ".join(check_tip(case, bare).notes)
    assert "too flat for PDQ, which were not compared: 1" in notes
    assert "without pdq: 1" in notes
    assert "without phash: 1. Compute it: frametrace embed" in notes
    notes = " ".join(check_tip(case, tip).notes)
    assert "Captions of the case without caption_key: 1" in notes
    assert "phash" not in notes


def test_a_case_whose_hashes_were_made_in_another_way_is_not_compared(tmp_path, tip):
    case = make_case(tmp_path, [{"text": WORDS}], signals=())
    case = put_codes(case, "pdq", {"0" * 64: np.zeros(32, np.uint8)}, "another:1")
    with pytest.raises(TipError, match=r"pdq-256:1; .* holds another:1"):
        check_tip(case, tip)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 30), st.integers(0, 40))
def test_each_hash_is_told_of_its_nearest_item(seed, n, m, radius):
    dice = np.random.default_rng(seed)
    centres = dice.integers(0, 256, (3, 32), dtype=np.uint8)

    def near(count):
        flips = np.packbits(dice.random((count, 256)) < dice.choice([0, 0.02, 0.1]), axis=1)
        return centres[dice.integers(0, 3, count)] ^ flips

    codes = Codes.collapse(near(n), dice.integers(0, 256, (n, 32), dtype=np.uint8))
    items = near(m)
    found = nearest_hashes(BinaryIndex(codes), items, radius)
    distances = bits_distance(codes.codes, items)
    expected = [
        (
            row,
            int(line.argmin()),
            int(line.min()),
            len({bytes(items[at]) for at in np.flatnonzero(line <= radius)}),
        )
        for row, line in enumerate(distances)
        if m and line.min() <= radius
    ]
    columns = (found.row, found.item, found.value, found.near)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(0, 30), st.integers(0, 30))
def test_each_caption_key_is_told_of_its_nearest_item_and_none_is_missed(seed, n, m):
    dice = np.random.default_rng(seed)
    centres = dice.integers(0, 9, (2, 64), dtype=np.uint32)

    def near(count):
        keys = centres[dice.integers(0, 2, count)].copy()
        for key in keys:
            change = dice.permutation(64)[: dice.integers(0, 20)]
            key[change] = dice.integers(0, 9, len(change))
        return keys

    keys, items = near(n), near(m)
    found = nearest_keys(keys, items, MOST_DIFFERENT)
    differ = (keys[:, None] != items[None]).sum(axis=2)
    expected = [
        (row, int(line.argmin()), int(line.min()))
        for row, line in enumerate(differ)
        if m and line.min() <= MOST_DIFFERENT
    ]
    columns = (found.row, found.item, found.value)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected


def test_the_bound_for_captions_is_that_of_matching():
    assert 1 - MOST_DIFFERENT / 64 >= 0.8 > 1 - (MOST_DIFFERENT + 1) / 64
    table = CaptionKey().compute([WORDS, WORDS + " yes"])
    keys = np.array(table["code"].to_pylist(), np.uint32)
    assert nearest_keys(keys[:1], keys[1:], MOST_DIFFERENT).row.tolist() == [0]


def test_the_case_keeps_no_more_of_a_tip_than_what_its_items_stand_for(sender, tmp_path):
    case, groups = sender
    told, _ = exported(case, tmp_path / "tip.json", Choice(groups=(groups["photo"],)))
    digests = {one for some in sent_items(case, told.sha256).values() for one in some}
    known = {
        *case.read("media")["sha256"].to_pylist(),
        *case.read("posts")["caption_sha256"].to_pylist(),
    }
    assert digests < known
    with pytest.raises(CaseError, match="sent no tip"):
        sent_items(Case(case.path), "0" * 64)
