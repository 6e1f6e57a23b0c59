"""Chooses the frames of a video that are kept: the fewest that show all it shows.

Frames are sampled some four times a second, and each is compared with the kept frame before it.
While it shows the same, that frame stands for it. Otherwise there was a cut, a dissolve or a
flash, or the camera moves:

- After a cut, the sharpest of the first frames that stand still is kept: not one inside a
  dissolve, and none for a flash of less than half a second.
- While the camera moves, a frame is kept every `_DRIFT` milliseconds, or sooner if the middle of
  the last one has left the picture.
- A frame that shows the same as any kept one is not kept again: the two speakers of a dialogue
  take two frames, however often the picture changes between them.

So each moment of a video shows the same as its kept frame, or is at most a few seconds away from it
in a movement. A video whose picture changes all the time has a limited number of frames; what it
shows in between then has none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from frametrace.embed.video.frame_views import MOTION_GRID, FrameView

__all__ = ["Allowance", "FrameChooser", "Intervals"]

Frame = TypeVar("Frame")

_DRIFT = 4000  # ms between kept frames while the camera moves
_MAX_FLASH = 500  # ms; what is shown for less is not a shot
_SPARSE = 750  # ms between samples; each is then taken as it is
_REFINED = 2000  # ms after a cut in which a sharper frame replaces the first
_MAX_UNSTABLE = 750  # ms of a dissolve or fast movement without a kept frame
# Bits of 256 between samples a quarter of a second apart. Standing pictures: 0 to 18; a slow move
# 16 to 78; cuts 90 to 160 (720p clips of benchmarks/video).
_CUT_BITS = 80
_STABLE_BITS = 20
_STILL_BITS = 2  # no camera moves: what differs from the kept frame came with a cut, as slides do
_SHARPER = 1.15  # ratio of scores that is worth replacing a frame
_BURST = 60  # frames that a video may keep at once: a minute of cuts every second


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many frames a video may keep: `most` in all, by a time `_BURST` + `per_second` * time."""

    most: int
    per_second: float

    @classmethod
    def of(cls, duration: int, most: int = 2000, per_second: float = 0.5) -> "Allowance":
        """The allowance of a video of `duration` milliseconds, spread over all of it."""
        spread = max(most - _BURST, 0) / max(duration / 1000, 1.0)
        return cls(most, min(per_second, spread))

    def at(self, time: int) -> int:
        """How many frames may be kept by `time` milliseconds."""
        return min(self.most, int(_BURST + self.per_second * time / 1000))


@dataclass(frozen=True, slots=True)
class Intervals:
    """When each kept frame is shown: numbers (k,) int32, starts and ends (k,) int64 ms.

    `moving` is (n, 32) uint8: the cells in which the picture moves meanwhile, for each kept frame.
    """

    frames: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    moving: np.ndarray


def _nothing_moves() -> np.ndarray:
    return np.zeros((MOTION_GRID, MOTION_GRID), bool)


@dataclass(slots=True)
class _Candidate(Generic[Frame]):
    """A frame that may be kept, and how good it is."""

    view: FrameView
    frame: Frame | None
    score: float
    time: int


@dataclass(slots=True)
class _Shot(Generic[Frame]):
    """What is shown since `start`: the best frame so far; its number once it is decided.

    `moving` are the cells, (16, 16) bool, in which samples differ from that frame.
    """

    start: int
    best: _Candidate[Frame]
    number: int | None = None
    is_open: bool = True
    moving: np.ndarray = field(default_factory=_nothing_moves)


class FrameChooser(Generic[Frame]):
    """Takes samples in order of time; gives the frames to keep as soon as they are decided.

    `Frame` is anything: the chooser holds three at most. Kept frames are numbered in the order in
    which they are given, from 0.
    """

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._kept: list[FrameView] = []
        self._codes = np.empty((16, 4), np.uint64)  # of the kept ones; doubled when full
        self._shot: _Shot[Frame] | None = None
        self._next: _Shot[Frame] | None = None  # what may become the next shot
        self._last: tuple[int, FrameView] | None = None
        self._rows: list[list[int]] = []  # number, start, end
        self._moving: list[np.ndarray] = []  # of each kept frame
        self.left_out = 0  # shots without a frame, because the allowance was used up

    def add(self, time: int, since: int, luma: np.ndarray, frame: Frame) -> Iterator[Frame]:
        """Take the sample of `time` milliseconds; `luma` is (height, width) uint8.

        If it shows something new, that begins at `since`, which lies between the sample before it
        and `time`. Yields the frames that are kept by now. Times ascend.
        """
        view = FrameView.of(luma)
        gap, step = 0, 0
        if self._last is not None:
            gap, step = time - self._last[0], view.bits_to(self._last[1])
        sample = _Candidate(view, frame, view.detail / (1 + step / _STABLE_BITS), time)
        if self._shot is None:
            self._shot = _Shot(since, sample)
        else:
            if self._next is not None and self._is_cut(sample, step):
                # What was shown before the cut is a shot of its own, if it was more than a flash.
                if since - self._next.start >= _MAX_FLASH:
                    yield from self._close_shot()
                self._next = None
            if view.shows_same(self._shot.best.view):
                self._next = None
                self._shot.moving |= view.moving_cells(self._shot.best.view)
                _refine(self._shot, sample)
            elif self._next is not None or not self._is_drift(sample, step):
                self._wait(sample, since)
                if self._is_stable(sample, gap, step):
                    yield from self._close_shot()
            else:
                self._shot.moving |= view.moving_cells(self._shot.best.view)
        if self._shot.is_open and time - self._shot.start >= _REFINED:
            yield from self._decide(self._shot)
        self._last = time, view

    def finish(self, end: int) -> Iterator[Frame]:
        """Yield the remaining frames of a video that ends at `end` milliseconds."""
        if self._shot is None:
            return
        if self._next is not None and end - self._next.start >= _MAX_FLASH:
            yield from self._close_shot()
        yield from self._decide(self._shot)
        self._record(end)
        self._shot = None

    def intervals(self) -> Intervals:
        """When each kept frame is shown; after `finish`."""
        rows = np.array(self._rows, np.int64).reshape(-1, 3)
        moving = np.array(self._moving, bool).reshape(len(self._moving), MOTION_GRID**2)
        return Intervals(
            rows[:, 0].astype(np.int32), rows[:, 1], rows[:, 2], np.packbits(moving, axis=1)
        )

    def _is_drift(self, sample: _Candidate[Frame], step: int) -> bool:
        """Whether the camera moves, and the last kept frame still stands for what it shows."""
        assert self._shot is not None
        kept = self._shot.best
        if sample.time - kept.time >= _DRIFT or step <= _STILL_BITS or self._is_cut(sample, step):
            return False
        return sample.view.has_moved_from(kept.view)

    def _is_cut(self, sample: _Candidate[Frame], step: int) -> bool:
        """Whether the sample shows another scene than the one before it."""
        if self._last is None or step < _CUT_BITS:
            return False
        return not sample.view.has_moved_from(self._last[1])

    def _wait(self, sample: _Candidate[Frame], since: int) -> None:
        """Note that something else is shown, and the best frame of it so far."""
        if self._next is None:
            self._next = _Shot(since, sample)
        elif sample.score > self._next.best.score:
            self._next.best = sample

    def _is_stable(self, sample: _Candidate[Frame], gap: int, step: int) -> bool:
        """Whether the next shot has a frame that stands still, or has waited long enough."""
        assert self._next is not None
        waited = sample.time - self._next.start
        return step <= _STABLE_BITS or gap >= _SPARSE or waited >= _MAX_UNSTABLE

    def _close_shot(self) -> Iterator[Frame]:
        """End the current shot and begin the next."""
        assert self._shot is not None
        assert self._next is not None
        yield from self._decide(self._shot)
        self._record(self._next.start)
        self._shot, self._next = self._next, None
        number = self._same_as_kept(self._shot.best.view)
        if number is not None:
            self._settle(self._shot, number)

    def _decide(self, shot: _Shot[Frame]) -> Iterator[Frame]:
        """Keep the shot's frame, unless a kept one shows the same or the allowance is used up."""
        if not shot.is_open:
            return
        frame, shot.is_open = shot.best.frame, False
        number = self._same_as_kept(shot.best.view)
        if number is not None:
            self._settle(shot, number)
        elif len(self._kept) >= self._allowance.at(shot.best.time):
            shot.best.frame = None
            self.left_out += 1
        else:
            assert frame is not None
            self._settle(shot, len(self._kept))
            self._keep(shot.best.view)
            yield frame

    def _settle(self, shot: _Shot[Frame], number: int) -> None:
        """Have a kept frame stand for a shot; later samples are compared with that frame."""
        shot.number, shot.is_open, shot.best.frame = number, False, None
        if number < len(self._kept):
            shot.best.view = self._kept[number]

    def _keep(self, view: FrameView) -> None:
        count = len(self._kept)
        if count == len(self._codes):
            self._codes = np.concatenate([self._codes, np.empty_like(self._codes)])
        self._codes[count] = view.code
        self._kept.append(view)
        self._moving.append(_nothing_moves())

    def _same_as_kept(self, view: FrameView) -> int | None:
        """The kept frame, the nearest by PDQ first, that shows the same as a view."""
        distances = view.bits(self._codes[: len(self._kept)])
        if view.is_flat:
            distances = np.array([0 if kept.is_flat else 256 for kept in self._kept], np.int64)
        for number in np.argsort(distances, kind="stable")[:8].tolist():
            if view.shows_same(self._kept[number]):
                return int(number)
        return None

    def _record(self, end: int) -> None:
        """Add the current shot to the intervals; one that goes on with the same frame is joined."""
        assert self._shot is not None
        if self._shot.number is None or end <= self._shot.start:
            return
        self._moving[self._shot.number] |= self._shot.moving
        row = [self._shot.number, self._shot.start, end]
        if self._rows and self._rows[-1][0] == row[0] and self._rows[-1][2] == row[1]:
            self._rows[-1][2] = end
        else:
            self._rows.append(row)


def _refine(shot: _Shot[Frame], sample: _Candidate[Frame]) -> None:
    """Take a sharper frame for a shot whose frame isn't decided yet."""
    if shot.is_open and sample.score > _SHARPER * shot.best.score:
        shot.best = sample
