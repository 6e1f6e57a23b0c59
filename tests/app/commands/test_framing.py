"""`frametrace framing`, and named framings in other commands."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fresh import HEAVY, imported
from hostile import HOSTILE
from making import jpeg, make_case, photo, write_jsonl

from frametrace.app.cli import frametrace
from frametrace.case.store import Case
from frametrace.matcher.framing.by_example.saved_framings import framing_names
from frametrace.matcher.match_case import match_case

_TEXT = "They burned the station down and nobody says a word about who paid for it"
_OTHER = "The ducks in the park are fed every morning by somebody with a green hat"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    pictures = {f"{at}-{q}.jpg": jpeg(photo(at), q) for at in (1, 2) for q in (50, 90)}
    posts: list[dict[str, Any]] = [
        {"text": _TEXT, "media": ["1-50.jpg"], "posted_at": "2019-08-01T10:00:00Z"},
        {"text": f"{_TEXT}!! https://a.example", "media": ["2-50.jpg"]},
        {"text": _OTHER, "media": ["1-90.jpg"]},
        {"text": f"{_OTHER}!", "platform": "y", "post_id": "p0"},
        {"text": "=HYPERLINK", "post_id": "=1", "account_id": "-a", "media": ["2-90.jpg"]},
        {"text": HOSTILE[2], "post_id": "hostile", "media": ["2-90.jpg"]},
        {"text": "wow"},
    ]
    return make_case(tmp_path, posts, pictures)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(frametrace, [str(each) for each in arguments])


def framing(case: Case, *arguments: object) -> Result:
    return run("framing", case.path, *arguments)


def found(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_posts_similar_to_an_example_are_printed_with_their_evidence(case: Case) -> None:
    result = framing(case, "--like", "twitter/p0")
    assert result.exit_code == 0, result.output
    assert "compared  6 of 7 posts by caption_key, photo" in result.output
    assert "examples  1 post\n" in result.output
    assert "belong    2 posts" in result.output
    lines = result.output.splitlines()
    rows = [line for line in lines if "twitter/p0" in line]
    assert rows[0].split()[1] == rows[1].split()[1] == "yes"
    assert "caption_key 1.00" in rows[1]
    assert "frametrace match" in result.stderr


def test_texts_pictures_and_counter_examples(case: Case, tmp_path: Path) -> None:
    (tmp_path / "example.jpg").write_bytes(jpeg(photo(2), 70))
    arguments = (
        "--text",
        _TEXT,
        "--picture",
        tmp_path / "example.jpg",
        "--unlike",
        "y/p0",
        "--json",
    )
    printed = found(framing(case, *arguments))
    assert printed["like"] == {"posts": 0, "pictures": 1, "texts": 1}
    assert printed["unlike"] == {"posts": 1, "pictures": 0, "texts": 0}
    assert (printed["belonging"], printed["compared"], printed["name"]) == (4, 6, None)
    keys = [(row["platform"], row["post_id"]) for row in printed["rows"]]
    assert keys[:2] == [("twitter", "p1"), ("twitter", "p0")]
    assert set(keys[2:]) == {("twitter", "=1"), ("twitter", "hostile")}
    assert {tie["example"] for tie in printed["rows"][0]["tied_by"]} == {
        f"“{_TEXT[:40]}…”",
        "example.jpg",
    }
    unlike = ("--unlike-text", _OTHER, "--unlike-picture", tmp_path / "example.jpg")
    printed = found(framing(case, "--text", _TEXT, *unlike, "--json"))
    assert printed["unlike"] == {"posts": 0, "pictures": 1, "texts": 1}


def test_the_threshold_and_the_number_of_rows(case: Case, tmp_path: Path) -> None:
    assert (
        found(framing(case, "--like", "twitter/p0", "--min-rarity", 0, "--json"))["belonging"] == 6
    )
    assert (
        found(framing(case, "--like", "twitter/p0", "--min-rarity", 18, "--json"))["belonging"] == 1
    )
    assert len(found(framing(case, "--like", "twitter/p0", "--json"))["rows"]) == 2
    assert len(found(framing(case, "--like", "twitter/p0", "--top", 3, "--json"))["rows"]) == 3
    assert len(found(framing(case, "--like", "twitter/p0", "--top", 0, "--json"))["rows"]) == 6
    framing(case, "--like", "twitter/p0", "--top", 4, "--out", tmp_path / "new" / "posts.csv")
    assert len(rows_of(tmp_path / "new" / "posts.csv")) == 4
    framing(case, "--like", "twitter/p0", "--out", tmp_path / "new" / "posts.csv")
    assert len(rows_of(tmp_path / "new" / "posts.csv")) == 2


def test_all_rows_are_printed_if_all_are_requested(tmp_path: Path) -> None:
    case = make_case(tmp_path, [{"text": f"{_TEXT} {at}"} for at in range(30)], {})
    listed = [
        framing(case, "--like", "p0", *top).output.count(_TEXT[:20]) for top in ((), ("--top", 0))
    ]
    assert listed == [20, 30]


def test_a_table_of_something_else_is_not_overwritten(case: Case, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    result = framing(case, "--like", "twitter/p0", "--out", tmp_path / "mine.csv")
    assert "is not a list of a framing's posts: name another file with --out" in str(
        result.exception
    )
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "a,b\n1,2\n"


def test_the_table_is_harmless_in_a_spreadsheet_and_in_the_terminal(
    case: Case, tmp_path: Path
) -> None:
    (tmp_path / "=cmd\x1b[31m.jpg").write_bytes(jpeg(photo(2), 70))
    arguments = ("--like", "=1", "--picture", tmp_path / "=cmd\x1b[31m.jpg")
    result = framing(case, *arguments, "--top", 0, "--out", tmp_path / "posts.csv")
    assert result.exit_code == 0, result.output
    for steering in ("\x1b", "\u202e", "\x00", "\x07"):
        assert steering not in result.output
        assert steering not in framing(case, *arguments, "--json").stdout
    rows = rows_of(tmp_path / "posts.csv")
    assert not [c for row in rows for c in row.values() if c[:1] in tuple("=+-@\t\r\n") and c]
    assert rows[0]["belongs"] == "true"
    assert {row["post_id"] for row in rows} >= {"'=1", "p0"}
    assert "in the same words" in rows[0]["evidence"] or "the same photo" in rows[0]["evidence"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--like", "nobody"), "the case has no post 'nobody'"),
        (("--like", "p0"), "'p0' is a post on twitter and y: name one as twitter/p0"),
        (("--text", "?!"), "no letters or digits"),
        (("--text", _TEXT, "--unlike-text", _TEXT), "both as an example and as a counter-example"),
        (("--unlike", "twitter/p0"), "name an example"),
        (("--name", "fire"), "has no framing 'fire'"),
        (("--name", "../fire", "--like", "twitter/p0"), "is not a valid framing name"),
        (("--name", "fire", "--delete"), "has no framing 'fire'"),
        (("--delete",), "--delete takes --name"),
        (("--delete", "--name", "fire", "--like", "twitter/p0"), "--delete takes --name"),
        (("--top", "3"), "name an example"),
        (("--like", "twitter/p0", "--out", "posts.txt"), "is not a CSV file"),
        (("--like", "twitter/p0", "--min-rarity", "nan"), "nan is not a number"),
        (("--like", "twitter/p0", "--min-rarity", "19"), "--min-rarity"),
    ],
)
def test_invalid_calls_are_refused_with_a_message(
    case: Case, arguments: tuple[str, ...], message: str, command: Any
) -> None:
    result = command("framing", case.path, *arguments)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert framing_names(case) == []


def test_bad_files_and_cases_are_reported(case: Case, tmp_path: Path, command: Any) -> None:
    (tmp_path / "words.jpg").write_text("words")
    for arguments, message in (
        ((case.path, "--picture", tmp_path / "words.jpg"), "words.jpg: not a picture"),
        ((case.path, "--picture", tmp_path / "gone.jpg"), "gone.jpg: there is no such file"),
        ((tmp_path / "none", "--text", _TEXT), "is not a case"),
        ((Case.create(tmp_path / "empty").path, "--text", _TEXT), "frametrace add"),
    ):
        result = command("framing", *arguments)
        assert result.returncode == 3, result.stderr
        assert message in result.stderr


def test_framings_are_saved_listed_and_deleted(case: Case) -> None:
    assert "has no named framing" in framing(case).output
    kept = framing(case, "--like", "twitter/p0", "--name", "fire")
    assert "kept      fire" in kept.output
    framing(case, "--name", "fire", "--text", "who paid", "--unlike", "y/p0")
    listed = framing(case).output
    assert "1 post, 1 text; not: 1 post" in listed
    assert "frametrace match" in listed
    (row,) = json.loads(framing(case, "--json").stdout)
    assert (row["name"], row["posts"], row["error"]) == ("fire", None, None)
    match_case(case)
    (row,) = json.loads(framing(case, "--json").stdout)
    assert row["posts"] == found(framing(case, "--name", "fire", "--json"))["belonging"]
    assert "frametrace match" not in framing(case).output
    assert "deleted   fire" in framing(case, "--name", "fire", "--delete").output
    assert framing(case, "--json").stdout.strip() == "[]"


def test_a_damaged_framing_is_listed_and_can_be_deleted(case: Case) -> None:
    framing(case, "--like", "twitter/p0", "--name", "fire")
    (case.path / "framings" / "fire.json").write_text("{")
    assert "damaged" in framing(case).output
    (row,) = json.loads(framing(case, "--json").stdout)
    assert "fire.json is damaged" in row["error"]
    assert framing(case, "--name", "fire").exit_code == 1  # an error that `main` tells
    assert json.loads(framing(case, "--name", "fire", "--delete", "--json").stdout) == {
        "deleted": "fire"
    }
    assert framing_names(case) == []


def test_match_run_and_the_report_list_the_posts_that_belong(case: Case, tmp_path: Path) -> None:
    framing(case, "--like", "twitter/p0", "--name", "fire")
    matched = run("match", case.path)
    assert "named     fire: 2 posts" in matched.output
    assert json.loads(run("match", case.path, "--json").stdout)["named"] == {"fire": 2}
    run("report", case.path, "--out", tmp_path / "report")
    rows = rows_of(tmp_path / "report" / "named.csv")
    assert [(row["name"], row["post_id"]) for row in rows] == [("fire", "p0"), ("fire", "p1")]
    source = write_jsonl(
        tmp_path / "more.jsonl",
        [{"platform": "twitter", "post_id": "new", "account_id": "b", "text": f"LOOK {_TEXT}"}],
    )
    arguments = ("run", case.path, source, "--signal", "pdq", "--signal", "caption_key")
    done = json.loads(run(*arguments, "--out", tmp_path / "again", "--json").stdout)
    assert done["found"]["named"] == {"fire": 3}
    framing(case, "--like", "y/p0", "--name", "ducks")
    framing(case, "--delete", "--name", "fire")
    run("report", case.path, "--out", tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert "Named framings that changed since the last match: ducks, fire. To find" in page


def test_watch_lists_the_new_posts_that_belong(case: Case, tmp_path: Path) -> None:
    framing(case, "--like", "twitter/p0", "--name", "fire")
    (tmp_path / "copy.jpg").write_bytes(jpeg(photo(1), 65))
    rows = [
        {"platform": "twitter", "post_id": "said", "account_id": "b", "text": f"{_TEXT} \x1b[31m"},
        {"platform": "twitter", "post_id": "shown", "account_id": "c", "media": ["copy.jpg"]},
        {
            "platform": "twitter",
            "post_id": "other",
            "account_id": "d",
            "text": "A green hat is for sale",
        },
    ]
    source = write_jsonl(tmp_path / "more.jsonl", rows)
    result = run("watch", case.path, source)
    assert result.exit_code == 0, result.output
    assert "named     1 new post belongs to a named framing" in result.output
    assert "named framings: 1" in result.output
    assert "\x1b" not in result.output
    (line,) = (line for line in result.output.splitlines() if line.startswith("fire"))
    assert "said" in line
    again = json.loads(run("watch", case.path, source, "--json").stdout)
    assert again["named"] == []


def test_a_tip_is_made_of_the_posts_of_a_framing(case: Case, tmp_path: Path) -> None:
    framing(case, "--like", "twitter/p0", "--name", "fire")
    arguments = ("tip", "export", case.path, "--framing", "fire", "--out", tmp_path / "tip.json")
    early = run(*arguments)
    assert "frametrace match" in str(early.exception)
    match_case(case)
    printed = json.loads(run(*arguments, "--json").stdout)
    assert (printed["pictures"], printed["captions"]) == (2, 1)
    (chosen,) = printed["head"]["selection"]["groups"]
    assert chosen.startswith("named-")
    assert "fire" not in (tmp_path / "tip.json").read_text("utf-8")
    framing(case, "--name", "fire", "--unlike", "y/p0")
    assert "has changed since" in str(run(*arguments).exception)
    absent = ("tip", "export", case.path, "--framing", "none", "--out", tmp_path / "tip.json")
    assert "has no framing 'none'" in str(run(*absent).exception)


def test_nothing_heavy_is_imported_for_a_case_without_models(case: Case) -> None:
    assert not imported("framing", case.path, "--like", "twitter/p0") & set(HEAVY)
    assert not imported("framing", "--help") & {*HEAVY, "faiss", "duckdb", "pyarrow", "sklearn"}
