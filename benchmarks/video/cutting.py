"""Cuts edited videos together: pieces of clips in order, at a speed, each frame under a look."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from video.encoding import RATE, Reader
from video.truth import Span

__all__ = [
    "CRF",
    "Look",
    "Piece",
    "Recipe",
    "Source",
    "frames_of",
    "piece_starts",
    "spans_of",
    "whole",
]

# What becomes of a frame: given it, the frame of the video beside it (or None), and the time in ms.
Look = Callable[[np.ndarray, np.ndarray | None, int], np.ndarray]

CRF = (24, 28, 32)  # by strength: what platforms do to every upload


@dataclass(frozen=True, slots=True)
class Source:
    """A video on disk, its name and its duration in milliseconds."""

    name: str
    path: Path
    duration: int


@dataclass(frozen=True, slots=True)
class Piece:
    """`start` to `end` milliseconds of the source number `source`, at a speed."""

    source: int
    start: int
    end: int
    speed: float = 1.0

    @property
    def length(self) -> int:
        """In milliseconds of the edited video."""
        return round((self.end - self.start) / self.speed)


@dataclass(frozen=True, slots=True)
class Recipe:
    """An edit: its pieces, its look, and the source that is shown beside all of them (or None)."""

    pieces: tuple[Piece, ...]
    look: Look
    beside: int | None = None
    mirrored: bool = False
    rate: float = RATE
    crf: int = 26


def whole(source: Source) -> tuple[Piece, ...]:
    """All of the first source, which is this one."""
    return (Piece(0, 0, source.duration),)


def piece_starts(pieces: Sequence[Piece]) -> list[int]:
    """When each piece starts in the edited video, and when the last ends, in milliseconds."""
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + piece.length)
    return starts


def frames_of(recipe: Recipe, sources: Sequence[Source]) -> Iterator[np.ndarray]:
    """The frames of the edited video."""
    beside = None if recipe.beside is None else Reader(sources[recipe.beside].path)
    starts = piece_starts(recipe.pieces)
    number = 0
    for piece, start, end in zip(recipe.pieces, starts, starts[1:], strict=False):
        reader = Reader(sources[piece.source].path)
        while (ms := 1000 * number / recipe.rate) < end:
            frame = reader.at(piece.start + (ms - start) * piece.speed)
            other = None if beside is None else beside.at(ms)
            yield recipe.look(frame, other, round(ms))
            number += 1


def spans_of(recipe: Recipe, sources: Sequence[Source]) -> tuple[Span, ...]:
    """What the edited video shows, and when."""
    starts = piece_starts(recipe.pieces)
    spans = [
        Span(start, end, sources[piece.source].name, piece.start, piece.end, recipe.mirrored)
        for piece, start, end in zip(recipe.pieces, starts, starts[1:], strict=False)
    ]
    if recipe.beside is not None:
        other = sources[recipe.beside]
        end = min(starts[-1], other.duration)
        spans.append(Span(0, end, other.name, 0, end))
    return tuple(spans)
