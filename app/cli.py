"""The command `frametrace`: runs its subcommands and turns errors into messages and exit codes.

Exit codes: 0 done; 1 done, but rows were dropped, pictures lost their worker to the system or, with
--strict, anything was skipped; 2 wrong usage; 3 a bad source or case, or nothing could be read; 70
a bug in Frametrace; 130 stopped by Ctrl-C.
"""

import errno
import importlib
import io
import os
import sys

import click

from frametrace.app.output.console_output import print_error
from frametrace.posts.errors import FrametraceError, ModelMissing, UsageError
from frametrace.work.interrupts import ending_at_second_interrupt

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
    "models",
    "doctor",
)

_USAGE, _BAD_INPUT, _BUG, _STOPPED = 2, 3, 70, 130
# DuckDB, FAISS and other C++, the system's loader, OpenBLAS, threads.
_NO_MEMORY = (
    *("outofmemory", "out of memory", "bad_alloc", "cannot allocate memory"),
    *("failed to map segment", "openblas", "can't start new thread"),
)


class _LazyCommands(click.Group):
    """A group that imports the module of a command only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of a command, which defines it as `command`."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"frametrace.app.commands.{name}").command
        return command


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="frametrace")
def frametrace() -> None:
    """Find posts that reuse the same photos or the same framings, and explain why each belongs.

    \b
    Try it:                frametrace demo demo
    Check your files:      frametrace inspect posts.csv
    Analyse your posts:    frametrace run CASE posts.csv --media pictures/ --out report/
    Search for a picture:  frametrace query CASE picture.jpg
    Search for a framing:  frametrace framing CASE --like POST --text "what it says"
    Compare platforms:     frametrace match CASE_A CASE_B
    Compare with a tip:    frametrace tip check CASE tip.json --out echoes/

    Exit codes: 0 done, 1 done but rows were dropped or pictures could not be computed for lack of
    memory (or, with --strict, anything was skipped), 2 wrong usage, 3 a bad source or case.
    """


def main() -> None:
    """Run the command line; no traceback reaches a user unless FRAMETRACE_DEBUG is set."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for terminals without Unicode
    try:
        with (
            ending_at_second_interrupt(_STOPPED),
            frametrace.make_context("frametrace", sys.argv[1:]) as context,
        ):
            frametrace.invoke(context)
        sys.stdout.flush()
        code = 0
    except click.exceptions.Exit as done:
        code = done.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        print_error("stopped. Run the same command again to continue.")
        code = _STOPPED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:  # the reader of our output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if os.environ.get("FRAMETRACE_DEBUG"):
            raise
        code, message = _explained(error)
        print_error(message)
    sys.exit(code)


def _explained(error: Exception) -> tuple[int, str]:
    """The exit code for an error, and what to tell the user."""
    if isinstance(error, UsageError | ModelMissing):
        return _USAGE, str(error)
    if isinstance(error, FrametraceError):
        return _BAD_INPUT, str(error)
    if _is_out_of_memory(error):
        return _BAD_INPUT, (
            "there is not enough memory. Close other programs, or use fewer --workers, then run "
            "the same command again; what is done is kept"
        )
    if isinstance(error, OSError):
        path = f"{error.filename}: " if error.filename else ""
        advice = "Make room, fix the permissions or name another path, then run it again."
        return _BAD_INPUT, f"{path}{error.strerror or error}. {advice}"
    message = f"this is a bug in Frametrace ({type(error).__name__}: {error})."
    return _BUG, f"{message} FRAMETRACE_DEBUG=1 shows where; the case is safe."


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that memory could not be had.

    Libraries in C raise errors of their own for that, some with nothing but a text.
    """
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", 0) == errno.ENOMEM:
            return True
        if any(sign in f"{type(error).__name__}: {error}".lower() for sign in _NO_MEMORY):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False
