"""Altered parts, elements and two shots of one scene: what people see of them."""

import csv
import json
import re

import pyarrow as pa
import pytest
from making import jpeg, make_case, photo
from PIL import Image, ImageDraw, ImageOps

from frametrace.app.report.csv_tables import write_csv
from frametrace.app.report.evidence_sentences import label, sentence
from frametrace.app.report.group_changes import changed_most, groups_with_changes, since_of
from frametrace.app.report.side_by_side import verified_members
from frametrace.app.report.write_report import write_report
from frametrace.app.summary import counts_of
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import EVIDENCE
from frametrace.matcher.saved_results import load_results
from frametrace.work.executor import InProcess

SIGNALS = ("pdq", "caption_key", "local", "thumbnail")
BOX = {"x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}
ALTERED = {"altered": [BOX], "altered_part": 0.03, "part_a": 1.0, "part_b": 1.0}
MEMBER = {"relation": "copy", "media_sha256": "m", "via_sha256": None, "similarity": 0.9}
HASH = {**MEMBER, **ALTERED, "signal": "pdq", "distance": 18, "inliers": 240}
LOCAL = {**MEMBER, **ALTERED, "signal": "local", "distance": None, "inliers": 43}
SHOWN = {"mirrored": False, "rotation": 0.0}


@pytest.mark.parametrize(
    ("member", "said", "short"),
    [
        (
            HASH,
            "copy: pdq differs in 18 of 256 bits; 1 part altered, 3% of what both show",
            "18 bits, altered",
        ),
        (
            {**HASH, "via_sha256": "0123456789abcdef"},
            "copy: pdq differs in 18 of 256 bits from 0123456789ab, which is tied to the group's "
            "own; 1 part altered, 3% of what both show",
            "18 bits, altered from another",
        ),
        (
            LOCAL,
            "copy: all of it; 1 part altered, 3% of what both show; 43 local features agree",
            "43 features, altered",
        ),
    ],
)
def test_altered_parts_are_said_in_the_evidence(member, said, short):
    assert sentence({**SHOWN, **member}) == said
    assert label({**SHOWN, **member}) == short


def test_altered_pictures_come_first_of_these_the_copies_by_a_hash():
    plain = {"altered": [], "altered_part": 0.0}
    members = [
        {**LOCAL, **plain, "media_sha256": "few", "inliers": 9},
        {**LOCAL, **plain, "media_sha256": "many", "inliers": 90},
        {**LOCAL, "media_sha256": "altered"},
        {**HASH, "media_sha256": "hashed"},
        {**HASH, **plain, "media_sha256": "the same"},
        {**HASH, "altered": None, "inliers": None, "media_sha256": "not compared"},
    ]
    names = [member["media_sha256"] for member in verified_members(members)]
    assert names == ["hashed", "altered", "few", "many"]


def test_parts_of_a_picture_are_spelled_as_numbers_in_a_row(tmp_path):
    boxes = [[BOX, {**BOX, "x1": 0.25}], [], None]
    write_csv(tmp_path / "t.csv", pa.table({"a": pa.array(boxes, EVIDENCE.field("altered").type)}))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        cells = [row["a"] for row in csv.DictReader(file)]
    assert cells == ["0.100,0.200,0.300,0.400; 0.100,0.200,0.250,0.400", "", ""]


def in_app(image):
    """A photo as a post of an app shows it."""
    page = Image.new("RGB", (480, 800), "white")
    draw = ImageDraw.Draw(page)
    draw.text((16, 16), "Friends of the harbour", fill="black", font_size=30)
    draw.text((16, 60), "18 July at 10:42", fill="grey", font_size=22)
    for at, word in enumerate(("Like", "Reply", "Share", "Save")):
        draw.text((16 + 115 * at, 700), word, fill="black", font_size=30)
        draw.ellipse((16 + 115 * at, 745, 50 + 115 * at, 779), outline="black", width=4)
    page.paste(image.resize((480, 560)), (0, 110))
    return page


def with_part(image, seed, at, size):
    image = image.copy()
    image.paste(photo(seed, *size), at)
    return image


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A photo twice, altered, and as a mirrored crop; four photos in one app; a scene in two shots.

    Matched twice, so that changes are known.
    """
    pictures = {
        "one.jpg": photo(1),
        "again.jpg": photo(1).resize((480, 360)),
        "altered.jpg": with_part(photo(1), 9, (200, 150), (110, 90)),
        "crop.jpg": ImageOps.mirror(photo(1).crop((128, 0, 640, 480))),
        **{f"app-{seed}.jpg": in_app(photo(seed)) for seed in (11, 12, 13, 14)},
        **{f"shot-{at}.jpg": with_part(photo(21), 22, (at, 140), (200, 220)) for at in (180, 196)},
    }
    data = {name: jpeg(image) for name, image in pictures.items()}
    posts = [{"media": [name], "text": name} for name in data]
    folder = tmp_path_factory.mktemp("altered")
    match_case(make_case(folder, posts, data, signals=SIGNALS))
    more = [*posts, {"media": [], "text": "a post more"}]
    case = make_case(folder, more, data, signals=SIGNALS)
    match_case(case)
    return case


@pytest.fixture(scope="module")
def report(case, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(case, out, executor=InProcess())
    return out


@pytest.fixture(scope="module")
def html(report):
    return (report / "index.html").read_text("utf-8")


def test_altered_parts_are_outlined_in_both_pictures(html):
    figures = re.findall(r"<figure>(<span class=.*?)</figure>", html, re.S)
    figures = [figure for figure in figures if "<polygon" in figure]
    assert "1 part altered, 5% of what both show; pdq differs in 18 bits" in figures[0]
    sides = re.findall(
        r'viewBox="0 0 (\d+) (\d+)".*?<rect x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"/>',
        figures[0],
    )
    assert len(sides) == 2
    for side in sides:
        width, height, x, y, across, down = map(float, side)
        box = x / width, y / height, (x + across) / width, (y + down) / height
        assert box == pytest.approx((200 / 640, 150 / 480, 310 / 640, 240 / 480), abs=0.05)
    assert "<rect" not in figures[1]
    assert 'class="key altered"></span> altered' in html


def test_altered_parts_are_in_the_tables(report):
    rows = {}
    for name in ("groups.csv", "matches.csv"):
        with (report / name).open(encoding="utf-8", newline="") as file:
            rows[name] = list(csv.DictReader(file))
    (member,) = [row for row in rows["groups.csv"] if row["media_path"] == "altered.jpg"]
    assert re.fullmatch(r"0\.\d{3},0\.\d{3},0\.\d{3},0\.\d{3}", member["altered"])
    assert 0.03 < float(member["altered_part"]) < 0.08
    assert member["signal"] == "pdq"
    altered = [row for row in rows["matches.csv"] if row["altered"]]
    assert {(row["relation"], row["signal"]) for row in altered} == {("copy", "local")}


def test_a_query_tells_of_altered_parts(case, command):
    arguments = ("query", case.path, case.path.parent / "one.jpg", "--signal", "local")
    assert re.search(
        r"all of it; 1 part altered, 5% of what both show ", command(*arguments).stdout
    )
    rows = json.loads(command(*arguments, "--json").stdout)["rows"]
    (row,) = [row for row in rows if row["media_path"] == "altered.jpg"]
    assert len(row["altered"]) == 1
    assert row["happened"].endswith("1 part altered, 5% of what both show")


def test_elements_are_listed_apart_and_tie_nobody(case, html):
    results, _ = load_results(case)
    counts = counts_of(case, results)
    assert (counts.photo_groups, counts.elements) == (1, 1)
    assert (counts.edited, counts.containing, counts.altered) == (1, 0, 1)
    assert counts.accounts == 4
    section = html[html.index('<section id="element">') : html.index('<section id="accounts">')]
    assert "This element is in 4 pictures of 4 accounts." in section
    assert "is not reuse of a photo: it ties no posts and no accounts" in section
    assert section.count('class="t t') == 4
    assert section.count("<article") == html.count('id="element-') == 1
    assert "<dd>1 (shared bars, watermarks, captions; they tie nobody)</dd>" in html


def test_elements_are_no_change(case):
    results, run = load_results(case)
    assert "element" in results.changes["kind"].to_pylist()
    assert str(since_of(results, run)) == "1 as before"
    assert changed_most(results, 10).num_rows == 0
    rows = groups_with_changes(results).to_pylist()
    assert {row["kind"]: row["change"] for row in rows} == {"photo": "same", "element": None}


def test_the_terminal_counts_elements_in_one_line(case, command):
    printed = command("match", case.path).stdout
    assert "elements  1 (shared bars, watermarks, captions; they tie nobody)\n" in printed
    assert "1 photo groups, 0 framing groups; 4 accounts take part" in printed
    assert "element-" not in printed
    counts = json.loads(command("match", case.path, "--json").stdout)
    assert (counts["elements"], counts["altered"], counts["photo_groups"]) == (1, 1, 1)


def test_no_tip_is_made_of_an_element(case, command, tmp_path):
    done = command(
        *("tip", "export", case.path, "--group", "element-0123456789abcdef"),
        *("--out", tmp_path / "tip.json"),
    )
    assert done.returncode == 2
    assert "is an element, which unrelated pictures share" in done.stderr


def test_two_shots_of_one_scene_are_counted_and_in_no_group(case, html, command):
    assert "which are not copies and not grouped: 1." in html
    arguments = ("query", case.path, case.path.parent / "shot-180.jpg", "--signal", "local")
    assert re.search(r"same_scene +another shot of the same scene ", command(*arguments).stdout)
