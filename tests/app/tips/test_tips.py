import csv
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fresh import HEAVY, imported
from hostile import HOSTILE
from making import jpeg, make_case, photo

from frametrace.app.cli import frametrace
from frametrace.app.commands.tip import command as tip_command
from frametrace.app.tips.check_page import MAX_PICTURES, check_facts, evidence_sentence
from frametrace.app.tips.verdict_answers import read_answers, verdict_of_check
from frametrace.app.tips.watch_once import split_tips_and_sources
from frametrace.app.tips.write_check import write_check
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.tip_model import FINGERPRINTS, Head, Tlp
from frametrace.matcher.tips.verdicts import Answer, read_verdict
from frametrace.posts.errors import CaseError, SourceError, TipError, UsageError
from frametrace.work.executor import InProcess

FILES = ["accounts.csv", "check.json", "echoes.csv", "index.html", "items.csv"]


@pytest.fixture(scope="module")
def hostile_tip(small_case, tmp_path_factory):
    """A tip made to attack whoever opens it."""
    rows = small_case.read("signals/pdq").sort_by("sha256").to_pylist()
    keys = [row for row in small_case.read("signals/caption_key").to_pylist() if row["code"]]
    signals = [{"pdq": {"hash": row["code"].hex(), "quality": 100}} for row in rows]
    signals += [{"caption_key": "".join(f"{n:08x}" for n in row["code"])} for row in keys]
    items = [
        {
            "id": f"picture-{short_digest(values)}",
            "signals": values,
            "counts": [{"platform": HOSTILE[at % 4], "kind": "page", "accounts": 1, "posts": 1}],
            ("caption", "label")[at % 2]: HOSTILE[at % 4],
        }
        for at, values in enumerate({json.dumps(s): s for s in signals}.values())
    ]
    made = {name: {"fingerprint": FINGERPRINTS[name]} for name in ("pdq", "caption_key")}
    head = Head(made_by=HOSTILE[2], case=HOSTILE[0], program=HOSTILE[1], tlp=Tlp.RED, signals=made)
    path = tmp_path_factory.mktemp("hostile") / "tip.json"
    write_document(path, TIP, head.to_json(), items)
    return path


def written(case, tip, out):
    checked = check_tip(case, read_tip(tip))
    write_check(case, checked, out, executor=InProcess())
    return checked


@pytest.fixture(scope="module")
def report(small_case, hostile_tip, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "out"
    return written(small_case, hostile_tip, out), out


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(*arguments):
    return CliRunner().invoke(frametrace, ["tip", *map(str, arguments)])


def test_the_page_escapes_what_posts_and_tips_hold(report):
    checked, out = report
    page = (out / "index.html").read_text("utf-8")
    for text in HOSTILE:
        assert text not in page
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "onload=" not in re.sub(r"&[a-z#0-9]+;[^<]*", "", page)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", page)
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert page.count("TLP:RED") >= 3
    assert page.count("<article") == checked.items.num_rows > 3
    assert f"{{ {MAX_PICTURES} }}" not in page


def test_cells_of_its_tables_are_no_formulas_and_every_row_is_marked(report):
    checked, out = report
    for name, table in {
        "echoes.csv": checked.echoes,
        "accounts.csv": checked.accounts,
        "items.csv": checked.items,
    }.items():
        rows = rows_of(out / name)
        assert len(rows) == table.num_rows
        for row in rows:
            assert row["tlp"] == "TLP:RED"
            assert not [cell for cell in row.values() if cell[:1] in tuple("=+-@\t\r\n") and cell]


def test_escape_sequences_do_not_reach_the_terminal(small_case, hostile_tip, tmp_path):
    for arguments in (
        ("show", hostile_tip),
        ("check", small_case.path, hostile_tip, "--out", tmp_path),
    ):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        assert "TLP:RED" in result.output
        assert "signed    by nobody" in result.output
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output
        parsed = json.loads(run(*arguments, "--json").stdout)
        assert parsed["tlp"] == "TLP:RED"


def test_the_same_check_gives_the_same_bytes(small_case, hostile_tip, report, tmp_path):
    written(small_case, hostile_tip, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (report[1] / name).read_bytes()


def test_the_report_of_a_tip_without_echoes_says_so(small_case, tmp_path):
    signals = {"pdq": {"hash": "5a" * 32, "quality": 100}}
    item = {"id": f"picture-{short_digest(signals)}", "signals": signals, "counts": []}
    head = Head(signals={"pdq": {"fingerprint": FINGERPRINTS["pdq"]}})
    write_document(tmp_path / "tip.json", TIP, head.to_json(), [item])
    checked = written(small_case, tmp_path / "tip.json", tmp_path / "out")
    assert dict(check_facts(checked))["compared"] == "pdq (within 31 of 256 bits)"
    checked = replace(checked, settings=replace(checked.settings, signals=("caption_key",)))
    assert dict(check_facts(checked))["compared"] == "caption_key"
    assert "None were found." in (tmp_path / "out" / "index.html").read_text("utf-8")
    assert rows_of(tmp_path / "out" / "accounts.csv") == []
    with pytest.raises(UsageError, match="no item has an answer"):
        verdict_of_check(tmp_path / "out", tmp_path / "v.json", {}, rest=Answer.CONFIRMED)


def test_folders_and_answers_of_others_are_never_overwritten(small_case, hostile_tip, tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(UsageError, match="which no report wrote"):
        written(small_case, hostile_tip, tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"
    out = tmp_path / "out"
    written(small_case, hostile_tip, out)
    filled_in(out / "items.csv", ["confirmed"])
    with pytest.raises(UsageError, match="holds answers"):
        written(small_case, hostile_tip, out)
    with pytest.raises(UsageError, match="is inside the case"):
        written(small_case, hostile_tip, small_case.path / "out")


def filled_in(path, answers):
    """Fill in the column `verdict` as a spreadsheet would; returns the answered items' ids."""
    rows = rows_of(path)
    for row, answer in zip(rows, answers, strict=False):
        row["verdict"] = answer
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return [row["item_id"] for row in rows][: len(answers)]


def test_answers_come_from_the_table_then_from_options(small_case, hostile_tip, tmp_path):
    checked = written(small_case, hostile_tip, tmp_path / "out")
    items = filled_in(tmp_path / "out" / "items.csv", ["Confirmed ", "rejected", "", "unsure"])
    out = tmp_path / "verdict.json"
    arguments = ("verdict", tmp_path / "out", "--out", out, "--made-by", "us")
    result = run(*arguments, "--reject", items[0])
    assert result.exit_code == 0, result.output
    found = read_verdict(out)
    assert (found.made_by, found.tip, found.tlp) == ("us", checked.tip.sha256, Tlp.RED)
    answers = {one.item_id: one.answer for one in found.opinions}
    assert answers == {items[0]: "rejected", items[1]: "rejected", items[3]: "unsure"}
    rows = {row["item_id"]: row for row in checked.items.to_pylist()}
    for one in found.opinions:
        row = rows[one.item_id]
        assert sum(one.accounts.values()) == row["accounts"]
        assert one.accounts.get("page", 0) == row["pages"]
        assert one.posts.get("page", 0) == row["posts_by_pages"]
        assert one.posts.get("account", 0) == row["posts_by_accounts"]
    assert run(*arguments, "--rest", "unsure").exit_code == 0
    assert len(read_verdict(out).opinions) == checked.items.num_rows
    both = run(*arguments, "--reject", items[0], "--confirm", items[0])
    assert isinstance(both.exception, UsageError)
    assert "two answers" in str(both.exception)
    with pytest.raises(UsageError, match="no echo of 'picture-0'"):
        verdict_of_check(tmp_path / "out", out, {"picture-0": Answer.UNSURE})


@pytest.mark.parametrize("joint", [",", ";"])
def test_answers_are_read_as_spreadsheets_of_any_country_write_them(tmp_path, joint):
    lines = [("item_id", "verdict", "posts"), ("picture-1", "UNSURE", "3"), ("picture-2", "", "4")]
    (tmp_path / "items.csv").write_text("\n".join(map(joint.join, lines)), "utf-8-sig")
    assert read_answers(tmp_path / "items.csv") == {"picture-1": Answer.UNSURE}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,answer\n1,confirmed\n", "lacks the column"),
        ("item_id,verdict\n1,yes\n", "line 2: 'yes' is not an answer"),
        (b"\xff\xfe", "can't be read"),
    ],
)
def test_a_table_without_answers_is_refused(tmp_path, text, message):
    path = tmp_path / "items.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(TipError, match=message):
        read_answers(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"frametrace_check": 2}', '{"tip": {}'])
def test_a_folder_without_a_check_is_refused(tmp_path, content):
    (tmp_path / "check.json").write_text(content)
    with pytest.raises(TipError, match=r"check\.json"):
        verdict_of_check(tmp_path, tmp_path / "v.json", {})
    with pytest.raises(TipError):
        verdict_of_check(tmp_path / "absent", tmp_path / "v.json", {})


def test_lists_of_hashes_go_both_ways_and_are_harmless_in_a_spreadsheet(hostile_tip, tmp_path):
    table, lines, back = (tmp_path / name for name in ("list.csv", "list.txt", "back.json"))
    assert "TLP:RED, in its column tlp" in run("convert", hostile_tip, "--out", table).output
    converted = run("convert", hostile_tip, "--out", lines)
    assert "TLP:RED, which this format can't carry" in converted.output
    rows = rows_of(table)
    assert {row["tlp"] for row in rows} == {"TLP:RED"}
    assert not [row for row in rows if row["label"][:1] in tuple("=+-@")]
    assert lines.read_text("ascii") == "".join(f"pdq {row['pdq']}\n" for row in rows)
    result = run("convert", lines, "--tlp", "green", "--out", back, "--json")
    assert json.loads(result.stdout)["hashes"] == len(rows) == read_tip(back).items.num_rows
    refused = run("convert", lines, "--from", lines, "--out", back)
    assert isinstance(refused.exception, UsageError)
    for source in (hostile_tip, lines):
        kept = source.read_bytes()
        result = run("convert", source, "--out", source)
        assert "would overwrite its source" in str(result.exception)
        assert source.read_bytes() == kept


def test_a_list_does_not_overwrite_a_tip_a_key_or_a_device(hostile_tip, tmp_path):
    other = tmp_path / "other.json"
    other.write_bytes(hostile_tip.read_bytes())
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN PRIVATE KEY-----\n")
    os.mkfifo(tmp_path / "pipe")
    for out in (other, key, tmp_path / "pipe"):
        result = run("convert", hostile_tip, "--out", out)
        assert isinstance(result.exception, UsageError)
        assert "name another" in str(result.exception)
    assert other.read_bytes() == hostile_tip.read_bytes()
    assert key.read_text() == "-----BEGIN PRIVATE KEY-----\n"


def test_a_bank_goes_both_ways_and_keeps_its_marking(hostile_tip, tmp_path):
    bank, back = tmp_path / "bank.json", tmp_path / "back.json"
    result = run("convert", hostile_tip, "--out", bank)
    assert "TLP:RED, in its tags" in result.output
    assert "such a list can't carry: " in result.output
    written = json.loads(bank.read_text("utf-8"))
    assert {one["signal_type"] for one in written} == {"pdq"}
    result = run("convert", bank, "--tlp", "green", "--out", back)
    assert f"{len(written):,} hashes, TLP:RED" in result.output
    assert "stricter than TLP:GREEN" in result.output
    assert read_tip(back).head.tlp == "red"


def test_tips_and_sources_are_distinguished_by_their_beginning(hostile_tip, tmp_path):
    spaced = tmp_path / "posts.csv"
    spaced.write_text(json.dumps(json.loads(hostile_tip.read_text("utf-8")), indent=4), "utf-8")
    source = tmp_path / "tip.json"
    source.write_text('{"platform": "x", "post_id": "1", "account_id": "a"}\n')
    assert split_tips_and_sources([source, spaced, tmp_path]) == ((spaced,), (source, tmp_path))


def test_a_watch_that_can_find_nothing_says_so_and_makes_no_case(small_case, hostile_tip, tmp_path):
    def watch(*arguments):
        return CliRunner().invoke(frametrace, ["watch", *map(str, arguments)])

    absent = tmp_path / "misspelt"
    for arguments in ((hostile_tip,), (hostile_tip, tmp_path / "absent.csv")):
        assert isinstance(watch(absent, *arguments).exception, SourceError | CaseError)
        assert not absent.exists()
    for text in ("a,b\n", "\0", '"'):
        other = tmp_path / "other.csv"
        other.write_text(text)
        result = watch(small_case.path, hostile_tip, "--out", other)
        assert "is not a list of a watch" in str(result.exception)
        assert other.read_text() == text
    folder = make_case(tmp_path / "new", [{"text": "hello"}]).path
    assert "there is nothing to compare with" in watch(folder, folder.parent / "posts.jsonl").output


@pytest.mark.parametrize("name", tip_command.commands)
def test_every_subcommand_has_help_with_an_example_and_json(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"frametrace tip {name} " in result.output.split("Options:")[0].split("\n", 1)[1]
    assert ("--json" in result.output) == (name != "keygen")


def test_commands_on_tips_import_no_model(small_case, hostile_tip, tmp_path):
    light = {*HEAVY, "networkx", "numba"}
    assert not imported("tip", "--help") & {*light, "faiss", "duckdb", "pyarrow", "cryptography"}
    assert not imported("tip", "show", hostile_tip) & {*light, "faiss", "jinja2"}
    checked = imported("tip", "check", small_case.path, hostile_tip, "--out", tmp_path / "out")
    assert not checked & set(HEAVY)


def test_a_bad_tip_ends_with_one_line_and_exit_code_3(small_case, tmp_path, command):
    (tmp_path / "tip.json").write_text('{"frametrace_tip":7}')
    done = command(
        "tip", "check", small_case.path, tmp_path / "tip.json", "--out", tmp_path / "out"
    )
    assert done.returncode == 3
    assert "version 7; this Frametrace reads version 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_many_echoes_are_cut_on_the_page_and_whole_in_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr("frametrace.app.tips.check_page.MAX_ECHOES", 5)
    monkeypatch.setattr("frametrace.app.tips.check_page.MAX_ACCOUNTS", 4)
    posts = [{"account_id": f"a{at}", "media": ["1.jpg"]} for at in range(9)]
    case = make_case(tmp_path, posts, {"1.jpg": jpeg(photo(1))}, signals=("pdq",))
    (row,) = case.read("signals/pdq").to_pylist()
    signals = {"pdq": {"hash": row["code"].hex(), "quality": 100}}
    item = {"id": f"picture-{short_digest(signals)}", "signals": signals, "counts": []}
    head = Head(signals={"pdq": {"fingerprint": FINGERPRINTS["pdq"]}})
    write_document(tmp_path / "tip.json", TIP, head.to_json(), [item])
    written(case, tmp_path / "tip.json", Path(tmp_path / "out"))
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "The first 5 are shown; 4 more are in echoes.csv" in page
    assert "The first 4 are shown; all are in accounts.csv" in page
    assert len(rows_of(tmp_path / "out" / "echoes.csv")) == 9


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"signal": "pdq", "distance": 4}, "copy: pdq differs in 4 of 256 bits from picture-1"),
        (
            {"signal": "caption_key", "similarity": 0.75},
            "same wording: 75% of the MinHash agrees (estimates Jaccard) with picture-1",
        ),
        (
            {"signal": "caption_key", "similarity": 0.75, "media_sha256": "0" * 64},
            "same wording in the picture: 75% of the MinHash agrees (estimates Jaccard) with "
            "picture-1",
        ),
        (
            {"signal": "local", "similarity": 0.5, "relation": "copy", "mirrored": True},
            "edited copy, mirrored: 50% of the local features agree with picture-1",
        ),
        (
            {"signal": "local", "similarity": 0.5, "relation": "contains", "mirrored": False},
            "larger picture that contains it: 50% of the local features agree with picture-1",
        ),
        (
            {"signal": "local", "similarity": 0.5, "relation": "part", "mirrored": False},
            "part of it: 50% of the local features agree with picture-1",
        ),
    ],
)
def test_the_page_says_why_a_post_echoes_an_item(row, said):
    assert evidence_sentence({**row, "item_id": "picture-1"}) == said
