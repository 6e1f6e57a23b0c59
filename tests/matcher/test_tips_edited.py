"""Edited copies by a tip: its local features find what hashes don't, and no layout that is shared."""

import base64
import json
import time

import numpy as np
import pyarrow as pa
import pytest
from making import cropped, jpeg, made_features, make_case, put_features
from picturing import detailed
from PIL import Image, ImageDraw, ImageFont, ImageOps
from tipping import exported, raw

from frametrace.embed.executor import InProcess
from frametrace.embed.signals.local import Features, is_value
from frametrace.matcher.stage import match_case
from frametrace.matcher.tips.canonical import digest_of, short_digest
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.choice import Choice
from frametrace.matcher.tips.documents import TIP, write_document
from frametrace.matcher.tips.echoes import ECHOES
from frametrace.matcher.tips.keys import make_keys, sign
from frametrace.matcher.tips.model import FEATURES, FINGERPRINTS, Head
from frametrace.matcher.tips.reading import read_tip
from frametrace.posts.errors import TipError

SIGNALS = ("pdq", "local", "caption_key")
BARS = (190, 595)  # rows of the screenshot between which its photo lies, of 900


def on_canvas(image):
    sheet = Image.new("RGB", (image.width * 2, image.height * 2), "white")
    sheet.paste(image, (image.width // 3, image.height // 2))
    return sheet


def app(image):
    """A picture in an app, between bars, icons and names."""
    page = Image.new("RGB", (540, 900), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    draw.rectangle((0, 0, 540, 80), "#1877f2")
    draw.text((20, 24), "Chirp   Home   Search   Alerts", "white", font)
    draw.ellipse((20, 100, 84, 164), "#e4405f")
    draw.text((100, 116), "Harbour Watch · follow", "black", font)
    for at, name in enumerate(("reply", "repeat", "like", "share")):
        draw.rounded_rectangle((16 + 130 * at, 640, 44 + 130 * at, 668), 8, "#303030")
        draw.text((52 + 130 * at, 640), name, "black", font)
    for at, words in enumerate(("Write a comment in public", "Terms   Privacy   Help")):
        draw.text((20, 720 + 80 * at), words, "gray", font)
    if image is not None:
        page.paste(image.resize((540, BARS[1] - BARS[0])), (0, BARS[0]))
    return page


# What the receiver's accounts did to photo 1, and how it is told: seen from the tip's item.
EDITS = {
    "mirrored": (ImageOps.mirror, "copy", True),
    "cropped": (lambda image: cropped(image, 0.4), "part", False),
    "mirrored-part": (lambda image: ImageOps.mirror(cropped(image, 0.4)), "part", True),
    "framed": (on_canvas, "contains", False),
    "screenshot": (app, "contains", False),
}


def case_of(folder, pictures, signals=SIGNALS):
    """A case in which each account posts the picture of its name."""
    files = {f"{name}.jpg": jpeg(image, 70) for name, image in pictures.items()}
    posts = [{"account_id": name, "post_id": name, "media": [f"{name}.jpg"]} for name in pictures]
    return make_case(folder, posts, files, signals=signals)


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    pictures = {"one": detailed(1), "two": detailed(2), "flat": Image.new("RGB", (300, 200), "red")}
    return case_of(tmp_path_factory.mktemp("sender"), pictures)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    pictures = {name: edit(detailed(1)) for name, (edit, _, _) in EDITS.items()}
    pictures |= {f"other-{seed}": detailed(seed) for seed in range(10, 13)}
    pictures |= {f"app-{seed}": app(detailed(seed)) for seed in range(13, 16)}
    return case_of(tmp_path_factory.mktemp("receiver"), pictures)


@pytest.fixture(scope="module")
def tip(sender, tmp_path_factory):
    path = tmp_path_factory.mktemp("tip") / "tip.json"
    exported(sender, path, Choice(accounts=("one", "two", "flat")))
    return path


def echoes(case, path, **options):
    found = check_tip(case, read_tip(path), executor=InProcess(), **options)
    assert found.echoes.schema == ECHOES
    return {row["account_id"]: row for row in found.echoes.to_pylist()}


def local_of(path):
    items = json.loads(path.read_text("utf-8"))["items"]
    return [item["signals"].get("local") for item in items]


def test_edited_copies_are_found_with_their_relation(receiver, tip):
    assert echoes(receiver, tip, signals=["pdq"]) == {}
    found = echoes(receiver, tip)
    assert set(found) == set(EDITS)
    for name, (_, relation, mirrored) in EDITS.items():
        row = found[name]
        assert (row["signal"], row["distance"]) == ("local", None)
        assert (row["relation"], row["mirrored"]) == (relation, mirrored), name
        assert 0 < row["similarity"] <= 1
    assert len({row["item_id"] for row in found.values()}) == 1


def test_what_a_hash_finds_is_told_by_the_hash(sender, tip):
    found = echoes(sender, tip)
    assert {name: row["signal"] for name, row in found.items()} == {"one": "pdq", "two": "pdq"}
    assert {(row["relation"], row["mirrored"]) for row in found.values()} == {("copy", None)}
    by_features = echoes(sender, tip, signals=["local"])
    assert {row["relation"] for row in by_features.values()} == {"copy"}
    assert {row["mirrored"] for row in by_features.values()} == {False}


def test_processes_find_the_same(receiver, tip):
    here = check_tip(receiver, read_tip(tip), executor=InProcess())
    assert check_tip(receiver, read_tip(tip)).echoes == here.echoes


def test_each_item_carries_so_many_features_and_a_flat_picture_none(tip):
    found = local_of(tip)
    assert found.count(None) == 1
    for text in filter(None, found):
        assert len(text) <= 8192
        code = base64.b64decode(text, validate=True)
        assert is_value(code, FEATURES)
        assert len(Features.of(code)) == FEATURES  # of 360
    assert json.loads(tip.read_text("utf-8"))["frametrace_tip"] == 2


def test_with_hashes_only_it_carries_none_and_finds_none_of_them(sender, receiver, tmp_path):
    path = tmp_path / "tip.json"
    _, written = exported(sender, path, Choice(accounts=("one",)), hashes_only=True)
    assert local_of(path) == [None]
    assert set(written["head"]["signals"]) == {"pdq"}
    assert echoes(receiver, path) == {}


@pytest.mark.parametrize("signals", [(), ("pdq",), ("thumbnail",)])
def test_a_case_without_features_is_told_of_them(tip, tmp_path, signals):
    case = case_of(tmp_path, {"mirrored": ImageOps.mirror(detailed(1))}, signals)
    found = check_tip(case, read_tip(tip), executor=InProcess())
    assert found.echoes.num_rows == 0
    notes = " ".join(found.notes)
    assert "without local: 1. Compute it: frametrace embed case --signal local" in notes
    assert ("without thumbnail: 1" in notes) == (signals != ("thumbnail",))


def test_a_case_with_features_and_no_thumbnails_is_no_error(tip, tmp_path):
    case = case_of(tmp_path, {"mirrored": ImageOps.mirror(detailed(1))}, ("pdq",))
    (digest,) = case.read("signals/pdq")["sha256"].to_pylist()
    case = put_features(case, {digest: made_features(1)}, FINGERPRINTS["local"])
    found = check_tip(case, read_tip(tip), executor=InProcess())
    assert found.echoes.num_rows == 0
    assert "without thumbnail: 1" in " ".join(found.notes)


def test_a_part_of_a_case_is_looked_at_alone(receiver, tip):
    from frametrace.matcher.tips.echoes import echoes_of

    items = read_tip(tip).items
    material = items.append_column("thumbnail", pa.nulls(len(items), pa.binary()))
    posts = pa.table({"platform": ["x", "x"], "post_id": ["mirrored", "other-10"]})
    found = echoes_of(receiver, material, posts=posts, executor=InProcess())
    assert found["account_id"].to_pylist() == ["mirrored"]


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    """Screenshots of one app, of different photos, and the app without any."""
    pictures = {f"s{at}": app(detailed(20 + at)) for at in range(5)}
    pictures["empty"] = app(None)
    case = case_of(tmp_path_factory.mktemp("matched"), pictures)
    match_case(case)
    return case


def test_what_a_screenshot_shares_with_others_is_left_out(matched, tmp_path):
    path = tmp_path / "tip.json"
    exported(matched, path, Choice(accounts=("s0",)))
    (text,) = local_of(path)
    features = Features.of(base64.b64decode(text))
    y = features.place[:, 1] * 900 / features.height
    assert ((y > BARS[0] - 60) & (y < BARS[1] + 60)).all()  # a cell of the grid has 56 rows
    pictures = {
        "photo": detailed(20),
        "again": app(detailed(20)).crop((0, 100, 540, 760)),
        "mirrored": ImageOps.mirror(detailed(20)),
        **{f"other-{seed}": app(detailed(seed)) for seed in range(30, 36)},
        "empty": app(None),
    }
    found = echoes(case_of(tmp_path, pictures), path, signals=["local"])
    assert set(found) == {"photo", "again", "mirrored"}


def test_a_picture_that_is_all_element_carries_no_features(matched, tmp_path):
    path = tmp_path / "tip.json"
    exported(matched, path, Choice(accounts=("empty",)))
    assert local_of(path) == [None]


def old_tip(path, source, key=None, version=1, signed=1):
    """The tip as an earlier Frametrace would have written it, perhaps signed for a version."""
    content = json.loads(source.read_text("utf-8"))
    content["head"]["signals"].pop("local", None)
    for item in content["items"]:
        item["signals"].pop("local", None)
        item["id"] = f"{item['id'].split('-')[0]}-{short_digest(item['signals'])}"
    content["frametrace_tip"] = version
    for name in ("sha256", "signature"):
        content.pop(name, None)
    content["sha256"] = digest_of(content)
    if key is not None:
        message = f"frametrace_tip {signed} {content['sha256']}".encode()
        content["signature"] = sign(key, message)
    path.write_text(json.dumps(content, sort_keys=True), "utf-8")
    return path


def test_tips_of_version_1_are_read_and_their_signature_holds(sender, tip, tmp_path):
    secret, public, signer = make_keys(tmp_path / "key")
    old = read_tip(old_tip(tmp_path / "old.json", tip, secret), [public])
    assert (old.signature.signer, old.signature.trusted) == (signer, True)
    assert old.items["local"].null_count == 3
    assert set(echoes(sender, tmp_path / "old.json")) == {"one", "two"}
    new = read_tip(old_tip(tmp_path / "new.json", tip, secret, 2, 2), [public])
    assert new.sha256 != old.sha256


@pytest.mark.parametrize(("version", "signed"), [(1, 2), (2, 1)])
def test_a_signature_cannot_be_moved_to_another_version(tip, tmp_path, version, signed):
    secret, _, _ = make_keys(tmp_path / "key")
    with pytest.raises(TipError, match="a signature that does not hold"):
        read_tip(old_tip(tmp_path / "tip.json", tip, secret, version, signed))


@pytest.mark.parametrize("version", [0, 3, -1, True, 1.0, "2", None])
def test_other_versions_are_refused(tip, tmp_path, version):
    with pytest.raises(TipError, match=r"version|number|schema"):
        read_tip(old_tip(tmp_path / "tip.json", tip, version=version))


def changed(path, source, change):
    """The tip with something changed by somebody who can seal it again."""
    content = json.loads(source.read_text("utf-8"))
    change(content)
    for item in content["items"]:
        item["id"] = f"{item['id'].split('-')[0]}-{short_digest(item['signals'])}"
    return raw(path, content)


def test_features_made_in_another_way_are_refused_and_hashes_still_compared(
    sender, receiver, tip, tmp_path
):
    def change(content):
        content["head"]["signals"]["local"]["fingerprint"] = "orb:1"

    path = changed(tmp_path / "tip.json", tip, change)
    with pytest.raises(TipError, match=r"local by orb:1.*--signal"):
        echoes(receiver, path)
    assert echoes(receiver, path, signals=["pdq"]) == {}
    assert set(echoes(sender, path, signals=["pdq"])) == {"one", "two"}


HEAD = np.array([400, 300], "<u2").tobytes()
GARBAGE = {
    "letters": b"garbage and more garbage",
    "too short": b"\0\1",
    "no size": bytes(4),
    "too large": np.array([401, 300], "<u2").tobytes(),
    "half a feature": HEAD + bytes(30),
    "outside": HEAD + b"\xff" * 22,
    "too many": HEAD + made_features(1, FEATURES + 1).tobytes(),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused(tip, tmp_path, name):
    def change(content):
        content["items"][0]["signals"]["local"] = base64.b64encode(GARBAGE[name]).decode()

    with pytest.raises(TipError, match=r"local features are none|schema"):
        read_tip(changed(tmp_path / "tip.json", tip, change))


@pytest.mark.parametrize("text", ["", "AAAA=", "AA==AAAA", "AAA", "ÄÄÄÄ", "A" * 8196, "AAAA\n", 5, []])
def test_what_is_no_base64_is_refused(tip, tmp_path, text):
    def change(content):
        content["items"][0]["signals"]["local"] = text

    with pytest.raises(TipError, match=r"schema"):
        read_tip(changed(tmp_path / "tip.json", tip, change))


def tip_of(path, codes):
    items = []
    for code in codes:
        signals = {"local": base64.b64encode(code).decode("ascii")}
        items.append({"id": f"picture-{short_digest(signals)}", "signals": signals, "counts": []})
    head = Head(signals={"local": {"fingerprint": FINGERPRINTS["local"]}})
    write_document(path, TIP, head.to_json(), items)
    return path


def test_many_items_of_random_features_find_nothing(receiver, tmp_path):
    codes = [HEAD + made_features(seed, 40 + seed % 200).tobytes() for seed in range(2_000)]
    begun = time.monotonic()
    assert echoes(receiver, tip_of(tmp_path / "tip.json", codes)) == {}
    assert time.monotonic() - begun < 120


def test_features_that_no_picture_can_have_end_no_check(receiver, tmp_path):
    """Their sizes are larger than any picture: most of them are those of a real one."""
    (digest,) = receiver.read("post_media").filter(
        pa.compute.field("post_id") == "mirrored"
    )["sha256"].to_pylist()
    codes = {row["sha256"]: row["code"] for row in receiver.read("signals/local").to_pylist()}
    rows = np.frombuffer(codes[digest][4:], made_features(1).dtype)[:FEATURES].copy()
    rows["scale"][::9] = 255
    found = echoes(receiver, tip_of(tmp_path / "tip.json", [codes[digest][:4] + rows.tobytes()]))
    assert set(found) <= set(EDITS)


def test_items_without_features_and_with_none_at_all_are_no_error(receiver, tmp_path):
    assert echoes(receiver, tip_of(tmp_path / "tip.json", [HEAD])) == {}
    photo_of_nothing = HEAD + made_features(3, 1).tobytes()
    assert echoes(receiver, tip_of(tmp_path / "one.json", [photo_of_nothing])) == {}
