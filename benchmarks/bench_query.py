"""Measures `frametrace query` by hash, by local features and by text, cold and warm.

By hash among 100,000 pictures: the case's posts and hashes are synthetic, written as `add` and
`embed` write theirs. One picture is real, and a known number of posts carry near-copies of it, so
that the answer can be checked. By local features among 10,000 pictures, and by the keys of a
million captions: see query_cases.py. Cold: a new process started from a shell, its files in the
disk cache. Warm: the same query in a process that keeps running. Times are processor time.
"""

import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from generating import jpeg, picture
from measuring import (
    Finding,
    Ran,
    Stopped,
    command_line,
    conclude,
    interleaved,
    options,
    ratio,
    run,
    say,
)
from query_cases import case_of_captions, case_of_features

from frametrace.case.case_writer import CaseWriter
from frametrace.case.schemas import MEDIA, POST_MEDIA, POSTS, signal_table
from frametrace.case.store import Case
from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals import pdq
from frametrace.matcher.query.answer_query import find_picture, find_text

PICTURES, PICTURES_QUICK = 100_000, 5_000
POSTS_EACH = 2  # posts a picture, in the mean
COPIES = 40  # pictures that are near-copies of the query picture
ADDED, EMBEDDED = 20_000, 4096  # rows of a unit, as `add` and `embed` write them
ROUNDS, ROUNDS_QUICK = 7, 3
WARM, WARM_QUICK = 50, 10
WARM_UP = 12  # queries; loops are compiled after a few
FEATURES, FEATURES_QUICK = 10_000, 500  # pictures
CAPTIONS, CAPTIONS_QUICK = 1_000_000, 20_000
LIMITS = {"cold": 0.45, "warm": 0.02, "features": 0.06, "text": 0.8}  # seconds of processor time

HEAVY = frozenset({"torch", "torchvision", "open_clip", "sentence_transformers", "transformers"})

_FLOOR = "import numpy, pyarrow, duckdb"
_IMPORTS = """
import sys
from frametrace.app.cli import main
try:
    main()
except SystemExit:
    print("\\n" + " ".join(sys.modules))
"""


def main() -> None:
    chosen = options(__doc__ or "")
    quick = chosen.quick
    count = PICTURES_QUICK if quick else PICTURES
    rounds, warm = (ROUNDS_QUICK, WARM_QUICK) if quick else (ROUNDS, WARM)
    with tempfile.TemporaryDirectory(prefix="bench-query-") as name:
        query_picture = Path(name, "query.jpg")
        query_picture.write_bytes(jpeg(picture(chosen.seed, 960, 720), 88))
        say(f"making a case of {count:,} pictures")
        case = Case.create(Path(name, "case"))
        expected = _fill(case, _hash(query_picture)[0], count, chosen.seed)
        arguments = (case.path, query_picture)
        first = _query(*arguments, expected=expected)
        findings = [
            *_cold("by hash", arguments, expected, LIMITS["cold"], rounds),
            _warm(case, query_picture, warm),
            _by_features(Path(name), FEATURES_QUICK if quick else FEATURES, chosen.seed),
            *_by_text(Path(name), CAPTIONS_QUICK if quick else CAPTIONS, chosen.seed, rounds),
        ]
        remarks = [
            f"By hash: {count:,} pictures in {count * POSTS_EACH:,} posts; the answer has "
            f"{expected} posts.",
            f"The first query after adding builds the index: {first.seconds:.2f} s.",
            _imported(case, query_picture),
        ]
    packages = ("frametrace", "numpy", "pyarrow", "duckdb", "click")
    conclude("query", findings, remarks, packages, chosen)


def _hash(path: Path) -> tuple[bytes, int]:
    return pdq.compute_pdq(np.asarray(decode(path.read_bytes()).luma))


def _fill(case: Case, code: bytes, count: int, seed: int) -> int:
    """Write pictures, posts and hashes; returns how many posts carry near-copies of `code`."""
    rng = np.random.default_rng(seed)
    digests = [hashlib.sha256(f"{seed}/{number}".encode()).hexdigest() for number in range(count)]
    codes = _codes(rng, count)
    planted = rng.choice(count, COPIES, replace=False)
    codes[planted] = _edited(rng, np.tile(np.frombuffer(code, np.uint8), (COPIES, 1)))
    carried = rng.permutation(np.concatenate([np.arange(count), rng.integers(count, size=count)]))
    with case.writer() as writer:
        for start in range(0, len(carried), ADDED):
            _put_posts(writer, start, carried[start : start + ADDED], digests, rng)
        for start in range(0, count, ADDED):
            unit = digests[start : start + ADDED]
            media = {
                "sha256": unit,
                "root": ["/pictures"] * len(unit),
                "path": [f"{digest}.jpg" for digest in unit],
                "size": [40_000] * len(unit),
            }
            writer.put(f"media-{start}", {"media": pa.table(media, MEDIA)})
        _put_hashes(writer, digests, codes, rng)
        writer.commit()
    return int(np.isin(carried, planted).sum())


def _codes(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 32) uint8: half of each hash's bits are set; a third are edits of others."""
    bits = np.argsort(rng.random((count, 256), np.float32), axis=1) < 128
    codes = np.packbits(bits, axis=1)
    edited = rng.random(count) < 1 / 3
    codes[edited] = _edited(rng, codes[rng.integers(count, size=int(edited.sum()))])
    return codes


def _edited(rng: np.random.Generator, codes: np.ndarray) -> np.ndarray:
    """Codes that are 1 to 24 bits away from those given."""
    flips = np.zeros((len(codes), 256), bool)
    for row, size in zip(flips, rng.integers(1, 25, len(codes)), strict=True):
        row[rng.choice(256, size, replace=False)] = True
    return codes ^ np.packbits(flips, axis=1)


def _put_posts(
    writer: CaseWriter,
    start: int,
    carried: np.ndarray,
    digests: list[str],
    rng: np.random.Generator,
) -> None:
    count = len(carried)
    accounts = rng.integers(5_000, size=count).tolist()
    ids = [f"{10**15 + start + number}" for number in range(count)]
    platforms = ["x" if account % 2 else "facebook" for account in accounts]
    texts = [f"caption {number} of the harbour, day {start}" for number in range(count)]
    begin = datetime(2019, 6, 9, tzinfo=UTC)
    columns = {
        "platform": platforms,
        "post_id": ids,
        "account_id": [f"account-{account}" for account in accounts],
        "account_kind": ["account"] * count,
        "posted_at": [begin + timedelta(seconds=int(s)) for s in rng.integers(10**7, size=count)],
        "precision": ["second"] * count,
        "text": texts,
        "caption_sha256": [hashlib.sha256(text.encode()).hexdigest() for text in texts],
        "source": ["posts.jsonl"] * count,
        "line": list(range(start + 1, start + count + 1)),
    }
    empty = {name: [None] * count for name in POSTS.names if name not in columns}
    links = {
        "platform": platforms,
        "post_id": ids,
        "sha256": [digests[at] for at in carried],
        "path": [f"{digests[at]}.jpg" for at in carried],
    }
    writer.put(
        f"posts-{start}",
        {
            "posts": pa.Table.from_pydict({**columns, **empty}, POSTS),
            "post_media": pa.Table.from_pydict(links, POST_MEDIA),
        },
    )


def _put_hashes(
    writer: CaseWriter, digests: list[str], codes: np.ndarray, rng: np.random.Generator
) -> None:
    """Shards sorted by digest, as `embed` makes them."""
    writer.describe(pdq.Pdq.name, pdq.Pdq().made_by)
    order = sorted(range(len(digests)), key=digests.__getitem__)
    for start in range(0, len(order), EMBEDDED):
        unit = order[start : start + EMBEDDED]
        hashes = [(codes[at].tobytes(), int(rng.integers(pdq.Pdq.min_quality, 101))) for at in unit]
        table = pdq.Pdq().finish(hashes)
        named = table.add_column(0, "sha256", pa.array([digests[at] for at in unit]))
        writer.put(f"pictures-{start}", {signal_table(pdq.Pdq.name): named})


def _query(*arguments: str | Path, expected: int) -> Ran:
    """One query from a cold shell; its answer is checked."""
    ran = run(command_line("query", *arguments, "--json"), watched=False)
    if (total := json.loads(ran.printed)["total"]) != expected:
        raise Stopped(f"the query found {total} posts of {expected}")
    return ran


def _cold(
    what: str, arguments: Sequence[str | Path], expected: int, limit: float, rounds: int
) -> list[Finding]:
    say(f"cold queries {what}")
    used: dict[str, list[float]] = {"query": [], "floor": []}
    importing = [sys.executable, "-c", _FLOOR]
    contenders: Mapping[str, Callable[[None], object]] = {
        "query": lambda _: used["query"].append(_query(*arguments, expected=expected).cpu),
        "floor": lambda _: used["floor"].append(run(importing, watched=False).cpu),
    }
    interleaved(contenders, [None], rounds)
    query, floor = (statistics.median(used[name]) for name in ("query", "floor"))
    measured = f"{query:.2f} s ({min(used['query']):.2f} to {max(used['query']):.2f})"
    return [
        Finding(f"{what}, cold", measured, f"limit: {limit} s", query / limit, at_most=1.0),
        Finding(
            f"{what}, cold",
            f"{query:.2f} s",
            f'`python -c "{_FLOOR}"`: {floor:.2f} s',
            ratio(used["query"], used["floor"]),
        ),
    ]


def _warm(case: Case, query_picture: Path, rounds: int) -> Finding:
    """The same function in one process that stays."""
    query = _median_ms(lambda: find_picture(case, query_picture), rounds)
    alone = _median_ms(lambda: _hash(query_picture), rounds)
    return Finding(
        f"by hash, warm: the median of {rounds}",
        f"{query:.0f} ms; decoding and hashing the picture alone: {alone:.1f} ms",
        f"limit: {1000 * LIMITS['warm']:.0f} ms",
        query / (1000 * LIMITS["warm"]),
        at_most=1.0,
    )


def _median_ms(function: Callable[[], object], rounds: int) -> float:
    """The median processor time, in ms, once everything is loaded and compiled."""
    contenders: Mapping[str, Callable[[None], object]] = {"it": lambda _: function()}
    used = interleaved(contenders, [None], WARM_UP + rounds, clock=time.process_time, quiet=True)
    return 1000 * statistics.median(used["it"][WARM_UP:])


def _by_features(place: Path, count: int, seed: int) -> Finding:
    say(f"making a case of {count:,} pictures with local features")
    case, queries = case_of_features(place, count, seed)
    found = sum(find_picture(case, query, "local").total > 0 for query in queries)
    ms = [_median_ms(partial(find_picture, case, query), WARM_QUICK) for query in queries]
    query = statistics.median(ms)
    return Finding(
        f"by local features among {count:,} pictures, warm",
        f"{query:.0f} ms in the median, {max(ms):.0f} at most; "
        f"{found} of {len(queries)} edits answered",
        f"limit: {1000 * LIMITS['features']:.0f} ms",
        query / (1000 * LIMITS["features"]),
        at_most=1.0,
    )


def _by_text(place: Path, count: int, seed: int, rounds: int) -> list[Finding]:
    say(f"making a case of {count:,} captions")
    case, text = case_of_captions(place, count, seed)
    expected = find_text(case, text).total
    if not expected:
        raise Stopped("the query by text found nothing")
    what = f"by text among {count:,} captions"
    return _cold(what, (case.path, "--text", text), expected, LIMITS["text"], rounds)


def _imported(case: Case, query_picture: Path) -> str:
    command = [
        sys.executable,
        "-c",
        _IMPORTS,
        "query",
        str(case.path),
        str(query_picture),
        "--json",
    ]
    modules = set(run(command, watched=False).printed.rpartition("\n\n")[2].split())
    if "frametrace.matcher.query.answer_query" not in modules:
        raise Stopped("the query's modules could not be listed")
    names = ", ".join(sorted(HEAVY))
    heavy = ", ".join(sorted(HEAVY & modules))
    return f"**`query` imports {heavy}**." if heavy else f"`query` imports none of {names}."


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
