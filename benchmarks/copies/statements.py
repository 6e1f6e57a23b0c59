"""Draws pictures of text only: statements on a letterhead, notes and posts on a phone."""

from copies.canvas import Canvas, Others, Rng
from copies.devices import device, status_bar, template_rng
from copies.icons import icon
from copies.lettering import one_of
from copies.texts import agency, count, headline, name_and_handle, paragraph, place
from PIL import Image

__all__ = ["note", "statement", "text_post"]

_PAPERS = ("#ffffff", "#fbf8f1", "#f2f4f7", "#fffdf4")
_INKS = ("#9b1c31", "#14406b", "#1d6b43", "#3a3a3a")
_FAMILIES = ("sans", "serif", "plain", "book")


def statement(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A letterhead, a title and paragraphs of one typeface, a line of signature."""
    style = template_rng("statement", template)
    width, height = one_of(style, ((420, 594), (480, 480), (420, 520)))
    canvas = Canvas(width, height, one_of(style, _PAPERS))
    canvas.family = one_of(style, _FAMILIES)
    accent, size = one_of(style, _INKS), float(style.uniform(10.5, 13))
    canvas.box((0, 0, width, 8), accent)
    canvas.disc(52, 48, 20, accent)
    canvas.text((84, 42), agency(style), 15, accent, bold=True)
    canvas.text((84, 60), f"Office of {place(style)}", 10, "#666666")
    canvas.line([(32, 82), (width - 32, 82)], accent, 1)
    y = canvas.paragraph((32, 96), width - 64, headline(rng), 16, "#111111", bold=True) + 8
    while y < height - 130:
        y = canvas.paragraph((32, y), width - 64, paragraph(rng, 3), size, "#222222") + size
    canvas.line([(32, height - 52), (150, height - 52)], "#444444", 0.7)
    canvas.text((32, height - 38), f"{name_and_handle(rng)[0]}, {place(rng)}", 10, "#444444")
    return canvas.finished(540)


def note(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A phone's notes: one typeface on plain ground, a bar above and one below."""
    of = device("note", template)
    canvas = of.canvas()
    canvas.family = "plain" if template % 4 < 2 else "sans"
    accent = "#e0a400"
    y = status_bar(canvas, of, rng)
    icon(canvas, "chevron", 24, y + 20, 16, accent)
    canvas.text((42, y + 20), "Notes", 17, accent)
    canvas.text((of.width - 24, y + 20), "Done", 17, accent, bold=True, anchor="right")
    y = canvas.paragraph((24, y + 56), of.width - 48, headline(rng), 22, of.ink, bold=True) + 10
    while y < of.height - 190:
        y = canvas.paragraph((24, y), of.width - 48, paragraph(rng, 2), 17, of.ink) + 14
    canvas.line([(0, of.height - 64), (of.width, of.height - 64)], of.line, 1)
    for at, name in enumerate(("tick", "camera", "sliders", "note")):
        icon(canvas, name, of.width * (0.14 + 0.24 * at), of.height - 38, 22, accent)
    return canvas.finished(of.pixels)


def text_post(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A post without a picture, cut out of an app: avatar, names, words, counts."""
    of = device("text post", template)
    canvas = Canvas(of.width, 300, of.paper)
    name, handle = name_and_handle(rng)
    canvas.avatar(40, 44, 22, name, rng)
    canvas.text((74, 34), name, 16, of.ink, bold=True)
    canvas.text((74, 54), handle, 14, of.faint)
    canvas.paragraph((20, 82), of.width - 40, paragraph(rng, 3), 18, of.ink, lines=6)
    canvas.line([(20, 232), (of.width - 20, 232)], of.line, 1)
    for at, sign in enumerate(("bubble", "repeat", "heart", "share")):
        x = 40 + at * (of.width - 80) / 4
        icon(canvas, sign, x, 262, 20, of.faint)
        canvas.text((x + 16, 262), count(rng), 13, of.faint)
    return canvas.finished(of.pixels)
