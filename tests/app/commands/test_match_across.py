"""`frametrace match A B`: what it prints, writes, keeps and refuses; with hostile names."""

import csv
import json
import re
import tempfile
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import networkx
import pytest
from click.testing import CliRunner, Result
from making import jpeg, make_case, photo
from uniting import files_of

from frametrace.app.cli import frametrace
from frametrace.app.report.span_columns import SPAN_COLUMNS
from frametrace.case.store import Case
from frametrace.matcher.between_cases.reuse import REUSES
from frametrace.matcher.result_schemas import CASE_NAME

FILES = {
    *("index.html", "matches.csv", "groups.csv", "framings.csv", "named.csv", "map.csv"),
    *("accounts.csv", "ties.csv", "network.gexf", "skipped.csv", "run.json"),
}
LONG = "They burned the station down and nobody in the papers says a word about who paid them"
# Folders of cases, and the pictures of their posts: an edition of a photo each.
FOLDERS = {"<b>x": ("1", "2"), "=1+1": ("1-again", "3", "3-again"), "\x1b[31mred": ("2-again", "1")}
NAMES = list(FOLDERS)
IN_CSV = [name.replace("\x1b", " ") for name in NAMES]
PICTURES = {
    f"{seed}{edition}.jpg": jpeg(photo(seed, 320, 240), quality)
    for seed in (1, 2, 3)
    for edition, quality in (("", 90), ("-again", 50))
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(frametrace, ["match", *map(str, arguments)])


def posts_of(number: int, pictures: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Of a platform for each case; the last one says what others say, and its picture is lost."""
    rows: list[dict[str, Any]] = [{"media": [f"{picture}.jpg"]} for picture in pictures]
    rows.append({"media": [f"lost{number}.jpg"], "text": LONG})
    keys = [{"platform": f"on{number}", "post_id": f"{number}-{at}"} for at in range(len(rows))]
    return [
        {**key, "account_id": f"{key['post_id']}<i>", **row}
        for key, row in zip(keys, rows, strict=True)
    ]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("cases")
    for number, (name, pictures) in enumerate(FOLDERS.items()):
        case = make_case(folder / f"sources{number}", posts_of(number, pictures), PICTURES)
        case.path.rename(folder / name)
    return [folder / name for name in FOLDERS]


class Made:
    """What one run printed and wrote."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.out, self.report, self.work = (folder / n for n in ("new/reuse.csv", "report", "work"))
        options = ("--out", self.out, "--report", self.report, "--work", self.work)
        self.result = run(*arguments, *options)
        assert self.result.exit_code == 0, self.result.output

    def rows(self, name: str) -> list[dict[str, str]]:
        return rows_of(self.report / name)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def made(cases: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"), *cases)


def test_it_prints_what_is_reused_of_which_case_and_how_much(made: Made) -> None:
    printed = made.result.stdout
    assert "=1+1 reuses 1 picture of <b>x in 1 post, and shares 1 framing with it in 1" in printed
    assert re.search(r"red reuses 2 pictures of <b>x in 2 posts, and shares 1 framing", printed)
    assert re.search(r"red reuses 1 picture of =1\+1 in 1 post, and shares 1 framing", printed)
    assert "note      Pictures were compared for copies, not by what they show" in printed
    assert printed.splitlines()[-1] == f"report    {made.report / 'index.html'}"
    assert "\x1b" not in made.result.output


# Of the second and third case: which posts reuse what of which case, by what.
EXPECTED = {
    ("<b>x", "=1+1", "1-0", "copy", "pdq"),
    ("<b>x", "=1+1", "1-3", "similar", "sha256"),
    ("<b>x", NAMES[2], "2-0", "copy", "pdq"),
    ("<b>x", NAMES[2], "2-1", "copy", "sha256"),
    ("<b>x", NAMES[2], "2-2", "similar", "sha256"),
    ("=1+1", NAMES[2], "2-1", "copy", "pdq"),
    ("=1+1", NAMES[2], "2-2", "similar", "sha256"),
}
_TOLD = ("case_a", "case_b", "post_id", "relation", "signal")


def test_out_has_every_reuse_and_is_harmless_in_a_spreadsheet(made: Made) -> None:
    rows = rows_of(made.out)
    assert list(rows[0]) == [*REUSES.names, *SPAN_COLUMNS]
    told = {tuple(row[name].removeprefix("'") for name in _TOLD) for row in rows}
    assert told == {tuple(cell.replace("\x1b", " ") for cell in row) for row in EXPECTED}
    assert len(rows) == len(EXPECTED)
    assert {row["case_a"] for row in rows} == {"<b>x", "'=1+1"}
    assert not {b"\r"[0], b"\x1b"[0]} & set(made.out.read_bytes())


@pytest.mark.parametrize("name", ["groups.csv", "accounts.csv", "skipped.csv"])
def test_each_row_names_the_case_that_it_is_of(made: Made, name: str) -> None:
    rows = made.rows(name)
    assert rows
    number = {"skipped.csv": ("item", 4)}.get(name, ("account_id", 0))
    for row in rows:
        assert row[CASE_NAME].removeprefix("'") == IN_CSV[int(row[number[0]][number[1]])]


def test_ties_and_matches_are_between_cases(made: Made) -> None:
    for name in ("ties.csv", "matches.csv"):
        rows = made.rows(name)
        pairs = [(row[f"{CASE_NAME}_a"], row[f"{CASE_NAME}_b"]) for row in rows]
        assert pairs
        assert all(one and other and one != other for one, other in pairs)
        assert all(
            each.startswith(("<b>x", "'=1+1", " [31mred")) for pair in pairs for each in pair
        )


class Page(HTMLParser):
    """The elements, and the texts in cells of tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_report_has_its_files_and_a_column_for_cases_on_its_page(made: Made) -> None:
    assert {path.name for path in made.report.iterdir()} == FILES
    html = (made.report / "index.html").read_text("utf-8")
    page = Page(html)
    assert "<b>x" not in html
    assert "i" not in page.elements
    assert page.texts.count("case") >= 4  # members of groups, accounts, ties twice
    assert {"<b>x", "=1+1"} <= set(page.texts)
    assert any("<b>x and =1+1 and" in text for text in page.texts)
    about = json.loads((made.report / "run.json").read_text("utf-8"))
    assert (about["cases"], about["spanning"]) == (NAMES, True)
    nodes = networkx.read_gexf(made.report / "network.gexf").nodes.values()
    assert {"<b>x", "=1+1"} < {node[CASE_NAME] for node in nodes}


def test_a_report_on_the_kept_union_is_the_same(made: Made, tmp_path: Path) -> None:
    again = CliRunner().invoke(frametrace, ["report", str(made.work), "--out", str(tmp_path)])
    assert again.exit_code == 0, again.output
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (made.report / name).read_bytes()


def test_work_is_kept_and_used_again_and_the_cases_stay(
    made: Made, cases: list[Path], tmp_path: Path
) -> None:
    before, epoch = files_of(*map(Case, cases)), Case(made.work).epoch.number
    kept = {p: p.stat().st_mtime_ns for n in ("posts", "index") for p in made.work.glob(f"{n}/*/*")}
    again = run(*cases, "--work", made.work, "--out", tmp_path / "again.csv")
    assert again.exit_code == 0
    assert (tmp_path / "again.csv").read_bytes() == made.out.read_bytes()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert Case(made.work).epoch.number == epoch
    assert "joining cases" not in again.stderr
    assert files_of(*map(Case, cases)) == before


def test_without_work_nothing_is_left(
    cases: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert run(*cases[:2]).exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_all_shows_what_lies_inside_one_case_too(
    made: Made, cases: list[Path], tmp_path: Path
) -> None:
    every = Made(tmp_path, *cases, "--all")
    inside = {("1-1", "'=1+1"), ("1-2", "'=1+1")}
    for one, other in ((made, set()), (every, inside)):
        posts = {(row["post_id"], row[CASE_NAME]) for row in one.rows("groups.csv")}
        assert posts & inside == other
    spread = [{row["group_id"] for row in each.rows("groups.csv")} for each in (made, every)]
    assert spread[0] < spread[1]
    assert rows_of(every.out) == rows_of(made.out)


def test_json_is_all_that_is_printed(made: Made, cases: list[Path]) -> None:
    done = run(*cases, "--json", "--work", made.work)
    told = json.loads(done.stdout)
    rows = told["reuses"]
    assert any("caption vectors" in note for note in told["notes"])
    assert {tuple(row[name] for name in _TOLD) for row in rows} == EXPECTED
    assert set(rows[0]) == {*REUSES.names, *SPAN_COLUMNS}
    assert "\x1b" not in done.stdout


def test_the_same_cases_give_the_same_report(made: Made, cases: list[Path], tmp_path: Path) -> None:
    about = []
    for at in range(2):
        assert run(*cases, "--report", tmp_path / f"{at}").exit_code == 0
        about.append(json.loads((tmp_path / f"{at}" / "run.json").read_text("utf-8")))
        about[-1].pop("seconds")
    assert about[0] == about[1]
    for name in FILES - {"run.json"}:
        assert (tmp_path / "0" / name).read_bytes() == (made.report / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{a}", "--out", "x.csv"], "--out needs two cases or more.*frametrace report"),
        (["{a}", "--report", "x"], "--report needs two cases or more"),
        (["{a}", "--work", "x"], "--work needs two cases or more"),
        (["{a}", "--all"], "--all needs two cases or more"),
        (["{a}", "{b}", "--out", "x.json"], "x.json is not a CSV file: name one that ends in .csv"),
        (["{a}", "{b}", "--report", "{b}/x"], "is inside a case"),
        (["{a}", "{b}", "--report", "{text}"], "is a file"),
        (["{a}", "{b}", "--work", "{text}"], "exists and is not a case"),
        (["{a}", "{b}", "--work", "{a}"], "is, or lies in, the case"),
        (["{a}", "{b}", "{a}"], "is named twice"),
        (["{a}", "nowhere"], "nowhere is not a case"),
        (["{a}", "{b}", "--work", "{new}", "--report", "{new}/x"], "is inside"),
    ],
)
def test_what_can_not_work_is_refused_before_anything_is_done(
    cases: list[Path], tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "text").write_text("x")
    names = {"a": cases[0], "b": cases[1], "text": tmp_path / "text", "new": tmp_path / "new"}
    before = files_of(*map(Case, cases))
    done = run(*(argument.format(**names) for argument in arguments))
    assert done.exit_code != 0
    assert re.search(message, f"{done.output} {done.exception}")
    assert files_of(*map(Case, cases)) == before
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
