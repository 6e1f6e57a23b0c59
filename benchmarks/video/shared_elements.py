"""Makes videos that share an element but no content: none of them may be tied to each other.

Six kinds: the same title sequence and end card (3 to 8 seconds each) around other content; another
speaker in the same studio; the same news banner, logo and clock over other footage; recordings of
one app around other videos; slideshows of different photographs in one style; black and one test
picture at the start. The content of two videos of one template is never the same photograph.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from copies.lettering import ENGLISH, one_of
from video import sets
from video.clips import Clip, drawn
from video.encoding import HEIGHT, RATE, WIDTH, resized
from video.overlays import bar, laid_over, logo, stacked
from video.people import talking_head
from video.truth import Span

__all__ = ["ELEMENTS", "Plan", "made_element"]

_FRAME = 1000 // RATE  # milliseconds
_LONGEST = 11_000  # milliseconds of content
_SLIDE = 3_200  # milliseconds, of which the last 600 fade into the next
_FADE = 600


@dataclass(frozen=True, slots=True)
class Plan:
    """One video: its template's number, its own number and content, and a generator's seed."""

    template: int
    number: int
    content: Clip
    seed: int

    def rng(self) -> np.random.Generator:
        """What is this video's own."""
        return np.random.default_rng([self.seed, self.template, self.number])

    def style(self) -> np.random.Generator:
        """What all videos of the template have in common."""
        return np.random.default_rng([self.seed, self.template, 10**6])


Element = tuple[Iterator[np.ndarray], tuple[Span, ...]]


def made_element(kind: str, plan: Plan) -> Element:
    """The frames of a video, and when it shows its content."""
    words = zlib.crc32(f"{kind} {plan.seed}".encode()) % 10**6
    return ELEMENTS[kind](Plan(100 * words + plan.template, plan.number, plan.content, plan.seed))


def _content(plan: Plan) -> list[np.ndarray]:
    return list(drawn(plan.content))[: _LONGEST // _FRAME]


def _shown(plan: Plan, frames: Sequence[np.ndarray], start: int = 0) -> tuple[Span, ...]:
    length = len(frames) * _FRAME
    return (Span(start, start + length, plan.content.name, 0, length),)


def _intro(plan: Plan) -> Element:
    before, after = (int(ms) // _FRAME for ms in plan.style().uniform(3_000, 8_000, 2))
    content, card = _content(plan), sets.end_card(plan.template)

    def frames() -> Iterator[np.ndarray]:
        yield from (sets.intro_frame(plan.template, at * _FRAME) for at in range(before))
        yield from content
        yield from (card for _ in range(after))

    return frames(), _shown(plan, content, before * _FRAME)


def _studio(plan: Plan) -> Element:
    """A banner names the speaker. The set has no photograph."""
    person, empty = talking_head(plan.rng()), sets.studio(plan.template)
    colour = tuple(plan.style().integers(10, 140, 3).tolist())
    name = bar((WIDTH, HEIGHT), (0.06, 0.84, 0.6, 0.93), one_of(plan.rng(), ENGLISH), colour)
    length = int(plan.rng().uniform(9_000, 16_000)) // _FRAME * _FRAME

    def frames() -> Iterator[np.ndarray]:
        for ms in range(0, length, _FRAME):
            frame = empty.copy()
            person(frame, ms)
            yield laid_over(frame, name)

    who = f"studio-{plan.template}-{plan.number}"
    return frames(), (Span(0, length, who, 0, length),)


def _banner(plan: Plan) -> Element:
    style, content, size = plan.style(), _content(plan), (WIDTH, HEIGHT)
    accent, dark = (tuple(style.integers(0, most, 3).tolist()) for most in (200, 60))
    parts = [
        bar(size, (0, 0.72, 1, 0.83), one_of(style, ENGLISH), accent),
        bar(size, (0, 0.83, 1, 0.92), one_of(style, ENGLISH), dark),
        bar(size, (0, 0.92, 0.15, 1), "12:04", accent),
        bar(size, (0.15, 0.92, 1, 1), one_of(style, ENGLISH), (24, 24, 28)),
        bar(size, (0.03, 0.05, 0.15, 0.12), "LIVE", (210, 10, 20)),
        logo(size, (-0.2, 0.16, 0.11), int(style.integers(2**31))),
    ]

    same = stacked(parts)
    return (laid_over(frame, same) for frame in content), _shown(plan, content)


def _app(plan: Plan) -> Element:
    content, text = _content(plan), one_of(plan.rng(), ENGLISH)

    def frames() -> Iterator[np.ndarray]:
        empty = sets.phone(plan.template, content[0], text, 0)
        top = 90 + 30 * (plan.template % 3)
        for at, frame in enumerate(content):
            screen = empty.copy()
            small = resized(frame, 360, round(360 * HEIGHT / WIDTH))
            screen[top : top + len(small)] = small
            screen[566:570, : round(360 * at / len(content))] = screen[490, 38]
            yield screen

    return frames(), _shown(plan, content)


def _slideshow(plan: Plan) -> Element:
    """A white border, a caption's bar below, one photograph dissolving into the next."""
    style = plan.style()
    paper = tuple(style.integers(180, 256, 3).tolist())
    strip = bar((WIDTH, HEIGHT), (0, 0.9, 1, 1), one_of(style, ENGLISH), (40, 40, 60))
    shots = plan.content.shots
    slides = []
    for shot in shots:
        first = next(drawn(Clip(plan.content.name, (shot,), "", plan.content.seed)))
        slide = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        slide[:] = paper
        slide[14:310, 57:583] = resized(first, 526, 296)
        slides.append(laid_over(slide, strip))

    def frames() -> Iterator[np.ndarray]:
        for slide, after in zip(slides, [*slides[1:], slides[-1]], strict=True):
            for ms in range(0, _SLIDE, _FRAME):
                part = max(ms - (_SLIDE - _FADE), 0) / _FADE
                mixed = slide * (1 - part) + after * part if part else slide
                yield np.asarray(mixed).astype(np.uint8)

    length = _SLIDE * len(shots)
    return frames(), (Span(0, length, plan.content.name, 0, length),)


def _test_picture(plan: Plan) -> Element:
    black, bars = (int(ms) // _FRAME for ms in plan.style().uniform((500, 3_000), (2_000, 8_000)))
    content, picture = _content(plan), sets.bars_and_tone(plan.template)

    def frames() -> Iterator[np.ndarray]:
        yield from (np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in range(black))
        yield from (picture for _ in range(bars))
        yield from content

    return frames(), _shown(plan, content, (black + bars) * _FRAME)


ELEMENTS: Mapping[str, Callable[[Plan], Element]] = {
    "intro and end card": _intro,
    "studio": _studio,
    "news banner": _banner,
    "app recording": _app,
    "slideshow": _slideshow,
    "test picture": _test_picture,
}
