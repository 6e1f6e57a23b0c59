"""Draws television pictures: lower thirds with ticker and LIVE badge, or a channel's logo."""

from copies.canvas import Canvas, Others, Rng
from copies.devices import template_rng
from copies.lettering import one_of
from copies.marked import emblem
from copies.texts import clock, headline, name_and_handle, place
from PIL import Image

__all__ = ["channel_logo", "lower_third"]

_CHANNELS = ("NORD 24", "C5 NEWS", "TV HALE", "晨风卫视", "KANAL 9", "ORU LIVE", "PRIME+")
_COLOURS = ("#b80d14", "#0d3a8c", "#0a7d6d", "#5a1d80", "#c75b00", "#1b1b1b")
_WIDTH, _HEIGHT = 480, 270  # points: 16 to 9


def lower_third(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A headline bar with a second line, a ticker with the time, LIVE above, the logo."""
    style = template_rng("lower third", template)
    channel, accent = one_of(style, _CHANNELS), one_of(style, _COLOURS)
    chinese = not channel.isascii()
    top, right = float(style.uniform(186, 200)), bool(style.integers(2))
    canvas = Canvas(_WIDTH, _HEIGHT)
    canvas.photo((0, 0, _WIDTH, _HEIGHT), photo)
    canvas.box((14, top, 92, top + 20), accent)
    label = one_of(style, ("BREAKING", "LATEST", "WORLD")) if not chinese else "最新消息"
    canvas.text((53, top + 10), label, 12, "white", bold=True, anchor="middle")
    canvas.box((14, top + 20, _WIDTH - 14, top + 47), (255, 255, 255, 240))
    said = headline(rng, chinese=chinese)
    canvas.text((22, top + 33), said, 17, "#111111", bold=True)
    canvas.box((14, top + 47, _WIDTH - 14, top + 62), (20, 20, 30, 225))
    second = f"{name_and_handle(rng)[0]}, {place(rng)}"
    canvas.text((22, top + 54.5), second, 10.5, "white")
    low = _HEIGHT - 16
    canvas.box((0, low, _WIDTH, _HEIGHT), accent)
    canvas.box((0, low, 44, _HEIGHT), "#111111")
    canvas.text((22, low + 8), clock(rng), 10.5, "white", bold=True, anchor="middle")
    ticker = "   ●   ".join(headline(rng, chinese=chinese) for _ in range(4))
    canvas.text((52, low + 8), ticker, 10.5, "white")
    _live(canvas, rng, left=right)
    _logo(canvas, channel, accent, right=right)
    return canvas.finished(640)


def channel_logo(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """The channel's name and emblem in one corner, half transparent in half of the templates."""
    style = template_rng("channel logo", template)
    canvas = Canvas(_WIDTH, _HEIGHT)
    canvas.photo((0, 0, _WIDTH, _HEIGHT), photo)
    channel, accent = one_of(style, _CHANNELS), one_of(style, _COLOURS)
    if style.random() < 0.5:
        _logo(canvas, channel, accent, right=bool(style.integers(2)))
        return canvas.finished(640)
    side = round(style.uniform(0.16, 0.26) * _HEIGHT * canvas.scale)
    mark = emblem(style).resize((side, side), Image.Resampling.LANCZOS)
    alpha = style.uniform(0.5, 1)
    mark.putalpha(mark.getchannel("A").point(lambda value: round(value * alpha)))
    right, low = style.integers(2, size=2)
    x = canvas.image.width - side - 24 if right else 24
    y = canvas.image.height - side - 20 if low else 20
    canvas.image.paste(mark, (x, y), mark)
    return canvas.finished(640)


def _live(canvas: Canvas, rng: Rng, *, left: bool) -> None:
    x = 14 if left else _WIDTH - 66
    canvas.box((x, 14, x + 52, 32), "#d50000", 3)
    canvas.disc(x + 11, 23, 3.5, "white")
    canvas.text((x + 31, 23), "LIVE", 11.5, "white", bold=True, anchor="middle")
    canvas.text((x + 26, 42), place(rng).upper(), 9.5, "white", bold=True, anchor="middle",
                outline=(0, 0, 0, 160))  # fmt: skip


def _logo(canvas: Canvas, channel: str, accent: str, *, right: bool) -> None:
    first, _, rest = channel.partition(" ")
    wide = canvas.face(channel, 15, bold=True).getlength(channel) / canvas.scale + 24
    x = _WIDTH - wide - 14 if right else 14.0
    canvas.box((x, 14, x + wide, 38), accent, 3)
    canvas.text((x + 8, 26), first, 15, "white", bold=True)
    if rest:
        canvas.box((x + wide - 30, 17, x + wide - 3, 35), "white", 2)
        canvas.text((x + wide - 16.5, 26), rest, 13, accent, bold=True, anchor="middle")
