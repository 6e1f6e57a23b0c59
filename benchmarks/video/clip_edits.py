"""Defines the 20 scripted edits of videos: what people do before they post one again.

Each edit makes a `Recipe` of an original (source 0), a strength (0 weak, 1 as in real posts,
2 extreme), a generator and three other videos (sources 1 to 3). All texts and logos are invented.
At least five seconds of the original remain.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from copies.lettering import CHINESE, ENGLISH, one_of
from video import reframings
from video.cutting import CRF, Piece, Recipe, Source, piece_starts, whole
from video.overlays import Overlay, bar, caption, laid_over, logo, stacked
from video.reframings import Pixels

__all__ = ["EDITS", "STRENGTHS", "recipe_of"]

STRENGTHS = ("weak", "middle", "strong")
_LEAST = 5_200  # milliseconds of the original that every edit keeps
_FADE = 400  # milliseconds
_SHORTEST = 1_500  # milliseconds of the last piece of a recut video

Rng = np.random.Generator
Edit = Callable[[Sequence[Source], int, Rng], Recipe]


def recipe_of(edit: str, sources: Sequence[Source], strength: int, seed: int) -> Recipe:
    """The recipe of one edit; its random choices depend on the seed, the edit and the original."""
    words = f"{edit} {strength} {sources[0].name}"
    return EDITS[edit](sources, strength, np.random.default_rng([seed, zlib.crc32(words.encode())]))


def _of_pixels(change: Callable[[int, Rng], Pixels], *, mirrored: bool = False) -> Edit:
    """An edit that changes each frame by itself, all in the same way."""

    def edit(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
        pixels = change(strength, rng)

        def look(frame: np.ndarray, other: np.ndarray | None, ms: int) -> np.ndarray:
            return pixels(frame)

        return Recipe(whole(sources[0]), look, mirrored=mirrored, crf=CRF[strength])

    return edit


def _as_is(frame: np.ndarray, other: np.ndarray | None, ms: int) -> np.ndarray:
    return frame


def _reencode(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    return Recipe(whole(sources[0]), _as_is, crf=(30, 36, 42)[strength])


def _speed(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    change = (0.03, 0.06, 0.1)[strength] * (1 if rng.random() < 0.5 else -1)
    return Recipe((Piece(0, 0, sources[0].duration, 1 + change),), _as_is, crf=CRF[strength])


def _some(source: Source, number: int, length: float, rng: Rng) -> Piece:
    """A part of a source of about a length, anywhere."""
    kept = int(min(max(length, _LEAST), source.duration))
    start = int(rng.uniform(0, source.duration - kept)) // 40 * 40
    return Piece(number, start, start + kept)


def _trim(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    part = (0.85, 0.6, 0.4)[strength]
    piece = _some(sources[0], 0, part * sources[0].duration, rng)
    return Recipe((piece,), _as_is, crf=CRF[strength])


def _excerpt(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    """A part in the middle of other material."""
    around = [int(rng.uniform(3_000, 9_000)) for _ in range(2)]
    pieces = (
        Piece(1, 0, min(around[0], sources[1].duration)),
        _some(sources[0], 0, (12_000, 8_000, _LEAST)[strength], rng),
        Piece(2, 0, min(around[1], sources[2].duration)),
    )
    return Recipe(pieces, _as_is, crf=CRF[strength])


def _compilation(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    """Parts of three videos, in any order."""
    length = (10_000, 7_000, _LEAST)[strength]
    pieces = [_some(sources[number], number, length, rng) for number in range(3)]
    return Recipe(tuple(pieces[at] for at in rng.permutation(3)), _as_is, crf=CRF[strength])


def _captions(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    """Texts that change every two seconds: a line below, two lines, large ones in the middle."""
    box = ((0.1, 0.86, 0.9, 0.97), (0.08, 0.68, 0.92, 0.94), (0.05, 0.3, 0.95, 0.75))[strength]
    texts = [one_of(rng, CHINESE if rng.random() < 0.3 else ENGLISH) for _ in range(8)]
    made: dict[tuple[int, int, int], Overlay] = {}

    def look(frame: np.ndarray, other: np.ndarray | None, ms: int) -> np.ndarray:
        size = frame.shape[1], frame.shape[0]
        which = ms // 2000 % len(texts)
        if (which, *size) not in made:
            made[which, *size] = caption(size, box, texts[which])
        return laid_over(frame, made[which, *size])

    return Recipe(whole(sources[0]), look, crf=CRF[strength])


def _banner(strength: int, rng: Rng) -> Pixels:
    """A logo in a corner and a banner below: 12, 20 or 30 % of the height."""
    high, radius = (0.12, 0.2, 0.3)[strength], (0.07, 0.1, 0.14)[strength]
    text, seed = one_of(rng, ENGLISH), int(rng.integers(2**31))
    colour = tuple(rng.integers(10, 150, 3).tolist())
    made: dict[tuple[int, int], Overlay] = {}

    def marked(frame: np.ndarray) -> np.ndarray:
        size = frame.shape[1], frame.shape[0]
        if size not in made:
            mark = logo(size, (-1.4 * radius, 1.4 * radius, radius), seed)
            banner = bar(size, (0, 1 - high, 1, 1), text, colour)
            made[size] = stacked([banner, mark])
        return laid_over(frame, made[size])

    return marked


def _colours(strength: int, rng: Rng) -> Pixels:
    """Brightness, contrast, gamma and a tint; strong also without colours."""
    far = (0.12, 0.25, 0.45)[strength]
    gain, lift, gamma = 1 + far * rng.uniform(-0.6, 1), 60 * far * rng.uniform(-1, 1), 1 + far
    tint = 1 + far * rng.uniform(-0.5, 0.5, 3)
    gamma = gamma if rng.random() < 0.5 else 1 / gamma
    levels = 255 * (np.arange(256) / 255) ** gamma
    table = np.clip(levels[:, None] * gain * tint + lift, 0, 255).astype(np.uint8)
    grey = strength == 2 and rng.random() < 0.5

    def coloured(frame: np.ndarray) -> np.ndarray:
        if grey:
            frame = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        return np.asarray(cv2.LUT(frame, table[None]))

    return coloured


def _blur(strength: int, rng: Rng) -> Pixels:
    sigma = (1.0, 2.0, 3.5)[strength]
    return lambda frame: np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma))


def _noise(strength: int, rng: Rng) -> Pixels:
    sigma = (6, 13, 24)[strength]
    grains = rng.normal(0, sigma, (720, 1300)).astype(np.int16)

    def noisy(frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        wide = np.tile(grains, (height // 720 + 1, width // 1300 + 1))
        y, x = (int(rng.integers(0, have - need + 1)) for have, need in
                zip(wide.shape, (height, width), strict=True))  # fmt: skip
        grain = wide[y : y + height, x : x + width, None]
        return np.clip(frame + grain, 0, 255).astype(np.uint8)

    return noisy


def _frame_rate(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    return Recipe(whole(sources[0]), _as_is, rate=(15, 50, 5)[strength], crf=CRF[strength])


def _recut(sources: Sequence[Source], strength: int, rng: Rng) -> Recipe:
    """Stretches of 3 to 5 seconds that fade in and out; 0.5, 1 or 2 seconds between are cut."""
    skipped, pieces, at = (500, 1_000, 2_000)[strength], [], 0
    spare = (
        sources[0].duration - _LEAST - _SHORTEST
    )  # what may be cut, less what is left at the end
    while at < sources[0].duration - _SHORTEST:
        end = min(at + int(rng.uniform(3_000, 5_000)) // 40 * 40, sources[0].duration)
        pieces.append(Piece(0, at, end))
        cut = max(min(skipped, spare), 0)
        at, spare = end + cut, spare - cut
    starts = np.array(piece_starts(pieces))

    def look(frame: np.ndarray, other: np.ndarray | None, ms: int) -> np.ndarray:
        away = np.abs(starts - ms).min()
        return frame if away >= _FADE else (frame * (0.15 + 0.85 * away / _FADE)).astype(np.uint8)

    return Recipe(tuple(pieces), look, crf=CRF[strength])


EDITS: Mapping[str, Edit] = {
    "re-encoded": _reencode,
    "downscaled": _of_pixels(reframings.downscale),
    "cropped": _of_pixels(reframings.crop),
    "letterboxed": _of_pixels(reframings.bars),
    "mirrored": _of_pixels(reframings.mirror, mirrored=True),
    "speed": _speed,
    "trimmed": _trim,
    "excerpt": _excerpt,
    "compilation": _compilation,
    "picture in picture": reframings.picture_in_picture,
    "split screen": reframings.split_screen,
    "captions": _captions,
    "logo and banner": _of_pixels(_banner),
    "colours": _of_pixels(_colours),
    "blurred": _of_pixels(_blur),
    "noise": _of_pixels(_noise),
    "frame rate": _frame_rate,
    "upright": _of_pixels(reframings.upright),
    "rotated": _of_pixels(reframings.rotate),
    "recut": _recut,
}
