"""Draws messenger screenshots: a channel's post in Telegram, a forwarded photo in WhatsApp."""

import numpy as np
from copies.canvas import Canvas, Others, Rng
from copies.devices import Device, device, status_bar, template_rng
from copies.icons import icon
from copies.lettering import one_of
from copies.texts import caption, clock, count, name_and_handle
from PIL import Image

__all__ = ["telegram", "whatsapp"]

_DOODLES = ("heart", "note", "camera", "home", "bell", "plane", "phone", "bubble", "globe", "bin")
_WALLS = ("#d5e3c0", "#cfdde8", "#e9ddcf", "#dcd3e6")
_REACTIONS = "👍🔥😱🙏💔👀"


def telegram(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A channel: header, wallpaper, a bubble with photograph, text and reactions, the next one."""
    of = device("telegram", template)
    style = template_rng("telegram wall", template)
    wall = "#0e1621" if of.dark else one_of(style, _WALLS)
    canvas, width = of.canvas(), of.width
    _wallpaper(canvas, wall, dark=of.dark, style=style)
    bar = "#17212b" if of.dark else "#ffffff"
    canvas.box((0, 0, width, 98), bar)
    top = status_bar(canvas, of, rng)
    icon(canvas, "back", 26, top + 27, 18, of.ink)
    name, _ = name_and_handle(rng)
    canvas.avatar(70, top + 27, 20, others[0] if rng.random() < 0.5 else name, rng)
    canvas.text((102, top + 18), name, 16.5, of.ink, bold=True)
    canvas.text((102, top + 37), f"{count(rng, 9e5)} subscribers", 13, of.faint)
    icon(canvas, "colon", width - 22, top + 27, 17, of.faint)
    canvas.box((width / 2 - 44, 106, width / 2 + 44, 128), (60, 80, 90, 130), 11)
    day = f"{one_of(rng, ('March', 'May', 'August', 'October'))} {rng.integers(1, 29)}"
    canvas.text((width / 2, 117), day, 12.5, "white", bold=True, anchor="middle")
    y = _post(canvas, of, 136, (photo, name), rng)
    while y < of.height:
        y = _post(canvas, of, y + 8, (None, name), rng)
    canvas.box((0, of.height - 50, width, of.height), bar)
    canvas.text((width / 2, of.height - 27), "MUTE", 15.5, "#3390ec", bold=True, anchor="middle")
    return canvas.finished(of.pixels)


def _post(
    canvas: Canvas, of: Device, y: float, what: tuple[Image.Image | None, str], rng: Rng
) -> float:
    """A bubble; returns its lower edge."""
    photo, name = what
    left, right = 8.0, 0.9 * canvas.width
    text, paper = caption(rng), "#182533" if of.dark else "#ffffff"
    lines = len(canvas.wrapped(text, right - left - 24, 15.5))
    high = 0.0 if photo is None else min((right - left) * photo.height / photo.width, 440)
    end = y + 30 + high + lines * 21 + 72
    canvas.box((left, y, right, end), paper, 13)
    canvas.text((left + 12, y + 16), name, 14, "#3390ec", bold=True)
    if photo is not None:
        canvas.photo((left, y + 30, right, y + 30 + high), photo)
    low = canvas.paragraph((left + 12, y + 36 + high), right - left - 24, text, 15.5, of.ink) + 20
    x = left + 12
    for sign in _REACTIONS[: int(rng.integers(2, 5))]:
        canvas.box((x, low - 13, x + 64, low + 13), (51, 144, 236, 45), 13)
        canvas.emoji(x + 16, low, 17, sign)
        canvas.text((x + 30, low), f"{rng.integers(2, 900)}", 13, "#3390ec", bold=True)
        x += 70
    icon(canvas, "eye", right - 98, end - 12, 14, of.faint)
    said = f"{count(rng, 9e5)}  {clock(rng)}"
    canvas.text((right - 12, end - 12), said, 12, of.faint, anchor="right")
    return end


def whatsapp(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A chat on patterned wallpaper: some bubbles, a forwarded photograph with its text."""
    of = device("whatsapp", template)
    style = template_rng("whatsapp wall", template)
    canvas, width = of.canvas(), of.width
    wall = "#0b141a" if of.dark else ("#efe7dd", "#e5ddd5")[int(style.integers(2))]
    _wallpaper(canvas, wall, dark=of.dark, style=style)
    bar, ink = ("#1f2c34", "#e9edef") if of.dark else ("#075e54", "white")
    canvas.box((0, 0, width, 100), bar)
    top = status_bar(canvas, of, rng, ink)
    name, _ = name_and_handle(rng)
    icon(canvas, "back", 22, top + 28, 17, ink)
    canvas.avatar(60, top + 28, 19, others[0] if rng.random() < 0.6 else name, rng)
    canvas.text((90, top + 20), name, 16.5, ink, bold=True)
    canvas.text((90, top + 39), one_of(rng, ("online", f"last seen {clock(rng)}")), 12, ink)
    for at, sign in enumerate(("camera", "phone", "colon")):
        icon(canvas, sign, width - 104 + 42 * at, top + 28, 19, ink)
    y = 112.0
    for _ in range(int(rng.integers(0, 3))):
        y = _bubble(canvas, of, y, None, rng)
    y = _bubble(canvas, of, y, photo, rng)
    while y < of.height - 110:
        y = _bubble(canvas, of, y, None, rng)
    low = of.height - 32
    canvas.box((8, low - 23, width - 64, low + 23), "#1f2c34" if of.dark else "#ffffff", 23)
    canvas.text((50, low), "Message", 16, of.faint)
    canvas.ring(30, low, 10, of.faint)
    icon(canvas, "camera", width - 92, low, 21, of.faint)
    canvas.disc(width - 32, low, 24, "#00a884")
    icon(canvas, "plane", width - 32, low, 19, "white")
    return canvas.finished(of.pixels)


def _bubble(canvas: Canvas, of: Device, y: float, photo: Image.Image | None, rng: Rng) -> float:
    """A message; returns the upper edge of the next one."""
    own = rng.random() < 0.5
    wide = 0.78 * of.width if photo is not None else rng.uniform(0.45, 0.75) * of.width
    text = caption(rng, 1)
    lines = len(canvas.wrapped(text, wide - 22, 15))
    high = 0.0 if photo is None else min(wide * photo.height / photo.width, 1.3 * wide)
    said = 24 if photo is not None else 0
    end = y + said + high + lines * 20.3 + 32
    left = of.width - wide - 10 if own else 10.0
    paper = ("#005c4b" if own else "#202c33") if of.dark else ("#d9fdd3" if own else "#ffffff")
    canvas.box((left, y, left + wide, end), paper, 9)
    if photo is not None:
        icon(canvas, "arrow", left + 15, y + 14, 11, of.faint)
        canvas.text((left + 26, y + 14), "Forwarded many times", 12, of.faint)
        canvas.photo((left + 4, y + said, left + wide - 4, y + said + high), photo, 6)
    canvas.paragraph((left + 11, y + said + high + 6), wide - 22, text, 15, of.ink)
    canvas.text((left + wide - 26, end - 12), clock(rng), 11, of.faint, anchor="right")
    if own:
        for shift in (0, 5):
            x = left + wide - 21 + shift
            canvas.line([(x, end - 12), (x + 3, end - 9), (x + 9, end - 17)], "#53bdeb", 1.4)
    return end + 6


def _wallpaper(canvas: Canvas, wall: str, *, dark: bool, style: Rng) -> None:
    """Small drawings all over, the same in every picture of the template."""
    canvas.box((0, 0, canvas.width, canvas.height), wall)
    ink = (255, 255, 255, 14) if dark else (0, 0, 0, 22)
    for row in range(int(canvas.height // 38) + 1):
        for column in range(int(canvas.width // 38) + 1):
            x, y = style.uniform(4, 34, 2) + np.array([38 * column, 38 * row])
            icon(
                canvas,
                one_of(style, _DOODLES),
                float(x),
                float(y),
                float(style.uniform(14, 24)),
                ink,
            )
