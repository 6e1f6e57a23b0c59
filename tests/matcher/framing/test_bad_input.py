"""Odd, hostile and nearly empty cases: they have framings or none, and nothing breaks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import encoded, make_case
from PIL import Image

from frametrace.case.store import Case
from frametrace.matcher.saved_results import Results

Match = Callable[..., Results]

_SAID = "Who pays for the damage to the burned station, ask yourself who gains"
_ARABIC = "من يدفع ثمن الأضرار في المحطة المحترقة، اسأل نفسك من المستفيد من ذلك"
_HEBREW = "מי משלם על הנזק לתחנה השרופה, תשאלו את עצמכם מי מרוויח מכל זה"


def framed(results: Results) -> list[list[str]]:
    """The posts of each framing."""
    groups: dict[str, list[str]] = {}
    for row in results.members.to_pylist():
        if row["kind"] == "framing":
            groups.setdefault(row["group_id"], []).append(row["post_id"])
    return sorted(sorted(posts) for posts in groups.values())


def said(folder: Path, *texts: str) -> Any:
    return make_case(folder, [{"text": text} for text in texts])


def test_one_post_is_not_a_framing(tmp_path: Path, matched: Match) -> None:
    results = matched(said(tmp_path, _SAID))
    assert framed(results) == []
    assert results.framings.num_rows == 0


def test_a_case_without_posts_is_matched(tmp_path: Path, matched: Match) -> None:
    results = matched(Case.create(tmp_path / "case"))
    assert results.groups.num_rows == results.map.num_rows == 0


def test_if_all_captions_are_equal_there_is_one_framing(tmp_path: Path, matched: Match) -> None:
    results = matched(said(tmp_path, *[_SAID] * 300))
    assert [len(posts) for posts in framed(results)] == [300]
    assert results.groups["cohesion"].to_pylist() == [1]
    (about,) = results.framings.to_pylist()
    assert len(about["representatives"]) == 1
    assert about["rise"][0]["posts"] == 300


@pytest.mark.parametrize("text", [_ARABIC, _HEBREW])
def test_captions_from_right_to_left(tmp_path: Path, matched: Match, text: str) -> None:
    marked = f"\u202b{text[:20]}\u200f{text[20:]}\u202c"
    assert framed(matched(said(tmp_path, text, marked, _SAID))) == [["p0", "p1"]]


def test_characters_without_width_hide_nothing(tmp_path: Path, matched: Match) -> None:
    hidden = "\u200b".join(_SAID)
    assert framed(matched(said(tmp_path, _SAID, hidden, f"\ufeff{_SAID}\u2060"))) == [
        ["p0", "p1", "p2"]
    ]


def test_captions_of_100_kilobytes(tmp_path: Path, matched: Match) -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("aeioubdfgklmnprst"), 7)) for _ in range(14_000)]
    long = " ".join(words)
    assert len(long) > 100_000
    noise = "x" * 100_000
    results = matched(said(tmp_path, long, f"{long} https://a.example/1", _SAID, noise, noise))
    assert ["p0", "p1"] in framed(results)
    assert all(len(term) < 200 for row in results.framings.to_pylist() for term in row["terms"])


def test_noise_and_blank_pictures_have_no_framing(tmp_path: Path, matched: Match) -> None:
    pytest.importorskip("rapidocr")
    rng = np.random.default_rng(1)
    images = {
        "noise": Image.fromarray(rng.integers(0, 256, (240, 320, 3), np.uint8)),
        "other": Image.fromarray(rng.integers(0, 256, (240, 320, 3), np.uint8)),
        "white": Image.new("RGB", (320, 240), "white"),
        "dot": Image.new("RGB", (1, 1), "red"),
    }
    files = {f"{name}.png": encoded(image, "PNG") for name, image in images.items()}
    posts = [
        {"post_id": f"{name}{at}", "media": [f"{name}.png"]} for name in images for at in range(2)
    ]
    case = make_case(tmp_path, posts, files, signals=("pdq", "local", "overlay", "caption_key"))
    assert framed(matched(case)) == []


def test_chatter_is_not_a_framing_however_common_it_is(tmp_path: Path, matched: Match) -> None:
    chatter = ("breaking", "Breaking news!!", "wow", "so true", "https://a.example/1", "早上好")
    texts = [text for text in chatter for _ in range(6)]
    assert framed(matched(said(tmp_path, *texts, _SAID, _SAID))) == [
        [f"p{len(texts)}", f"p{len(texts) + 1}"]
    ]
