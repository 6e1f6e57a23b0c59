"""TMK+PDQF as a peer, by PyPI's `tmkpy` (built with swig) and the FFmpeg of `imageio-ffmpeg`."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from measuring import say
from video.truth import Made, Role
from video.video_scores import Called, Match

__all__ = ["tmk"]

_MIN_SCORE = 0.7  # of both levels: hashing.pdf in facebook/ThreatExchange, and tmkpy's README
_PROGRAM = "frametrace benchmarks"  # TMK names it in its messages


def tmk(folder: Path, media: Sequence[Made]) -> Called | None:
    """Pairs of videos rank by the second score, below the first threshold by the first.

    None, with a message, if a package is missing. TMK has no still pictures.
    """
    try:
        import imageio_ffmpeg
        import tmkpy
    except ImportError as error:
        say(f"  TMK is left out: {error}; pip install tmkpy imageio-ffmpeg (tmkpy needs swig)")
        return None
    say("hashing videos with TMK")
    videos = [at for at, made in enumerate(media) if made.role is not Role.STILL]
    hash_one = partial(_hashed, folder, imageio_ffmpeg.get_ffmpeg_exe())
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        paths = list(pool.map(hash_one, [media[at] for at in videos], chunksize=8))
    averages = np.array([np.load(path.with_suffix(".npy")) for path in paths])
    averages /= np.linalg.norm(averages, axis=1, keepdims=True)
    first = averages @ averages.T
    matches = {}
    for a in range(len(videos)):
        for b in range(a + 1, len(videos)):
            matches[videos[a], videos[b]] = Match(float(first[a, b]), False)
        near = [b for b in range(a + 1, len(videos)) if first[a, b] >= _MIN_SCORE]
        second = tmkpy.query(str(paths[a]), [str(paths[b]) for b in near], 1) if near else ()
        for b, score in zip(near, second, strict=True):
            matches[videos[a], videos[b]] = Match(1 + score, score >= _MIN_SCORE)
    return Called("TMK+PDQF", matches)


def _hashed(folder: Path, ffmpeg: str, made: Made) -> Path:
    """A video's file of TMK, made if it is missing. FFmpeg's messages are dropped."""
    import tmkpy

    path = folder / "tracks" / f"{made.name}.tmk"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        silent, before = os.open(os.devnull, os.O_WRONLY), os.dup(2)
        os.dup2(silent, 2)
        try:
            vector = tmkpy.hashVideo(str(folder / made.file), ffmpeg)
            unfinished = path.with_suffix(".part")
            vector.writeToOutputFile(str(unfinished), _PROGRAM)
            np.save(path.with_suffix(".npy"), vector.getPureAverageFeature())
        finally:
            os.dup2(before, 2)
        unfinished.rename(path)
    return path
