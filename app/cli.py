"""The command `frametrace`: finds the command that was asked for, and speaks plainly when it fails.

Exit codes: 0 done; 1 done, but rows were dropped, or under --strict anything was skipped; 2 the
call can't work as given; 3 a source or a case is bad, or nothing could be read; 70 a bug in
Frametrace; 130 stopped by Ctrl-C.
"""

import importlib
import io
import os
import sys

import click

from frametrace.app.output.render import printable
from frametrace.posts.errors import FrametraceError, ModelMissing, UsageError

__all__ = ["COMMANDS", "frametrace", "main"]

COMMANDS = (
    "demo",
    "run",
    "inspect",
    "add",
    "embed",
    "index",
    "match",
    "report",
    "query",
    "framing",
    "network",
    "tip",
    "watch",
    "doctor",
)

_USAGE, _BAD_INPUT, _BUG, _STOPPED = 2, 3, 70, 130


class _Commands(click.Group):
    """Imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which work goes."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command's module; it holds the command as `command`."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"frametrace.app.commands.{name}").command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="frametrace")
def frametrace() -> None:
    """Find posts that reuse the same photos or the same framings, and say why each belongs.

    \b
    Try it:            frametrace demo demo
    Look at them:      frametrace inspect posts.csv
    Your own posts:    frametrace run CASE posts.csv --media pictures/ --out report/
    One picture:       frametrace query CASE picture.jpg
    What is like it:   frametrace framing CASE --like POST --text "what it says"
    Across platforms:  frametrace match CASE_A CASE_B
    Without pictures:  frametrace tip check CASE tip.json --out echoes/

    Exit codes: 0 done, 1 done but rows were dropped (or, under --strict, anything skipped),
    2 wrong usage, 3 a bad source or case.
    """


def main() -> None:
    """Run the command line; no traceback reaches a user unless FRAMETRACE_DEBUG is set."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever the terminal can show
    try:
        with frametrace.make_context("frametrace", sys.argv[1:]) as context:
            frametrace.invoke(context)
        sys.stdout.flush()
        code = 0
    except click.exceptions.Exit as done:
        code = done.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = _told("stopped. Run the same command again: it goes on from there.", _STOPPED)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (UsageError, ModelMissing) as error:
        code = _failed(error, _USAGE)
    except FrametraceError as error:
        code = _failed(error, _BAD_INPUT)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        advice = "Make room or mend the permissions, or name another place, then run it again."
        code = _failed(OSError(f"{named}{error.strerror or error}. {advice}"), _BAD_INPUT)
    except Exception as error:
        if os.environ.get("FRAMETRACE_DEBUG"):
            raise
        message = f"this is a bug in Frametrace ({type(error).__name__}: {error})."
        code = _told(f"{message} FRAMETRACE_DEBUG=1 shows where; the case is safe.", _BUG)
    sys.exit(code)


def _failed(error: Exception, code: int) -> int:
    if os.environ.get("FRAMETRACE_DEBUG"):
        raise error
    return _told(str(error), code)


def _told(message: str, code: int) -> int:
    print(f"frametrace: {printable(message)}", file=sys.stderr)
    return code
