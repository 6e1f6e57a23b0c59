"""A watched folder: files are read once they are complete, and each hit is reported once."""

import gzip
import json
import os
import sys
import time
import zipfile

import pytest
from click.testing import CliRunner
from watching_folder import WORDS, Place, arrived, hooked, make_tip

from frametrace.app.cli import frametrace
from frametrace.posts.errors import FrametraceError

PYTHON = sys.executable
REFUSED = "http://127.0.0.1:9/closed"  # discard: nothing listens there


@pytest.fixture(scope="module")
def tip(tmp_path_factory):
    return make_tip(tmp_path_factory.mktemp("sender"))


@pytest.fixture
def place(tmp_path, tip):
    return Place(tmp_path, tip)


def test_exports_and_pictures_are_added_and_each_hit_is_printed_once(place):
    place.export("words.jsonl", "speaker", "other")
    place.picture("1.jpg")
    place.picture("2.jpg", 2)
    place.export("shown.jsonl", "shower", text="", media=["1.jpg"])
    place.export("nothing.jsonl", "nobody", text="what nobody else says", media=["2.jpg"])
    hits, _ = place.once()
    assert sorted(hit["account_id"] for hit in hits) == ["other", "shower", "speaker"]
    assert {hit["kind"] for hit in hits} == {"account"}
    assert {hit["signal"] for hit in hits} == {"pdq", "caption_key"}
    assert {hit["tlp"] for hit in hits} == {"TLP:AMBER"}
    assert len({hit["id"] for hit in hits}) == 3
    for _ in range(2):
        assert place.accounts() == []
    place.export("words.jsonl", "speaker", "other", "latecomer")  # the file has grown
    place.export("more.jsonl", "speaker", text=WORDS + "!")
    assert place.accounts() == ["latecomer"]
    assert place.accounts() == []


def test_a_file_from_a_wrong_clock_is_read_and_one_that_changes_now_waits(place):
    for name, apart in (("future", 86_400), ("now", 0)):
        export = place.export(f"{name}.jsonl", name)
        seen = time.time() + apart
        os.utime(export, (seen, seen))
    assert place.accounts() == ["future"]


def test_an_empty_folder_is_not_an_error(place):
    assert place.once()[0] == []
    assert place.state["pending"] == []
    assert place.state["files"] == {}


def test_posts_of_the_case_count_as_seen_and_files_in_the_folder_do_not(place, tmp_path):
    (tmp_path / "first").mkdir()
    source = Place(tmp_path / "first", place.tip).export("old.jsonl", "old")
    done = CliRunner().invoke(frametrace, ["add", str(place.case), str(source)])
    assert done.exit_code == 0, done.output
    place.export("new.jsonl", "new")
    assert place.accounts() == ["new"]


def test_a_picture_that_arrives_after_its_export_is_picked_up(place):
    place.export("posts.jsonl", "late", text="", media=["pictures/1.jpg"])
    assert place.accounts() == []
    (place.folder / "pictures").mkdir()
    place.picture("pictures/1.jpg")
    (hit,) = place.once()[0]
    assert (hit["account_id"], hit["signal"]) == ("late", "pdq")
    assert place.accounts() == []


BROKEN = {
    "unknown.json": b'{"something": "else"}',
    "half.json": b'[{"platform": "x", "post_id": "1", "account_id": "a"',
    "half.jsonl": b'{"platform": "x", "post_id": "1", "account_id": "a"}\n{"platform": "x", "po',
    "binary.csv": bytes(range(256)) * 20,
    "empty.csv": b"",
    "no.zip": b"PK\x03\x04 and no more",
    "no.js": b"window.YTD.tweet.part0 = [ {",
    "latin.csv": "platform,post_id,account_id,text\nx,1,a,d\xe9j\xe0\n".encode("latin-1"),
    "squeezed.json": gzip.compress(b"[]"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_skipped_and_the_others_are_read(place, name):
    (place.folder / name).write_bytes(BROKEN[name])
    arrived(place.folder / name)
    place.export("zz-good.jsonl", "found")
    hits, said = place.once()
    assert [hit["account_id"] for hit in hits] == ["found"]
    assert name in said or name == "latin.csv", "which is read, since its encoding is recognised"
    assert "Traceback" not in said
    assert place.once() == ([], "")  # it is not said again while the file stays as it is


def test_a_tip_and_a_zip_that_are_not_exports_are_skipped(place):
    (place.folder / "tip.json").write_bytes(place.tip.read_bytes())
    arrived(place.folder / "tip.json")
    with zipfile.ZipFile(place.folder / "pack.zip", "w") as pack:
        pack.writestr("hello.txt", "hello")
    arrived(place.folder / "pack.zip")
    place.export("good.jsonl", "found")
    hits, said = place.once()
    assert [hit["account_id"] for hit in hits] == ["found"]
    assert "pack.zip" in said
    assert "tip.json" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_read_permission_is_skipped(place):
    place.export("closed.jsonl", "closed").chmod(0)
    place.export("good.jsonl", "found")
    hits, said = place.once()
    assert [hit["account_id"] for hit in hits] == ["found"]
    assert "closed.jsonl" in said


def test_links_that_lead_nowhere_and_odd_names_break_nothing(place):
    (place.folder / "gone.jsonl").symlink_to(place.folder / "nowhere")
    (place.folder / "loop").symlink_to(place.folder)
    place.export("späte Grüße \u2603.jsonl", "found")
    (place.folder / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    arrived(place.folder / os.fsdecode(b"caf\xe9.txt"))
    assert place.accounts() == ["found"]
    assert place.accounts() == []


def test_a_file_that_is_still_being_written_waits(place):
    export = place.export("growing.jsonl", "slow", ago=0)
    assert place.accounts() == []
    assert place.state["files"] == {}
    arrived(export)
    assert place.accounts() == ["slow"]


def test_a_watch_without_a_folder_keeps_pending_hits_and_known_files(place, tmp_path):
    place.export("a.jsonl", "waits")
    place.once("--webhook", REFUSED)
    before = place.state
    assert [one["places"] for one in before["pending"]] == [["webhook"]]
    elsewhere = tmp_path / "else.jsonl"
    elsewhere.write_text(
        json.dumps({"platform": "x", "post_id": "e", "account_id": "else", "text": WORDS})
    )
    done = CliRunner().invoke(
        frametrace, ["watch", str(place.case), str(place.tip), str(elsewhere), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert [row["account_id"] for row in json.loads(done.stdout)["newcomers"]] == ["else"]
    assert place.state["pending"] == before["pending"]
    assert place.state["files"] == before["files"]
    with hooked() as (server, address):
        assert place.accounts("--webhook", address) == []
    assert [body["account_id"] for _, _, body in server.got] == ["waits"]


@pytest.mark.parametrize(
    "damage", [{"pending": 5}, {"pending": None}, {"pending": [1]}, {"files": []}, {"files": "x"}]
)
def test_a_damaged_state_is_reported(place, damage):
    place.once()
    path = place.case / "watch" / "state.json"
    state = {name: value for name, value in place.state.items() if name != "checksum"}
    path.write_text(json.dumps({**state, **damage}), "utf-8")
    place.export("a.jsonl", "waits")
    assert "state.json is damaged" in refusal(place.arguments("--once"))


USAGE = {
    "once alone": (["--once"], "--once needs --folder"),
    "command alone": (["--command", "cat"], "--command needs --folder"),
    "webhook alone": (["--webhook", "http://x/"], "--webhook needs --folder"),
    "no quotes": (["--folder", "IN", "--command", "cat 'x"], "is not a command"),
    "ftp": (["--folder", "IN", "--webhook", "ftp://host/x"], "is not a web address"),
    "no host": (["--folder", "IN", "--webhook", "http:///x"], "is not a web address"),
    "no scheme": (["--folder", "IN", "--webhook", "host/x"], "is not a web address"),
    "bracket": (["--folder", "IN", "--webhook", "http://[::1/x"], "is not a web address"),
    "port": (["--folder", "IN", "--webhook", "http://host:port/"], "is not a web address"),
    "large port": (["--folder", "IN", "--webhook", "http://host:99999/"], "is not a web address"),
    "space": (["--folder", "IN", "--webhook", "http://host/a b"], "is not a web address"),
    "blank command": (["--folder", "IN", "--command", "  "], "is not a command"),
    "no folder": (["--folder", "IN/none"], "is not a folder"),
    "a file": (["--folder", "TIP"], "is not a folder"),
    "0s": (["--folder", "IN", "--every", "0s"], "is not a duration"),
    "25h": (["--folder", "IN", "--every", "25h"], "is not a duration"),
    "soon": (["--folder", "IN", "--every", "soon"], "is not a duration"),
    "negative": (["--folder", "IN", "--every", "-5s"], "is not a duration"),
    "out": (["--folder", "IN", "--out", "list.csv"], "takes sources"),
    "media": (["--folder", "IN", "--media", "IN"], "takes sources"),
}


def refusal(arguments):
    """The one line that a refused call prints."""
    done = CliRunner().invoke(frametrace, list(map(str, arguments)))
    if isinstance(done.exception, FrametraceError):  # `main` prints these
        return str(done.exception)
    assert done.exit_code == 2, done.exception
    return " ".join(done.stderr.split())


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_is_reported_in_one_sentence(place, name):
    options, message = USAGE[name]
    given = [one.replace("IN", str(place.folder)).replace("TIP", str(place.tip)) for one in options]
    place.export("a.jsonl", "anybody")
    arguments = ["watch", str(place.case), str(place.tip), *given]
    if "--folder" in options:
        arguments.append("--once")
    assert message in refusal(arguments)


def test_sources_beside_a_folder_are_refused(place):
    source = place.export("a.jsonl", "anybody")
    arguments = ["watch", place.case, place.tip, source, "--folder", place.folder, "--once"]
    assert "takes sources" in refusal(arguments)
    assert not place.case.exists()


def test_a_case_inside_the_folder_is_refused(place):
    place.case = place.folder / "deep" / "case"
    assert "name a case elsewhere" in refusal(place.arguments("--once"))
    assert not place.case.exists()
