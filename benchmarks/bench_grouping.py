"""Measures how 50 million pairs among 10 million hashes become photo groups, on two cores.

The hashes are generated in sets that look like real reuse; their pairs come from a file in random
order, as a join streams them. Everything after the join is measured: pairs are gathered, groups are
formed, and every picture's group and all matches are written as Parquet. A second run groups the
frames of one video, where every pair is near. Every group is checked against the hashes afterwards.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measuring import Finding, Stopped, conclude, interleaved, options, ratio, run, say
from reuse import PAIR, frames, near_pairs, write_reuse

from frametrace.embed.signals import pdq
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.index.base import Hits
from frametrace.index.distinct_codes import Codes
from frametrace.matcher.photos.group_assignment import Nodes
from frametrace.matcher.photos.grouping import CopyGraph, PhotoMatches, group_photos
from frametrace.matcher.photos.match_graph import Edges
from frametrace.matcher.photos.star_clustering import star_clusters
from frametrace.matcher.result_schemas import MATCHES

HASHES, HASHES_QUICK = 10_000_000, 100_000
FRAMES, FRAMES_QUICK = 50_000, 5_000
SLICE = 1_000_000  # pairs of the slice that Leiden clusters
BATCH = 1 << 20  # pairs that come together
ROUNDS = 3
SECONDS, MEMORY = 180.0, 6e9  # the limits
MEMORY_FRAMES = 1e9
BYTES_PAIR = 15  # of an edge in memory


def main() -> None:
    chosen = options(__doc__ or "")
    count = HASHES_QUICK if chosen.quick else HASHES
    with tempfile.TemporaryDirectory(prefix="bench-grouping-") as name:
        folder = Path(name)
        say(f"generating {count:,} hashes")
        made = _child("generate", folder, count, chosen.seed)
        findings, remarks = _whole(folder, made, count)
        slice_findings, slice_remarks = _slice(folder, made["pairs"])
    frame_findings, frame_remarks = _frames(FRAMES_QUICK if chosen.quick else FRAMES, chosen.seed)
    conclude(
        "grouping",
        [*findings, *slice_findings, *frame_findings],
        [*remarks, *slice_remarks, *frame_remarks],
        ("frametrace", "numpy", "scipy", "scikit-network", "pyarrow"),
        chosen,
    )


def _child(what: str, *arguments: object) -> dict[str, float]:
    """Run one of the steps below in a separate process: its results, its time and memory."""
    ran = run([sys.executable, __file__, what, *map(str, arguments)])
    figures: dict[str, float] = json.loads(ran.printed)
    return {"wall": ran.seconds, "memory": ran.process, **figures}


def _whole(folder: Path, made: dict[str, float], count: int) -> tuple[list[Finding], list[str]]:
    say(f"grouping {made['pairs']:,} pairs")
    ours = _child("group", folder)
    say("connected components of the same pairs")
    peer = _child("components", folder)
    checked = _child("check", folder)
    if ours["matches"] + ours["unlisted"] != made["pairs"]:
        raise Stopped(f"of {made['pairs']} pairs {ours['matches']} were listed: some are lost")
    figures = (
        f"{ours['wall']:.1f} s: groups and places {ours['groups_s']:.1f} s, "
        f"writing them and all matches {ours['written_s']:.1f} s"
    )
    memory = f"{ours['memory'] / 1e9:.2f} GB"
    return [
        Finding(
            f"{count:,} hashes: time", figures, "limit: 180 s", ours["wall"] / SECONDS, at_most=1
        ),
        Finding(
            f"{count:,} hashes: memory", memory, "limit: 6 GB", ours["memory"] / MEMORY, at_most=1
        ),
        Finding(
            f"{count:,} hashes: time",
            f"groups and places: {ours['groups_s']:.1f} s",
            f"SciPy's connected components alone: {peer['seconds']:.1f} s",
            ours["groups_s"] / peer["seconds"],
        ),
    ], [
        f"{count:,} hashes, {made['used']:,} of them in sets; {made['pairs']:,} pairs, of which "
        f"{ours['unlisted']:,} are inside dense blocks and are not listed.",
        f"{peer['components']:,.0f} components fall into {checked['photos']:,.0f} photos, the "
        f"largest of {checked['largest']:,.0f} hashes. Every member is within {PDQ_MAX_DISTANCE} "
        f"bits of its medoid, or of a member that is ({checked['through']:,.0f} of them).",
    ]


def _slice(folder: Path, pairs: float) -> tuple[list[Finding], list[str]]:
    say("Leiden on a slice")
    figures = _child("slice", folder)
    rest = pairs / figures["pairs"]
    return [
        Finding(
            f"a slice of {figures['pairs']:,} pairs, whole components",
            f"star clustering: {figures['stars']:.2f} s",
            f"scikit-network's Leiden: {figures['leiden']:.2f} s",
            figures["ratio"],
        )
    ], [
        "At its rate in the slice Leiden would take "
        f"{figures['leiden'] * rest:.0f} s for all pairs."
    ]


def _frames(count: int, seed: int) -> tuple[list[Finding], list[str]]:
    say(f"{count:,} frames of one video")
    figures = _child("video", count, seed)
    held = BYTES_PAIR * figures["pairs"]
    memory = figures["memory"]
    what = f"{count:,} frames of one video"
    return [
        Finding(
            f"{what}: memory", f"{memory / 1e9:.2f} GB", "limit: 1 GB", memory / 1e9, at_most=1
        ),
        Finding(
            f"{what}: memory",
            f"{memory / 1e9:.2f} GB",
            f"all pairs as edges: {held / 1e9:.1f} GB",
            memory / held,
        ),
        Finding(
            f"{what}: time",
            f"grouping: {figures['seconds']:.1f} s",
            f"making the pairs by comparing all: {figures['made']:.1f} s",
            figures["seconds"] / figures["made"],
        ),
    ], [
        f"{figures['pairs']:,} pairs of the frames are near; {figures['matches']:,} are listed, "
        f"and tie all to {figures['photos']} photo."
    ]


def generate(folder: str, count: str, seed: str) -> dict[str, float]:
    used, pairs = write_reuse(Path(folder), int(count), int(seed))
    return {"used": used, "pairs": pairs}


def group(folder: str) -> dict[str, float]:
    codes = np.load(Path(folder, "codes.npy"))
    posts = np.load(Path(folder, "posts.npy"))
    start = time.perf_counter()
    found = _grouped(codes, posts, _hits(Path(folder)))
    grouped = time.perf_counter()
    pq.write_table(found.assigned, Path(folder, "places.parquet"), compression="zstd")
    rows = 0
    with pq.ParquetWriter(Path(folder, "matches.parquet"), MATCHES, compression="zstd") as writer:
        for batch in found.batches():
            writer.write_batch(batch)
            rows += len(batch)
    return {
        "groups_s": grouped - start,
        "written_s": time.perf_counter() - grouped,
        "matches": rows,
        "unlisted": found.unlisted,
    }


def _grouped(codes: np.ndarray, posts: np.ndarray, pairs: Iterator[Hits]) -> PhotoMatches:
    """Pictures of one hash each; the last four bytes of a digest are the picture's number."""
    items = np.random.default_rng(len(codes)).integers(0, 256, (len(codes), 32), np.uint8)
    items[:, -4:] = np.arange(len(codes), dtype=">u4")[:, None].view(np.uint8)
    held = Codes(codes, np.arange(len(codes) + 1), items)
    nodes = Nodes.alone(held.digests(), posts, pdq.Pdq.name)
    return group_photos(CopyGraph.of(held, nodes, pairs, PDQ_MAX_DISTANCE))


def _hits(folder: Path) -> Iterator[Hits]:
    with (folder / "pairs.bin").open("rb") as file:
        while len(pairs := np.fromfile(file, PAIR, BATCH)):
            query, row = pairs["a"].astype(np.int64), pairs["b"].astype(np.int64)
            yield Hits(query, row, pairs["distance"].astype(np.int32))


def check(folder: str) -> dict[str, float]:
    """Check the group of every hash against the hashes."""
    words = np.load(Path(folder, "codes.npy")).view(np.uint64)
    columns = ["sha256", "medoid_sha256", "via_sha256"]
    places = pq.read_table(Path(folder, "places.parquet"), columns=columns)
    node, medoid = _numbers(places["sha256"]), _numbers(places["medoid_sha256"])
    direct = places["via_sha256"].is_null().to_numpy()
    via = medoid.copy()
    via[~direct] = _numbers(places["via_sha256"].filter(pa.array(~direct)))
    for x, y in ((node, via), (via, medoid)):
        if np.bitwise_count(words[x] ^ words[y]).sum(axis=1).max() > PDQ_MAX_DISTANCE:
            raise Stopped("a member is too far from what ties it in")
    if not np.array_equal(np.sort(node), np.arange(len(words))):
        raise Stopped("not every picture has one place")
    sizes = np.bincount(medoid)
    photos, through = np.count_nonzero(sizes), np.count_nonzero(~direct)
    return {"photos": int(photos), "largest": int(sizes.max()), "through": int(through)}


def _numbers(digests: pa.ChunkedArray) -> np.ndarray:
    """The numbers in the digests' last four bytes."""
    parts = [np.empty(0, ">u4")]
    for chunk in digests.chunks:
        ends = pc.utf8_slice_codeunits(chunk, 56).buffers()[2]
        parts.append(np.frombuffer(bytes.fromhex(ends.to_pybytes().decode("ascii")), ">u4"))
    return np.concatenate(parts).astype(np.int64)


def components(folder: str) -> dict[str, float]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(np.load(Path(folder, "codes.npy"), mmap_mode="r"))
    pairs = np.fromfile(Path(folder, "pairs.bin"), PAIR)
    start = time.perf_counter()
    graph = coo_matrix((np.ones(len(pairs), np.uint8), (pairs["a"], pairs["b"])), (n, n))
    count, _ = connected_components(graph, directed=False)
    return {"seconds": time.perf_counter() - start, "components": int(count)}


def slice_(folder: str) -> dict[str, float]:
    """Cluster some whole components of about `SLICE` pairs, by turns."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from sknetwork.clustering import Leiden

    n = len(np.load(Path(folder, "codes.npy"), mmap_mode="r"))
    posts = np.load(Path(folder, "posts.npy"))
    pairs = np.fromfile(Path(folder, "pairs.bin"), PAIR)
    graph = coo_matrix((np.ones(len(pairs), np.uint8), (pairs["a"], pairs["b"])), (n, n))
    label = connected_components(graph, directed=False)[1]
    many = np.cumsum(np.bincount(label[pairs["a"]]))
    pairs = pairs[label[pairs["a"]] <= np.searchsorted(many, SLICE)]
    nodes, ends = np.unique(np.concatenate([pairs["a"], pairs["b"]]), return_inverse=True)
    a, b = np.split(ends, 2)
    edges = Edges.of_distances(a, b, pdq.Pdq.name, pairs["distance"], pdq.BITS)
    held = edges.graph(len(nodes))
    contenders = {
        "stars": lambda _: star_clusters(held, posts[nodes]),
        "leiden": lambda _: Leiden(random_state=0).fit_predict(held),
    }
    seconds = interleaved(contenders, [None], ROUNDS, quiet=True)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    return {
        **medians,
        "ratio": ratio(seconds["stars"], seconds["leiden"]),
        "pairs": len(pairs),
    }


def video(count: str, seed: str) -> dict[str, float]:
    codes = frames(int(count), int(seed))
    made, pairs = 0.0, 0

    def hits() -> Iterator[Hits]:
        nonlocal made, pairs
        begun = time.perf_counter()
        for at, row, distance in near_pairs(codes):
            batch = Hits(np.full(len(row), at), row, distance)
            pairs += len(row)
            made += time.perf_counter() - begun
            yield batch
            begun = time.perf_counter()

    start = time.perf_counter()
    found = _grouped(codes, np.ones(len(codes), np.int64), hits())
    matches = sum(map(len, found.batches()))
    seconds = time.perf_counter() - start - made
    photos = len(found.assigned["medoid_sha256"].unique())
    return {"seconds": seconds, "made": made, "pairs": pairs, "matches": matches, "photos": photos}


STEPS = {"generate": generate, "group": group, "components": components, "check": check}
STEPS |= {"slice": slice_, "video": video}

if __name__ == "__main__":
    try:
        if sys.argv[1:] and sys.argv[1] in STEPS:
            print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
        else:
            main()
    except Stopped as stopped:
        sys.exit(str(stopped))
