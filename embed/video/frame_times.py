"""Turns the timestamps of a file, which may be missing, jump or run backwards, into times."""

from fractions import Fraction

__all__ = ["MAX_DURATION", "FrameClock", "milliseconds"]

MAX_DURATION = 3 * 60 * 60 * 1000  # ms that are read of a video; what follows is left out

_DEFAULT_STEP = 40  # ms: 25 frames a second
_MAX_STEP = 1000  # ms; a stated rate below one frame a second isn't believed
_MAX_UNSTATED_GAP = 60_000  # ms between two frames of a file that states no duration


def milliseconds(timestamp: int | None, unit: Fraction | None) -> int | None:
    """A timestamp in milliseconds; None if it is missing."""
    if timestamp is None or not unit:
        return None
    return timestamp * unit.numerator * 1000 // unit.denominator


class FrameClock:
    """Gives each frame a time: the first is at 0, and every later one is after the one before.

    A timestamp that is missing, not later than the one before, or past the stated end of the video
    is replaced by a step of one frame, and the times after it continue from there.
    """

    def __init__(self, stated: int | None, rate: Fraction | None) -> None:
        """`stated` is the duration that the file states, in ms; `rate` is in frames a second."""
        self._stated = stated
        step = round(1000 / rate) if rate and rate > 0 else _DEFAULT_STEP
        self.step = step if 1 <= step <= _MAX_STEP else _DEFAULT_STEP
        self._offset: int | None = None
        self._last = -1

    def at(self, timestamp: int | None) -> int:
        """The time in milliseconds of the frame with a timestamp in milliseconds."""
        time = self._last + self.step if self._last >= 0 else 0
        if timestamp is not None:
            if self._offset is not None and self._is_plausible(timestamp - self._offset):
                time = timestamp - self._offset
            self._offset = timestamp - time
        self._last = time
        return time

    def _is_plausible(self, time: int) -> bool:
        if time <= self._last:
            return False
        if self._stated is None:
            return time - self._last <= _MAX_UNSTATED_GAP
        return time <= self._stated + _MAX_STEP or time - self._last <= 2 * self.step
