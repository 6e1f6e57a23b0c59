"""Texts in pictures are exported like captions, and found in captions and in pictures."""

import pytest
from making import encoded, lettered, make_case, photo

from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.export import ExportSettings, export_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.read_tip import read_tip

WORDS = "They tore the station apart and nobody stopped them"
SIGNALS = ("pdq", "overlay", "caption_key")

pytest.importorskip("rapidocr")


def png(seed, text=""):
    image = photo(seed, 900, 500)
    return encoded(lettered(image, text, 34) if text else image, "PNG")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lettered")
    ours = make_case(
        folder / "ours", [{"media": ["a.png"], "text": "look"}], {"a.png": png(1, WORDS)}, SIGNALS
    )
    pictures = {"b.png": png(2, WORDS), "c.png": png(3, "Fresh bread every morning at seven")}
    posts = [
        {"post_id": "picture", "media": ["b.png"], "text": "see for yourself"},
        {"post_id": "caption", "text": f"{WORDS}!"},
        {"post_id": "other", "media": ["c.png"], "text": "a bakery around the corner"},
    ]
    theirs = make_case(folder / "theirs", posts, pictures, SIGNALS)
    return ours, theirs


def test_words_in_a_picture_are_found_as_a_caption_and_in_another_picture(cases, tmp_path):
    ours, theirs = cases
    export_tip(ours, Selection(accounts=("a0",)), tmp_path / "tip.json")
    echoes = check_tip(theirs, read_tip(tmp_path / "tip.json")).echoes.to_pylist()
    found = {row["post_id"]: row for row in echoes}
    assert set(found) == {"picture", "caption"}
    assert {row["signal"] for row in echoes} == {"caption_key"}
    assert found["picture"]["media_path"] == "b.png"
    assert found["caption"]["media_path"] is None


def test_the_words_are_included_only_with_captions(cases, tmp_path):
    ours, _ = cases
    for with_captions in (False, True):
        out = tmp_path / f"{with_captions}.json"
        export_tip(
            ours, Selection(accounts=("a0",)), out, ExportSettings(with_captions=with_captions)
        )
        assert ("station" in out.read_text("utf-8")) == with_captions
