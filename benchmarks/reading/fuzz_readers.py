"""Reads tens of thousands of mutated exports: none may raise, hang, fill memory or escape.

Each input has a number, which together with the seed determines it. Finished blocks of inputs are
recorded in a file, so that a run that follows a stopped one continues from there:

    python benchmarks/reading/fuzz_readers.py --count 100000 --notes fuzz.jsonl

`--only NUMBER --keep FOLDER` writes one input and reports its outcome.
"""

import argparse
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

_BLOCK = 500  # inputs
_SLOW, _HANGS = 10.0, 120.0  # seconds: of the processor, and of a clock on a busy machine
_MUCH = 2**30  # bytes of memory for one input
_CLI_INTERVAL = 50  # one in this many inputs is also given to the command line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20190819)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--only", type=int, nargs="+")
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-readers-") as name:
        if chosen.only:
            _one_by_one(chosen, Path(name))
            return
        blocks = range((chosen.count + _BLOCK - 1) // _BLOCK)
        notes = _noted(chosen.notes)
        left = [block for block in blocks if block not in notes]
        with ThreadPoolExecutor(chosen.jobs) as threads:
            runs = threads.map(lambda at: _block(at, chosen.seed, Path(name)), left)
            for block, found in zip(left, runs, strict=True):
                notes[block] = found
                if chosen.notes:
                    with chosen.notes.open("a") as file:
                        file.write(json.dumps({"block": block, **found}) + "\n")
                for failure in found["failures"]:
                    print(json.dumps(failure), flush=True)
    _conclude([notes[block] for block in blocks])


def _one_by_one(chosen: argparse.Namespace, scratch: Path) -> None:
    worker = _Worker(chosen.seed, scratch / "0")
    for number in chosen.only:
        print(json.dumps(worker.read(number), indent=1))
        if chosen.keep:
            kept = chosen.keep / str(number)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(scratch / "0" / "in", kept, symlinks=True, ignore=_pipes)
    worker.end()


def _pipes(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_fifo()]


def _noted(notes: Path | None) -> dict[int, dict[str, Any]]:
    if notes is None or not notes.exists():
        return {}
    lines = (json.loads(line) for line in notes.read_text().splitlines())
    return {line.pop("block"): line for line in lines}


class _Worker:
    """A process that reads inputs; it is replaced if it hangs or crashes."""

    def __init__(self, seed: int, scratch: Path) -> None:
        self._command = [sys.executable, str(Path(__file__).with_name("reading_worker.py"))]
        self._command += [str(scratch), str(seed), str(_CLI_INTERVAL)]
        self._process = self._begun()

    def read(self, number: int) -> dict[str, Any]:
        """The outcome of an input."""
        process = self._process
        assert process.stdin and process.stdout
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        begun = time.monotonic()
        ready = select.select([process.stdout], [], [], _HANGS)[0]
        line = process.stdout.readline() if ready else ""
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        if not ready:
            process.kill()
        code = process.wait()
        self._process = self._begun()
        seconds = time.monotonic() - begun
        failure = "no answer" if not ready else f"the process ended with {code}"
        return {"number": number, "failure": failure, "seconds": seconds, "bytes": 0, "outside": []}

    def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _begun(self) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        return subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)


def _block(block: int, seed: int, scratch: Path) -> dict[str, Any]:
    worker = _Worker(seed, scratch / str(block))
    counts = Counter[str]()
    failures, every = [], []
    for number in range(block * _BLOCK, (block + 1) * _BLOCK):
        found = worker.read(number)
        every.append(found)
        counts["inputs"] += 1
        for name in ("posts", "skipped", "pictures"):
            counts[name] += found.get(name, 0)
        counts["refused"] += "refused" in found
        counts["unmade"] += "unmade" in found
        counts["commands"] += "code" in found
        bad = {
            "exceptions": "failure" in found,
            "hangs": found["seconds"] > _SLOW,
            "memory": found["bytes"] > _MUCH,
            "outside": bool(found["outside"]),
        }
        counts.update({name: int(is_so) for name, is_so in bad.items()})
        if any(bad.values()):
            failures.append(found)
    worker.end()
    shutil.rmtree(scratch / str(block), ignore_errors=True)
    slowest = max(every, key=lambda found: found["seconds"])
    largest = max(every, key=lambda found: found["bytes"])
    return {"counts": counts, "failures": failures, "slowest": slowest, "largest": largest}


def _conclude(blocks: list[dict[str, Any]]) -> None:
    total = Counter[str]()
    for block in blocks:
        total.update(block["counts"])
    for name, count in total.items():
        print(f"{name:12}{count:>12,}")
    slowest = sorted((b["slowest"] for b in blocks), key=lambda f: -f["seconds"])[:5]
    largest = sorted((b["largest"] for b in blocks), key=lambda f: -f["bytes"])[:5]
    for found in slowest:
        print(f"slowest {found['seconds']:8.2f} s   {found['number']} {found.get('what')}")
    for found in largest:
        print(f"largest {found['bytes'] / 2**20:8.0f} MiB {found['number']} {found.get('what')}")


if __name__ == "__main__":
    os.nice(5)
    main()
