"""Reads and writes vPDQ feature files: the PDQ hashes of a video's frames, as tools exchange them.

One frame a line. vPDQ's own programs write frame number, quality, hash and seconds
(`0,100,face…,0.000`; `vpdq/cpp/vpdq/cpp/io/vpdqio.cpp` in facebook/ThreatExchange); the example of
its Python package puts the hash before the quality, its command line leaves the number out. All
three are read, told apart by the place of the hash; the first is written. The value of a
signal of type `HASH_VIDEO_VPDQ` is JSON: an array of strings in the third form
(`python-threatexchange`, `extensions/vpdq/vpdq_util.py`). It is read and written as well.
"""

import json
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from frametrace.case.atomic_files import replacing_output
from frametrace.embed.video.timeline import Timeline
from frametrace.matcher.tips.bounded_json import JsonStream
from frametrace.posts.errors import TipError

__all__ = [
    "MAX_FEATURES",
    "VpdqFeatures",
    "features_of_timeline",
    "features_of_track",
    "is_vpdq",
    "read_vpdq",
    "vpdq_signal",
    "write_vpdq",
]

MAX_FEATURES = 2_000_000  # of a file: every frame of 18 hours at 30 frames a second
_MAX_LINE = 200  # characters: the hash has 64, the numbers of the longest known line 20
_MAX_FRAME = 2**31 - 1  # vPDQ's own type for it is a 32-bit integer
_MAX_MS = 1000 * 2**31 - 1  # milliseconds: 68 years, more than any video, within 64 bits
_HASH_BYTES = 32
_HASH = re.compile("[0-9a-fA-F]{64}")
_NUMBER = re.compile("[0-9]{1,10}")
_SECONDS = re.compile(r"[0-9]{1,10}(\.[0-9]{0,20})?([eE][-+]?[0-9]{1,2})?")
# By the number of values in a line and the place of the hash: where frame number (if any), quality
# and seconds are.
_LAYOUTS: dict[tuple[int, int], tuple[int | None, int, int]] = {
    (4, 2): (0, 1, 3),
    (4, 1): (0, 2, 3),
    (3, 0): (None, 1, 2),
}


@dataclass(frozen=True, slots=True)
class VpdqFeatures:
    """PDQ of some frames of one video, in the order of time.

    `numbers` (s,) int64 counts frames of the video, ascending; `times` (s,) int64 is in
    milliseconds, never descending; `hashes` is (s, 32) uint8, `qualities` (s,) uint8, 0 to 100.
    """

    numbers: np.ndarray
    times: np.ndarray
    hashes: np.ndarray
    qualities: np.ndarray

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.times)

    def every(self, interval: int) -> "VpdqFeatures":
        """The first frame of each interval, in milliseconds; vPDQ's own default is 1000."""
        _, first = np.unique(self.times // interval, return_index=True)
        return VpdqFeatures(
            self.numbers[first], self.times[first], self.hashes[first], self.qualities[first]
        )


def features_of_timeline(timeline: Timeline) -> VpdqFeatures:
    """The samples of a video's track. Frame numbers count the samples: vPDQ compares without them.

    Raises `TipError` if the track has no sample.
    """
    return _checked(timeline.sample_times, timeline.sample_hashes, timeline.sample_qualities)


def features_of_track(times: Iterable[int], hashes: bytes, qualities: bytes) -> VpdqFeatures:
    """The same from the columns `sample_ms`, `hashes` and `qualities` of the table `videos`.

    Raises `TipError` if the three don't have the same number of samples, or none.
    """
    if len(hashes) % _HASH_BYTES:
        raise TipError(f"a track's hashes have {len(hashes):,} bytes, not a multiple of 32")
    codes = np.frombuffer(hashes, np.uint8).reshape(-1, _HASH_BYTES)
    return _checked(np.fromiter(times, np.int64), codes, np.frombuffer(qualities, np.uint8))


def _checked(times: np.ndarray, hashes: np.ndarray, qualities: np.ndarray) -> VpdqFeatures:
    counts = len(times), len(hashes), len(qualities)
    if len(set(counts)) > 1:
        raise TipError("a track has {:,} times, {:,} hashes and {:,} qualities".format(*counts))
    if not counts[0]:
        raise TipError("the video's track has no sample to write: embed it again with `pdq`")
    numbers = np.arange(counts[0], dtype=np.int64)
    return VpdqFeatures(numbers, times.astype(np.int64), hashes, qualities)


def write_vpdq(path: Path, features: VpdqFeatures) -> None:
    """Write a feature file: frame number, quality, hash, seconds with three decimals."""
    with replacing_output(path) as file:
        for number, quality, digits, seconds in _values(features):
            file.write(f"{number},{quality},{digits},{seconds}\n".encode("ascii"))


def vpdq_signal(features: VpdqFeatures) -> str:
    """The value of a ThreatExchange signal of type `HASH_VIDEO_VPDQ`: JSON without numbers."""
    values = _values(features)
    return json.dumps([f"{digits},{quality},{seconds}" for _, quality, digits, seconds in values])


def _values(features: VpdqFeatures) -> Iterator[tuple[int, int, str, str]]:
    columns = features.numbers.tolist(), features.qualities.tolist(), features.times.tolist()
    for number, quality, time, code in zip(*columns, features.hashes, strict=True):
        yield number, quality, code.tobytes().hex(), f"{time // 1000}.{time % 1000:03}"


def is_vpdq(path: Path) -> bool:
    """Whether a file begins like vPDQ features: a line of them, or a JSON array of strings."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        text = file.read(4 * _MAX_LINE).decode("utf-8-sig", "replace").lstrip()
    if text[:1] == "[":
        return text[1:].lstrip()[:1] == '"'
    values = [value.strip() for value in text.partition("\n")[0].split(",")]
    places = [at for at, value in enumerate(values) if _HASH.fullmatch(value)]
    return (len(values), places[0] if places else -1) in _LAYOUTS


def read_vpdq(path: Path) -> VpdqFeatures:
    """Read a feature file, lines or JSON by its first character.

    Raises `TipError`, naming the line or the entry, for anything but frames in the order of time,
    for over `MAX_FEATURES` of them and for none.
    """
    if not path.is_file():
        raise TipError(f"{path} is not a file: name a file of vPDQ features")
    with path.open("rb") as file:
        is_json = file.read(64).lstrip()[:1] in (b"[", b"{")
    found = _Columns()
    for where, text in _json_entries(path) if is_json else _lines(path):
        try:
            found.add(text)
        except ValueError as error:
            raise TipError(f"{path}, {where}: {error}") from None
    if not found.times:
        raise TipError(f"{path} holds no frame: vPDQ features have one line per frame")
    return found.features()


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        for number in count(1):
            line = file.readline(_MAX_LINE + 1)
            if not line:
                return
            if len(line) > _MAX_LINE:
                raise TipError(f"{path}, line {number}: it has over {_MAX_LINE} characters")
            if text := line.decode("ascii", "replace").strip():
                yield f"line {number}", text


def _json_entries(path: Path) -> Iterator[tuple[str, str]]:
    with JsonStream.open(path, fractions=True) as stream:
        for number, entry in enumerate(_entries(stream.values()), 1):
            where = f"entry {number}"
            if not isinstance(entry, str) or len(entry) > _MAX_LINE:
                raise TipError(f"{path}, {where}: it is not a string of hash, quality and seconds")
            yield where, entry.strip()


def _entries(values: Iterator[Any]) -> Iterator[Any]:
    """The entries of the array, or of the older object of features by frame number."""
    for value in values:
        if not isinstance(value, dict):
            yield value
            continue
        for number, one in value.items():
            parts = one if isinstance(one, dict) else {}
            texts = [parts.get(name) for name in ("quality", "hash", "timestamp")]
            yield ",".join(map(str, [number, *texts]))


class _Columns:
    """Collects frames and checks each against the one before."""

    def __init__(self) -> None:
        self.numbers, self.times = array("q"), array("q")
        self._hashes, self._qualities = bytearray(), bytearray()
        self._layout: tuple[int, int] | None = None

    def add(self, text: str) -> None:
        """Add one frame. Raises `ValueError` with the reason why the text isn't the next one."""
        values = [value.strip() for value in text.split(",")]
        number_at, quality_at, seconds_at = self._places(text, values)
        number = len(self.times) if number_at is None else _integer(values[number_at], "a frame")
        if number > _MAX_FRAME or (self.numbers and number <= self.numbers[-1]):
            raise ValueError(f"frame {number} can't follow: frame numbers ascend")
        if (quality := _integer(values[quality_at], "a quality")) > 100:
            raise ValueError(f"{quality} is not a quality from 0 to 100")
        time = _milliseconds(values[seconds_at])
        if self.times and time < self.times[-1]:
            raise ValueError(f"{values[seconds_at]} s is before the frame above it")
        if len(self.times) >= MAX_FEATURES:
            raise ValueError(f"over {MAX_FEATURES:,} frames: write fewer frames a second")
        self.numbers.append(number)
        self.times.append(time)
        self._qualities.append(quality)
        self._hashes += bytes.fromhex(values[self._hash_place()])

    def features(self) -> VpdqFeatures:
        """All frames that were added."""
        return VpdqFeatures(
            np.frombuffer(self.numbers, np.int64),
            np.frombuffer(self.times, np.int64),
            np.frombuffer(self._hashes, np.uint8).reshape(-1, _HASH_BYTES),
            np.frombuffer(self._qualities, np.uint8),
        )

    def _places(self, text: str, values: list[str]) -> tuple[int | None, int, int]:
        """Where the other values are. All frames of a file have one layout, that of the first."""
        hashes = [at for at, value in enumerate(values) if _HASH.fullmatch(value)]
        layout = len(values), hashes[0] if hashes else -1
        if layout not in _LAYOUTS:
            raise ValueError(
                f"{text[:80]!r} is not a vPDQ feature: frame number, quality, hash of 64 "
                "hexadecimal digits, seconds"
            )
        if self._layout not in (None, layout):
            raise ValueError("its values are in another order than those of the first frame")
        self._layout = layout
        return _LAYOUTS[layout]

    def _hash_place(self) -> int:
        assert self._layout is not None
        return self._layout[1]


def _integer(text: str, what: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not the number of {what}")
    return int(text)


def _milliseconds(text: str) -> int:
    if not _SECONDS.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a time in seconds")
    time = float(text) * 1000
    if time > _MAX_MS:
        raise ValueError(f"{text[:40]!r} is not the time of a frame in seconds")
    return round(time)
