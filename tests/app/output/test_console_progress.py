import re
import subprocess
import sys

from terminal import shown_on_a_terminal

from frametrace.app.output.console_output import table_text, without_control_characters
from frametrace.app.output.console_progress import Console

WORK = """
from frametrace.app.output.console_progress import Console
with Console().track("pictures [x]", 3) as advance:
    for _ in range(3):
        advance(1)
"""


SLOW = """
import time
from frametrace.app.output import console_progress
console_progress.LINE_INTERVAL = 0.3
with console_progress.Console().track("pictures", 3) as advance:
    advance(2)
    time.sleep(1.1)
    advance(1)
with console_progress.Console().track("laying out the map", None):
    time.sleep(1.1)
with console_progress.Console().track("over at once", 7) as advance:
    advance(7)
"""


def test_plain_lines_move_while_nothing_can_be_counted() -> None:
    ran = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    lines = ran.stderr.splitlines()
    assert lines[0].startswith("pictures: 2 of 3 after 0.3 s, ")
    assert sum(line.startswith("pictures: 2 of 3 after ") for line in lines) >= 2
    assert any(re.fullmatch(r"pictures: 3 in \d\.\d s \([\d.,]+/s\)", line) for line in lines)
    assert any(re.fullmatch(r"laying out the map: 0\.\d s", line) for line in lines)
    assert re.fullmatch(r"laying out the map: \d\.\d s", lines[-1]), "brief work leaves no line"


def test_nothing_to_do_says_nothing(capsys):
    with Console().track("pictures", 0) as advance:
        advance(0)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_with_rate_and_time_left():
    text = shown_on_a_terminal([sys.executable, "-c", WORK], "stderr")
    assert "pictures [x]" in text
    assert "3/3" in text
    assert "/s" in text


def test_control_characters_never_reach_a_terminal():
    assert without_control_characters("a\x1b[31mb\u202ec\nd") == "a [31mb c d"
    assert "\x1b" not in table_text(["h"], [["\x1b[2J"]])


def test_wide_characters_keep_the_columns_aligned():
    lines = table_text(["a", "b"], [["黑衣", "x"], ["ab", "x"], [None, "x"]]).splitlines()
    assert lines == ["a     b", "黑衣  x", "ab    x", "      x"]
