"""Draws quote cards of one design, with a portrait beside or behind the words."""

from copies.canvas import Canvas, Others, Rng
from copies.devices import template_rng
from copies.lettering import one_of
from copies.texts import agency, caption, name_and_handle, quote
from PIL import Image

__all__ = ["quote_card_other_quote", "quote_card_same_quote"]

_GROUNDS = ("#10243e", "#f4efe6", "#7a1f2b", "#e9c46a", "#1f3d36", "#ffffff")
_SIDE = 360  # points


def quote_card_same_quote(
    photo: Image.Image, others: Others, rng: Rng, template: int
) -> Image.Image:
    """The same quote, with another person's picture and name."""
    text = quote(template_rng("quote", template))
    return _card(photo, text, name_and_handle(rng)[0], template)


def quote_card_other_quote(
    photo: Image.Image, others: Others, rng: Rng, template: int
) -> Image.Image:
    """Another quote by another person, on the same design."""
    return _card(photo, caption(rng, 2), name_and_handle(rng)[0], template + 1000)


def _card(photo: Image.Image, text: str, name: str, template: int) -> Image.Image:
    style = template_rng("card", template)
    ground = one_of(style, _GROUNDS)
    ink = "#1b1b1b" if ground in ("#f4efe6", "#e9c46a", "#ffffff") else "#f5f5f5"
    accent = one_of(style, ("#e76f51", "#2a9d8f", "#d4a017", "#5c7cfa"))
    layout = int(style.integers(3))
    canvas = Canvas(_SIDE, _SIDE, ground)
    canvas.family = one_of(style, ("serif", "sans", "book"))
    box, anchor = (150, 90, 340, 280), "left"
    if layout == 0:  # a portrait over the left two fifths
        canvas.photo((0, 0, 134, _SIDE), photo)
        canvas.box((134, 0, 139, _SIDE), accent)
    elif layout == 1:  # a round portrait above
        canvas.photo((_SIDE / 2 - 62, 24, _SIDE / 2 + 62, 148), photo, 62)
        canvas.ring(_SIDE / 2, 86, 64, accent, 4)
        box, anchor = (30, 164, 330, 300), "middle"
    else:  # the photograph darkened behind the words
        canvas.photo((0, 0, _SIDE, _SIDE), photo)
        canvas.box((0, 0, _SIDE, _SIDE), (0, 0, 0, 120))
        box, anchor, ink = (34, 90, 326, 280), "middle", "#ffffff"
    left, top, right, bottom = box
    canvas.text(((left + right) / 2 if anchor == "middle" else left, top - 8), "“", 60, accent,
                bold=True, anchor=anchor)  # fmt: skip
    size = 24.0
    while len(canvas.wrapped(text, right - left, size, bold=True)) * size * 1.35 > bottom - top:
        size *= 0.93
    y = canvas.paragraph((left, top), right - left, text, size, ink, bold=True, anchor=anchor)
    x = (left + right) / 2 if anchor == "middle" else left
    canvas.text((x, y + 18), f"— {name}", 15, accent, bold=True, anchor=anchor)
    canvas.text((_SIDE - 16, _SIDE - 16), agency(style), 12, ink, bold=True, anchor="right")
    canvas.box((16, _SIDE - 20, 60, _SIDE - 16), accent)
    return canvas.finished(600)
