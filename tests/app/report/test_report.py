import base64
import csv
import io
import itertools
import json
import re
import shutil
from html.parser import HTMLParser

import networkx
import numpy as np
import pyarrow as pa
import pytest
from hostile import HASHES, HOSTILE, write_posts
from making import jpeg, make_case, photo, write_jsonl
from PIL import Image

from frametrace.app.report.network_files import write_gexf
from frametrace.app.report.write_report import write_report
from frametrace.app.skipped_reasons import reasons_of
from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.stage import embed
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import ACCOUNTS, GROUPS, MEMBERS, TIES
from frametrace.matcher.saved_results import Results, load_results
from frametrace.posts.errors import CaseError, UsageError
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.executor import InProcess

FILES = {
    "index.html", "matches.csv", "groups.csv", "framings.csv", "named.csv", "map.csv",
    "accounts.csv", "ties.csv", "network.gexf", "skipped.csv", "run.json",
}  # fmt: skip


class Page(HTMLParser):
    """Reads a page as a browser would: its elements, its attributes and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self._inside = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self._inside):
            self.text.append(data)


@pytest.fixture(scope="module")
def report(small_case, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(small_case, out, executor=InProcess())
    return out


@pytest.fixture(scope="module")
def page(report):
    return Page((report / "index.html").read_text("utf-8"))


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_report_has_its_files_and_no_others(report):
    assert {path.name for path in report.iterdir()} == FILES


def test_captions_can_put_no_element_into_the_page(page):
    assert [name for name, _ in page.elements].count("script") == 1
    assert not {"img", "iframe", "object", "link", "form"} & {name for name, _ in page.elements}
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)
    shown = "".join(page.text)
    for text in HOSTILE[:2]:
        assert text in shown


def test_the_page_needs_and_calls_nothing_else(report, page):
    policy = next(a["content"] for n, a in page.elements if a.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    addresses = [a.get("href") or a.get("src") for _, a in page.elements]
    assert all(address.startswith("#") for address in addresses if address)
    html = (report / "index.html").read_text("utf-8")
    assert set(re.findall(r"url\((.{15})", html)) == {"data:image/jpeg"}


def test_the_policy_lets_the_page_s_own_script_run(report):
    import base64
    import hashlib

    html = (report / "index.html").read_text("utf-8")
    script = html.split("<script>", 1)[1].split("</script>", 1)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_every_group_and_member_stands_on_the_page_with_its_evidence(small_case, page):
    results, _ = load_results(small_case)
    ids = {attrs.get("id") for _, attrs in page.elements}
    assert set(results.groups["group_id"].to_pylist()) <= ids
    shown = "".join(page.text)
    assert len(
        re.findall(r"byte for byte|differs in \d+ of 256 bits|own words|unrelated pairs", shown)
    ) == (results.members.num_rows)


def test_photo_groups_are_the_three_photos(small_case, report):
    groups = {}
    for row in rows_of(report / "groups.csv"):
        if row["kind"] == "photo":
            groups.setdefault(row["group_id"], set()).add(row["post_id"])
    expected = [{f"'={at}" for at in range(photo, 12, 3)} for photo in range(3)]
    assert sorted(groups.values(), key=sorted) == sorted(expected, key=sorted)


def test_no_csv_cell_begins_a_formula(report):
    for name in ("matches.csv", "groups.csv", "accounts.csv", "skipped.csv"):
        for row in rows_of(report / name):
            assert not [cell for cell in row.values() if cell[:1] in "=+-@\t\r" and cell]


def test_what_was_skipped_is_listed_with_its_reason(report):
    rows = rows_of(report / "skipped.csv")
    assert [row["item"] for row in rows] == ["absent.jpg"] * 4
    assert all("is not in the media folders" in row["reason"] for row in rows)


def test_the_network_opens_and_ties_accounts_across_platforms(small_case, report):
    graph = networkx.read_gexf(report / "network.gexf")
    results, _ = load_results(small_case)
    assert graph.number_of_edges() == results.ties.num_rows > 0
    assert {data["platforms"] for _, _, data in graph.edges(data=True)} == {"one", "across"}
    assert "lastmodifieddate" not in (report / "network.gexf").read_text("utf-8")


def test_run_json_says_how_it_was_made(small_case, report):
    run = json.loads((report / "run.json").read_text("utf-8"))
    assert run["settings"]["max_pdq"] == 31
    assert set(run["signals"]) == {"pdq", "phash", "caption_key"}
    assert run["counts"]["posts"] == 16
    assert run["counts"]["photo_groups"] == 3
    assert {"frametrace", "pyarrow", "python"} <= set(run["versions"])


def test_the_same_case_gives_the_same_bytes(small_case, report, tmp_path):
    write_report(small_case, tmp_path / "again", executor=InProcess())
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (report / name).read_bytes()


def test_the_same_posts_in_another_case_give_the_same_tables(report, tmp_path):
    case, _ = made_anew(tmp_path)
    write_report(case, tmp_path / "out", executor=InProcess())
    for name in FILES - {"run.json", "index.html"}:
        assert (tmp_path / "out" / name).read_bytes() == (report / name).read_bytes()


def made_anew(folder):
    """A case of the test's own, matched, and the files of its pictures."""
    case = Case.create(folder / "case")
    source = write_posts(folder / "sources")
    add_sources(case, [source], library=MediaLibrary([]))
    embed(case, HASHES, executor=InProcess())
    match_case(case)
    return case, sorted(source.parent.glob("*.jpg"))


def test_a_picture_that_is_gone_is_said_to_be(tmp_path):
    case, pictures = made_anew(tmp_path)
    for picture in pictures:
        picture.unlink()
    write_report(case, tmp_path / "out", executor=InProcess())
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "no preview" in html
    assert "data:image/jpeg" not in html


def test_a_picture_that_holds_something_else_now_is_not_shown(tmp_path):
    case, pictures = made_anew(tmp_path)
    for picture in pictures:
        picture.write_bytes(jpeg(photo(77)))
    write_report(case, tmp_path / "out", executor=InProcess())
    assert "data:image/jpeg" not in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_the_picture_shown_is_the_one_of_that_digest(tmp_path):
    """The same bytes lie under two names, and another picture under one of these elsewhere."""
    for folder, pictures in (("a", {"x.jpg": 1, "y.jpg": 2}), ("b", {"y.jpg": 1})):
        (tmp_path / folder).mkdir()
        for name, seed in pictures.items():
            (tmp_path / folder / name).write_bytes(jpeg(photo(seed)))
    rows = ({"platform": "x", "post_id": n, "account_id": n, "media": [n]} for n in ("x.jpg",))
    write_jsonl(tmp_path / "a" / "posts.jsonl", rows)
    rows = ({"platform": "y", "post_id": n, "account_id": n, "media": [n]} for n in ("y.jpg",))
    write_jsonl(tmp_path / "b" / "posts.jsonl", rows)
    case = Case.create(tmp_path / "case")
    sources = [tmp_path / name / "posts.jsonl" for name in ("a", "b")]
    add_sources(case, sources, library=MediaLibrary([]))
    embed(case, HASHES, executor=InProcess())
    match_case(case)
    write_report(case, tmp_path / "out", executor=InProcess())
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    (shown,) = re.findall(r"url\(data:image/jpeg;base64,([^)]*)\)", html)
    with Image.open(io.BytesIO(base64.b64decode(shown))) as thumbnail:
        size = thumbnail.size
        pixels = np.asarray(thumbnail.convert("RGB"), int)
    distances = [np.abs(pixels - np.asarray(photo(n).resize(size), int)).mean() for n in (1, 2)]
    assert distances[0] < 10 < distances[1]


@pytest.mark.parametrize("name", ["groups.csv", "accounts.csv", "index.html"])
def test_what_is_no_report_is_never_overwritten(small_case, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="holds " + name):
        write_report(small_case, tmp_path, executor=InProcess())
    assert (tmp_path / name).read_text() == "mine"


def test_a_report_that_was_killed_while_it_took_its_place_is_written_anew(small_case, tmp_path):
    (tmp_path / "matches.csv").write_text("of the killed one")
    (tmp_path / ".writing").mkdir()
    write_report(small_case, tmp_path, executor=InProcess())
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_a_report_is_never_written_into_its_case(small_case):
    for out in (small_case.path, small_case.path / "posts"):
        with pytest.raises(UsageError, match="is inside the case"):
            write_report(small_case, out, executor=InProcess())


def test_a_report_is_never_written_into_another_case(small_case, tmp_path):
    other = shutil.copytree(small_case.path, tmp_path / "other")
    for out in (other, other / "results"):
        with pytest.raises(UsageError, match="is inside a case"):
            write_report(small_case, out, executor=InProcess())


def test_a_summary_of_reasons_does_not_repeat_what_the_rows_held(tmp_path):
    posts = [{"text": "a", "posted_at": when} for when in ("jane@private.example", "it's 5:03")]
    case = make_case(tmp_path, posts, signals=())
    ((reason, count, example),) = reasons_of(case)
    assert count == 2
    assert reason.startswith("'…' is not a time")
    assert "jane" not in example
    assert "5:03" not in example


def test_a_reason_for_skipping_has_a_real_time_or_number_as_its_example(tmp_path):
    for at, when in enumerate(("45413.4166667", "31 Feb 2024 10:00 CEST", "99/99/2024")):
        case = make_case(tmp_path / str(at), [{"text": "a", "posted_at": when}], signals=())
        ((_, _, example),) = reasons_of(case)
        assert example.endswith(f"row 1: '{when}'")


def test_a_reason_is_shown_with_the_numbers_of_the_first_of_its_kind(tmp_path):
    case = Case.create(tmp_path / "case")
    (tmp_path / "p.csv").write_text(
        "platform,post_id,account_id,posted_at\nx,1.69E18,a,\nx,1.70E18,a,\nx,1,a,1,2\n"
        "x,2,a,5. Thermidor 2024\n"
    )
    add_sources(case, [tmp_path / "p.csv"], library=MediaLibrary([]))
    kept = "; the rest of the row is kept"
    assert reasons_of(case) == [
        (
            "post_id 1.69E18 lost its digits in a spreadsheet; export it again with ids as text",
            2,
            "p.csv, row 2",
        ),
        ("'…' is not a time such as 2019-08-19 14:03:22" + kept, 1, "p.csv, row 5"),
        ("the row has 5 values, the header 4", 1, "p.csv, row 4"),
    ]


def test_what_was_not_compared_is_said(tmp_path):
    case = Case.create(tmp_path / "case")
    add_sources(case, [write_posts(tmp_path / "sources")], library=MediaLibrary([]))
    match_case(case)
    write_report(case, tmp_path / "out", executor=InProcess())
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "Pictures without pdq: 12." in html
    assert "Captions without caption_key: 8." in html
    assert "no clip" in html


COUNTS = {"posts": 1, "photo_groups": 1}


def test_accounts_that_look_alike_stay_apart_in_the_network(tmp_path):
    names = [("a/b", "c"), ("a", "b/c"), ("a", "b/c\x01")]
    accounts = pa.Table.from_pylist(
        [{"platform": p, "account_id": i, "account_kind": "account"} | COUNTS for p, i in names],
        ACCOUNTS,
    )
    ties = pa.Table.from_pylist(
        [
            {
                **{"platform_a": a[0], "account_id_a": a[1], "platform_b": b[0]},
                **{"account_id_b": b[1], "shared_groups": 2, "group_ids": ["x", "y"]},
            }
            for a, b in itertools.combinations(names, 2)
        ],
        TIES,
    )
    empty = (schema.empty_table() for schema in (GROUPS, MEMBERS))
    write_gexf(tmp_path / "n.gexf", Results(*empty, accounts, ties))
    graph = networkx.read_gexf(tmp_path / "n.gexf")
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (3, 3)


def test_a_case_that_was_not_matched_says_what_to_do(tmp_path):
    case = Case.create(tmp_path / "case")
    with pytest.raises(CaseError, match="frametrace match"):
        write_report(case, tmp_path / "out", executor=InProcess())


def test_a_report_is_never_written_over_a_file(small_case, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        write_report(small_case, tmp_path / "out", executor=InProcess())
    assert (tmp_path / "out").read_text() == "mine"


def test_an_empty_case_has_a_report_too(tmp_path):
    case = Case.create(tmp_path / "case")
    match_case(case)
    write_report(case, tmp_path / "out", executor=InProcess())
    assert "None was found." in (tmp_path / "out" / "index.html").read_text("utf-8")
