"""Framings and the map on the page: what is said of them, and that nothing in them can do harm."""

import csv
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hostile import HOSTILE
from making import jpeg, make_case, photo

from frametrace.app.language_names import language_name
from frametrace.app.library import Matched
from frametrace.app.output.print_results import print_matched
from frametrace.app.report import group_views as views_module
from frametrace.app.report import write_report as report_module
from frametrace.app.report.evidence_sentences import sentence
from frametrace.app.report.framing_sections import framing_views
from frametrace.app.report.framing_sentences import (
    cohesion_sentence,
    compared_by,
    name_of,
    rise_sentence,
    stance_sentence,
)
from frametrace.app.report.group_views import group_views
from frametrace.app.report.map_drawing import MAX_COLOURED, map_view
from frametrace.app.report.write_report import write_report
from frametrace.app.summary import counts_of
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import FRAMINGS, GROUPS, MAP
from frametrace.matcher.saved_results import Results, load_results
from frametrace.work.executor import InProcess

FIRE = "Masked men burned the metro station down last night and nobody says who paid them"
CHINESE = "昨天晚上这些蒙面人放火烧了地铁站，没有一家报纸说出到底是谁付的钱"
ARABIC = "أحرق رجال ملثمون محطة المترو ليلة أمس ولا أحد يقول من دفع لهم المال"
ALONE = (
    "Fresh strawberries are half the price at the harbour market until Saturday",
    "The volunteers counted eleven thousand cranes above the northern marshes",
)


class Page(HTMLParser):
    """The elements of a page, each with its attributes and the text in it."""

    def __init__(self, html):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))
        if tag not in ("meta", "input"):
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        while self._open and self.elements[self._open.pop()][0] != tag:
            pass

    def handle_data(self, data):
        for at in self._open:
            self.elements[at][2].append(data)

    def all(self, tag):
        return [(attrs, "".join(text)) for name, attrs, text in self.elements if name == tag]


def planted():
    """One message on two photos and in three wordings, two others, and posts of no framing."""
    fire = [FIRE, f"{FIRE} https://short.example/1", f"LOOK: {FIRE}!", FIRE, FIRE]
    posts = [
        {
            "platform": "y" if at % 2 else "vk",
            "text": text,
            "account_id": f"a{at % 4}",
            "media": [f"{'ab'[at % 2]}{at // 2 % 2}.jpg"],
            "posted_at": f"2020-01-01T{at * 3:02}:00:00Z",
        }
        for at, text in enumerate(fire)
    ]
    posts += [{"text": CHINESE, "posted_at": f"2020-02-0{at}"} for at in (1, 2)]
    posts += [{"text": f"{ARABIC} {at * '!'}", "platform": "y"} for at in range(3)]
    return [*posts, *({"text": text} for text in ALONE)]


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("framings")
    pictures = {
        f"{name}{at}.jpg": jpeg(photo(seed), 60 + 30 * at)
        for seed, name in enumerate("ab")
        for at in range(2)
    }
    case = make_case(folder, planted(), pictures)
    match_case(case)
    return case


def html_of(case, out):
    write_report(case, out, executor=InProcess())
    return (out / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def html(case, tmp_path_factory):
    return html_of(case, tmp_path_factory.mktemp("report"))


def articles(html):
    """The part of the page about each framing, the one that says most of the fire first."""
    found = re.findall(r'<article id="framing-\w+".*?</article>', html, re.S)
    return sorted(found, key=lambda text: -text.count("Masked"))


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_framing_is_called_by_its_terms_and_shows_what_is_said_and_seen(case, html):
    results, _ = load_results(case)
    fire, *others = articles(html)
    assert len(others) == 2
    terms = next(r["terms"] for r in results.framings.to_pylist() if "metro" in str(r["terms"]))
    heading = re.search("<h3>(.*?)</h3>", fire, re.S)[1]
    assert re.findall('<bdi dir="auto">(.*?)</bdi>', heading) == terms
    strip = fire.split('class="strip"')[1].split("</div>")[0]
    assert len(re.findall("<figure>", strip)) == 2
    assert strip.count('<a href="#photo-') == 2
    said = re.findall(r"<blockquote.*?>(.*?)</blockquote><figcaption>(.*?)</figcaption>", fire)
    assert "<b>English</b>" in said[0][1]
    counts = {text: re.sub("<b>English</b> · ", "", about).split(" ·")[0] for text, about in said}
    assert counts == {f"LOOK: {FIRE}!": "1 post", FIRE: "4 posts by 3 accounts"}
    rose = "First on \u2068vk\u2069, 2020-01-01 00:00 UTC; on \u2068y\u2069 3 hours later."
    assert rose in fire
    assert "All pairs of its contents are directly similar" in fire
    assert re.search(
        r"Accounts with several of its posts: <bdi>a0</bdi> on <bdi>vk</bdi> \(2\)", fire
    )


def test_every_post_says_what_it_has_in_common_with_which_other(case, html):
    results, _ = load_results(case)
    fire = articles(html)[0]
    tied = re.findall(
        r"tied to (\w+) (p\d+): (.*?); (together )?as rare as 1 in (?:over )?(\S+)", fire
    )
    rows = [row for row in results.members.to_pylist() if row["kind"] == "framing"]
    (group,) = {row["group_id"] for row in rows if row["text"] == FIRE}
    expected = [
        (r["via_platform"], r["via_post_id"], len(r["tied_by"]) > 1, r["decades"])
        for r in rows
        if r["group_id"] == group and r["tied_by"]
    ]
    assert [(a, b, bool(c)) for a, b, _, c, _ in tied] == [row[:3] for row in expected]
    rarities = [float(rare.replace(",", "")) for *_, rare in tied]
    np.testing.assert_allclose(np.log10(rarities), [min(row[3], 9) for row in expected], atol=0.2)
    assert any("captions in the same words" in what for _, _, what, _, _ in tied)
    assert fire.count("the group&#39;s own words and pictures") == 5 - len(tied)


def test_the_language_of_ocr_text_is_not_that_of_the_caption_beside_it(case):
    results, _ = load_results(case)
    rows = results.framings.to_pylist()
    assert any(languages_shown(case, results))
    for row in rows:
        for one in row["representatives"]:
            one["text"] = "THIS IS WRITTEN IN A PICTURE"
    in_pictures = replace(results, framings=pa.Table.from_pylist(rows, FRAMINGS))
    assert not any(languages_shown(case, in_pictures))


def languages_shown(case, results):
    """The languages that are shown for the wordings of framings."""
    shown = dict.fromkeys(results.framings["group_id"].to_pylist(), ())
    views = framing_views(case, results, shown).values()
    return [wording.language for view in views for wording in view.wordings]


def test_pictures_that_can_not_be_read_are_not_those_of_a_framing(tmp_path):
    posts = [{"text": f"{FIRE} {at * '!'}", "media": ["a.jpg", "b.jpg"]} for at in range(3)]
    case = make_case(tmp_path, posts, {"a.jpg": b"broken", "b.jpg": jpeg(photo(1), 90)})
    results, _ = match_case(case)
    (framing,) = results.framings.to_pylist()
    members = results.members.filter(pc.equal(results.members["kind"], "framing")).to_pylist()
    assert len(members) == 3
    assert {member["media_path"] for member in members} == {"b.jpg"}
    assert framing["pictures"] == [members[0]["media_sha256"]]


def test_photos_lead_to_the_framings_that_show_them(html):
    photos = re.findall(r'<article id="photo-\w+".*?</article>', html, re.S)
    assert len(photos) == 2
    for one in photos:
        assert re.search(r'Seen in framing <a href="#framing-\w+">\d</a>\.', one)


def test_texts_of_any_direction_are_isolated(html):
    arabic = next(text for text in articles(html) if "محطة" in text)
    assert re.search('<blockquote dir="auto">[^<]*محطة', arabic)
    assert "<b>Arabic</b>" in arabic


def test_what_was_compared_and_what_was_not_is_said(html):
    section = html.split('<section id="framing">')[1].split("</section>")[0]
    assert "Compared by the wording of captions (caption_key); not by their meaning (cap" in section
    for name in ("overlay", "clip"):
        assert f"({name})" in section


def test_the_map_is_drawn_without_a_script_and_leads_to_the_framings(case, html):
    results, _ = load_results(case)
    drawing = html.split('id="map"')[1].split("</svg>")[0]
    assert "<script" not in drawing
    page = Page(html.split('id="map"')[1].split("<figcaption>")[0])
    marks = [text for tag in ("circle", "rect") for _, text in page.all(tag)]
    assert len(marks) == results.map.num_rows
    assert all(text.strip() for text in marks)
    assert sum("strawberries" in text for text in marks) == 1
    linked = {attrs["href"][1:]: text for attrs, text in page.all("a")}
    assert set(linked) == {n for n in results.map["group_id"].to_pylist() if n}
    ids = {attrs["id"] for attrs, _ in Page(html).all("article")}
    assert set(linked) <= ids
    assert next(text for text in linked.values() if "Masked" in text).count("Masked") == 3
    assert re.search(r"p0, and 1 more", drawing)
    assert "strawberries" in drawing.split('<g class="none">')[1].split("</g>")[0]


def framings_of(case, **columns):
    """The results of a case, every framing with these values."""
    results, run = load_results(case)
    rows = [{**row, **columns} for row in results.framings.to_pylist()]
    return replace(results, framings=pa.Table.from_pylist(rows, FRAMINGS)), run


def test_terms_and_ocr_texts_can_put_nothing_into_the_page(case, tmp_path, monkeypatch, capsys):
    spoken = {"language": HOSTILE[1], "platform": "vk", "post_id": "p0", "text": HOSTILE[0]}
    results, run = framings_of(
        case, terms=[*HOSTILE, "\u202eterm"], lettering=list(HOSTILE), representatives=[spoken]
    )
    monkeypatch.setattr(report_module, "load_results", lambda _: (results, run))
    html = html_of(case, tmp_path)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not any(key.startswith("on") for _, attrs, _ in page.elements for key in attrs)
    for text in HOSTILE[:2]:
        assert any(text in shown for _, shown in page.all("h3"))
        assert any(text in shown for _, shown in page.all("blockquote"))
    addresses = [a.get("href") or a.get("src") for _, a, _ in page.elements]
    assert all(address.startswith("#") for address in addresses if address)
    assert "\x1b" not in html
    print_matched(Matched(case, counts_of(case, results), (), results, run))
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["framings.csv", "map.csv", "groups.csv"])
def test_tables_of_hostile_framings_hold_no_formulas(case, tmp_path, monkeypatch, name):
    results, run = framings_of(case, terms=list(HOSTILE), lettering=list(HOSTILE))
    places = [row | {"post_id": f"={row['post_id']}"} for row in results.map.to_pylist()]
    hostile = replace(results, map=pa.Table.from_pylist(places, MAP))
    monkeypatch.setattr(report_module, "load_results", lambda _: (hostile, run))
    monkeypatch.setattr(report_module, "map_view", lambda *_: None)
    write_report(case, tmp_path, executor=InProcess())
    rows = rows_of(tmp_path / name)
    assert rows
    for row in rows:
        assert not [cell for cell in row.values() if cell and cell[0] in "=+-@\t\r"]


def test_the_tables_say_what_the_page_says(case, tmp_path):
    results, _ = load_results(case)
    write_report(case, tmp_path, executor=InProcess())
    framings = rows_of(tmp_path / "framings.csv")
    assert [json.loads(row["terms"]) for row in framings] == results.framings["terms"].to_pylist()
    first = next(json.loads(row["rise"]) for row in framings if "metro" in row["terms"])[0]
    assert (first["platform"], first["posts"], first["first_at"]) == (
        "vk",
        3,
        "2020-01-01T00:00:00Z",
    )
    places = rows_of(tmp_path / "map.csv")
    assert [float(row["x"]) for row in places] == pytest.approx(
        results.map["x"].to_pylist(), abs=1e-5
    )
    members = results.members.to_pylist()
    for row, member in zip(rows_of(tmp_path / "groups.csv"), members, strict=True):
        ties = json.loads(row["tied_by"]) if row["tied_by"] else None
        assert [t["signal"] for t in ties or ()] == [t["signal"] for t in member["tied_by"] or ()]
        assert row["via_post_id"] == (member["via_post_id"] or "")


def test_results_of_a_version_without_framings_have_a_report_too(case, tmp_path, monkeypatch):
    results, run = load_results(case)
    members = results.members.to_pylist()
    for row in members:
        row |= {"tied_by": None, "decades": None, "via_platform": None, "via_post_id": None}
    members = pa.Table.from_pylist(members, results.members.schema)
    old = Results(results.groups, members, results.accounts, results.ties)
    monkeypatch.setattr(report_module, "load_results", lambda _: (old, run))
    html = html_of(case, tmp_path)
    assert FIRE[:79] in re.findall("<h3>(.*?)</h3>", articles(html)[0], re.S)[0]
    assert 'id="map"' not in html
    assert rows_of(tmp_path / "map.csv") == []


def test_framings_past_those_shown_are_on_the_map_without_a_link(case, tmp_path, monkeypatch):
    monkeypatch.setattr(views_module, "MAX_GROUPS", 1)
    html = html_of(case, tmp_path)
    drawing = html.split('id="map"')[1].split("</svg>")[0]
    assert len(articles(html)) == 1
    assert drawing.count("<a ") == 1
    assert drawing.count("<title>") == load_results(case)[0].map.num_rows


def test_the_largest_have_colours_of_their_own_and_the_rest_one(case):
    results, _ = load_results(case)
    count = MAX_COLOURED + 3
    (post, *_) = results.map.to_pylist()
    named = [f"framing-{at}" for at in range(count)]
    group = results.groups.to_pylist()[0] | {"kind": "framing"}
    groups = pa.Table.from_pylist([group | {"group_id": name} for name in named], GROUPS)
    rows = [
        post | {"x": at / count, "y": 0.5, "group_id": n} for at, n in enumerate([*named, None])
    ]
    drawn = map_view(
        case, replace(results, groups=groups, map=pa.Table.from_pylist(rows, MAP)), set(named)
    )
    marks = [layer.mark for layer in drawn.layers]
    assert marks == ["none", *["other"] * 3, *(f"m{at}" for at in range(MAX_COLOURED, 0, -1))]
    assert [layer.number for layer in drawn.coloured] == list(range(1, MAX_COLOURED + 1))
    assert [layer.square for layer in drawn.coloured] == [False] * 5 + [True] * 5
    for layer in drawn.layers:
        for dot in layer.dots:
            assert dot.radius <= dot.x <= drawn.width - dot.radius
            assert dot.radius <= dot.y <= drawn.height - dot.radius


def test_two_dots_are_not_a_map(case):
    results, _ = load_results(case)
    assert map_view(case, replace(results, map=results.map.slice(0, 2)), set()) is None


def test_pictures_are_shared_by_the_framings_of_a_page(case, monkeypatch):
    monkeypatch.setattr(views_module, "MAX_FRAMING_PICTURES", 3)
    results, _ = framings_of(case, pictures=[f"{at:064x}" for at in range(12)])
    assert [len(view.pictures) for view in group_views(results)["framing"]] == [2, 2, 2]


MEMBER = {"tied_by": None, "kind": "framing", "via_platform": "x", "via_post_id": "p1"}


@pytest.mark.parametrize(
    ("ties", "said"),
    [
        ([("captions", "caption", 0.79)], "captions of similar meaning (cosine 0.79)"),
        ([("captions", "caption_key", 1.0)], "captions in the same words"),
        ([("lettering", "caption_key", 0.6)], "text in pictures in similar words (Jaccard 0.60)"),
        (
            [("caption and lettering", "caption", 0.7), ("pictures", "photo", 1.0)],
            "a caption and text in a picture of similar meaning (cosine 0.70), the same photo",
        ),
        ([("pictures", "clip", 0.9)], "pictures that look alike (cosine 0.90)"),
    ],
)
def test_what_posts_have_in_common_is_said_in_plain_words(ties, said):
    rows = [dict(zip(("kind", "signal", "similarity"), one, strict=True)) for one in ties]
    words = sentence(MEMBER | {"tied_by": rows, "decades": 8.21})
    together = "together " if len(ties) > 1 else ""
    assert words == f"tied to x p1: {said}; {together}as rare as 1 in 200,000,000 unrelated pairs"


def platform_of(name, posts, *hours):
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    times = [begun + timedelta(hours=h) for h in hours] if hours else [None] * 3
    names = ("first_at", "half_at", "last_at")
    return {"platform": name, "posts": posts, **dict(zip(names, times, strict=True))}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ""),
        ([platform_of("x", 3)], ""),
        ([platform_of("x", 1, 0, 0, 0)], "First on x, 2020-01-01 00:00 UTC."),
        (
            [platform_of("x", 9, 5, 53, 100), platform_of("y", 2, 0, 0, 1)],
            "First on y, 2020-01-01 00:00 UTC; on x 5 hours later. y: half of 2 posts at once, the "
            "last after 60 minutes; x: half of 9 posts within 2 days, the last after 4 days.",
        ),
        (
            [platform_of("x", 4, 0, 0, 0), platform_of("y", 1, 0, 0, 0)],
            "First on x, 2020-01-01 00:00 UTC; on y at the same time. x: 4 posts at once.",
        ),
    ],
)
def test_how_a_framing_rose_is_said_in_a_sentence(rows, said):
    assert re.sub("\u2068(.*?)\u2069", r"\1", rise_sentence(rows)) == said


def test_how_tightly_a_framing_holds_is_said_in_a_sentence():
    assert "94% are directly similar" in cohesion_sentence(0.94)
    assert cohesion_sentence(0.999).startswith("All pairs")


def test_languages_are_called_by_their_names_where_they_have_one_here():
    assert [language_name(code) for code in ("zh", "xx", "und", "und-Latn")] == [
        "Chinese",
        "xx",
        "",
        "",
    ]


def test_only_what_there_is_to_compare_is_missed():
    assert compared_by(["caption_key"], pictures=False)[1] == ["their meaning (caption)"]
    assert len(compared_by(["caption_key", "pdq"], pictures=True)[1]) == 3


def test_the_terminal_lists_framings_by_their_terms(case, capsys):
    results, run = load_results(case)
    print_matched(Matched(case, counts_of(case, results), (), results, run))
    lines = capsys.readouterr().out.splitlines()
    for row in results.framings.to_pylist():
        (line,) = (line for line in lines if line.startswith(row["group_id"]))
        assert row["terms"][0] in line
    assert name_of([], "a caption") == "a caption"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((5, 0, 0), ""),
        ((None, None, None), ""),
        ((3, 1, 0), "Of 4 posts, 1 disputes its claim, by their words."),
        ((0, 2, 1), "Of 3 posts, 2 dispute its claim and 1 is unclear, by their words."),
        ((1_000, 0, 2), "Of 1,002 posts, 2 are unclear, by their words."),
    ],
)
def test_the_stances_of_a_framing_in_a_sentence(counts, expected):
    assert stance_sentence(dict(zip(("asserts", "disputes", "unclear"), counts, strict=True))) == (
        expected
    )
    assert stance_sentence({}) == ""
