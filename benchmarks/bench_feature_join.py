"""All pairs of pictures that may share pixels, among 100,000 and among 1,000,000 pictures.

The pictures are synthetic, for no such number of photographs is here. Each has 360 features; each
of these takes every bit from a feature of a real photograph or from one of the 16 nearest to it in
other photographs, at random, and then has an eighth of the bits flipped that a real pair of
agreeing features, of a photo and its edit, differs in. So bits keep the statistics of real ones:
unrelated features are within 10 bits for 5.5 of a million (photographs: 5.6), and 1 % of the
features have nine tenths of those neighbours (photographs: 95 %). Places, scales and orientations
are those of other real features, so that pictures agree by chance only; watermarks and the like are
absent.

Real photos and their edits (copies/edits.py, all kinds as one sees them in posts) are planted:
their pairs measure what is found. Every join runs in a process of its own; its processor time has
all of it, reading included.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from copies.edits import EDITS
from copies.originals import ORIGINALS, photos
from copies.preparing import Source
from copies.sources import Edited, Files
from measuring import GIB, Finding, conclude, options, run, say

from frametrace.embed.decode import decode
from frametrace.embed.signals.local import Features, Local, bits_between
from frametrace.index.codes import as_digits
from frametrace.index.feature_join.join import propose_pairs
from frametrace.index.feature_shards import FeatureShards
from frametrace.matcher.pictures.geometry import align

SIZES, SIZES_QUICK = (100_000, 1_000_000), (1_000, 2_000)
EDITS_OF, EDITS_OF_QUICK = 9, 90  # every such photo gets every ninth kind of edit
SHARD = 10_000  # pictures
FEATURES = 360
NEAREST, BASE, BASE_QUICK = 16, 60_000, 4_000  # features that others are made of
FARTHEST = 20  # bits of a real pair whose differences are used
LIMITS = {"minutes": 15, "GB": 8, "chance": 0.02, "share": 0.05}
ADDED = 0.01  # of the pictures
FEATURE = np.dtype(
    [("x", "<u2"), ("y", "<u2"), ("scale", "u1"), ("angle", "u1"), ("bits", "u1", (16,))]
)


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
    originals, *edited = _described(
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


@dataclass(frozen=True, slots=True)
class Described:
    """A set of n pictures: their SHA-256 digests, and their values of the signal `local`."""

    digests: list[str]
    codes: list[bytes]

    def __len__(self) -> int:
        return len(self.codes)


def _described(sources: Sequence[Source]) -> list[Described]:
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_describe, sources))


def _describe(source: Source) -> Described:
    pictures, prepare = list(source.pictures()), Local().preparer()
    digests = [hashlib.sha256(picture).hexdigest() for picture in pictures]
    return Described(digests, [prepare(decode(picture)) for picture in pictures])


class Synthesis:
    """Makes pictures of features whose bits are like real ones; see above."""

    def __init__(self, base: np.ndarray, near: np.ndarray, flips: np.ndarray, rows: np.ndarray):
        self._base, self._near, self._flips, self._rows = base, near, flips, rows

    @classmethod
    def of(
        cls, originals: Described, edits: Sequence[Edited], edited: Sequence[Described], size: int
    ) -> "Synthesis":
        """Of the features of real photos, and of what edits change in them."""
        codes = originals.codes
        features = [Features.of(code) for code in codes]
        words = np.concatenate([each.words for each in features])
        owner = np.repeat(np.arange(len(features)), [len(each) for each in features])
        rng = np.random.default_rng(7)
        some = rng.choice(len(words), min(size, len(words)), replace=False)
        near = _nearest(words[some], owner[some])
        flips = [
            _differences(features[number], Features.of(code))
            for edit, made in zip(edits, edited, strict=True)
            if edit.edit != "mirror"
            for number, code in zip(edit.numbers, made.codes, strict=True)
        ]
        rows = np.frombuffer(b"".join(code[4:] for code in codes), FEATURE)
        return cls(words[some], near, np.concatenate(flips), rows)

    def write(self, path: Path, count: int, seed: int) -> None:
        """A shard of `count` pictures."""
        rng = np.random.default_rng([11, seed])
        size = count * FEATURES

        def masks() -> np.ndarray:
            return rng.integers(0, 2**64, (size, 2), np.uint64)

        parent = rng.integers(0, len(self._base), size)
        other = self._base[self._near[parent, rng.integers(0, NEAREST, size)]]
        chosen = masks()
        words = self._base[parent] & chosen | other & ~chosen
        words ^= self._flips[rng.integers(0, len(self._flips), size)] & masks() & masks() & masks()
        rows = self._rows[rng.integers(0, len(self._rows), size)]
        rows["bits"] = words.view(np.uint8).reshape(-1, 16)
        codes = np.empty((count, 4 + FEATURES * FEATURE.itemsize), np.uint8)
        codes[:, :4] = np.array([400, 300], "<u2").view(np.uint8)
        codes[:, 4:] = rows.view(np.uint8).reshape(count, -1)
        ends = np.arange(count + 1, dtype=np.int32) * codes.shape[1]
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(codes)]
        column = pa.BinaryArray.from_buffers(pa.binary(), count, buffers)
        _write(path, as_digits(rng.integers(0, 256, (count, 32), np.uint8)), column)


def _nearest(words: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The nearest features of other photos, (n, NEAREST)."""
    near = np.empty((len(words), NEAREST), np.int64)
    for at in range(0, len(words), 256):
        bits = bits_between(words[at : at + 256], words)
        bits[owner[at : at + 256, None] == owner] = 255
        near[at : at + 256] = np.argpartition(bits, NEAREST, axis=1)[:, :NEAREST]
    return near


def _differences(photo: Features, edit: Features) -> np.ndarray:
    """What features differ in that are each other's nearest and 10 to `FARTHEST` bits apart."""
    bits = bits_between(photo.words, edit.words)
    mutual = (bits == bits.min(1, keepdims=True)) & (bits == bits.min(0, keepdims=True))
    a, b = np.nonzero(mutual & (bits >= 10) & (bits <= FARTHEST))
    different: np.ndarray = photo.words[a] ^ edit.words[b]
    return different


def _write(path: Path, digests: pa.Array, codes: pa.Array) -> None:
    pq.write_table(
        pa.table({"sha256": digests, "code": codes}),
        path,
        row_group_size=512,
        compression="none",
        use_dictionary=False,
        write_page_checksum=True,
    )


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
    """Join so many pictures, then 1 % more."""
    added = max(round(size * ADDED), 1)
    real = pq.read_metadata(place / "shards" / "00000.parquet").num_rows
    for at in range(0, size, SHARD):
        path = place / "shards" / f"{at // SHARD + 1:05}.parquet"
        count = min(SHARD, size - at)
        if not path.exists() or pq.read_metadata(path).num_rows != count:
            make.write(path, count, at)
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
    make.write(more, added, 10**9)
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
    told: dict[str, float] = json.loads(ran.printed)
    return {"memory": ran.process, **told}


def _join(place: Path, join: Path, files: int) -> None:
    """Join the pictures of so many shards, in this process; tell the time that it took."""
    paths = [place / "shards" / f"{at:05}.parquet" for at in range(files)]
    columns = [pq.read_table(path, columns=["sha256"])["sha256"] for path in paths]
    digests = pa.chunked_array([chunk for column in columns for chunk in column.chunks])
    digests = digests.cast(pa.string()).combine_chunks()
    start, used = time.perf_counter(), time.process_time()
    proposals = propose_pairs(join, FeatureShards(paths), digests)
    told = {"wall": time.perf_counter() - start, "cpu": time.process_time() - used}
    pq.write_table(proposals.rows, place / "rows.parquet")
    pq.write_table(pa.table({"sha256": proposals.names}), place / "names.parquet")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
