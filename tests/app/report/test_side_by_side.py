"""Pictures that local features tie: what is said of them, and how they are shown."""

import csv
import hashlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import jpeg, make_case, photo
from PIL import Image, ImageOps

from frametrace.app.report import group_views as views_module
from frametrace.app.report.evidence_sentences import label, sentence
from frametrace.app.report.side_by_side import regions
from frametrace.app.report.write_report import write_report
from frametrace.matcher.match_case import match_case
from frametrace.matcher.pictures.pair_evidence import Evidence
from frametrace.matcher.result_schemas import EVIDENCE, Relation
from frametrace.work.executor import InProcess

SIDES = st.integers(20, 400)
SIZES = st.tuples(SIDES, SIDES)
MOVES = st.tuples(
    st.floats(0.2, 5), st.floats(-180, 180), st.floats(-400, 400), st.floats(-400, 400)
)


def covered(evidence, a, b):
    """The part of B's area that A's frame covers, by looking where a grid of points of B lies in A.

    Edges are counted, not middles of pixels.
    """
    x, y = ((np.arange(200) + 0.5) / 200 * side for side in b)
    move = evidence.scale * np.exp(1j * np.radians(evidence.rotation))
    half, shift = 0.5 + 0.5j, complex(evidence.shift_x, evidence.shift_y)
    there = (x + 1j * y[:, None] - half - shift) / move + half
    inside = (there.real > 0) & (there.real < a[0]) & (there.imag > 0) & (there.imag < a[1])
    return inside.mean()


def area(corners):
    x, y = corners.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


@given(SIZES, SIZES, st.booleans(), MOVES)
def test_the_regions_are_what_each_picture_s_frame_covers_of_the_other(a, b, mirrored, move):
    there = Evidence(Relation.COPY, 9, mirrored, *move, part_a=0.9, part_b=0.9)
    in_a, in_b = regions(there, a, b)
    for corners, (width, height) in ((in_a, a), (in_b, b)):
        assert np.all(corners >= -1e-6)
        assert np.all(corners <= np.array([width, height]) + 1e-6)
    assert area(in_b) / (b[0] * b[1]) == pytest.approx(covered(there, a, b), abs=0.03)
    # One region seen in two pictures: its area goes by the square of the scale.
    assert area(in_b) == pytest.approx(area(in_a) * move[0] ** 2, rel=1e-6, abs=1e-3)


HASH = {"relation": "copy", "media_sha256": "m", "signal": "pdq", "distance": 4, "similarity": 0.98}
LOCAL = {
    **{"relation": "copy", "media_sha256": "m", "signal": "local", "distance": None},
    **{"similarity": 0.14, "inliers": 43, "mirrored": True, "rotation": 0.2, "via_sha256": None},
    **{"part_a": 0.62, "part_b": 0.98},
}
VIA = {"via_sha256": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("member", "said", "short"),
    [
        (LOCAL, "copy: mirrored, 62% of it; 43 local features agree", "43 features"),
        (
            {**LOCAL, **VIA},
            "copy: mirrored, 62% of it; 43 local features agree with 0123456789ab, "
            "which is tied to the group's own",
            "43 features from another",
        ),
        (
            {**LOCAL, "relation": "contains", "mirrored": False, "part_a": 0.95, "part_b": 0.2},
            "contains: all of it, inside a larger picture; 43 local features agree",
            "inside a larger picture",
        ),
        ({**HASH, "via_sha256": None}, "copy: pdq differs in 4 of 256 bits", "4 bits"),
        (
            {**HASH, **VIA},
            "copy: pdq differs in 4 of 256 bits from 0123456789ab, "
            "which is tied to the group's own",
            "4 bits from another",
        ),
        (
            {**HASH, **VIA, "relation": "contains"},
            "copy: pdq differs in 4 of 256 bits from 0123456789ab, which contains the group's own",
            "inside a larger picture",
        ),
        (
            {**LOCAL, "relation": "part", "mirrored": False, "part_a": 0.3},
            "part: 30% of it, cut out; 43 local features agree",
            "cut out",
        ),
        (
            {**HASH, **VIA, "relation": "part"},
            "copy: pdq differs in 4 of 256 bits from 0123456789ab, "
            "which is cut out of the group's own",
            "cut out",
        ),
    ],
)
def test_why_a_picture_belongs_is_said_in_a_sentence_and_in_a_few_words(member, said, short):
    assert sentence(member) == said
    assert label(member) == short


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A photo posted twice, a mirrored crop of it, and a collage; another photo posted twice.

    Two photos have the same sticker.
    """
    collage = Image.new("RGB", (1280, 480))
    collage.paste(photo(3), (0, 0))
    collage.paste(photo(1), (640, 0))
    made = {
        "asked.jpg": photo(1),
        "again.jpg": photo(1).resize((480, 360)),
        "crop.jpg": ImageOps.mirror(photo(1).crop((128, 0, 640, 480))),
        "collage.jpg": collage,
        "other.jpg": photo(2),
        "more.jpg": photo(2).resize((480, 360)),
    }
    for seed in (4, 5):
        made[f"{seed}.jpg"] = photo(seed)
        made[f"{seed}.jpg"].paste(photo(6, 200, 150), (100 * seed, 200))
    pictures = {name: jpeg(image) for name, image in made.items()}
    case = make_case(
        tmp_path_factory.mktemp("beside"),
        [{"media": [name], "text": name} for name in pictures],
        pictures,
        signals=("pdq", "caption_key", "local"),
    )
    match_case(case)
    return case


@pytest.fixture(scope="module")
def html(case, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(case, out, executor=InProcess())
    return (out / "index.html").read_text("utf-8")


def figures(html):
    """The side-by-side figures of the page: (digests, sizes, corners) of both sides, caption."""
    side = (
        r'class="t t(\w{16})" role="img" aria-label="picture \w{12}; outlined [^"]+">'
        r'<svg viewBox="0 0 (\d+) (\d+)" aria-hidden="true"><polygon points="([^"]+)"/></svg>'
    )
    found = re.findall(
        rf"<figure><span {side}</span>\s*<span {side}</span>\s*<figcaption>(.*?)<", html
    )
    for *sides, caption in found:
        digests, sizes = sides[::4], [tuple(map(int, sides[at : at + 2])) for at in (1, 5)]
        corners = [np.array([p.split(",") for p in s.split()], float) for s in sides[3::4]]
        yield digests, sizes, corners, caption


def test_what_is_tied_by_features_stands_beside_it_with_what_both_show_outlined(case, html):
    names = {
        hashlib.sha256((case.path.parent / name).read_bytes()).hexdigest()[:16]: name
        for name in ("asked.jpg", "again.jpg", "crop.jpg", "collage.jpg")
    }
    shown = {names[digests[1]]: (names[digests[0]], *rest) for digests, *rest in figures(html)}
    assert set(shown) == {"crop.jpg", "collage.jpg"}
    beside, sizes, corners, caption = shown["crop.jpg"]
    assert beside in ("asked.jpg", "again.jpg")
    assert re.fullmatch(r"mirrored, \d+% of it; \d+ local features agree", caption)
    left = corners[0].min(axis=0) / sizes[0], corners[0].max(axis=0) / sizes[0]
    np.testing.assert_allclose(left, [(0.2, 0), (1, 1)], atol=0.02)
    np.testing.assert_allclose(area(corners[1]) / np.prod(sizes[1]), 1, atol=0.03)
    beside, sizes, corners, caption = shown["collage.jpg"]
    assert re.fullmatch(r"all of it, inside a larger picture; \d+ local features agree", caption)
    assert sizes[1] == (400, 150)
    right = corners[1].min(axis=0) / sizes[1], corners[1].max(axis=0) / sizes[1]
    np.testing.assert_allclose(right, [(0.5, 0), (1, 1)], atol=0.03)
    assert html.count('class="pairs"') == 1
    assert "are shown, those that agree least" not in html
    assert "inside a larger picture</figcaption>" in html


def test_how_many_pictures_were_edited_is_said(case, html, command):
    said = "pictures tied to a photo by local features: 1; larger pictures that contain a photo: 1"
    assert f"<dt>edited</dt><dd>{said}</dd>" in html
    assert f"edited    {said}\n" in command("match", case.path).stdout


def test_only_some_pictures_stand_side_by_side(case, monkeypatch, tmp_path):
    monkeypatch.setattr(views_module, "MAX_PAIRS", 1)
    write_report(case, tmp_path / "of_group", executor=InProcess())
    html = (tmp_path / "of_group" / "index.html").read_text("utf-8")
    ((*_, caption),) = figures(html)
    assert "inside a larger picture" in caption  # fewer features agree than of the crop
    assert "1 of 2 are shown, those that agree least" in html
    monkeypatch.setattr(views_module, "MAX_PAIRS_ON_PAGE", 0)
    write_report(case, tmp_path / "of_page", executor=InProcess())
    assert not list(figures((tmp_path / "of_page" / "index.html").read_text("utf-8")))


def test_a_picture_whose_file_is_gone_stands_beside_nothing(case, tmp_path):
    (case.path.parent / "crop.jpg").rename(tmp_path / "away.jpg")
    write_report(case, tmp_path / "out", executor=InProcess())
    (tmp_path / "away.jpg").rename(case.path.parent / "crop.jpg")
    ((*_, caption),) = figures((tmp_path / "out" / "index.html").read_text("utf-8"))
    assert "inside a larger picture" in caption


def test_pairs_that_share_an_element_are_counted_and_in_no_group(html):
    assert "does not put them in a group: 1." in html


def test_groups_csv_has_the_evidence(case, tmp_path):
    write_report(case, tmp_path, executor=InProcess())
    with (tmp_path / "groups.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["media_path"]: row for row in csv.DictReader(file) if row["kind"] == "photo"}
    assert set(EVIDENCE.names) <= set(rows["crop.jpg"])
    assert rows["crop.jpg"]["mirrored"] == "true"
    assert float(rows["crop.jpg"]["part_b"]) > 0.9
    assert int(rows["collage.jpg"]["inliers"]) >= 8
    assert {rows["again.jpg"][name] for name in EVIDENCE.names} == {""}
