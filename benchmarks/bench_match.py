"""Measures `frametrace match` and `query` on cases of 100,000 and 1,000,000 pictures.

Nearly all pictures are synthetic: local features as made by synthetic.py, so that they agree only
by chance; hashes of random bits; and the thumbnail of some real photo. Real photos and their edits
(every ninth kind of each photo, with all their own values) are planted, one post each; groups must
find those. Memory is that of all processes.

Popular pictures: light edits of one photo, recompressed and cropped by a hair; and frames of one
template, which share the features and the pixels of the outer third, around different pictures.
"""

import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cases import put_described, put_synthetic
from copies.edits import EDITS
from copies.originals import ORIGINALS, opened, photos
from copies.sources import Edited, Files
from generating import jpeg
from measuring import Finding, Ran, Stopped, command_line, conclude, options, run, say
from synthetic import BASE, BASE_QUICK, FEATURE, Described, Synthesis, described

from frametrace.case.store import Case
from frametrace.embed.signals.thumbnail import pixels
from frametrace.matcher.query.answer_query import find_picture
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import load_results

SIZES, SIZES_QUICK = (100_000, 1_000_000), (1_000, 2_000)
COPIES, COPIES_QUICK = (1_000, 3_000), (50, 100)
FRAMES, FRAMES_QUICK = (1_000, 4_000), (200, 400)
EDITS_OF, EDITS_OF_QUICK = 9, 90  # every such photo gets every ninth kind of edit
UNIT = 10_000  # pictures of a shard
TEMPLATE = 120  # features of 360 that the frames of a template share
QUESTIONS = 30
LIMITS = {"s": (600, 7200), "GB": (3, 8), "ms": 3, "query": 150, "growth": 1.3}


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "ask":
        _time_queries(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
        return
    chosen = options(__doc__ or "")
    quick = chosen.quick
    sizes = SIZES_QUICK if quick else SIZES
    step = EDITS_OF_QUICK if quick else EDITS_OF
    say("real photos and their edits")
    edits = [
        Edited(chosen.seed, name, 1, tuple(range(at % EDITS_OF, ORIGINALS, step)))
        for at, name in enumerate(EDITS)
    ]
    dealt = photos(chosen.seed)
    originals, others, *edited = described(
        [
            Files("originals", tuple(dealt.originals)),
            Files("others", tuple(dealt.distractors)),
            *edits,
        ]
    )
    make = Synthesis.of(originals, edits, edited, BASE_QUICK if quick else BASE)
    planted = Planted.of(originals, edits, edited)
    with tempfile.TemporaryDirectory(prefix="bench-match-") as name:
        place = Path(name)
        queries = _questions(place, edits)
        findings = _sizes(place, make, planted, others.thumbnails, sizes, queries)
        findings += _popular(place, make, dealt.originals[0], others, quick=quick)
    remarks = [f"Planted: {len(originals)} photos and {sum(map(len, edited))} edits of them."]
    conclude("match", findings, remarks, ("frametrace", "numba", "numpy"), chosen)


@dataclass(frozen=True, slots=True)
class Planted:
    """Real pictures, and which photo each shows."""

    pictures: Described
    photo: dict[str, int]

    @classmethod
    def of(
        cls, originals: Described, edits: Sequence[Edited], edited: Sequence[Described]
    ) -> "Planted":
        """Photos and edits, each picture once."""
        numbers = [*range(len(originals)), *(n for edit in edits for n in edit.numbers)]
        parts = [originals, *edited]
        rows = zip(
            *(
                [value for part in parts for value in getattr(part, name)]
                for name in ("digests", "codes", "thumbnails", "hashes")
            ),
            numbers,
            strict=True,
        )
        once = {row[0]: row for row in rows}
        digests, codes, thumbnails, hashes, shown = map(list, zip(*once.values(), strict=True))
        return cls(
            Described(digests, codes, thumbnails, hashes), dict(zip(digests, shown, strict=True))
        )


def _questions(place: Path, edits: Sequence[Edited]) -> list[Path]:
    """Files of edits to query for."""
    paths = []
    for at, edit in enumerate(edits[:QUESTIONS]):
        path = place / f"query-{at}.jpg"
        path.write_bytes(next(edit.pictures()))
        paths.append(path)
    return paths


def _sizes(
    place: Path,
    make: Synthesis,
    planted: Planted,
    thumbnails: Sequence[bytes],
    sizes: Sequence[int],
    queries: Sequence[Path],
) -> list[Finding]:
    findings, used = [], []
    pool = pa.array(thumbnails, pa.binary())
    case = Case.create(place / "case")
    put_described(case, "planted", planted.pictures)
    there = 0
    for size, seconds, memory in zip(sizes, LIMITS["s"], LIMITS["GB"], strict=True):
        say(f"a case of {size:,} pictures")
        for start in range(there, size, UNIT):
            count = min(UNIT, size - start)
            put_synthetic(case, f"synthetic-{start}", make.codes(count, start), pool, start)
        there = size
        for made in ("verified", "results", "index"):  # each size is compared from nothing
            if (case.path / made).is_dir():
                (case.path / made).rename(place / f"{made}-{size}")
        ran = run(command_line("match", case.path))
        used.append(ran.cpu)
        findings += _findings(f"{size:,} pictures", ran, seconds, memory)
        each = 1000 * ran.cpu / size
        findings.append(
            Finding(
                f"{size:,} pictures: each, nearly all without copies",
                f"{each:.2f} ms of processor time",
                f"limit: {LIMITS['ms']} ms",
                each / LIMITS["ms"],
                at_most=1,
            )
        )
        findings += _right(Case(case.path), f"{size:,} pictures", planted)
        if size == sizes[0]:
            findings.append(_queried(case.path, queries, size))
    growth = np.log(used[-1] / used[0]) / np.log(sizes[-1] / sizes[0])
    findings.append(
        Finding(
            "growth exponent of the processor time",
            f"{growth:.2f}",
            f"limit: {LIMITS['growth']}",
            growth / LIMITS["growth"],
            at_most=1,
        )
    )
    return findings


def _findings(what: str, ran: Ran, seconds: float, memory: float) -> list[Finding]:
    return [
        Finding(
            f"{what}: match",
            f"{ran.seconds:,.0f} s ({ran.cpu:,.0f} CPU-s)",
            f"limit: {seconds:,} s",
            ran.seconds / seconds,
            at_most=1,
        ),
        Finding(
            f"{what}: memory",
            f"{ran.tree / 1e9:.2f} GB",
            f"limit: {memory} GB",
            ran.tree / 1e9 / memory,
            at_most=1,
        ),
    ]


def _right(case: Case, what: str, planted: Planted) -> list[Finding]:
    """How many edits share a photo group with their photo, and who else is in groups."""
    results, _ = load_results(case)
    members = results.members.filter(pc.equal(results.members["kind"], str(GroupKind.PHOTO)))
    groups = defaultdict(set)
    pictures = (members[name].to_pylist() for name in ("group_id", "media_sha256"))
    for group, sha256 in zip(*pictures, strict=True):
        groups[group].add(sha256)
    originals = {number: digest for digest, number in reversed(planted.photo.items())}
    edits = {d: originals[number] for d, number in planted.photo.items() if originals[number] != d}
    found = {
        edit for group in groups.values() for edit in group & edits.keys() if edits[edit] in group
    }
    others = set().union(*groups.values()) - planted.photo.keys()
    return [
        Finding(
            f"{what}: edits in the group of their photo",
            f"{len(found) / len(edits):.2%}",
            f"{len(edits):,} edits",
            len(found) / len(edits),
        ),
        Finding(
            f"{what}: synthetic pictures in photo groups",
            f"{len(others)}",
            f"{len(planted.photo):,} planted ones",
            len(others) / len(planted.photo),
        ),
    ]


def _queried(case: Path, queries: Sequence[Path], size: int) -> Finding:
    say("  questions")
    command = [sys.executable, __file__, "ask", str(case), *map(str, queries)]
    measured = json.loads(run(command).printed)
    return Finding(
        f"{size:,} pictures: query for an edit, one core",
        f"{measured['ms']:.0f} ms in the median, {measured['worst']:.0f} at most; "
        f"{measured['found']} of {len(queries)} answered",
        f"limit: {LIMITS['query']} ms",
        measured["ms"] / LIMITS["query"],
        at_most=1,
    )


def _time_queries(path: Path, queries: Sequence[Path]) -> None:
    """Run the queries in one process on one core, after one warm-up; print the times."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    case = Case(path)
    find_picture(case, queries[0])
    seconds, found = [], 0
    for one in queries:
        start = time.process_time()
        answer = find_picture(case, one)
        seconds.append(time.process_time() - start)
        found += answer.total > 0
    ms = [1000 * each for each in seconds]
    print(json.dumps({"ms": float(np.median(ms)), "worst": max(ms), "found": found}))


def _popular(
    place: Path, make: Synthesis, photo: Path, others: Described, *, quick: bool
) -> list[Finding]:
    """Many copies of one photo, and many frames of one template: twice as many each time."""
    findings = []
    for what, sizes, write in (
        ("copies of one photo", COPIES_QUICK if quick else COPIES, partial(_write_copies, photo)),
        (
            "frames of one template",
            FRAMES_QUICK if quick else FRAMES,
            partial(_write_frames, make, others),
        ),
    ):
        seconds, rows = [], []
        for size in sizes:
            say(f"{size:,} {what}")
            case = Case.create(place / f"{what.replace(' ', '-')}-{size}")
            write(case, size)
            ran = run(command_line("match", case.path))
            results, _ = load_results(Case(case.path))
            seconds.append(ran.cpu)
            rows.append(sum(batch.num_rows for batch in results.matches.batches()))
            say(f"  {ran.cpu:.0f} CPU-s, {ran.tree / 1e9:.2f} GB, {rows[-1]:,} matches")
        step = np.log(sizes[1] / sizes[0])
        for measure, values in (("processor time", seconds), ("matches", rows)):
            growth = np.log(max(values[1], 1) / max(values[0], 1)) / step
            findings.append(
                Finding(
                    f"{sizes[1]:,} {what}: growth exponent of {measure}",
                    f"{growth:.2f} ({values[0]:,.0f} to {values[1]:,.0f})",
                    f"limit: {LIMITS['growth']}",
                    growth / LIMITS["growth"],
                    at_most=1,
                )
            )
    return findings


def _write_copies(photo: Path, case: Case, size: int) -> None:
    image, rng = opened(photo), np.random.default_rng(17)

    def pictures() -> Iterator[bytes]:
        for _ in range(size):
            cut = rng.integers(0, np.array(image.size) // 12)
            box = (*cut.tolist(), *(np.array(image.size) - cut[::-1] // 2).tolist())
            yield jpeg(image.crop(box), int(rng.integers(60, 95)))

    put_described(case, "copies", _all_described(pictures()))


def _all_described(pictures: Iterator[bytes]) -> Described:
    given = list(pictures)
    return described([_Given(given)])[0]


@dataclass(frozen=True, slots=True)
class _Given:
    given: list[bytes]
    name: str = "given"

    def pictures(self) -> Iterator[bytes]:
        return iter(self.given)


def _write_frames(make: Synthesis, others: Described, case: Case, size: int) -> None:
    """The outer third is that of the template, in pixels and in features; the rest another's."""
    shape = (192, 144)
    rng = np.random.default_rng(19)
    pool = [cv2.resize(pixels(code), shape) for code in others.thumbnails]
    template, *inner = pool
    shared = make.codes(1, 10**8)[0, 4:].view(FEATURE)[:TEMPLATE].copy()
    far = shared["y"] < 64 * 300 // 2
    shared["y"][far] //= 4
    shared["y"][~far] = 64 * 300 - (64 * 300 - shared["y"][~far]) // 4
    for start in range(0, size, UNIT):
        count = min(UNIT, size - start)
        codes = make.codes(count, 2 * 10**8 + start)
        features = np.ascontiguousarray(codes[:, 4:]).view(FEATURE)
        order = np.argsort(rng.random((count, features.shape[1])), axis=1)[:, :TEMPLATE]
        np.put_along_axis(features, order, np.tile(shared, (count, 1)), axis=1)
        codes[:, 4:] = features.view(np.uint8)
        thumbnails = []
        for at in range(count):
            frame = inner[(start + at) % len(inner)].copy()
            frame[:24], frame[-24:] = template[:24], template[-24:]
            thumbnails.append(
                bytes(cv2.imencode(".webp", frame, [cv2.IMWRITE_WEBP_QUALITY, 80])[1])
            )
        put_synthetic(case, f"frames-{start}", codes, pa.array(thumbnails), 3 * 10**8 + start)


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
