"""Measures time and memory of hostile sources: bombs, lying headers, odd folders, endless rows.

Each source is made in a temporary folder and read by a separate process, in full as by `add`. The
goal: at most a minute and 1.5 GiB, and no errors except Frametrace's own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bombs import bombs
from hostile_texts import folders, texts

_SECONDS, _MEMORY = 60, 3 * 2**29
_ADDRESSES = 8 * 2**30  # bytes that a process may allocate


def _read(path: Path) -> None:
    """Read a source as `add` does; print what was found."""
    from frametrace.posts.errors import FrametraceError
    from frametrace.posts.media.media_library import MediaLibrary
    from frametrace.posts.model import Post
    from frametrace.posts.open_source import open_source

    posts = others = 0
    outcome = ""
    try:
        opened = open_source(path)
        library = MediaLibrary([path] if opened.holds_media else [])
        for base, entries in opened.readings():
            for entry in entries:
                if isinstance(entry, Post):
                    posts += 1
                    others += sum(1 for _ in library.find(entry, base))
                else:
                    others += 1
                    outcome = outcome or getattr(entry, "reason", "")
        for _ in library.resolve_guesses(lambda ids: set()):
            others += 1
        others += sum(1 for _ in library.unassigned()) + sum(1 for _ in library.unused_entries())
    except FrametraceError as error:
        outcome = str(error)
    print(json.dumps([_peak(), f"{posts:,} posts, {others:,} other; {outcome[:150]}"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only sources whose name holds this")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read:
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
        _read(chosen.read)
        return
    bad = 0
    for name, make in (*bombs(), *texts(), *folders()):
        if chosen.only not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="bench-bombs-") as folder:
            bad += _tried(name, make(Path(folder)))
    print(f"{bad} over {_SECONDS} s, over {_MEMORY / 2**30} GiB, or with another error")


def _tried(name: str, path: Path) -> bool:
    command = [sys.executable, __file__, "--read", str(path)]
    begun = time.monotonic()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            out, err = process.communicate(timeout=3 * _SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
    seconds = time.monotonic() - begun
    peak, outcome = json.loads(out) if process.returncode == 0 else (0, err.strip()[-150:])
    bad = seconds > _SECONDS or peak > _MEMORY or process.returncode != 0
    verdict = "BAD " if bad else "ok  "
    print(f"{verdict}{seconds:7.1f} s {peak / 2**20:7.0f} MiB  {name}: {outcome}", flush=True)
    return bad


def _peak() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
