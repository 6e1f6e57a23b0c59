"""Estimates how long work will still take, from how fast its latter half went."""

from bisect import bisect_right

__all__ = ["Pace"]

_MIN_SECONDS = 5.0  # elapsed before there is an estimate
_MIN_SHARE = 0.05  # of the work, done before there is an estimate
_SPACING = 1.05  # growth of the time between two marks, so that there are few


class Pace:
    """The pace of `total` items, or of an unknown number, that began at the time `start`.

    Times are seconds of any one clock. The beginning counts as little as it can, because it is
    often slower: models are loaded, code is compiled. So only the latter half of the time counts.
    """

    def __init__(self, total: int | None, start: float) -> None:
        self.total, self.done = total, 0
        self._times, self._counts = [start], [0]

    def advance(self, count: int, now: float) -> None:
        """Count more items that are done."""
        self.done += count
        start, last = self._times[0], self._times[-1]
        if now - start > (last - start) * _SPACING:
            self._times.append(now)
            self._counts.append(self.done)

    def seconds(self, now: float) -> float:
        """How long it has taken so far."""
        return now - self._times[0]

    def rate(self, now: float) -> float:
        """Items per second in the latter half of the time so far; 0 if there were none."""
        middle = bisect_right(self._times, now - self.seconds(now) / 2) - 1
        since = now - self._times[middle]
        return (self.done - self._counts[middle]) / since if since > 0 else 0.0

    def left(self, now: float) -> float | None:
        """Seconds until all items are done; None as long as that can't be told."""
        early = self.seconds(now) < _MIN_SECONDS
        if not self.total or early or self.done < _MIN_SHARE * self.total:
            return None
        rate = self.rate(now)
        return max(self.total - self.done, 0) / rate if rate else None
