import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from fresh import HEAVY, imported
from hostile import HASHES, write_posts
from making import jpeg, photo

from frametrace.app import cli
from frametrace.app.cli import COMMANDS
from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    result = CliRunner().invoke(cli.frametrace, [name, "--help"])
    assert result.exit_code == 0
    assert f"frametrace {name} " in result.output.split("Options:")[0].split("\n", 1)[1]
    assert "--json" in result.output


def test_help_lists_every_command_and_the_exit_codes():
    result = CliRunner().invoke(cli.frametrace, ["--help"])
    assert all(f"  {name} " in result.output for name in COMMANDS)
    assert "Exit codes" in result.output


def test_help_imports_nothing_that_takes_time():
    modules = imported("--help")
    assert not modules & {*HEAVY, "faiss", "duckdb", "pyarrow", "numpy", "PIL", "rich"}


@pytest.mark.parametrize("signal", ["pdq", "phash"])
def test_a_query_by_hash_imports_no_model(small_case, tmp_path, signal):
    (tmp_path / "query.jpg").write_bytes(jpeg(photo(1), 70))
    modules = imported("query", small_case.path, tmp_path / "query.jpg", "--signal", signal)
    assert "frametrace.matcher.query.answer_query" in modules
    assert not modules & {*HEAVY, "networkx", "jinja2", "pandas", "faiss", "numba", "duckdb"}
    assert not modules & {"frametrace.case.ingest", "frametrace.posts.readers"}
    assert not modules & {"frametrace.matcher.network", "frametrace.app.report"}


def test_add_and_embed_import_no_matcher(tmp_path):
    (tmp_path / "posts.csv").write_text("platform,post_id,account_id,text\nx,1,lin,hello there\n")
    unneeded = {*HEAVY, "pandas", "scipy", "datasketch", "networkx", "faiss"}
    for arguments in (("add", "case", "posts.csv"), ("embed", "case", "--signal", "caption_key")):
        name, *rest = arguments
        paths = [tmp_path / part if part in {"case", "posts.csv"} else part for part in rest]
        modules = imported(name, *paths)
        assert "frametrace.case.case_writer" in modules
        assert not modules & {*unneeded, "frametrace.matcher.network", "frametrace.index"}


def test_a_report_imports_no_model(small_case, tmp_path):
    assert not imported("report", small_case.path, "--out", tmp_path / "out") & set(HEAVY)


def test_query_finds_the_edited_copies_nearest_first(small_case, tmp_path, command):
    (tmp_path / "query.jpg").write_bytes(jpeg(photo(1), 50))
    done = command("query", small_case.path, tmp_path / "query.jpg", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert {row["post_id"] for row in found["rows"]} == {"=1", "=4", "=7", "=10"}
    distances = [row["distance"] for row in found["rows"]]
    assert distances == sorted(distances)
    assert found["total"] == 4


def test_query_says_how_many_more_there_are(small_case, tmp_path, command):
    (tmp_path / "query.jpg").write_bytes(jpeg(photo(1), 50))
    done = command("query", small_case.path, tmp_path / "query.jpg", "--limit", 1)
    assert "1 of 4 are shown" in done.stdout
    assert len(done.stdout.splitlines()) == 4


def test_query_by_text_finds_captions_that_hold_it(small_case, command):
    done = command("query", small_case.path, "--text", "破坏地铁站", "--json")
    found = json.loads(done.stdout)
    assert {row["post_id"] for row in found["rows"]} == {f"alone{at}" for at in range(4)}
    assert {row["relation"] for row in found["rows"]} == {"contains"}


def test_match_of_two_cases_names_b_s_posts_with_evidence(small_case, tmp_path, command):
    source = tmp_path / "b"
    source.mkdir()
    (source / "edited.jpg").write_bytes(jpeg(photo(2), 40))
    (source / "same.jpg").write_bytes(jpeg(photo(2), 65))  # as picture5.jpg of `write_posts`
    (source / "other.jpg").write_bytes(jpeg(photo(99)))
    assert command("add", tmp_path / "case_b", source).returncode == 0
    assert command("embed", tmp_path / "case_b", "--signal", "pdq").returncode == 0
    out = tmp_path / "new" / "reuse.csv"
    done = command("match", small_case.path, tmp_path / "case_b", "--json", "--out", out)
    rows = {row["post_id"]: row for row in json.loads(done.stdout)["reuses"]}
    assert set(rows) == {"b/edited.jpg", "b/same.jpg"}
    assert rows["b/edited.jpg"]["signal"] == "pdq"
    assert rows["b/edited.jpg"]["distance"] <= 31
    same = rows["b/same.jpg"]
    assert (same["signal"], same["distance"], same["media_path_a"]) == ("sha256", 0, "picture5.jpg")
    assert (same["posts_a"], same["accounts_a"], same["platforms_a"]) == (1, 1, ["twitter"])
    assert out.read_text("utf-8").count("\n") == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nonsense"], 2, "No such command"),
        (["query", "{case}"], 2, "name either a PICTURE"),
        (["query", "{case}", "a.jpg", "--signal", "nonsense"], 2, "Choose from: pdq, phash, clip"),
        (["query", "{case}", "--text", "…!"], 2, "no letters"),
        (["match", "{case}", "--out", "x.csv"], 2, "frametrace report"),
        (["match", "{case}", "{case}", "--out", "case.json"], 2, "ends in .csv"),
        (["match", "{case}", "--min-rarity", "nan"], 2, "not a number"),
        (["report", "{case}", "--out", "{text}/sub"], 3, "name another folder"),
        (["embed", "{case}", "--signal", "nonsense"], 2, "Choose from"),
        (["add", "{case}", "nowhere.csv"], 3, "nowhere.csv"),
        (["add", "{case}", ""], 2, "the path is empty"),
        (["query", "nowhere", "a.jpg"], 3, "is not a case"),
        (["query", "{case}", "absent.jpg"], 3, "no such file"),
        (["query", "{case}", "{text}"], 3, "not a picture"),
        (["report", "{unmatched}", "--out", "x"], 3, "frametrace match"),
        (["doctor", "nowhere"], 3, ""),
    ],
)
def test_what_went_wrong_is_said_in_one_line_with_its_exit_code(
    arguments, code, message, small_case, tmp_path, command
):
    (tmp_path / "text.jpg").write_text("not a picture")
    unmatched = Case.create(tmp_path / "unmatched").path
    names = {"case": small_case.path, "text": tmp_path / "text.jpg", "unmatched": unmatched}
    done = command(*(argument.format(**names) for argument in arguments), cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_strict_ends_with_1_when_something_was_skipped(tmp_path, command):
    source = write_posts(tmp_path / "sources")
    assert command("add", tmp_path / "case", source).returncode == 0
    again = command("add", tmp_path / "case", source, "--strict")
    assert again.returncode == 1
    assert "skipped   4, listed in the case" in again.stdout
    assert "4 × " in again.stdout


def test_a_failed_add_makes_no_case(tmp_path, command):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    done = command("add", tmp_path / "case", tmp_path / "bad.csv")
    assert done.returncode == 3
    assert not (tmp_path / "case").exists()


def test_doctor_finds_a_damaged_shard(tmp_path, command):
    source = write_posts(tmp_path / "sources")
    command("add", tmp_path / "case", source)
    assert command("doctor", tmp_path / "case").returncode == 0
    shard = next((tmp_path / "case" / "posts").glob("*.parquet"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 0xFF
    shard.write_bytes(content)
    done = command("doctor", tmp_path / "case", "--json")
    assert done.returncode == 3
    assert [f["subject"] for f in json.loads(done.stdout) if f["damaged"]] == ["posts"]


def heeding_ctrl_c():
    """What a shell does for a command in front; background jobs inherit that it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_says_that_the_command_goes_on_from_there(tmp_path):
    source = tmp_path / "many.jsonl"
    row = '{"platform": "x", "post_id": "%d", "account_id": "a", "text": "some words %d"}\n'
    source.write_text("".join(row % (at, at) for at in range(300_000)))
    program = [sys.executable, "-m", "frametrace.app", "add", tmp_path / "case", source]
    child = subprocess.Popen(
        program,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding_ctrl_c,  # noqa: PLW1509
    )
    while not (tmp_path / "case" / "done").exists():
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate()
    assert child.returncode == 130
    assert "Run the same command again to continue" in err
    assert "Traceback" not in err


def test_a_reader_that_has_seen_enough_ends_nothing_badly(small_case):
    program = f"{sys.executable} -m frametrace.app query {small_case.path} --text 破坏 --json"
    done = subprocess.run(
        ["bash", "-c", f"{program} | head -1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_knows_no_chinese_shows_what_it_can(small_case, program):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = program("match", small_case.path, env=environment)
    assert done.returncode == 0
    assert "\\u9ed1" in done.stdout


def test_the_demo_adds_its_posts_to_no_case_of_somebody_else(tmp_path, command):
    source = write_posts(tmp_path / "sources")
    command("add", tmp_path / "case", source)
    done = command("demo", tmp_path)
    assert done.returncode == 2
    assert "contains other files" in done.stderr


def test_no_escape_sequence_reaches_the_terminal(tmp_path, command):
    (tmp_path / "map.csv").write_text("post_id,path\n\x1b]0;title\x07,a.jpg\n")
    source = write_posts(tmp_path / "sources")
    done = command("add", tmp_path / "case", source, "--media-map", tmp_path / "map.csv")
    assert "skipped" in done.stdout
    assert not set(done.stdout + done.stderr) & {"\x1b", "\x07"}


def test_the_thresholds_are_saved_with_what_they_made(small_case):
    _, run = match_case(small_case)
    assert run.settings["max_pdq"] == 31
    assert HASHES.signals == ("pdq", "phash", "caption_key")
