"""Measures recall and precision of edited copies as an index of local features grows.

30 photos in 27 edits each, of middle strength, are searched as by `frametrace query` among 300
originals and 1,000, 10,000 and 100,000 distractors: parts of 561 other photos, so that many of them
share pixels with each other, but none with the queries.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow as pa
from copies.crops import BLOCK, crops
from copies.edits import EDITS
from copies.originals import ORIGINALS, photos
from copies.ours import GROUPING, put_features
from copies.preparing import Prepared, prepared
from copies.sources import Edited, Files
from measuring import Finding, Stopped, conclude, options, say

from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.index_store import index_folder, open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.query.by_local_features import pictures_sharing_pixels
from frametrace.matcher.result_schemas import Relation

SIZES = 1_000, 10_000, 100_000
SIZES_QUICK = 500, 2_000
MIDDLE = 1
GOALS = {"bytes": 6_000, "seconds": 0.3}
PACKAGES = ("frametrace", "faiss-cpu", "opencv-python-headless", "numpy")


@dataclass(frozen=True, slots=True)
class Query:
    """A query picture, and the digest of its original."""

    digest: str
    shown: PictureValues
    original: str


@dataclass(frozen=True, slots=True)
class Grown:
    """What was found among a number of distractors.

    `found` is the number of originals that were called copy or contained, `noticed` of those found
    at all, `wrong` of other pictures called so. `seconds` is of the median question, in processor
    time; `size` of the index in bytes a picture.
    """

    distractors: int
    found: int
    noticed: int
    wrong: int
    seconds: float
    size: float
    building: float


def main() -> None:
    chosen = options(__doc__ or "")
    dealt = photos(chosen.seed)
    numbers = tuple(range(0, ORIGINALS, 10))
    sets = [Edited(chosen.seed, edit, MIDDLE, numbers) for edit in EDITS]
    base, *edited = prepared([Files("originals", tuple(dealt.originals)), *sets], hashes=False)
    digests = base.digests.to_pylist()
    queries = [
        Query(digest, PictureValues.of(code, thumbnail), digests[number])
        for one, pictures in zip(sets, edited, strict=True)
        for digest, code, thumbnail, number in zip(
            pictures.digests.to_pylist(),
            pictures.codes.to_pylist(),
            pictures.thumbnails.to_pylist(),
            one.numbers,
            strict=True,
        )
    ]
    with tempfile.TemporaryDirectory(prefix="bench-growing-") as folder:
        grown = _grown(Path(folder), base, queries, chosen.seed, quick=chosen.quick)
    conclude("growing", _findings(grown, len(queries)), _remarks(grown), PACKAGES, chosen)


def _grown(
    folder: Path, base: Prepared, queries: list[Query], seed: int, *, quick: bool
) -> list[Grown]:
    """Add more and more distractors to one case, and run all queries each time."""
    sizes = SIZES_QUICK if quick else SIZES
    case = put_features(
        Case.create(folder / "case"), "originals", base.digests, base.codes, base.thumbnails
    )
    there, grown = 0, []
    for number, block in enumerate(crops(seed, sizes[-1])):
        case = put_features(case, f"crops-{number}", *_columns(block))
        there += len(block)
        if there in sizes:
            grown.append(_search_all(case, there, queries))
            say(f"  {grown[-1]}")
    return grown


def _columns(block: pa.Table) -> list[pa.Array]:
    return [block[name].combine_chunks() for name in ("sha256", "code", "thumbnail")]


def _search_all(case: Case, distractors: int, queries: list[Query]) -> Grown:
    start = time.perf_counter()
    index = open_index(case, Local.name, FeatureIndex)
    building = time.perf_counter() - start
    thumbnails = open_index(case, Thumbnail.name, ThumbnailIndex)
    found = noticed = wrong = 0
    seconds = []
    for one in queries:
        start = time.process_time()
        hits, _ = pictures_sharing_pixels(index, thumbnails, one.digest, one.shown, ())
        seconds.append(time.process_time() - start)
        sure = {hit.sha256 for hit in hits if Relation(hit.relation) in GROUPING}
        noticed += one.original in {hit.sha256 for hit in hits}
        found += one.original in sure
        wrong += len(sure - {one.original})
    files = index_folder(case, Local.name).iterdir()
    size = sum(path.stat().st_size for path in files if path.is_file()) / len(index)
    return Grown(distractors, found, noticed, wrong, statistics.median(seconds), size, building)


def _findings(grown: list[Grown], queries: int) -> list[Finding]:
    first, last = grown[0], grown[-1]
    findings = [
        Finding(
            f"{one.distractors:,} distractors: recall",
            f"{one.found / queries:.1%} at a precision of {_precision(one):.2%}",
            f"{first.distractors:,}: {first.found / queries:.1%} at {_precision(first):.2%}",
            one.found / first.found,
        )
        for one in grown
    ]
    findings += [
        Finding(
            f"{one.distractors:,} distractors: one query, one core",
            f"{1000 * one.seconds:.0f} ms",
            f"goal: {1000 * GOALS['seconds']:.0f} ms",
            one.seconds / GOALS["seconds"],
            at_most=1,
        )
        for one in grown
    ]
    size = f"{last.size / 1000:.2f} kB"
    limit = f"goal: {GOALS['bytes'] / 1000:g} kB"
    ratio = last.size / GOALS["bytes"]
    return [*findings, Finding("the index, a picture", size, limit, ratio, at_most=1)]


def _precision(one: Grown) -> float:
    return one.found / max(one.found + one.wrong, 1)


def _remarks(grown: list[Grown]) -> list[str]:
    outcomes = (
        f"Among {one.distractors:,} distractors {one.noticed - one.found} more originals are "
        f"found as sharing an element; {one.wrong} other pictures are called copies or contained. "
        f"Opening the index, or adding to it, took {one.building:.0f} s."
        for one in grown
    )
    return [*outcomes, f"Distractors were made in blocks of {BLOCK:,}."]


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
