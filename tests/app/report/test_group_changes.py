"""The report and `match` on a case that was matched before: what is new in it."""

import csv
import json
import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest
from hostile import HASHES, HOSTILE
from making import jpeg, photo, write_jsonl

from frametrace.app.report import group_views as views_module
from frametrace.app.report.group_changes import Since, changed_most, mark, news, since_of
from frametrace.app.report.group_views import group_views
from frametrace.app.report.write_report import write_report
from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed.stage import embed
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import Change
from frametrace.matcher.saved_results import Results, load_results
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.executor import InProcess

NEW, GREW, SAME = 7, 0, (1, 2)  # photos, by their seeds


@pytest.fixture(scope="module")
def grown(small_case, tmp_path_factory):
    """The small case, matched, and once more after one photo came back and another came up."""
    folder = tmp_path_factory.mktemp("grown")
    case = Case(shutil.copytree(small_case.path, folder / "case"))
    rows = []
    for at, seed in enumerate((GREW, GREW, GREW, NEW, NEW)):
        (folder / f"{at}.jpg").write_bytes(jpeg(photo(seed), 70 + at))
        rows.append(
            {
                "platform": "facebook",
                "post_id": f"late{at}",
                # The first is an account that posted the photo before.
                "account_id": HOSTILE[0] if at else "-0",
                "account_kind": "account" if at else "page",
                "posted_at": f"2019-09-0{at + 1}T00:00:00Z",
                "media": [f"{at}.jpg"],
            }
        )
    add_sources(case, [write_jsonl(folder / "late.jsonl", rows)], library=MediaLibrary([]))
    embed(case, HASHES, executor=InProcess())
    match_case(case)
    return case


@pytest.fixture(scope="module")
def report(grown, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(grown, out, executor=InProcess())
    return out


def articles(report):
    """The part of the page about each group, by its id."""
    html = (report / "index.html").read_text("utf-8")
    found = re.findall(r'<article id="([^"]+)"(.*?)</article>', html, re.S)
    return {group_id: text.partition(">") for group_id, text in found}


def changes_of(case):
    rows = load_results(case)[0].changes.to_pylist()
    return {row["group_id"]: row for row in rows if row["group_id"]}


def test_each_group_is_marked_with_what_became_of_it(grown, report):
    changes, shown = changes_of(grown), articles(report)
    assert shown.keys() == changes.keys()
    assert sorted(row["change"] for row in changes.values() if row["kind"] == "photo") == [
        *("grew", "new", "same", "same")
    ]
    for group_id, (attributes, _, content) in shown.items():
        change = changes[group_id]["change"]
        assert ("data-changed" in attributes) == (change != "same")
        marks = re.findall(r'<p><span class="mark">(.*?)</span>', content)
        expected = {"grew": ["grew +3"], "new": ["new"], "same": []}
        assert marks == expected[change]


def test_newcomers_to_a_known_group_are_told_from_its_accounts(grown, report):
    (grew,) = (i for i, row in changes_of(grown).items() if row["change"] == "grew")
    content = articles(report)[grew][2]
    assert "3 new posts, 1 account new to the group" in content
    rows = re.findall(r"<tr>\n<td.*?</tr>", content, re.S)
    marks = [re.findall(r'<span class="mark">(.*?)</span>', row) for row in rows]
    assert marks == [[]] * 4 + [["new post"], ["newcomer"], ["newcomer"]]


def test_members_in_the_csv_say_whether_they_are_new(grown, report):
    changes = changes_of(grown)
    with (report / "groups.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == load_results(grown)[0].members.num_rows
    for row in rows:
        group = changes[row["group_id"]]
        assert row["change"] == group["change"]
        assert json.loads(row["previous_ids"]) == group["previous_ids"]
        late = row["post_id"].startswith("late")
        assert row["new_post"] == ("true" if late else "false")
        assert row["new_account"] == ("true" if late and row["account_id"] != "'-0" else "false")


def test_a_first_report_says_nothing_of_changes(small_case, tmp_path):
    write_report(small_case, tmp_path, executor=InProcess())
    html = (tmp_path / "index.html").read_text("utf-8").split("<body>")[1].split("<script>")[0]
    assert not [word for word in ("since epoch", 'class="mark"', "changed") if word in html]
    with (tmp_path / "groups.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cells = (row[n] for n in ("change", "previous_ids", "new_post", "new_account"))
            assert not any(cells)


def test_the_page_offers_only_what_changed_and_counts_it(grown, report):
    html = (report / "index.html").read_text("utf-8")
    assert html.count('<input id="changed" type="checkbox">') == 1
    epoch = load_results(grown)[1].since
    assert f"<dt>since epoch {epoch}</dt><dd>1 new group, 1 grew, " in html


def test_the_same_results_give_the_same_report(grown, report, tmp_path):
    write_report(grown, tmp_path, executor=InProcess())
    for file in report.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_what_changed_is_on_the_page_even_where_others_spread_wider(grown, monkeypatch):
    results, _ = load_results(grown)
    monkeypatch.setattr(views_module, "MAX_GROUPS", 0)
    shown = [view.row["group_id"] for group in group_views(results).values() for view in group]
    assert shown == [i for i, row in changes_of(grown).items() if row["change"] != "same"]
    monkeypatch.setattr(views_module, "MAX_CHANGED", 1)
    shown = [view.row["change"] for group in group_views(results).values() for view in group]
    assert shown == ["grew"]


def test_match_prints_what_changed_and_in_json(grown, command):
    since, count = load_results(grown)[1].since, str(since_of(*load_results(grown)))
    done = command("match", grown.path)
    assert done.returncode == 0, done.stderr
    assert f"since     epoch {since}: {count}\n" in done.stdout
    table = done.stdout.split(f"what changed most since epoch {since}\n\n")[1]
    assert re.findall(r"^photo-\w{16}  (new|grew \+3) +(\d)  +(\d)\b", table, re.M) == [
        *(("grew +3", "3", "1"), ("new", "2", "1"))
    ]
    said = json.loads(command("match", grown.path, "--json").stdout)["since"]
    assert (said["epoch"], said["new"], said["grew"], said["gone"]) == (since, 1, 1, 0)
    assert [(row["change"], row["new_posts"]) for row in said["groups"]] == [
        ("grew", 3),
        ("new", 2),
    ]


def test_another_threshold_is_noted(grown, tmp_path, command):
    case = shutil.copytree(grown.path, tmp_path / "case")
    note = "was matched differently (max_pdq was 31): this may explain changes."
    assert note not in command("match", case).stdout
    assert note in command("match", case, "--max-pdq", "20").stdout


def test_a_first_match_has_no_past(small_case, tmp_path, command):
    case = shutil.copytree(small_case.path, tmp_path / "case")
    assert "since" not in command("match", case).stdout
    assert json.loads(command("match", case, "--json").stdout)["since"] is None


def test_the_groups_that_gained_most_come_first(grown):
    results, _ = load_results(grown)
    assert changed_most(results, 9)["new_posts"].to_pylist() == [3, 2]
    assert changed_most(results, 1)["change"].to_pylist() == ["grew"]


@pytest.mark.parametrize(
    ("change", "previous", "posts", "accounts", "marked", "details"),
    [
        (None, None, None, None, "", ""),
        ("same", ["a"], 0, 0, "", ""),
        ("same", ["b"], 0, 0, "", "was b"),
        ("new", [], 1200, 7, "new", ""),
        ("grew", ["a"], 1200, 1, "grew +1,200", "1,200 new posts, 1 account new to the group"),
        ("grew", ["a"], 0, 0, "grew", ""),
        ("merged", ["a", "b"], 1, 0, "merged from 2", "1 new post, was a, b"),
        ("merged", [*"abcdef"], 0, 0, "merged from 6", "was a, b, c, d and 2 more"),
        ("split", ["b"], 0, 0, "split", "was b"),
        ("changed", ["a"], 2, 2, "changed", "2 new posts, 2 accounts new to the group"),
    ],
)  # fmt: skip
def test_marks_are_a_word_and_news_a_line(change, previous, posts, accounts, marked, details):
    row = {"group_id": "a", "change": change, "previous_ids": previous}
    row |= {"new_posts": posts, "new_accounts": accounts}
    assert (mark(row), news(row)) == (marked, details)


def test_every_change_and_every_table_of_the_results_is_described():
    text = (Path(__file__).parents[3] / "docs" / "case.md").read_text("utf-8")
    _, *described = re.findall(r"^\| `(\w+)` \|", text, re.M)
    assert described == [str(change) for change in Change]
    files = re.findall(r"^\| `(\w+)\.parquet` \|", text, re.M)
    assert sorted(files) == sorted(field.name for field in fields(Results))
    assert set(Since.__slots__) == {"epoch", *described}
