"""Disputes from the command line: stances in the tables and on the page, and whom they tie."""

import csv
import json

import pytest
from making import write_jsonl

SAID = "Engineers found a huge crack in the Harrow bridge and the city keeps it open anyway"
OTHER = "The ferry Aldis sailed without lifeboats and the owners knew about it for a year"
FALSE = "False. The story is made up: "
POSTS = (
    ("herald", SAID),
    ("courier", SAID),
    ("herald", OTHER),
    ("courier", OTHER),
    ("desk", f"{FALSE}{SAID}"),
    ("checker", SAID),
    ("asker", f"{SAID}. Is this true?"),
)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def done(tmp_path_factory, command):
    folder = tmp_path_factory.mktemp("disputes")
    rows = [
        {"platform": "twitter", "post_id": str(at), "account_id": account, "text": text}
        for at, (account, text) in enumerate(POSTS)
    ]
    source = write_jsonl(folder / "posts.jsonl", rows)
    (folder / "checkers.txt").write_text("# invented\ntwitter/checker\n", "utf-8")
    signals = ("--signal", "caption_key")
    result = command(
        *("run", folder / "case", source, "--out", folder / "report", *signals),
        *("--fact-checkers", folder / "checkers.txt"),
    )
    assert result.returncode == 0, result.stderr
    return folder


def test_the_tables_have_the_stance_of_each_post(done):
    stances = {
        row["post_id"]: (row["stance"], row["stance_cue"])
        for row in rows_of(done / "report" / "groups.csv")
    }
    assert stances == {
        **dict.fromkeys("0123", ("asserts", "")),
        "4": ("disputes", "false"),
        "5": ("disputes", "account of a fact-checker"),
        "6": ("unclear", "is this true"),
    }
    framings = rows_of(done / "report" / "framings.csv")
    counts = sorted((row["asserts"], row["disputes"], row["unclear"]) for row in framings)
    assert counts == [("2", "0", "0"), ("2", "2", "1")]


def test_the_page_says_who_disputes(done):
    page = (done / "report" / "index.html").read_text("utf-8")
    assert "Of 5 posts, 2 dispute its claim and 1 is unclear, by their words" in page
    assert '<span class="mark">disputes</span> <bdi>account of a fact-checker</bdi>' in page


def test_disputing_accounts_are_tied_only_if_asked(done, command):
    totals = {}
    for name, options in (("left", ()), ("counted", ("--count-disputes",))):
        out = done / name
        result = command("network", done / "case", "--by", "caption", *options, "--out", out)
        assert result.returncode == 0, result.stderr
        pairs = rows_of(out / "ties.csv")
        totals[name] = {frozenset((row["account_id_a"], row["account_id_b"])) for row in pairs}
        about = json.loads((out / "network.json").read_text("utf-8"))
        assert about["count_disputes"] is bool(options)
    assert totals["left"] == {frozenset(("herald", "courier"))}
    assert totals["counted"] > totals["left"]
    assert any("checker" in pair for pair in totals["counted"])


def test_options_that_have_no_effect_are_refused(done, command):
    result = command("network", done / "case", "--count-disputes", "--out", done / "no")
    assert result.returncode == 2
    assert "--by caption" in result.stderr
    result = command("match", done / "case", "--fact-checkers", done / "absent.txt")
    assert result.returncode == 2
    assert "one account per line" in result.stderr
