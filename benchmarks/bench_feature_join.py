"""Measures the join of local features, among 100,000 and among 1,000,000 pictures.

The pictures are synthetic (see synthetic.py), because there are not that many photographs. Real
photos and their edits (copies/edits.py, all kinds at the strength seen in real posts) are planted:
their pairs measure recall. Every join runs in a separate process; its processor time includes
everything, reading as well.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from copies.edits import EDITS
from copies.originals import ORIGINALS, photos
from copies.sources import Edited, Files
from measuring import GIB, Finding, conclude, options, run, say
from synthetic import BASE, BASE_QUICK, Described, Synthesis, described, packed

from frametrace.embed.signals.local import Features
from frametrace.index.distinct_codes import as_digits
from frametrace.index.feature_join.feature_join import propose_pairs
from frametrace.index.feature_shards import FeatureShards
from frametrace.matcher.pictures.feature_alignment import align

SIZES, SIZES_QUICK = (100_000, 1_000_000), (1_000, 2_000)
EDITS_OF, EDITS_OF_QUICK = 9, 90  # every such photo gets every ninth kind of edit
SHARD = 10_000  # pictures
LIMITS = {"minutes": 15, "GB": 8, "chance": 0.02, "share": 0.05}
ADDED = 0.01  # of the pictures


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "join":
        _join(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
        return
    chosen = options(__doc__ or "")
    sizes = SIZES_QUICK if chosen.quick else SIZES
    step = EDITS_OF_QUICK if chosen.quick else EDITS_OF
    say("real photos and their edits")
    edits = [
        Edited(chosen.seed, name, 1, tuple(range(at % EDITS_OF, ORIGINALS, step)))
        for at, name in enumerate(EDITS)
    ]
    originals, *edited = described(
        [Files("originals", tuple(photos(chosen.seed).originals)), *edits]
    )
    with tempfile.TemporaryDirectory(prefix="bench-join-") as name:
        place = Path(name)
        (place / "shards").mkdir()
        _write_real(place / "shards", [originals, *edited])
        make = Synthesis.of(originals, edits, edited, BASE_QUICK if chosen.quick else BASE)
        truth = _truth(originals, edits, edited)
        ran = []
        for size in sizes:
            ran.append(_joined(place, make, size, truth))
        findings = [finding for each in ran for finding in each[0]]
        (small, large), count = (each[1] for each in ran), len(ran)
        growth = np.log(large["cpu"] / small["cpu"]) / np.log(sizes[-1] / sizes[0])
        findings.append(
            Finding("growth exponent of the time", f"{growth:.2f}", f"{count} sizes", growth)
        )
    remarks = [f"Real photos: {len(originals)}, and {sum(map(len, edited))} edits of them."]
    conclude("feature-join", findings, remarks, ("frametrace", "numba", "numpy"), chosen)


def _write(path: Path, digests: pa.Array, codes: pa.Array) -> None:
    pq.write_table(
        pa.table({"sha256": digests, "code": codes}),
        path,
        row_group_size=512,
        compression="none",
        use_dictionary=False,
        write_page_checksum=True,
    )


def _write_synthetic(path: Path, make: Synthesis, count: int, seed: int) -> None:
    digests = np.random.default_rng([13, seed]).integers(0, 256, (count, 32), np.uint8)
    _write(path, as_digits(digests), packed(make.codes(count, seed)))


def _write_real(folder: Path, real: Sequence[Described]) -> None:
    digests = [digest for one in real for digest in one.digests]
    codes = [code for one in real for code in one.codes]
    _write(folder / "00000.parquet", pa.array(digests), pa.array(codes))


def _truth(
    originals: Described, edits: Sequence[Edited], edited: Sequence[Described]
) -> dict[str, list[tuple[str, str]]]:
    """Pairs of digests that share pixels, as verification finds: of a photo, and of its edits."""
    digests, codes = originals.digests, originals.codes
    of: dict[int, list[tuple[str, bytes]]] = {}
    for edit, made in zip(edits, edited, strict=True):
        items = zip(made.digests, made.codes, strict=True)
        for number, item in zip(edit.numbers, items, strict=True):
            of.setdefault(number, []).append(item)
    pairs: dict[str, list[tuple[str, str]]] = {"photo and edit": [], "two edits": []}
    for number, items in of.items():
        photo = (digests[number], codes[number])
        for kind, candidates in (
            ("photo and edit", [(photo, item) for item in items]),
            ("two edits", list(combinations(items, 2))),
        ):
            pairs[kind] += [
                (a, b) for (a, x), (b, y) in candidates if align(Features.of(x), Features.of(y))
            ]
    return pairs


def _joined(
    place: Path, make: Synthesis, size: int, truth: dict[str, list[tuple[str, str]]]
) -> tuple[list[Finding], dict[str, float]]:
    """Join this many pictures, then 1 % more."""
    added = max(round(size * ADDED), 1)
    real = pq.read_metadata(place / "shards" / "00000.parquet").num_rows
    for at in range(0, size, SHARD):
        path = place / "shards" / f"{at // SHARD + 1:05}.parquet"
        count = min(SHARD, size - at)
        if not path.exists() or pq.read_metadata(path).num_rows != count:
            _write_synthetic(path, make, count, at)
    say(f"joining {size:,} pictures")
    join = place / f"join-{size}"
    files = -(-size // SHARD) + 1
    first = _child(place, join, files)
    table = pq.read_table(place / "rows.parquet")
    names = pq.read_table(place / "names.parquet")["sha256"].to_pylist()
    a, b = (table[side].to_numpy() for side in ("a", "b"))
    chance = float((a >= real).sum()) / size
    proposed = {frozenset((names[x], names[y])) for x, y in zip(a, b, strict=True) if y < real}
    say(f"adding {added:,}")
    more = place / "shards" / f"{files:05}.parquet"
    kept = more.rename(more.with_suffix(".kept")) if more.exists() else None
    _write_synthetic(more, make, added, 10**9)
    then = _child(place, join, files + 1)
    more.unlink()
    if kept:
        kept.rename(more)
    what = f"{size:,} pictures"
    minutes, gigabytes = first["cpu"] / 60, first["memory"] / 1e9
    findings = [
        Finding(
            what,
            f"{first['cpu']:,.0f} CPU-s in {first['wall']:,.0f} s",
            f"limit: {LIMITS['minutes']} min",
            minutes / LIMITS["minutes"],
            at_most=1,
        ),
        Finding(
            f"{what}: memory",
            f"{first['memory'] / GIB:.2f} GiB",
            f"limit: {LIMITS['GB']} GB",
            gigabytes / LIMITS["GB"],
            at_most=1,
        ),
        Finding(
            f"{what}: chance proposals a picture",
            f"{chance:.4f}",
            f"limit: {LIMITS['chance']}",
            chance / LIMITS["chance"],
            at_most=1,
        ),
        Finding(
            f"{what}: {added:,} more",
            f"{then['cpu']:,.0f} CPU-s",
            f"{first['cpu']:,.0f} CPU-s for all",
            then["cpu"] / first["cpu"],
            at_most=LIMITS["share"],
        ),
    ]
    for (kind, pairs), goal in zip(truth.items(), (0.999, 0.995), strict=True):
        share = sum(frozenset(pair) in proposed for pair in pairs) / max(len(pairs), 1)
        findings.append(
            Finding(
                f"{what}: {kind} proposed",
                f"{share:.4f}",
                f"{len(pairs):,} pairs that are verified",
                share,
                at_least=goal,
            )
        )
    return findings, first


def _child(place: Path, join: Path, files: int) -> dict[str, float]:
    ran = run([sys.executable, __file__, "join", str(place), str(join), str(files)])
    measured: dict[str, float] = json.loads(ran.printed)
    return {"memory": ran.process, **measured}


def _join(place: Path, join: Path, files: int) -> None:
    """Join the pictures of this many shards in this process; print the time it took."""
    paths = [place / "shards" / f"{at:05}.parquet" for at in range(files)]
    columns = [pq.read_table(path, columns=["sha256"])["sha256"] for path in paths]
    digests = pa.chunked_array([chunk for column in columns for chunk in column.chunks])
    digests = digests.cast(pa.string()).combine_chunks()
    start, used = time.perf_counter(), time.process_time()
    proposals = propose_pairs(join, FeatureShards(paths), digests)
    measured = {"wall": time.perf_counter() - start, "cpu": time.process_time() - used}
    pq.write_table(proposals.rows, place / "rows.parquet")
    pq.write_table(pa.table({"sha256": proposals.names}), place / "names.parquet")
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
