"""Damages a file of a case, and compares what its commands then answer."""

import contextlib
import importlib
import io
import json
import os
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from making import jpeg, photo, write_jsonl

__all__ = [
    "SIGNALS",
    "SLOGAN",
    "Answers",
    "build_everything",
    "copy_damaged",
    "doctor_of",
    "flip_a_bit",
    "given_to",
    "in_child",
    "kind_of",
    "run",
    "tear",
]

SIGNALS = ("--signal", "pdq", "--signal", "phash", "--signal", "local", "--signal", "caption_key")
SLOGAN = "they broke the whole station again last night and the people have had enough"

# Commands that answer from a case, by name. CASE, IN and OUT stand for the case, the folder with
# what the commands are given, and a new folder for what they write.
ANSWERING: Mapping[str, Sequence[str]] = {
    "query picture": ("query", "CASE", "IN/query.jpg", "--json"),
    "query crop": ("query", "CASE", "IN/crop.jpg", "--signal", "local", "--json"),
    "query text": ("query", "CASE", "--text", SLOGAN, "--signal", "caption_key", "--json"),
    "report": ("report", "CASE", "--out", "OUT"),
    "network": ("network", "CASE", "--out", "OUT", "--json"),
    "framing": ("framing", "CASE", "--name", "station", "--json"),
    "framings": ("framing", "CASE", "--json"),
    "tip check": ("tip", "check", "CASE", "IN/tip.json", "--out", "OUT"),
    "opinions": ("tip", "opinions", "CASE", "--json"),
    "tip export": ("tip", "export", "CASE", "--framing", "station", "--out", "OUT/tip.json"),
    "add": ("add", "CASE", "IN/more.csv", "--json"),
    "embed": ("embed", "CASE", *SIGNALS, "--json"),
    "match": ("match", "CASE", "--json"),
    "report after": ("report", "CASE", "--out", "OUT"),
}
# What differs between two runs on the same case.
_VARYING = re.compile(
    rb'"(?:seconds|version)": (?:\{[^}]*\}|[^,}]*)|[0-9.,]+ (?:s\b|seconds|/s)|"output": "[^"]*"'
)
_WRITING = ("add", "embed", "match")
_REFUSED = (2, 3)  # exit codes: wrong usage, bad input
_NAMES_DAMAGE = re.compile("damaged|can't be read|changed since the last match")

# Importing starts no threads.
_IMPORTED_ONCE = ("app.library", "app.tips.write_check", "app.report.write_report", "embed.signals")


Damage = Callable[[bytearray, random.Random], str]  # changes a file's content, and says how


def _posts() -> Iterator[dict[str, Any]]:
    for at in range(40):
        shown = at % 8 if at < 24 else 100 + at
        yield {
            "platform": ("twitter", "facebook")[at % 2],
            "post_id": str(at),
            "account_id": f"account{at % 10}",
            "account_kind": ("account", "page", "group")[at % 3],
            "posted_at": f"2019-08-{10 + at % 9}T10:{at:02d}:30Z",
            "text": f"{SLOGAN}{'!' * (at % 3)}" if at < 20 else f"an everyday remark {at}, no more",
            "media": [f"{shown}-{at % 3}.jpg"],
            "links": [f"https://example.org/{at % 4}"],
        }


def given_to(given: Path) -> Path:
    """Make the folder with what the commands are given; returns it."""
    given.mkdir(parents=True)
    for shown in (*range(8), *range(124, 140)):
        image = photo(shown, 320, 240)
        for at in range(3):
            edited = image.crop((40, 30, 280, 210)) if at == 2 else image
            (given / f"{shown}-{at}.jpg").write_bytes(jpeg(edited, 60 + 10 * at))
    write_jsonl(given / "posts.jsonl", _posts())
    (given / "query.jpg").write_bytes(jpeg(photo(3, 320, 240), 50))
    (given / "crop.jpg").write_bytes(jpeg(photo(4, 320, 240).crop((60, 40, 300, 220)), 80))
    for name in ("table", "later", "more"):
        rows = "\n".join(f"{name}{at},lin{at % 3},{SLOGAN} {at}" for at in range(5))
        (given / f"{name}.csv").write_text(f"nr,who,said\n{rows}\n", "utf-8")
    return given


def build_everything(folder: Path) -> Path:
    """Make `folder/case` by the commands, and use it in every way that leaves files in it."""
    given = given_to(folder / "given")
    columns = (
        *("--column", "post_id=nr", "--column", "account_id=who", "--column", "text=said"),
        *("--column", "platform=@forum"),
    )
    case, tip, verdict = folder / "case", given / "tip.json", given / "verdict.json"
    checked = given / "checked"
    commands = (
        ("add", case, given / "posts.jsonl"),
        ("add", case, given / "table.csv", *columns),
        ("embed", case, *SIGNALS),
        ("match", case),
        ("framing", case, "--name", "station", "--text", SLOGAN, "--like", "twitter/0"),
        ("match", case),
        ("tip", "export", case, "--framing", "station", "--out", tip),
        ("tip", "check", case, tip, "--out", checked),
        ("tip", "verdict", checked, "--out", verdict, "--rest", "confirmed"),
        ("tip", "import", case, verdict, "--accept-unsigned"),
        ("watch", case, tip),
        ("add", case, given / "later.csv"),
        ("embed", case, *SIGNALS),
        ("match", case),
    )
    ended = in_child(lambda: [(run(*arguments)[0], str(arguments)) for arguments in commands])
    assert [words for code, words in ended if code] == []
    return folder


def in_child(work: Callable[[], Any]) -> Any:
    """What a function returns in a forked process, as JSON.

    A process keeps what it has read and what it has verified, and threads don't survive a fork: so
    the process that forks must not run commands itself, nor may any test before. That is why
    `make` runs these tests beside those of the wheel, which don't either.
    """
    for name in _IMPORTED_ONCE:
        importlib.import_module(f"frametrace.{name}")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        with os.fdopen(write, "w", encoding="utf-8") as pipe:
            json.dump(work(), pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        content = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(content)


def run(*arguments: object) -> tuple[int, bytes, bytes]:
    """Run a command in this process: its exit code, and what it prints."""
    from frametrace.app.cli import main

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    before, sys.argv = sys.argv, ["frametrace", *map(str, arguments)]
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = before
    printed = []
    for stream in (out, err):
        stream.flush()
        printed.append(stream.buffer.getvalue())  # type: ignore[attr-defined]
    return code, printed[0], printed[1]


@dataclass(frozen=True, slots=True)
class Answers:
    """What each command answers: its exit code, what it says, and what it prints and writes."""

    by_command: Mapping[str, tuple[int, str, Mapping[str, str]]]

    @classmethod
    def of(cls, folder: Path, work: Path) -> "Answers":
        """Ask every command, on a copy of the case."""
        shutil.copytree(folder / "case", work / "case", symlinks=True)
        return cls(in_child(lambda: dict(_answers(work, folder / "given"))))

    def wrong(self, damaged: "Answers") -> list[str]:
        """The commands that answer something else from damaged files and don't name the damage.

        What a command that writes has left out, those after it lack.
        """
        wrong = []
        for name, (code, _, files) in self.by_command.items():
            damaged_code, said, damaged_files = damaged.by_command[name]
            if (damaged_code, damaged_files) == (code, files):
                continue
            names = [n for n in {*files, *damaged_files} if files.get(n) != damaged_files.get(n)]
            told = said + "".join(damaged_files.get(name, "") for name in names)
            refused = damaged_code in _REFUSED and said.strip()
            if "Traceback" in said or damaged_code not in (code, *_REFUSED):
                wrong.append(f"{name}: ends with {damaged_code}: {said}")
            elif not refused and not _NAMES_DAMAGE.search(told):
                wrong.append(f"{name}: other content of {sorted(names)}: {said}")
            if ANSWERING[name][0] in _WRITING:
                break
        return wrong


def _answers(work: Path, given: Path) -> Iterator[tuple[str, tuple[int, str, dict[str, str]]]]:
    out = work / "out"
    places = {"CASE": str(work / "case"), "IN": str(given), "OUT": str(out)}
    for name, arguments in ANSWERING.items():
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        filled = [re.sub("CASE|IN(?=/)|OUT", lambda m: places[m[0]], word) for word in arguments]
        code, printed, errors = run(*filled)
        contents = {"printed": printed.replace(str(work).encode(), b"")}
        for file in sorted(out.rglob("*")):
            if file.is_file():
                contents[file.relative_to(out).as_posix()] = file.read_bytes()
        texts = {n: _VARYING.sub(b"", content).decode("latin-1") for n, content in contents.items()}
        yield name, (code, errors.decode("utf-8", "replace"), texts)


def kind_of(file: str) -> str:
    """The kind of a file of a case, by the folder that it is in."""
    parts = Path(file).parts
    return "/".join(parts[:2]) if parts[0] in ("signals", "index") else parts[0]


def flip_a_bit(content: bytearray, dice: random.Random) -> str:
    """One bit is another one."""
    bit = dice.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    return f"bit {bit}"


def tear(content: bytearray, dice: random.Random) -> str:
    """Only some blocks were written: the file ends early, or a block is zero or other bytes."""
    block = dice.choice((512, 4096))
    start = block * dice.randrange(-(-len(content) // block))
    end = min(start + block, len(content))
    how = dice.choice(("cut", "zero", "garbage"))
    if how == "cut":
        del content[start:]
    else:
        content[start:end] = dice.randbytes(end - start) if how == "garbage" else bytes(end - start)
    return f"{how} at {start}"


def copy_damaged(folder: Path, work: Path, dice: random.Random, damage: Damage) -> str:
    """Copy a folder made by `build_everything` to `work`, and damage one file; returns which.

    Every kind of file is as likely as every other.
    """
    shutil.copytree(folder / "case", work / "case", symlinks=True)
    (work / "given").symlink_to(folder / "given")
    files: dict[str, list[str]] = {}
    for path in sorted((work / "case").rglob("*")):
        if path.is_file() and path.stat().st_size and path.name != ".lock":
            name = path.relative_to(work / "case").as_posix()
            files.setdefault(kind_of(name), []).append(name)
    file = dice.choice(files[dice.choice(sorted(files))])
    path = work / "case" / file
    before = path.read_bytes()
    content = bytearray(before)
    how = damage(content, dice)
    while content == before:
        how = damage(content, dice)
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(content)
    path.chmod(mode)
    return f"{file}, {how}"


def doctor_of(case: Path) -> int:
    """The exit code of `doctor`."""
    return int(in_child(lambda: run("doctor", case)[0]))
