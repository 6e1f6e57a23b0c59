"""Measures `frametrace match` on a case of 10,000 videos of 30 seconds: all pairs.

Their stored values are made from those of 40 real videos (video_synthesis.py says how): nothing is
decoded but these. One video in five has a copy. Memory is that of all processes.
"""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from copies.edits import EDITS
from copies.originals import ORIGINALS, all_photos, photos
from copies.sources import Edited, Files
from measuring import Finding, Ran, Stopped, command_line, conclude, options, run, say
from synthetic import BASE, BASE_QUICK, Synthesis, described
from video.clips import Clip, drawn, some_clip
from video.encoding import RATE, write_video
from video.video_synthesis import digest_of, prepared, put_videos

from frametrace.case.store import Case
from frametrace.embed.value_tables import Prepared
from frametrace.matcher.saved_results import load_results

SECONDS, SHOTS = 30, 4  # of each video
VIDEOS, REAL, COPIES = 10_000, 40, 1_000
VIDEOS_QUICK, REAL_QUICK, COPIES_QUICK = 200, 6, 20
UNIT = 500  # videos of a shard
EVERY = 9  # of the edits, one photo in so many: their changes of features are copied
HOUR, GB = 3600, 6e9  # goals


def main() -> None:
    chosen = options(__doc__ or "")
    quick = chosen.quick
    count, real, copies = (
        (VIDEOS_QUICK, REAL_QUICK, COPIES_QUICK) if quick else (VIDEOS, REAL, COPIES)
    )
    make = _synthesis(chosen.seed, quick=quick)
    with tempfile.TemporaryDirectory(prefix="bench-video-scale-") as name:
        values = _real(Path(name), real, chosen.seed)
        case = Case.create(Path(name) / "case")
        say(f"writing {count:,} videos")
        frames = sum(
            put_videos(case, values, make, range(start, min(start + UNIT, count)), copies)
            for start in range(0, count, UNIT)
        )
        stored = sum(path.stat().st_size for path in case.path.rglob("*") if path.is_file())
        say("frametrace match")
        ran = run(command_line("match", case.path, "--json"))
        found, others = _pairs(case.path, copies)
    shown = f"{count:,} videos of {SECONDS} s"
    remarks = [
        f"{frames:,} kept frames, {frames / count:.1f} per video; the case has "
        f"{stored / 2**20:,.0f} MiB, {stored / count / 1000:.0f} kB per video.",
        f"Of {copies:,} planted copies {found:,} were found; {others:,} other pairs of videos have "
        "something in common.",
        f"The values are made from those of {real} videos.",
    ]
    conclude("video-scale", _findings(shown, ran), remarks, ("frametrace", "av", "numba"), chosen)


def _findings(what: str, ran: Ran) -> list[Finding]:
    return [
        Finding(
            f"match, {what}",
            f"{ran.seconds:,.0f} s, {ran.cpu:,.0f} s of processor time",
            "goal: 1 h",
            ran.seconds / HOUR,
            at_most=1,
        ),
        Finding("memory", f"{ran.tree / 1e9:.2f} GB", "goal: 6 GB", ran.tree / GB, at_most=1),
    ]


def _synthesis(seed: int, *, quick: bool) -> Synthesis:
    say("real photos and their edits")
    step = 10 * EVERY if quick else EVERY
    edits = [
        Edited(seed, name, 1, tuple(range(at % EVERY, ORIGINALS, step)))
        for at, name in enumerate(EDITS)
    ]
    dealt = photos(seed)
    originals, *edited = described([Files("originals", tuple(dealt.originals)), *edits])
    return Synthesis.of(originals, edits, edited, BASE_QUICK if quick else BASE)


def _real(folder: Path, count: int, seed: int) -> list[Prepared]:
    """Videos of photographs under a moving camera, embedded."""
    say(f"making and embedding {count} videos")
    rng = np.random.default_rng([seed, 41])
    paths = all_photos()
    left = [paths[at] for at in rng.permutation(len(paths))]
    length = (1000 * SECONDS, 1000 * SECONDS)
    clips = [
        some_clip(f"clip-{at}", left[SHOTS * at : SHOTS * (at + 1)], rng, length)
        for at in range(count)
    ]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        return list(pool.map(partial(_embedded, folder), clips))


def _embedded(folder: Path, clip: Clip) -> Prepared:
    path = folder / f"{clip.name}.mp4"
    write_video(path, drawn(clip), rate=RATE, crf=23)
    return prepared(path)


def _pairs(case: Path, copies: int) -> tuple[int, int]:
    """Planted copies that were found, and pairs that were not planted."""
    results, _ = load_results(Case(case))
    rows = results.video_matches.select(["sha256_a", "sha256_b"]).to_pylist()
    found = {frozenset(row.values()) for row in rows}
    planted = {frozenset((digest_of(2 * at), digest_of(2 * at + 1))) for at in range(copies)}
    return len(found & planted), len(found - planted)


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
