"""Measures the inverted index of local features that `query` searches, beside FAISS' own.

The index holds parts of photographs (see copies/crops.py: many of them share pixels) and 300 photos
that share none. The queries are the features of those photos, so that what is timed are pictures
without copies, like nearly all pictures of a case. FAISS gets the same centers and the same
features.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import faiss
import numpy as np
from copies.crops import crops
from copies.originals import photos
from copies.ours import put_features
from copies.preparing import prepared
from copies.sources import Files
from measuring import Finding, Stopped, conclude, interleaved, options, ratio, say

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals.local import Features, Local
from frametrace.index.feature_search.build_inverted_index import POSE_BITS
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.feature_search.inverted_lists import InvertedLists
from frametrace.index.index_store import index_folder, open_index

PICTURES, PICTURES_QUICK = 100_000, 2_000
NEAREST = 100
BLOCKS, ROUNDS = 10, 3
GOALS = {"bytes": 6_000, "a second": 25, "GB": 8}


def main() -> None:
    chosen = options(__doc__ or "")
    count = PICTURES_QUICK if chosen.quick else PICTURES
    dealt = photos(chosen.seed)
    base = prepared([Files("originals", tuple(dealt.originals))], hashes=False)[0]
    with tempfile.TemporaryDirectory(prefix="bench-features-") as name:
        case = put_features(Case.create(Path(name) / "case"), "originals", base.digests, base.codes)
        for number, block in enumerate(crops(chosen.seed, count)):
            columns = (block[column].combine_chunks() for column in ("sha256", "code"))
            case = put_features(case, f"crops-{number}", *columns)
        say(f"  an index of {count + len(base):,} pictures")
        start = time.perf_counter()
        index = open_index(case, Local.name, FeatureIndex)
        seconds = time.perf_counter() - start
        faiss.omp_set_num_threads(1)
        queries = [Features.of(code) for code in base.codes.to_pylist()]
        findings = [
            *_beside_faiss(index, queries, Path(name)),
            *_sizes(index, index_folder(case, Local.name), seconds),
            _extracting(dealt.originals),
        ]
    remarks = [
        "FAISS gives the same features as the lists do where both scan the same ones, without "
        "orientation and scale; its times are of one thread, like ours.",
    ]
    packages = ("frametrace", "faiss-cpu", "numba", "opencv-python-headless", "numpy")
    conclude("features", findings, remarks, packages, chosen)


def _beside_faiss(index: FeatureIndex, queries: Sequence[Features], folder: Path) -> list[Finding]:
    """The same lists searched by `IndexBinaryIVF`."""
    peer = _peer(index)
    lists = InvertedLists(index.starts, index.words, index.owners, POSE_BITS)
    blocks = [np.concatenate([f.words for f in part]) for part in _split(queries[:40], BLOCKS)]

    contenders = {
        "ours": lambda words: lists.near(words, index._probed(words), None, NEAREST),
        "faiss": lambda words: peer.search(words.view(np.uint8), NEAREST),
    }
    seconds = interleaved(contenders, blocks, ROUNDS, clock=time.process_time)
    questions = sum(map(len, blocks))
    peer_ms = 1000 * min(seconds["faiss"]) / questions
    faiss.write_index_binary(peer, str(folder / "faiss"))
    features = len(index.owners)
    size = (folder / "faiss").stat().st_size / features
    own = (index.words.nbytes + index.owners.nbytes + index.centers.nbytes) / features
    return [
        Finding(
            f"{NEAREST} nearest of a feature among {features:,}",
            f"{1000 * min(seconds['ours']) / questions:.3f} ms",
            f"IndexBinaryIVF {peer_ms:.3f} ms",
            ratio(seconds["ours"], seconds["faiss"]),
        ),
        Finding(
            "bytes a feature, with orientation and scale",
            f"{own:.1f}",
            f"IndexBinaryIVF, without: {size:.1f}",
            own / size,
        ),
    ]


def _peer(index: FeatureIndex) -> "faiss.IndexBinaryIVF":
    """FAISS' inverted lists of the same features by the same centers."""
    quantizer = faiss.IndexBinaryFlat(128)
    quantizer.add(np.ascontiguousarray(index.centers))
    peer = faiss.IndexBinaryIVF(quantizer, 128, len(index.centers))
    peer.is_trained, peer.nprobe = True, index._lists(index.words[:, :1].T.copy()).shape[1]
    of = np.repeat(np.arange(len(index.centers)), np.diff(index.starts))
    for start in range(0, len(of), 1 << 20):
        part = slice(start, start + (1 << 20))
        codes = np.ascontiguousarray(index.words[:, part].T).view(np.uint8)
        owners = (index.owners[part] >> POSE_BITS).astype(np.int64)
        peer.add_core(
            len(codes), faiss.swig_ptr(codes), faiss.swig_ptr(owners), faiss.swig_ptr(of[part])
        )
    return peer


def _split(queries: Sequence[Features], blocks: int) -> list[Sequence[Features]]:
    size = max(len(queries) // blocks, 1)
    return [queries[start : start + size] for start in range(0, len(queries), size)]


def _sizes(index: FeatureIndex, folder: Path, seconds: float) -> list[Finding]:
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    each = size / len(index)
    return [
        Finding(
            f"index of {len(index):,} pictures, bytes each",
            f"{each:,.0f} (built in {seconds:.0f} s; recall {index.measured_recall():.2f})",
            f"goal: {GOALS['bytes']:,}",
            each / GOALS["bytes"],
            at_most=1,
        ),
        Finding(
            "mapped files of a million pictures (1,000,000 x bytes each)",
            f"{each / 1000:.1f} GB",
            f"goal: {GOALS['GB']} GB",
            each / 1000 / GOALS["GB"],
            at_most=1,
        ),
    ]


def _extracting(paths: Sequence[Path]) -> Finding:
    pictures = [decode(path.read_bytes()) for path in paths[:100]]
    describe = Local().preparer()
    describe(pictures[0])
    start = time.process_time()
    for picture in pictures:
        describe(picture)
    each = (time.process_time() - start) / len(pictures)
    return Finding(
        "features of a decoded picture of 480 pixels, a second and core",
        f"{1 / each:.0f}",
        f"goal: {GOALS['a second']}",
        1 / each / GOALS["a second"],
        at_least=1,
    )


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
