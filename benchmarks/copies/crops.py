"""Makes thousands of distractors: parts of other photos, rotated and mirrored.

Picture n is 45 to 75 % of one of the photos that have no edits, rotated by up to 8 degrees and
mirrored half the time. They are made in blocks of a thousand, each a file of values in the
temporary folder, without the pictures. A run that follows a stopped one continues with the next
block.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from copies.originals import opened
from copies.preparing import folder, signal_key, write
from copies.sources import dealt_photos
from measuring import say
from PIL import Image

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail

__all__ = ["BLOCK", "crops"]

BLOCK = 1_000


def crops(seed: int, count: int) -> Iterator[pa.Table]:
    """`sha256`, `code` and `thumbnail` of the first `count`, in blocks; made if missing."""
    starts = range(0, count, BLOCK)
    missing = [start for start in starts if not _path(seed, start).exists()]
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(partial(_make, seed), missing)):
            say(f"  {(done + 1) * BLOCK:,} of {len(missing) * BLOCK:,} crops")
    for start in starts:
        yield pq.read_table(_path(seed, start)).slice(0, count - start)


def _path(seed: int, start: int) -> Path:
    return folder() / f"crops-{seed}-{signal_key()}-thumbnails" / f"{start:07}.parquet"


def _make(seed: int, start: int) -> None:
    photos = dealt_photos(seed).distractors
    describe, shrink = Local().preparer(), Thumbnail().preparer()

    def made() -> Iterator[Mapping[str, str | bytes]]:
        for number in range(start, start + BLOCK):
            image = _crop(
                opened(photos[number % len(photos)]), np.random.default_rng([seed, number])
            )
            digest = hashlib.sha256(image.tobytes() + number.to_bytes(8)).hexdigest()
            picture = Picture(image, *image.size)
            yield {"sha256": digest, "code": describe(picture), "thumbnail": shrink(picture)}

    write(_path(seed, start), made())


def _crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Crop, rotate and mirror in one warp; the outside of the photo is its reflection."""
    side = np.sqrt(rng.uniform(0.45, 0.75))
    size = round(image.width * side), round(image.height * side)
    middle = np.array(image.size) * (0.5 + (1 - side) * (rng.random(2) - 0.5))
    move = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), rng.uniform(-8, 8), 1)
    move[:, 2] += np.array(size) / 2 - middle
    part = cv2.warpAffine(
        np.asarray(image), move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return Image.fromarray(part[:, ::-1] if rng.random() < 0.5 else part)
