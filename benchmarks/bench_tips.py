"""Measures checking a tip of a million pictures against 100,000: time and memory.

The tip and the case are synthetic, written as `tip export` and `embed` write theirs; a thousand of
the case's hashes are near-copies of the tip's, so that the answer can be checked. Beside it:
reading the same file at once with Python's own `json`, which checks nothing.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from measuring import GIB, Finding, Ran, Stopped, command_line, conclude, options, run, say

from frametrace.case.schemas import POST_MEDIA, POSTS, signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.phash import Phash
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.tip_model import FINGERPRINTS, Head

ITEMS, ITEMS_QUICK = 1_000_000, 20_000
PICTURES, PICTURES_QUICK = 100_000, 2_000
ECHOES = 1000
BLOCK = 10_000
LIMIT = GIB  # all of the command, processes for thumbnails included

_PLAIN = "import json, sys; json.load(open(sys.argv[1]))"


def main() -> None:
    chosen = options(__doc__ or "")
    items = ITEMS_QUICK if chosen.quick else ITEMS
    pictures = PICTURES_QUICK if chosen.quick else PICTURES
    with tempfile.TemporaryDirectory(prefix="bench-tips-") as name:
        tip, case = Path(name, "tip.json"), Path(name, "case")
        say(f"writing a tip of {items:,} items and a case of {pictures:,} pictures")
        codes = np.random.default_rng(chosen.seed).integers(0, 256, (items, 32), dtype=np.uint8)
        write_document(tip, TIP, _head(), _items(codes))
        _fill(Case.create(case), codes, pictures, chosen.seed)
        size = tip.stat().st_size
        say("reading it alone, checking the case, reading it with json")
        shown = run(command_line("tip", "show", tip, "--json"))
        checked = run(command_line("tip", "check", case, tip, "--out", Path(name, "out"), "--json"))
        plain = run([sys.executable, "-c", _PLAIN, str(tip)])
        _verify(shown, checked, items)
    findings = [
        _memory("reading the tip", shown),
        _memory("checking the case against it", checked),
        Finding(
            "processor time of reading, beside `json.load` of the same file",
            f"{shown.cpu:.1f} s",
            f"{plain.cpu:.1f} s, {plain.process / GIB:.2f} GiB",
            shown.cpu / plain.cpu,
        ),
    ]
    remarks = [
        f"{items:,} items in {size / 2**20:,.0f} MiB; {pictures:,} pictures in the case, of which "
        f"{ECHOES:,} echo the tip: all were found, and no other.",
        f"Reading took {shown.seconds:.1f} s, reading and checking {checked.seconds:.1f} s "
        f"({checked.cpu:.1f} s of processor time).",
    ]
    packages = ("frametrace", "numpy", "pyarrow", "duckdb")
    conclude("tips", findings, remarks, packages, chosen)


def _head() -> dict[str, Any]:
    made = {name: {"fingerprint": FINGERPRINTS[name]} for name in (Pdq.name, Phash.name)}
    return Head(made_by="a benchmark", signals=made, accounts="pseudonyms").to_json()


def _items(codes: np.ndarray) -> Iterator[dict[str, Any]]:
    """Each with both hashes, three accounts, counts and times."""
    for code in codes:
        digits = code.tobytes().hex()
        signals = {"pdq": {"hash": digits, "quality": 100}, "phash": digits[:16]}
        yield {
            "id": f"picture-{short_digest(signals)}",
            "signals": signals,
            "counts": [{"platform": "twitter", "kind": "account", "accounts": 3, "posts": 4}],
            "accounts": [digits[at:] + digits[:at] for at in range(3)],
            "first_seen": "2019-08-01T10:00Z",
            "last_seen": "2019-08-19T10:00Z",
        }


def _fill(case: Case, codes: np.ndarray, count: int, seed: int) -> None:
    """A post and an account for each picture; the first pictures differ from items in 20 bits."""
    dice = np.random.default_rng(seed + 1)
    own = dice.integers(0, 256, (count, 32), dtype=np.uint8)
    for at in range(ECHOES):
        flips = np.zeros(256, np.uint8)
        flips[dice.permutation(256)[:20]] = 1
        own[at] = codes[dice.integers(len(codes))] ^ np.packbits(flips)
    digests = [hashlib.sha256(code.tobytes()).hexdigest() for code in own]
    names = [str(at) for at in range(count)]
    posts = [
        {
            "platform": "facebook", "post_id": name, "account_id": f"a{name}",
            "account_kind": "page", "precision": "none", "source": "s", "line": 1,
        }
        for name in names
    ]  # fmt: skip
    links = [
        {"platform": "facebook", "post_id": name, "sha256": digest, "path": f"{name}.jpg"}
        for name, digest in zip(names, digests, strict=True)
    ]
    values = {
        "sha256": pa.array(digests),
        "code": pa.array([code.tobytes() for code in own], pa.binary(32)),
        "quality": pa.array([100] * count, pa.uint8()),
    }
    with case.writer() as writer:
        writer.describe(Pdq.name, Pdq().made_by)
        tables = {
            "posts": pa.Table.from_pylist(posts, POSTS),
            "post_media": pa.Table.from_pylist(links, POST_MEDIA),
            signal_table(Pdq.name): pa.table(values),
        }
        writer.put("all", tables)
        writer.commit()


def _verify(shown: Ran, checked: Ran, items: int) -> None:
    if json.loads(shown.printed)["items"] != items:
        raise Stopped("the tip was not read whole")
    found = {row["account_id"] for row in json.loads(checked.printed)["accounts"]}
    if found != {f"a{at}" for at in range(ECHOES)}:
        raise Stopped(f"{len(found):,} accounts were found, not the {ECHOES:,} that were planted")


def _memory(what: str, ran: Ran) -> Finding:
    return Finding(
        f"peak memory of {what}, all processes",
        f"{ran.tree / GIB:.2f} GiB",
        f"{LIMIT / GIB:.0f} GiB",
        ran.tree / LIMIT,
        at_most=1,
    )


if __name__ == "__main__":
    try:
        main()
    except Stopped as reason:
        sys.exit(str(reason))
