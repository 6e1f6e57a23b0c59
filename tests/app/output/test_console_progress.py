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


def test_plain_lines_say_how_much_was_done_at_what_rate(capsys):
    with Console().track("pictures", 3) as advance:
        advance(3)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("pictures: 3 in ")
    assert "/s)" in err


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
