"""Measures reading the same posts and pictures from every container that `add` reads.

Reading alone is measured in rows a second and core, beside Python's own reader of that format;
`add` as a whole, from the command to the committed case, as a ratio to plain JSONL in a folder.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import statistics
import tarfile
import tempfile
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from generating import jpeg, picture
from measuring import Finding, command_line, conclude, interleaved, options, ratio, run, say

from frametrace.posts.model import Post
from frametrace.posts.open_source import read_source

FULL, QUICK = (50_000, 2_000), (2_000, 100)  # posts, pictures
READ_ROUNDS = 5  # of reading
ADD_ROUNDS = 3  # of adding
FIELDS = ("platform", "post_id", "account_id", "posted_at", "text", "media")
SENTENCE = "The bridge at the old harbour is closed until spring, say people who live nearby"


def main() -> None:
    chosen = options(__doc__ or "")
    posts, pictures = QUICK if chosen.quick else FULL
    with tempfile.TemporaryDirectory(prefix="bench-containers-") as name:
        folder = Path(name)
        rows = [_post(number, pictures) for number in range(posts)]
        images = {f"pictures/{n:05}.jpg": _picture(chosen.seed + n) for n in range(pictures)}
        tables = _tables(folder / "tables", rows)
        containers = _containers(folder / "containers", rows, images)
        findings = [*_reading(tables, posts), *_adding(folder, containers, posts)]
    remarks = [
        f"{posts:,} posts of which {posts // 5:,} carry one of {pictures:,} pictures; the commands "
        "are those that users run, with the time to start Python.",
    ]
    packages = ("frametrace", "pyarrow", "python-calamine", "ijson", "zstandard", "openpyxl")
    conclude("containers", findings, remarks, packages, chosen)


def _post(number: int, pictures: int) -> dict[str, str]:
    return {
        "platform": "telegram",
        "post_id": str(1_690_000_000_000_000_000 + 7919 * number),
        "account_id": f"channel{number % 997}",
        "posted_at": f"2024-05-{1 + number % 28:02} {number % 24:02}:{number % 60:02}:07",
        "text": f"{SENTENCE} ({number % 5003}) 🔥 мост",
        "media": f"pictures/{number % pictures:05}.jpg" if number % 5 == 0 else "",
    }


def _picture(seed: int) -> bytes:
    return jpeg(picture(seed, 240, 180), 80)


def _csv(rows: Iterable[dict[str, str]], separator: str = ",") -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.DictWriter(sink, FIELDS, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue().encode()


def _jsonl(rows: Iterable[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _xlsx(rows: Iterable[dict[str, str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("posts")
    sheet.append(FIELDS)
    for row in rows:
        sheet.append([row[name] for name in FIELDS])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _parquet(rows: list[dict[str, str]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def _tables(folder: Path, rows: list[dict[str, str]]) -> dict[str, Path]:
    """The posts as one file in each format and packing."""
    folder.mkdir()
    lines, table = _jsonl(rows), _csv(rows)
    written = {
        "posts.jsonl": lines,
        "posts.csv": table,
        "posts.json": json.dumps(rows, ensure_ascii=False).encode(),
        "wrapped.json": json.dumps(
            {"data": {"posts": rows}}, ensure_ascii=False, indent=1
        ).encode(),
        "posts.xlsx": _xlsx(rows),
        "posts.parquet": _parquet(rows),
        "semicolons.csv": _csv(rows, ";"),
        "utf16.tsv": _csv(rows, "\t").decode().encode("utf-16"),
        "posts.jsonl.gz": gzip.compress(lines),
        "posts.jsonl.zst": zstandard.compress(lines),
        "posts.jsonl.xz": lzma.compress(lines),
        "posts.jsonl.bz2": bz2.compress(lines),
    }
    for name, data in written.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in written}


def _containers(
    folder: Path, rows: list[dict[str, str]], images: dict[str, bytes]
) -> dict[str, Path]:
    """The posts and their pictures together: as a folder, and as archives of it."""
    files = {"posts.jsonl": _jsonl(rows), **images}
    plain = folder / "folder"
    for name, data in files.items():
        (plain / name).parent.mkdir(parents=True, exist_ok=True)
        (plain / name).write_bytes(data)
    with zipfile.ZipFile(folder / "posts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    packed: dict[str, Callable[[bytes], bytes]] = {
        "posts.tar": bytes,
        "posts.tar.gz": gzip.compress,
        "posts.tar.zst": zstandard.compress,
        "posts.tar.xz": lzma.compress,
    }
    for name, pack in packed.items():
        (folder / name).write_bytes(pack(sink.getvalue()))
    return {name: folder / name for name in ("folder", "posts.zip", *packed)}


def _reading(tables: dict[str, Path], posts: int) -> list[Finding]:
    """Rows a second and core, beside Python's or the format's own reader, which makes no posts."""
    peers: dict[str, Callable[[Path], int]] = {
        "posts.jsonl": lambda path: sum(1 for line in path.open() if json.loads(line)),
        "posts.csv": lambda path: sum(1 for _ in csv.DictReader(path.open(newline=""))),
        "posts.json": lambda path: len(json.loads(path.read_bytes())),
        "posts.xlsx": lambda path: sum(
            1 for _ in openpyxl.load_workbook(path, read_only=True).active.rows
        ),
        "posts.parquet": lambda path: len(pq.read_table(path).to_pylist()),
    }
    names = {"posts.xlsx": "openpyxl", "posts.parquet": "pyarrow", "posts.csv": "csv.DictReader"}
    findings = []
    plain = tables["posts.jsonl"]
    for name, path in tables.items():
        read = sum(isinstance(entry, Post) for entry in read_source(path))
        if read != posts:
            raise SystemExit(f"{name}: {read:,} of {posts:,} posts were read")
        peer = peers.get(name)
        contenders: dict[str, Callable[[Path], object]] = {
            "ours": lambda path: deque(read_source(path), 0),
            "peer": peer or (lambda _: deque(read_source(plain), 0)),
        }
        seconds = interleaved(contenders, [path], READ_ROUNDS, clock=time.process_time, quiet=True)
        ours, other = (posts / statistics.median(seconds[who]) for who in contenders)
        beside = names.get(name, "json") if peer else "posts.jsonl"
        findings.append(
            Finding(
                f"read {name}, a core",
                f"{ours:,.0f} rows/s",
                f"{beside}: {other:,.0f}/s",
                ratio(seconds["peer"], seconds["ours"]),
            )
        )
    return findings


def _adding(folder: Path, containers: dict[str, Path], posts: int) -> list[Finding]:
    """`frametrace add` from start to end, in turns."""
    took: dict[str, list[float]] = {name: [] for name in containers}
    for turn in range(ADD_ROUNDS):
        for name, path in containers.items():
            say(f"adding {name}, turn {turn + 1} of {ADD_ROUNDS}")
            ran = run(command_line("add", folder / f"case-{name}-{turn}", path), watched=False)
            took[name].append(ran.cpu)
    plain = took["folder"]
    return [
        Finding(
            f"`add` {name}, a post",
            f"{statistics.median(seconds) / posts * 1e6:,.0f} µs",
            f"a folder with JSONL: {statistics.median(plain) / posts * 1e6:,.0f} µs",
            ratio(seconds, plain),
            at_most=3,
        )
        for name, seconds in took.items()
    ]


if __name__ == "__main__":
    main()
