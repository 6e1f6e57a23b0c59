"""What a video of this benchmark shows: which seconds of which original; and what two share."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["COMMON", "Made", "Role", "Shared", "Span", "Truth", "shared"]

COMMON = 5_000  # milliseconds that two videos must have in common to count as copies


class Role(StrEnum):
    """What a medium is there for."""

    ORIGINAL = "original"
    FILLER = "filler"  # material that edits put before, behind and beside an original
    EDIT = "edit"
    ELEMENT = "element"  # shares an intro, a studio, … with others of its template
    STILL = "still"


class Truth(StrEnum):
    """What two media have to be called."""

    COPIES = "copies"  # five seconds or more in common
    UNCLEAR = "unclear"  # less in common, or one original at different times: not judged
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Span:
    """`start` to `end` of a video show `source_start` to `source_end` of an original, in ms."""

    start: int
    end: int
    source: str
    source_start: int
    source_end: int
    mirrored: bool = False

    def source_time(self, at: float) -> float:
        """The time in the original that the video shows at a time."""
        return self.source_start + (at - self.start) * self.speed

    def time_of(self, at: float) -> float:
        """The time in the video when it shows a time of the original."""
        return self.start + (at - self.source_start) / self.speed

    @property
    def speed(self) -> float:
        """Milliseconds of the original per millisecond of the video."""
        return (self.source_end - self.source_start) / max(self.end - self.start, 1)


@dataclass(frozen=True, slots=True)
class Made:
    """One medium: its file in the folder, and what it shows; a still shows an instant.

    `kind` is the edit or the shared element, `strength` 0 to 2, `template` names the element.
    """

    file: str
    role: Role
    name: str
    spans: tuple[Span, ...]
    kind: str = ""
    strength: int = 0
    template: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True)
class Shared:
    """A stretch that two videos have in common, in milliseconds of each."""

    start_a: float
    end_a: float
    start_b: float
    end_b: float

    @property
    def length(self) -> float:
        """In milliseconds of the shorter of both."""
        return min(self.end_a - self.start_a, self.end_b - self.start_b)


def shared(a: Sequence[Span], b: Sequence[Span]) -> tuple[Truth, list[Shared]]:
    """Whether two videos are copies, and the stretches that they have in common."""
    stretches, related = [], False
    for ours in a:
        for theirs in (span for span in b if span.source == ours.source):
            related = True
            start = max(ours.source_start, theirs.source_start)
            end = min(ours.source_end, theirs.source_end)
            if end > start:
                times = [one.time_of(at) for one in (ours, theirs) for at in (start, end)]
                stretches.append(Shared(*times))
    if sum(one.length for one in stretches) >= COMMON - 1:
        return Truth.COPIES, stretches
    return (Truth.UNCLEAR if related else Truth.NOTHING), stretches
