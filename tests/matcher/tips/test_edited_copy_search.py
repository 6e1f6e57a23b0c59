"""Local features of a tip find edited copies that hashes miss, but not shared layouts."""

import base64
import json

import pyarrow as pa
import pytest
from making import cropped, jpeg, made_features, make_case, put_features
from picturing import detailed
from PIL import Image, ImageDraw, ImageFont, ImageOps
from tipping import exported

from frametrace.embed.signals.local import Features, is_feature_code
from frametrace.matcher.match_case import match_case
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.find_echoes import ECHOES
from frametrace.matcher.tips.known_material import material_of_tip
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.tip_model import FINGERPRINTS, MAX_FEATURES
from frametrace.work.executor import InProcess

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


# What the receiver's accounts did to photo 1, and the reported relation, seen from the tip's item.
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
    exported(sender, path, Selection(accounts=("one", "two", "flat")))
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


def test_a_copy_that_a_hash_finds_is_reported_by_the_hash(sender, tip):
    found = echoes(sender, tip)
    assert {name: row["signal"] for name, row in found.items()} == {"one": "pdq", "two": "pdq"}
    assert {(row["relation"], row["mirrored"]) for row in found.values()} == {("copy", None)}
    by_features = echoes(sender, tip, signals=["local"])
    assert {row["relation"] for row in by_features.values()} == {"copy"}
    assert {row["mirrored"] for row in by_features.values()} == {False}


def test_worker_processes_find_the_same(receiver, tip):
    here = check_tip(receiver, read_tip(tip), executor=InProcess())
    assert check_tip(receiver, read_tip(tip)).echoes == here.echoes


def test_each_item_has_a_limited_number_of_features_and_a_flat_picture_none(tip):
    found = local_of(tip)
    assert found.count(None) == 1
    for text in filter(None, found):
        assert len(text) <= 8192
        code = base64.b64decode(text, validate=True)
        assert is_feature_code(code, MAX_FEATURES)
        assert len(Features.of(code)) == MAX_FEATURES  # of 360
    assert json.loads(tip.read_text("utf-8"))["frametrace_tip"] == 2


def test_with_hashes_only_a_tip_has_no_features_and_finds_no_edited_copies(
    sender, receiver, tmp_path
):
    path = tmp_path / "tip.json"
    _, written = exported(sender, path, Selection(accounts=("one",)), hashes_only=True)
    assert local_of(path) == [None]
    assert set(written["head"]["signals"]) == {"pdq"}
    assert echoes(receiver, path) == {}


@pytest.mark.parametrize("signals", [(), ("pdq",), ("thumbnail",)])
def test_a_note_says_that_a_case_has_no_features(tip, tmp_path, signals):
    case = case_of(tmp_path, {"mirrored": ImageOps.mirror(detailed(1))}, signals)
    found = check_tip(case, read_tip(tip), executor=InProcess())
    assert found.echoes.num_rows == 0
    notes = " ".join(found.notes)
    assert "without local: 1. Compute it with: frametrace embed case --signal local" in notes
    assert ("without thumbnail: 1" in notes) == (signals != ("thumbnail",))


def test_a_case_with_features_but_no_thumbnails_is_not_an_error(tip, tmp_path):
    case = case_of(tmp_path, {"mirrored": ImageOps.mirror(detailed(1))}, ("pdq",))
    (digest,) = case.read("signals/pdq")["sha256"].to_pylist()
    case = put_features(case, {digest: made_features(1)}, FINGERPRINTS["local"])
    found = check_tip(case, read_tip(tip), executor=InProcess())
    assert found.echoes.num_rows == 0
    assert "without thumbnail: 1" in " ".join(found.notes)


def test_the_search_can_be_limited_to_some_posts(receiver, tip):
    from frametrace.matcher.tips.find_echoes import find_echoes

    material = material_of_tip(read_tip(tip))
    posts = pa.table({"platform": ["twitter"] * 2, "post_id": ["mirrored", "other-10"]})
    found = find_echoes(receiver, material, posts=posts, executor=InProcess())
    assert found["account_id"].to_pylist() == ["mirrored"]


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    """Screenshots of one app, of different photos, and the app without any."""
    pictures = {f"s{at}": app(detailed(20 + at)) for at in range(5)}
    pictures["empty"] = app(None)
    case = case_of(tmp_path_factory.mktemp("matched"), pictures)
    match_case(case)
    return case


def test_features_that_a_screenshot_shares_with_others_are_left_out(matched, tmp_path):
    path = tmp_path / "tip.json"
    exported(matched, path, Selection(accounts=("s0",)))
    (text,) = local_of(path)
    features = Features.of(base64.b64decode(text))
    y = features.positions[:, 1] * 900 / features.height
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


def test_a_picture_that_is_all_element_has_no_features(matched, tmp_path):
    path = tmp_path / "tip.json"
    exported(matched, path, Selection(accounts=("empty",)))
    assert local_of(path) == [None]


def test_elements_of_the_receivers_case_are_not_copies(matched, tmp_path):
    """The tip comes from a case that was not matched: the bars are in it."""
    sender = case_of(tmp_path / "sender", {"empty": app(None), "shown": app(detailed(20))})
    path = tmp_path / "tip.json"
    exported(sender, path, Selection(accounts=("empty", "shown")))
    pictures = {f"other-{seed}": app(detailed(seed)) for seed in range(30, 36)}
    pictures |= {"copy": app(detailed(20)), "photo": detailed(20)}
    case = case_of(tmp_path, pictures)
    match_case(case)
    assert set(echoes(case, path, signals=["local"])) == {"copy", "photo"}
