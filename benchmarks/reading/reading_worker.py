"""Reads hostile inputs by number, one per line of standard input; reports outcomes in JSON.

The process is monitored: files written outside its own folder, programs started and connections
made are failures, and so is every error that Frametrace doesn't raise on purpose.
"""

import io
import json
import os
import resource
import shutil
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hostile_inputs import Input, made

from frametrace.app import cli
from frametrace.case.arrow_rows import posts_table
from frametrace.posts.columns.column_map import map_from_options
from frametrace.posts.dates.day_order import DayOrder
from frametrace.posts.errors import FrametraceError
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings

_ADDRESSES = 8 * 2**30  # bytes that the process may allocate
_FILE = 2**30
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod")
)
_NEVER = frozenset(
    (
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"),
        *("pty.spawn", "socket.connect", "pickle.find_class", "webbrowser.open"),
    )
)


class _Watch:
    """What the process must not do; it listens while `folder` is set."""

    def __init__(self) -> None:
        self.folder = ""
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.folder:
            return
        if event == "subprocess.Popen" and "workbook_subprocess.py" in str(arguments[1]):
            return  # a workbook's reader
        if event == "pickle.find_class" and str(arguments[0]).startswith("babel."):
            return  # how Babel itself stores the names of months
        if event in _NEVER:
            self.seen.append(f"{event} {arguments!r}"[:200])
        elif event in _CHANGES or (event == "open" and _writes(arguments[2])):
            self._note(event, arguments[0])

    def _note(self, event: str, path: object) -> None:
        if isinstance(path, int):
            return
        where = os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]  # noqa: PTH100
        if not (where.startswith(self.folder) or where == os.devnull):
            self.seen.append(f"{event} {where}"[:200])


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & _WRITES)


def main() -> None:
    scratch, seed, every = Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE, _FILE))
    warnings.simplefilter("ignore")
    watch = _Watch()
    sys.addaudithook(watch)
    out = os.fdopen(os.dup(1), "w")
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(scratch / "tmp")
    os.chdir(scratch)
    for line in sys.stdin:
        number = int(line)
        folder = scratch / "in"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            given = made(number, seed, folder)
        except (ValueError, OSError, MemoryError, zipfile.LargeZipFile) as error:  # unwritable
            unmade = {"number": number, "seconds": 0, "bytes": 0, "outside": []}
            print(json.dumps(unmade | {"unmade": str(error)[:200]}), file=out, flush=True)
            continue
        Path("/proc/self/clear_refs").write_text("5")
        base, start = _memory("VmRSS"), time.process_time()
        watch.folder, watch.seen = str(scratch), []
        commands = [("add", str(folder / "case"))] if number % every == 0 else []
        commands += [("inspect",)] if number % every == every // 2 else []
        found = _tried(given, commands)
        watch.folder = ""
        found |= {
            "number": number,
            "seconds": round(time.process_time() - start, 3),
            "bytes": max(0, _memory("VmHWM") - base),
            "outside": watch.seen[:5],
            "what": given.what,
        }
        print(json.dumps(found), file=out, flush=True)


def _tried(given: Input, commands: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = read_input(given)
    except FrametraceError as error:
        found = {"refused": str(error)[:200]}
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return {"failure": place_of(error)}
    for arguments in commands:
        found |= _by_command(given, arguments)
    return found


def place_of(error: BaseException) -> str:
    """The kind of an error, what it says, and after ` @ ` the last three places it came through."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:120]} @ {where}"


def read_input(given: Input) -> dict[str, Any]:
    """Read a source as `add` does, and check each entry: how many posts, skipped rows, pictures."""
    columns = (map_from_options(given.pairs),) if given.pairs else ()
    settings = ReadSettings(
        given.format, given.encoding, ZoneInfo("Europe/Berlin"), DayOrder.DAY_FIRST, columns
    )
    maps = [given.path] if given.as_map else []
    opened = open_source(given.path, settings if given.pairs or given.format else ReadSettings())
    library = MediaLibrary([given.media, *([given.path] if opened.holds_media else [])], maps)
    posts, skipped, pictures = [], 0, 0
    for base, entries in opened.readings():
        for entry in entries:
            _check(entry)
            if isinstance(entry, Post):
                posts.append(entry)
                for file in library.find(entry, base):
                    pictures += isinstance(file, MediaFile)
                    _check_file(file)
            skipped += isinstance(entry, Skipped)
    for *_, file in library.resolve_guesses(lambda ids: set()):
        pictures += isinstance(file, MediaFile)
        _check_file(file)
    for unused in library.unused_entries():
        _check_file(unused)
    sum(1 for _ in library.unassigned())
    posts_table(posts)
    return {"posts": len(posts), "skipped": skipped, "pictures": pictures}


def _check(entry: Any) -> None:
    """Raise AssertionError if an entry breaks what later stages rely on."""
    for each in fields(entry):
        str(getattr(entry, each.name)).encode()
    if isinstance(entry, Skipped):
        assert entry.source and entry.reason and entry.line >= 0, "a Skipped without its reason"
        assert len(entry.reason) < 5000, "a reason of more than 5,000 characters"
        return
    keys = [entry.platform, entry.account_id]
    when = entry.created_at if not isinstance(entry, Post) else entry.posted_at
    if isinstance(entry, Post):
        keys.append(entry.post_id)
        counts = entry.engagement.values()
        assert all(type(c) is int and abs(c) < 2**63 for c in counts), "a count out of range"
    assert all(isinstance(key, str) and key.strip() == key and key for key in keys), "a bad key"
    assert when is None or when.utcoffset() == timedelta(0), "a time outside UTC"


def _check_file(file: MediaFile | Skipped) -> None:
    """Raise AssertionError if a picture is outside the folder of the input."""
    if isinstance(file, Skipped):
        str(file).encode()
        return
    path = Path(file.root) / file.path
    assert ".." not in Path(file.path).parts, "a picture outside"
    if Path(file.root).is_dir():
        assert path.resolve().is_relative_to(Path(file.root).resolve()), "a picture outside"


def _by_command(given: Input, command: tuple[str, ...]) -> dict[str, Any]:
    """The exit code of a command, in this process."""
    arguments = [*command, str(given.path), "--media", str(given.media)]
    arguments += ["--format", given.format] if given.format else []
    arguments += [part for pair in given.pairs for part in ("--column", pair)]
    stderr = io.StringIO()
    before, sys.argv = sys.argv, ["frametrace", *arguments]
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(stderr):
            cli.main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = before
    found: dict[str, Any] = {"code": code}
    return found | ({"failure": stderr.getvalue()[-300:]} if code not in (0, 1, 2, 3) else {})


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
