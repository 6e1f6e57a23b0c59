"""Measures the exact Hamming join: all near pairs among a million and ten million hashes.

The hashes are realistic (see `hashes.py`) and all different, with pairs planted at distances 0 < d
<= 31 and at 32 bits. The pairs of sampled hashes are compared with FAISS' exhaustive search. Every
step runs in a separate process; loops are compiled, or read from their cache, before timing starts.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from math import log10
from pathlib import Path

import numpy as np
import pyarrow as pa
from hashes import Spectra, at_distance
from measuring import GIB, Finding, Stopped, conclude, options, run, say

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals import pdq
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.index.base import Hits
from frametrace.index.hamming.hamming_join import HammingJoin
from frametrace.index.hamming.pair_cache import near_pairs
from frametrace.index.index_store import open_index

RADIUS = PDQ_MAX_DISTANCE
SMALL, LARGE, QUICK = 1_000_000, 10_000_000, (50_000, 200_000)
ADDED = 100  # one of this many hashes is added later
PLANTED = 3_200  # pairs: 100 at each distance from 1 to 32
SAMPLE = 2_000  # hashes whose pairs the peers search
UNIT = 500_000  # hashes of one unit of a case
QUERIES = 50


def main() -> None:
    chosen = options(__doc__ or "")
    small, large = QUICK if chosen.quick else (SMALL, LARGE)
    with tempfile.TemporaryDirectory(prefix="bench-join-") as name:
        folder = Path(name)
        for count in (small, large):
            say(f"making {count:,} hashes")
            _child("hashes", folder / f"{count}.npy", count, chosen.seed)
        findings, remarks = _against_peers(folder / f"{small}.npy", small)
        say(f"a case of {large:,} hashes")
        _child("case", folder, large)
        made = {**_child("index", folder), **_child("pairs", folder)}
        say("adding, and asking")
        findings += (
            _large(made, large) + _added(folder, made, large) + _query_findings(folder, large)
        )
        remarks.append(_growth(folder, small, large))
    conclude("join", findings, remarks, ("frametrace", "numba", "faiss-cpu", "numpy"), chosen)


def _child(what: str, *arguments: object) -> dict[str, float]:
    """Run one of the steps below in a separate process: its results and its memory."""
    ran = run([sys.executable, __file__, what, *map(str, arguments)])
    measured: dict[str, float] = json.loads(ran.printed)
    return {"memory": ran.process, **measured}


def _against_peers(codes: Path, count: int) -> tuple[list[Finding], list[str]]:
    say(f"joining {count:,} hashes")
    ours = _child("join", codes)
    say("the same by FAISS")
    flat, multi = _child("flat", codes), _child("multi", codes)
    if (ours["missed"], ours["false"], ours["planted"]) != (0, 0, PLANTED * RADIUS // 32):
        raise Stopped(f"pairs are wrong: {ours}")
    measured = f"{ours['cpu']:.1f} CPU-s in {ours['wall']:.1f} s, {ours['pairs']:,} pairs"
    what = f"{count:,} hashes"
    return [
        Finding(what, measured, "limit: 10 CPU-s", ours["cpu"] / 10, at_most=1),
        Finding(
            f"{what}: memory",
            f"{ours['memory'] / GIB:.2f} GiB",
            "limit: 1 GB",
            ours["memory"] / 1e9,
            at_most=1,
        ),
        Finding(
            what,
            f"{ours['cpu']:.1f} CPU-s",
            f"IndexBinaryFlat: {flat['cpu']:,.0f} CPU-s, extrapolated from {SAMPLE:,} queries",
            flat["cpu"] / ours["cpu"],
            at_least=100,
        ),
        Finding(
            what,
            f"{ours['cpu']:.1f} CPU-s",
            f"IndexBinaryMultiHash, 16 x 16 bits: {multi['cpu']:,.0f} CPU-s, extrapolated from "
            f"{SAMPLE:,} queries",
            multi["cpu"] / ours["cpu"],
            at_least=20,
        ),
    ], [
        f"Of {what}, all {ours['planted']:,} planted pairs within {RADIUS} bits were found, none "
        f"of those at {RADIUS + 1}; the {ours['sampled']:,} pairs of {SAMPLE:,} sampled hashes are "
        f"those of FAISS' exhaustive search, none missed and none false."
    ]


def _large(made: dict[str, float], count: int) -> list[Finding]:
    measured = f"{made['wall']:.0f} s, {made['cpu']:.0f} CPU-s; {made['pairs']:,} pairs kept"
    memory = f"{made['memory'] / GIB:.2f} GiB"
    return [
        Finding(f"{count:,} hashes", measured, "limit: 5 min", made["wall"] / 300, at_most=1),
        Finding(
            f"{count:,} hashes: memory", memory, "limit: 4 GB", made["memory"] / 4e9, at_most=1
        ),
    ]


def _added(folder: Path, made: dict[str, float], count: int) -> list[Finding]:
    _child("add", folder, count)
    ours = {**_child("index", folder), **_child("pairs", folder)}
    more = f"{count // ADDED:,} more"
    measured = f"{ours['wall']:.1f} s, {ours['cpu']:.1f} CPU-s"
    return [
        Finding(more, measured, "limit: 20 s", ours["wall"] / 20, at_most=1),
        Finding(
            more, measured, f"everything again: {made['cpu']:.0f} CPU-s", ours["cpu"] / made["cpu"]
        ),
        Finding(
            f"{more}: the index itself",
            f"{ours['index']:.1f} s",
            f"at first: {made['index']:.1f} s",
            ours["index"] / made["index"],
        ),
    ]


def _query_findings(folder: Path, count: int) -> list[Finding]:
    ours = _child("ask", folder)
    what = f"one hash among {count:,}"
    return [
        Finding(
            f"{what}, warm",
            f"{ours['warm'] * 1e3:.1f} ms, the median of {QUERIES}",
            "limit: 20 ms",
            ours["warm"] / 0.02,
            at_most=1,
        ),
        Finding(
            f"{what}: opening the index",
            f"{ours['open'] * 1e3:.0f} ms",
            "limit: 0.5 s",
            ours["open"] / 0.5,
            at_most=1,
        ),
    ]


def _growth(folder: Path, small: int, large: int) -> str:
    a, b = (_child("join", folder / f"{count}.npy") for count in (small, large))
    exponent = log10(b["cpu"] / a["cpu"]) / log10(large / small)
    candidates = log10(b["candidates"] / a["candidates"]) / log10(large / small)
    return (
        f"From {small:,} to {large:,} hashes processor time grows from {a['cpu']:.1f} to "
        f"{b['cpu']:.1f} s, exponent {exponent:.2f} (goal: 1.6 at most); candidates from "
        f"{a['candidates']:.2e} to {b['candidates']:.2e}, exponent {candidates:.2f}. They are "
        f"{a['skew']:.2f} and {b['skew']:.2f} times those of uniform hashes."
    )


def make_hashes(path: str, count: str, seed: str) -> dict[str, float]:
    """Hashes of which the first are pairs at known distances, one after the other."""
    rng = np.random.default_rng(int(seed))
    codes = Spectra().hashes(int(count) - PLANTED, int(seed))
    bits = np.resize(np.arange(1, RADIUS + 2), PLANTED)
    near = at_distance(codes[:PLANTED], bits, rng)
    np.save(path, np.concatenate([codes[:PLANTED], near, codes[PLANTED:]]))
    return {}


def join(path: str) -> dict[str, float]:
    """The join, and how its pairs agree with the known ones."""
    codes = np.load(path, mmap_mode="r")
    _warm_up()
    wall, cpu, found = time.perf_counter(), time.process_time(), []
    joined = HammingJoin(codes, radius=RADIUS)
    pairs = 0
    sample = _sample(len(codes))
    chosen = np.zeros(len(codes), bool)
    chosen[sample] = chosen[: 2 * PLANTED] = True
    for hits in joined:
        pairs += len(hits)
        found.append(hits.where(chosen[hits.query] | chosen[hits.row]))
    measured = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "pairs": pairs,
    }
    kept = Hits.concatenate(found, np.int32)
    uniform = 17 / 2**16 * 16 * len(codes) ** 2 / 2
    return {**measured, **_agreement(codes, kept, sample), **_candidates(codes, uniform)}


def _agreement(codes: np.ndarray, hits: Hits, sample: np.ndarray) -> dict[str, float]:
    planted = (hits.row - hits.query == PLANTED) & (hits.query < PLANTED)
    ours = set(zip(hits.query.tolist(), hits.row.tolist(), hits.value.tolist(), strict=True))
    wanted = set(sample.tolist())
    of_sample = {pair for pair in ours if pair[0] in wanted or pair[1] in wanted}
    limits, distances, rows = _flat(codes).range_search(codes[sample], RADIUS + 1)
    query = np.repeat(sample, np.diff(limits.astype(np.int64)))
    low, high = np.minimum(query, rows), np.maximum(query, rows)
    theirs = set(zip(low.tolist(), high.tolist(), distances.tolist(), strict=True))
    theirs = {pair for pair in theirs if pair[0] != pair[1]}
    return {
        "planted": int(planted.sum()),
        "sampled": len(of_sample),
        "missed": len(theirs - of_sample),
        "false": len(of_sample - theirs),
    }


def _candidates(codes: np.ndarray, uniform: float) -> dict[str, float]:
    from frametrace.index.hamming.bucket_join import BlockPair

    words = np.ascontiguousarray(codes).view(np.uint64)
    candidates = BlockPair(words, words, RADIUS, True).plan().candidates
    return {"candidates": candidates, "skew": candidates / uniform}


def flat(path: str) -> dict[str, float]:
    """Exhaustive search for a slice of the hashes."""
    codes = np.load(path)
    return _extrapolated(codes, _flat(codes).range_search)


def multi(path: str) -> dict[str, float]:
    """Multi-index hashing for a slice: 16 tables of 16 bits, one bit flipped, which is complete."""
    import faiss

    codes = np.load(path)
    index = faiss.IndexBinaryMultiHash(pdq.BITS, 16, 16)
    index.add(codes)
    index.nflip = 1
    return _extrapolated(codes, index.range_search)


def _flat(codes: np.ndarray) -> "object":
    import faiss

    index = faiss.IndexBinaryFlat(pdq.BITS)
    index.add(np.ascontiguousarray(codes))
    return index


def _extrapolated(codes: np.ndarray, search: Callable[..., object]) -> dict[str, float]:
    sample = codes[_sample(len(codes))]
    cpu = time.process_time()
    search(sample, RADIUS + 1)
    return {"cpu": (time.process_time() - cpu) * len(codes) / len(sample)}


def make_case(folder: str, count: str) -> dict[str, float]:
    """A case with 99 % of the hashes."""
    codes = np.load(Path(folder) / f"{count}.npy", mmap_mode="r")
    case = Case.create(Path(folder) / "case")
    first = len(codes) - len(codes) // ADDED
    for start in range(0, first, UNIT):
        case = _put(case, codes[start : min(start + UNIT, first)], start)
    return {}


def add(folder: str, count: str) -> dict[str, float]:
    """Add the last 1 % of the hashes."""
    codes = np.load(Path(folder) / f"{count}.npy", mmap_mode="r")
    first = len(codes) - len(codes) // ADDED
    _put(Case(Path(folder) / "case"), codes[first:], first)
    return {}


def index(folder: str) -> dict[str, float]:
    """The case's index, built."""
    begun = time.perf_counter()
    open_index(Case(Path(folder) / "case"), pdq.Pdq.name)
    return {"index": time.perf_counter() - begun}


def pairs(folder: str) -> dict[str, float]:
    """The case's near pairs, on disk."""
    _warm_up()
    wall, cpu = time.perf_counter(), time.process_time()
    _, batches = near_pairs(Case(Path(folder) / "case"), pdq.Pdq.name, RADIUS)
    measured = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**measured, "pairs": sum(map(len, batches))}


def ask(folder: str) -> dict[str, float]:
    """One hash after another among all."""
    case = Case(Path(folder) / "case")
    begun = time.perf_counter()
    index = open_index(case, pdq.Pdq.name)
    opened = time.perf_counter() - begun
    seconds = []
    for row in _sample(len(index.codes))[: QUERIES + 1]:
        begun = time.perf_counter()
        assert row in index.search(index.codes.codes[row : row + 1], RADIUS).row
        seconds.append(time.perf_counter() - begun)
    return {"open": opened, "warm": float(np.median(seconds[1:]))}


def _put(case: Case, codes: np.ndarray, first: int) -> Case:
    names = np.arange(first, first + len(codes))
    table = pa.table(
        {
            "sha256": pa.array([f"{name:064x}" for name in names.tolist()]),
            "code": pa.array(list(map(bytes, codes)), pa.binary(32)),
            "quality": pa.array(np.full(len(codes), 100, np.uint8)),
        }
    )
    with case.writer() as writer:
        writer.describe(pdq.Pdq.name, {"fingerprint": "pdq-256:1"})
        writer.put(f"unit-{first}", {signal_table(pdq.Pdq.name): table})
        writer.commit()
    return Case(case.path)


def _warm_up() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (1_000, 32), np.uint8)
    list(HammingJoin(codes, radius=RADIUS, compiled=True))


def _sample(count: int) -> np.ndarray:
    return np.sort(np.random.default_rng(1).choice(count, SAMPLE, replace=False))


if __name__ == "__main__":
    STEPS: dict[str, Callable[..., dict[str, float]]] = {
        "hashes": make_hashes,
        "join": join,
        "flat": flat,
        "multi": multi,
        "case": make_case,
        "add": add,
        "index": index,
        "pairs": pairs,
        "ask": ask,
    }
    if len(sys.argv) > 1 and sys.argv[1] in STEPS:
        print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
