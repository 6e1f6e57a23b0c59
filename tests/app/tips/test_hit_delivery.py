"""Each destination of a watched folder gets each hit once; failed deliveries wait."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from making import jpeg, photo
from watching_folder import Place, hooked, make_tip

REFUSED = "http://127.0.0.1:9/closed"  # discard: nothing listens there
PROGRAM = Path(sys.executable).with_name("frametrace")
SECONDS = 60  # that a watch in a process of its own may take


@pytest.fixture(scope="module")
def tip(tmp_path_factory):
    return make_tip(tmp_path_factory.mktemp("sender"))


@pytest.fixture
def place(tmp_path, tip):
    return Place(tmp_path, tip)


def keeper(folder, ending="sys.exit(0)"):
    """A command that appends its input to a file as one line, and then does something else.

    A watch that is killed may have started it without giving it anything.
    """
    script, kept = folder / "keep it.py", folder / "kept.jsonl"
    script.write_text(
        "import os, signal, sys, time\n"
        f"open({str(kept)!r}, 'a').write(sys.stdin.read().strip() + '\\n')\n{ending}\n"
    )
    return f"'{sys.executable}' '{script}'", lambda: [
        json.loads(line)
        for line in (kept.read_text() if kept.exists() else "").splitlines()
        if line
    ]


def test_a_webhook_gets_each_hit_once_with_a_key(place):
    place.export("a.jsonl", "one", "two")
    with hooked() as (server, address):
        hits, _ = place.once("--webhook", address)
        assert place.accounts("--webhook", address) == []
        place.export("b.jsonl", "three")
        hits += place.once("--webhook", address)[0]
    assert [body for _, _, body in server.got] == hits
    assert [path for path, _, _ in server.got] == ["/hits"] * 3
    for _, headers, body in server.got:
        assert headers["Content-Type"] == "application/json"
        assert headers["Idempotency-Key"] == body["id"]
    assert len({hit["id"] for hit in hits}) == 3


def test_hits_that_a_webhook_refuses_are_sent_later_in_order(place):
    place.export("a.jsonl", "one", "two")
    hits, said = place.once("--webhook", REFUSED)
    assert [hit["account_id"] for hit in hits] == ["one", "two"]
    assert said.count("webhook can't be reached") == 1
    place.export("b.jsonl", "three")
    more, _ = place.once("--webhook", REFUSED)
    assert [hit["account_id"] for hit in more] == ["three"]
    assert len(place.state["pending"]) == 3
    with hooked() as (server, address):
        assert place.once("--webhook", address)[0] == []
    assert [body for _, _, body in server.got] == hits + more
    assert place.state["pending"] == []


ANSWERS = {
    "not found": b"HTTP/1.0 404 Not Found\r\n\r\n",
    "failing": b"HTTP/1.0 500 Oh\r\n\r\n",
    "no web server": b"220 mail.example ESMTP\r\n",
    "nothing": b"",
    "half": b"HTTP/1.0 2",
    "moved for good": b"HTTP/1.0 307 Moved\r\nLocation: /elsewhere\r\n\r\n",
    "long": b"HTTP/1.0 204 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_a_web_address_answers_no_hit_is_lost(place, name):
    place.export("a.jsonl", "one")
    with hooked(ANSWERS[name]) as (server, address):
        assert place.accounts("--webhook", address) == ["one"]
        assert [one["places"] for one in place.state["pending"]] == [["webhook"]]
        assert place.accounts("--webhook", address) == []
    assert len({headers["Idempotency-Key"] for _, headers, _ in server.got}) == 1
    assert place.state["pending"] == []


@pytest.mark.parametrize("status", [301, 302, 303])
def test_no_hit_is_lost_to_a_redirect(place, status):
    """If it were followed by GET, as browsers do, the hit's content would be lost."""
    place.export("a.jsonl", "one")
    moved = b"HTTP/1.0 %d Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" % status
    with hooked(moved) as (_, address):
        place.once("--webhook", address)
    assert [one["places"] for one in place.state["pending"]] == [["webhook"]]


def test_a_command_gets_each_hit_on_standard_input(place, tmp_path):
    place.export("a.jsonl", "one", "two")
    command, kept = keeper(tmp_path)
    hits, _ = place.once("--command", command)
    assert place.accounts("--command", command) == []
    assert kept() == hits
    assert [hit["account_id"] for hit in hits] == ["one", "two"]


def test_a_command_that_fails_gets_its_hits_later(place, tmp_path):
    place.export("a.jsonl", "one", "two")
    failing, tried = keeper(tmp_path, "sys.exit(1)")
    hits, said = place.once("--command", failing)
    assert len(tried()) == 1  # it is not tried again at once
    assert "command can't be reached" in said
    assert place.accounts("--command", str(tmp_path / "none")) == []
    assert [one["places"] for one in place.state["pending"]] == [["command"]] * 2
    working, kept = keeper(tmp_path)
    assert place.accounts("--command", working) == []
    assert kept()[1:] == hits
    assert place.state["pending"] == []


def test_no_shell_sees_the_command(place, tmp_path):
    place.export("a.jsonl", "$(touch gone)")
    echo = f"'{sys.executable}' -c 'import sys; open(sys.argv[1], \"w\").write(repr(sys.argv[2:]))'"
    out = tmp_path / "arguments"
    place.once(
        "--command", f"{echo} '{out}' $(touch {tmp_path}/a) ; touch {tmp_path}/b | `id` $HOME *"
    )
    given = ["$(touch", f"{tmp_path}/a)", ";", "touch", f"{tmp_path}/b", "|", "`id`", "$HOME", "*"]
    assert out.read_text() == repr(given)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


def test_a_destination_that_fails_does_not_stop_another(place, tmp_path):
    place.export("a.jsonl", "one", "two")
    command, kept = keeper(tmp_path)
    place.once("--command", command, "--webhook", REFUSED)
    assert len(kept()) == 2
    assert [one["places"] for one in place.state["pending"]] == [["webhook"]] * 2
    place.once("--command", command)  # a web address that is no longer named gets nothing
    assert len(kept()) == 2
    assert place.state["pending"] == []


def test_a_hit_is_printed_as_a_sentence_without_escape_sequences(place):
    place.export("a.jsonl", "one\x1b[2J\u202e")
    done = subprocess.run(
        [PROGRAM, *place.arguments("--once")[:-3]], capture_output=True, text=True, check=True
    )
    (line,) = done.stdout.splitlines()
    assert line.startswith("found     facebook account one")
    assert "reuses tip " in line
    assert "TLP:AMBER" in line
    assert "\x1b" not in line
    assert "\u202e" not in line


def started(place, *options, **more):
    """A watch that keeps running in a process of its own."""
    return subprocess.Popen(
        [PROGRAM, *place.arguments("--every", "1s", *options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **more,
    )


def until(found, child):
    """Wait until a condition holds."""
    for _ in range(SECONDS * 50):
        if found():
            return
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    raise AssertionError("it never came")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_keeps_running_until_it_is_stopped(place, number):
    child = started(place)
    try:
        until((place.case / "watch" / "state.json").exists, child)
        (place.folder / "1.jpg").write_bytes(jpeg(photo(1), 60))
        place.export("a.jsonl", "one", text="", media=["1.jpg"], ago=0)
        hit = json.loads(child.stdout.readline())
        assert (hit["account_id"], hit["signal"]) == ("one", "pdq")
        place.export("b.jsonl", "two", ago=0)
        assert json.loads(child.stdout.readline())["account_id"] == "two"
        until(lambda: place.state["pending"] == [], child)
        child.send_signal(number)
        out, said = child.communicate(timeout=SECONDS)
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdout, child.stderr):
            stream.close()
    assert (out, child.returncode) == ("", 0)
    assert "stopped; the next watch continues from here" in said
    assert "Traceback" not in said
    assert place.accounts() == []


@pytest.mark.parametrize("moment", ["added", "hashed", "looked", "while reporting"])
def test_a_watch_that_is_killed_loses_no_hit_and_repeats_it_under_the_same_id(
    place, tmp_path, moment
):
    names = ["one", "two", "three"]
    place.export("a.jsonl", *names)
    kill = "os.kill(os.getppid(), signal.SIGKILL)"
    command, kept = keeper(tmp_path, kill if moment == "while reporting" else "sys.exit(0)")
    child = started(place, "--once", "--command", command)
    try:
        if moment == "while reporting":
            child.wait(SECONDS)
            assert len(kept()) == 1
        else:
            signs = {
                "added": lambda: list((place.case / "posts").glob("*")),
                "hashed": lambda: list((place.case / "signals" / "caption_key").glob("*")),
                "looked": lambda: (
                    (place.case / "watch" / "state.json").exists() and place.state["files"]
                ),
            }
            until(signs[moment], child)
            child.send_signal(signal.SIGKILL)
        out, _ = child.communicate(timeout=SECONDS)
    finally:
        child.kill()
    assert child.returncode == -signal.SIGKILL
    printed = [json.loads(line) for line in out.splitlines()]
    command, kept = keeper(tmp_path)
    hits, _ = place.once("--command", command)
    printed += hits
    for reported in (printed, kept()):
        assert {hit["account_id"] for hit in reported} == set(names)
        assert len({hit["id"] for hit in reported}) == len(names)
    assert place.once("--command", command)[0] == []


def test_hits_are_reported_again_when_only_the_note_of_it_was_lost(place, tmp_path):
    place.export("a.jsonl", "one", "two")
    memory, then = place.case / "watch", tmp_path / "then"
    copied = f"shutil.copytree({str(memory)!r}, {str(then)!r}, dirs_exist_ok=True)"
    stop, _ = keeper(tmp_path, f"import shutil; {copied}")
    hits, _ = place.once("--command", stop)
    shutil.copytree(then, memory, dirs_exist_ok=True)  # when the last hit was being reported
    command, kept = keeper(tmp_path)
    place.once("--command", command)
    assert [hit["id"] for hit in kept()] == [*(hit["id"] for hit in hits), hits[-1]["id"]]


def test_a_second_watch_of_a_case_is_refused(place):
    child = started(place)
    try:
        until((place.case / "watch" / "state.json").exists, child)
        done = subprocess.run(
            [PROGRAM, *place.arguments("--once")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 3
        assert "wait until it ends" in done.stderr
    finally:
        child.kill()
        child.communicate()


def test_hits_that_nobody_reads_on_standard_output_stay_pending(place):
    place.export("a.jsonl", "one", "two")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [PROGRAM, *place.arguments("--once")],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert place.accounts() == ["one", "two"]
