"""Puts the same caption bar, or the same outlined letters of a meme, on different photographs."""

from copies.canvas import Canvas, Others, Rng
from copies.devices import template_rng
from copies.lettering import CHINESE, ENGLISH, letter, one_of
from copies.texts import caption
from PIL import Image

__all__ = ["caption_bar_other_text", "caption_bar_same_text", "meme_same_text"]

_COLOURS = (("black", "white"), ("white", "black"), ("white", "#b01020"), ("#222222", "#f7d23e"))
_FAMILIES = ("sans", "plain", "serif", "book")
_WIDTH = 360  # points


def caption_bar_same_text(
    photo: Image.Image, others: Others, rng: Rng, template: int
) -> Image.Image:
    """Exactly the same words in the same bar."""
    style = template_rng("bar", template)
    text = one_of(style, CHINESE if style.random() < 0.4 else ENGLISH)
    return _barred(photo, text, template)


def caption_bar_other_text(
    photo: Image.Image, others: Others, rng: Rng, template: int
) -> Image.Image:
    """The same bar with different words, as on a page that posts many."""
    return _barred(photo, caption(rng, 1), template + 1000)


def _barred(photo: Image.Image, text: str, template: int) -> Image.Image:
    style = template_rng("bar look", template)
    ink, paper = _COLOURS[int(style.integers(len(_COLOURS)))]
    high = float(style.uniform(60, 110))
    below, size = bool(style.integers(2)), float(style.uniform(19, 26))
    tall = min(_WIDTH * photo.height / photo.width, 480)
    canvas = Canvas(_WIDTH, tall + high, paper)
    canvas.family = one_of(style, _FAMILIES)
    canvas.photo((0, 0 if below else high, _WIDTH, tall + (0 if below else high)), photo)
    lines = canvas.wrapped(text, _WIDTH - 30, size, bold=True)
    while len(lines) * size * 1.35 > high - 6:
        size *= 0.93
        lines = canvas.wrapped(text, _WIDTH - 30, size, bold=True)
    y = (tall if below else 0) + (high - len(lines) * size * 1.35) / 2
    canvas.paragraph((15, y), _WIDTH - 30, text, size, ink, bold=True, anchor="middle")
    return canvas.finished(540)


def meme_same_text(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """White letters with a black outline, above and below, always the same words."""
    style = template_rng("meme", template)
    texts = CHINESE if style.random() < 0.3 else tuple(text.upper() for text in ENGLISH)
    above, below = one_of(style, texts), one_of(style, texts)
    made = photo.resize((540, round(540 * photo.height / photo.width)), Image.Resampling.LANCZOS)
    high = style.uniform(70, 110)
    letter(made, (16, 8, 524, 8 + high), above, "white", outline="black")
    letter(
        made, (16, made.height - 8 - high, 524, made.height - 8), below, "white", outline="black"
    )
    return made
