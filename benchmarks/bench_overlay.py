"""Measures OCR of the text in pictures: processor time and what is read, beside `rapidocr`.

The pictures are 85 from real posts, and photographs that nearly all show no text. Both read the
same decoded pixels in one process, taking turns; processor time of all threads is what counts. Ours
runs on one thread, `rapidocr` with its default of one per processor. Duplicate pictures are read
twice.
"""

import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers

import numpy as np
from measuring import Finding, Stopped, conclude, interleaved, options, ratio, say, shared_data
from PIL import Image

from frametrace.embed.decoding.decode import decode
from frametrace.embed.ocr.reader import TextReader, model_files

ROUNDS = 2
PHOTOS, PHOTOS_QUICK = 902, 30
PEER_INTERVAL = 8  # one in this many photographs is read by the peer as well
QUICK = 12
SURE = 0.8  # confidence from which the peer's lines count as what is there to be read
GOALS = {"seconds": 0.8, "kept": 0.01}
_WITH_TEXT = Path(__file__).with_name("photos_with_text.txt")

Readers = Mapping[str, Callable[[Image.Image], Sequence[tuple[str, float]]]]


def main() -> None:
    chosen = options(__doc__ or "")
    if (shared := shared_data()) is None:
        raise Stopped("../shared/data (or $FRAMETRACE_SHARED) is absent: there is nothing to read")
    readers = _readers()
    rng = np.random.default_rng(chosen.seed)
    posts = _pictures(sorted((shared / "real_edits" / "images").iterdir()))
    names = list(posts)[:: len(posts) // QUICK] if chosen.quick else list(posts)
    findings, remarks = _of_posts([posts[name] for name in names], readers, quick=chosen.quick)
    files = sorted((shared / "photos").rglob("*.jpg"))
    some = rng.permutation(len(files))[: PHOTOS_QUICK if chosen.quick else PHOTOS]
    more, said = _of_photos([files[at] for at in sorted(some)], readers)
    packages = ("rapidocr", "onnxruntime", "opencv-python-headless", "pillow", "numpy")
    conclude("overlay", [*findings, *more], [*remarks, *said], packages, chosen)


def _readers() -> Readers:
    """Ours without its memory of pictures, and `rapidocr` with all its defaults but the log."""
    try:
        from rapidocr import RapidOCR

        ours = TextReader(model_files()[0].parent)
    except ImportError as error:
        raise Stopped(f"{error}: pip install -c constraints.txt '.[ocr]'") from None
    theirs = RapidOCR(params={"Global.log_level": "critical"})

    def peer(image: Image.Image) -> list[tuple[str, float]]:
        read: Any = theirs(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]))
        return list(zip(read.txts or (), read.scores or (), strict=True))

    return {
        "ours": lambda image: [(line.text, line.confidence) for line in ours._read(image)],
        "peer": peer,
    }


def _pictures(files: Iterable[Path]) -> dict[str, Image.Image]:
    return {file.stem: decode(file.read_bytes()).image for file in files}


def _of_posts(
    pictures: Sequence[Image.Image], readers: Readers, *, quick: bool
) -> tuple[list[Finding], list[str]]:
    say(f"{len(pictures)} pictures of real posts")
    read, seconds = _timed(pictures, readers, 1 if quick else ROUNDS)
    each = {name: statistics.median(spent) / len(pictures) for name, spent in seconds.items()}
    found, there = _agreement(read["ours"], read["peer"])
    with_text = sum(bool(lines) for lines in read["ours"])
    findings = [
        Finding(
            f"{len(pictures)} pictures of real posts: processor time a picture",
            f"{each['ours']:.2f} s",
            f"limit: {GOALS['seconds']} s",
            each["ours"] / GOALS["seconds"],
            at_most=1,
        ),
        Finding(
            f"{len(pictures)} pictures of real posts: processor time a picture",
            f"{each['ours']:.2f} s",
            f"rapidocr: {each['peer']:.2f} s",
            ratio(seconds["peer"], seconds["ours"]),
        ),
    ]
    return findings, [
        f"In {with_text} of the {len(pictures)} pictures text is reported. Of the {there:,} pairs "
        f"of neighbouring letters that rapidocr reads with a confidence of {SURE} in lines of over "
        f"three letters, ours reads {found / max(there, 1):.1%}."
    ]


def _timed(
    pictures: Sequence[Image.Image], readers: Readers, rounds: int
) -> tuple[dict[str, list[Sequence[tuple[str, float]]]], dict[str, list[float]]]:
    """What each reader reads, and its processor time in each round."""
    read: dict[str, list[Sequence[tuple[str, float]]]] = {
        name: [()] * len(pictures) for name in readers
    }

    def reading(name: str) -> Callable[[int], None]:
        def keep(at: int) -> None:
            read[name][at] = readers[name](pictures[at])

        return keep

    contenders = {name: reading(name) for name in readers}
    for contender in contenders.values():
        contender(0)  # what is made once
    blocks = range(len(pictures))
    return read, interleaved(contenders, blocks, rounds, clock=time.process_time)


def _agreement(
    ours: Sequence[Sequence[tuple[str, float]]], theirs: Sequence[Sequence[tuple[str, float]]]
) -> tuple[int, int]:
    """How many pairs of letters of the peer's lines ours holds as well, and how many there are."""
    found = there = 0
    for mine, other in zip(ours, theirs, strict=True):
        wanted = _pairs(t for t, sure in other if sure >= SURE and len(_letters(t)) > 3)
        found += (wanted & _pairs(text for text, _ in mine)).total()
        there += wanted.total()
    return found, there


def _pairs(texts: Iterable[str]) -> Counter[str]:
    return Counter(a + b for text in map(_letters, texts) for a, b in pairwise(text))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _of_photos(files: Sequence[Path], readers: Readers) -> tuple[list[Finding], list[str]]:
    """What photographs cost, and what text is reported in those that show none."""
    shown = {line for line in _WITH_TEXT.read_text("utf-8").split("\n") if line[:1] != "#"}
    free = [file for file in files if file.stem not in shown]
    say(f"{len(free)} photographs without text, {len(files) - len(free)} with text")
    kept = {
        file.stem: lines
        for file in free
        if (lines := readers["ours"](decode(file.read_bytes()).image))
    }
    beside = list(_pictures(free[::PEER_INTERVAL]).values())
    seconds = interleaved(readers, beside, 1, clock=time.process_time)
    theirs = [bool(readers["peer"](picture)) for picture in beside]
    each = {name: spent[0] / len(beside) for name, spent in seconds.items()}
    findings = [
        Finding(
            f"{len(beside)} photographs without text: processor time a picture",
            f"{1000 * each['ours']:.0f} ms",
            f"rapidocr: {1000 * each['peer']:.0f} ms",
            ratio(seconds["peer"], seconds["ours"]),
        ),
        Finding(
            f"{len(free)} photographs without text: those in which text is reported",
            f"{len(kept)} ({len(kept) / len(free):.2%})",
            f"limit: {GOALS['kept']:.0%}; rapidocr: {statistics.mean(theirs):.0%} of {len(beside)}",
            len(kept) / len(free) / GOALS["kept"],
            at_most=1,
        ),
    ]
    if not kept:
        return findings, []
    measured = "; ".join(f"{name}: {[text for text, _ in lines]}" for name, lines in kept.items())
    return findings, [f"Kept without there being any: {measured}."]


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
