"""The contract of comparing two media items, at least one of them a video, by their frames."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from frametrace.matcher.videos.frame_verdicts import FrameVerdicts
from frametrace.matcher.videos.numbered_frames import VideoFrames
from frametrace.matcher.videos.spans import FramePair
from frametrace.matcher.videos.video_pairs import MediaPair

__all__ = ["OwnerPair"]


class OwnerPair(ABC):
    """Two owners of items, the first a video, with the pairs of items that were proposed.

    What `to_compare` asks for is compared before `result` is called.
    """

    def __init__(
        self,
        frames: VideoFrames,
        verdicts: FrameVerdicts,
        owners: tuple[int, int],
        proposed: Sequence[FramePair],
    ) -> None:
        self._frames, self._verdicts, self._owners = frames, verdicts, owners
        self._proposed = proposed

    @abstractmethod
    def to_compare(self) -> Iterator[FramePair]:
        """The pairs of items whose comparison is missing, the most important first."""

    @abstractmethod
    def result(self) -> MediaPair | None:
        """What the two have in common; None if nothing."""
