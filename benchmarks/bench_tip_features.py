"""Measures checking a tip of 5,000 pictures with local features against 100,000 pictures.

Nearly all of the case is synthetic (see synthetic.py). The tip holds real photos, whose edits
(every ninth kind of each, with their own values) are planted in the case, and synthetic pictures.
"""

import base64
import csv
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pyarrow as pa
from cases import put_described, put_synthetic
from copies.edits import EDITS
from copies.originals import ORIGINALS, photos
from copies.sources import Edited, Files
from measuring import Finding, Stopped, command_line, conclude, options, run, say
from synthetic import BASE, BASE_QUICK, Described, Synthesis, described, packed

from frametrace.case.store import Case
from frametrace.embed.signals.local import Features
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.tip_model import FINGERPRINTS, MAX_FEATURES, Head

ITEMS, ITEMS_QUICK = 5_000, 400
PICTURES, PICTURES_QUICK = 100_000, 2_000
EDITS_OF, EDITS_OF_QUICK = 9, 90  # every such photo gets every ninth kind of edit
UNIT = 10_000  # pictures of a shard
LIMITS = {"s": 300, "GB": 3, "recall": 0.9}


def main() -> None:
    chosen = options(__doc__ or "")
    items, pictures, step, base = (
        (ITEMS_QUICK, PICTURES_QUICK, EDITS_OF_QUICK, BASE_QUICK)
        if chosen.quick
        else (ITEMS, PICTURES, EDITS_OF, BASE)
    )
    edits = [
        Edited(chosen.seed, name, 1, tuple(range(at % EDITS_OF, ORIGINALS, step)))
        for at, name in enumerate(EDITS)
    ]
    dealt = photos(chosen.seed)
    say("real photos and their edits")
    originals, others, *edited = described(
        [
            Files("originals", tuple(dealt.originals)),
            Files("others", tuple(dealt.distractors)),
            *edits,
        ]
    )
    make = Synthesis.of(originals, edits, edited, base)
    thumbnails = pa.array(others.thumbnails, pa.binary())
    with tempfile.TemporaryDirectory(prefix="bench-tip-features-") as name:
        tip, case = Path(name, "tip.json"), Case.create(Path(name, "case"))
        say(f"a tip of {items:,} items, a case of {pictures:,} pictures")
        write_document(tip, TIP, _head(), _items(originals, make, items))
        for at, one in enumerate(edited):
            put_described(case, f"edits-{at}", one)
        for unit, start in enumerate(range(0, pictures, UNIT)):
            count = min(UNIT, pictures - start)
            put_synthetic(case, f"u{unit:04}", make.codes(count, unit), thumbnails, unit)
        size = tip.stat().st_size
        first = run(_check(case.path, tip, Path(name, "first")))
        again = run(_check(case.path, tip, Path(name, "again")))
        planted = {digest for one in edited for digest in one.digests}
        found = {
            digest.removesuffix(".jpg") for digest in _pictures(Path(name, "again", "echoes.csv"))
        }
    findings = [
        _limit("the first check: the case's own join as well", first.seconds, "s"),
        _limit("the next check", again.seconds, "s"),
        _limit("memory, all processes", max(first.tree, again.tree) / 1e9, "GB"),
        Finding(
            "planted edits that are found",
            f"{len(found & planted) / len(planted):.1%}",
            f"{len(planted):,} edits",
            len(found & planted) / len(planted) / LIMITS["recall"],
            at_least=1,
        ),
        Finding("other pictures that are found", f"{len(found - planted)}", f"{pictures:,}", 0.0),
    ]
    remarks = [f"The tip has {size / items / 1e3:.1f} kB an item."]
    conclude("tip-features", findings, remarks, ("frametrace", "numba", "numpy"), chosen)


def _limit(what: str, value: float, unit: str) -> Finding:
    limit = LIMITS[unit]
    return Finding(what, f"{value:.2f} {unit}", f"limit: {limit} {unit}", value / limit, at_most=1)


def _check(case: Path, tip: Path, out: Path) -> list[str]:
    return command_line("tip", "check", case, tip, "--out", out, "--signal", "local", "--json")


def _pictures(echoes: Path) -> set[str]:
    with echoes.open(encoding="utf-8", newline="") as file:
        return {row["media_sha256"] for row in csv.DictReader(file)}


def _head() -> dict[str, Any]:
    return Head(signals={"local": {"fingerprint": FINGERPRINTS["local"]}}).to_json()


def _items(originals: Described, make: Synthesis, count: int) -> Iterator[dict[str, Any]]:
    """Real photos first, each once, then synthetic ones."""
    codes = dict.fromkeys(originals.codes)
    synthetic = make.codes(max(count - len(codes), 0), 987)
    for code in [*codes, *packed(synthetic).to_pylist()][:count]:
        features = Features.of(code)
        inside = (features.positions <= (features.width, features.height)).all(axis=1)
        first = features.where(inside & (np.cumsum(inside) <= MAX_FEATURES))
        signals = {"local": base64.b64encode(first).decode("ascii")}
        yield {"id": f"picture-{short_digest(signals)}", "signals": signals, "counts": []}


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
