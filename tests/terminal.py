"""Runs a program on a terminal."""

import os
import pty
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal


def shown_on_a_terminal(
    program: Sequence[str | Path], stream: Literal["stdout", "stderr"] = "stdout"
) -> str:
    """What a program writes to one of its streams if that is a terminal; it must succeed."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(program, **{stream: theirs})
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # a terminal whose other end is closed
        pass
    os.close(ours)
    assert child.wait() == 0
    return shown.decode()
