"""Measures what the local features of a picture cost, beside two ways that cost less.

OpenCV builds SIFT's pyramid twice, to find features and to describe those that are kept, each from
a picture of twice the size. The same features can be described in a pyramid that begins with the
picture itself, and be found in a smaller picture. Photographs are enlarged to 1,024 pixels, so that
their features are those of photographs. All take turns in a worker process.
"""

import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers
sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from copies.originals import all_photos, opened
from measuring import Finding, Stopped, conclude, interleaved, options, ratio
from PIL import Image

from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.signals import local
from frametrace.embed.signals.local import SIDE, Features, Local
from frametrace.work.executor import all_results
from frametrace.work.process_pool import ProcessPool

PICTURES, PICTURES_QUICK = 60, 12
WIDTH, QUALITY = 1024, 85
BLOCK, ROUNDS = 4, 5
GOAL_MS = 25
SMALLER_SIDE = 360  # pixels, instead of 400
WAYS = {
    "ours": None,
    "described in the picture itself": SIDE,
    f"the same, found at {SMALLER_SIDE} pixels": SMALLER_SIDE,
}


def main() -> None:
    chosen = options(__doc__ or "")
    paths = all_photos()
    order = np.random.default_rng(chosen.seed).permutation(len(paths))
    taken = [paths[at] for at in order[: PICTURES_QUICK if chosen.quick else PICTURES]]
    with ProcessPool(1, seconds=3600) as pool:  # where freed memory is used again, as in `embed`
        seconds, bits = next(all_results(pool.map(measured, [taken])))
    each = {name: 1000 * statistics.median(spent) / len(taken) for name, spent in seconds.items()}
    ours = f"{each['ours']:.1f} ms"
    goal = Finding(
        f"local features of {len(taken)} pictures of {WIDTH:,} px, each, a core",
        ours,
        f"goal: {GOAL_MS} ms",
        each["ours"] / GOAL_MS,
        at_most=1,
    )
    others = [
        Finding(
            "the same", ours, f"{name}: {each[name]:.1f} ms", ratio(seconds["ours"], seconds[name])
        )
        for name in WAYS
        if name != "ours"
    ]
    half, most = np.percentile(bits, [50, 95])
    remarks = [
        "Pictures are decoded before. Described in the picture itself, the same features differ in "
        f"{half:g} of 128 bits in the median, in {most:g} or more in one of twenty.",
    ]
    packages = ("opencv-python-headless", "numpy", "pillow")
    conclude("local", [goal, *others], remarks, packages, chosen)


def measured(paths: Sequence[Path]) -> tuple[dict[str, list[float]], list[int]]:
    """Seconds by way and round; how many bits differ between the same features, by two ways."""
    pictures = [decode(_enlarged(path)) for path in paths]
    ways: dict[str, Callable[[Picture], object]] = {
        name: Local().preparer() if side is None else partial(_in_itself, side=side)
        for name, side in WAYS.items()
    }
    contenders = {name: partial(_each, way) for name, way in ways.items()}
    blocks = [pictures[at : at + BLOCK] for at in range(0, len(pictures), BLOCK)]
    for contender in contenders.values():
        contender(blocks[0])  # what is made once
    seconds = interleaved(contenders, blocks, ROUNDS, clock=time.process_time)
    bits: list[int] = []
    for picture in pictures:
        words = Features.of(local._describe(picture)).words
        bits += np.bitwise_count(words ^ _in_itself(picture, SIDE)).sum(axis=1).tolist()
    return seconds, bits


def _each(way: Callable[[Picture], object], block: Sequence[Picture]) -> None:
    for picture in block:
        way(picture)


def _enlarged(path: Path) -> bytes:
    image = opened(path)
    size = (WIDTH, round(image.height * WIDTH / image.width))
    sink = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(sink, "JPEG", quality=QUALITY)
    return sink.getvalue()


def _in_itself(picture: Picture, side: int) -> np.ndarray:
    """(n, 2) words of the features that are kept, the second pyramid of half the size."""
    luma = picture.shrunk_luma(side / max(picture.luma.size))
    points = local._sift().detect(luma, None)
    values = np.array([(*p.pt, p.size, p.angle, p.response) for p in points], np.float64)
    kept = [points[at] for at in local._most_valuable(values)]
    for point in kept:  # the octave is the lowest byte, -1 for the picture of twice the size
        point.octave = point.octave & ~255 | (point.octave + 1) & 255
    return local._words(_describer().compute(luma, kept)[1])


@lru_cache(maxsize=1)
def _describer() -> "cv2.SIFT":
    return cv2.SIFT_create(sigma=0.8)  # of its first octave; half of OpenCV's 1.6


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
