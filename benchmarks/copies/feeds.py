"""Draws screenshots of posts in feeds: X on phone and browser, Facebook, Instagram, TikTok."""

from copies.canvas import Canvas, Others, Rng
from copies.devices import Device, browser_bar, device, status_bar, template_rng
from copies.icons import icon, row_of_icons
from copies.lettering import one_of
from copies.texts import caption, clock, count, headline, name_and_handle
from PIL import Image

__all__ = ["facebook", "instagram", "tiktok", "x_in_browser", "x_on_phone"]

_MONTHS = ("Jan", "Mar", "Apr", "Jun", "Aug", "Oct", "Nov")
_BLUE = "#1d9bf0"
_NAVIGATION = (
    ("home", "Home"),
    ("search", "Explore"),
    ("bell", "Notifications"),
    ("mail", "Messages"),
    ("bookmark", "Bookmarks"),
    ("person", "Profile"),
    ("dots", "More"),
)


def x_on_phone(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """One post: author, text, photograph in rounded corners, counts, replies, tab bar."""
    of = device("x", template)
    canvas = of.canvas()
    y = status_bar(canvas, of, rng) + 22
    icon(canvas, "back", 28, y, 18, of.ink)
    canvas.text((64, y), "Post", 18, of.ink, bold=True)
    y = _x_post(canvas, of, (0, y + 24), of.width, (photo, others[0]), rng)
    while y < of.height - 110:
        y = _reply(canvas, of, y, rng)
    low = of.height - 52
    canvas.box((0, low - 48, of.width, of.height), of.paper)
    canvas.line([(0, low - 48), (of.width, low - 48)], of.line, 1)
    canvas.box((14, low - 42, of.width - 14, low - 8), of.line, 17)
    canvas.text((30, low - 25), "Post your reply", 14, of.faint)
    row_of_icons(canvas, ("home", "search", "person", "bell", "mail"), low + 20, 22, of.ink)
    return canvas.finished(of.pixels)


def _x_post(
    canvas: Canvas,
    of: Device,
    at: tuple[float, float],
    width: float,
    pictures: tuple[Image.Image, Image.Image],
    rng: Rng,
) -> float:
    left, y = at
    x, right = left + 16, left + width - 16
    photo, face = pictures
    name, handle = name_and_handle(rng)
    canvas.avatar(x + 20, y + 20, 20, face if rng.random() < 0.6 else name, rng)
    wide = canvas.text((x + 52, y + 11), name, 16, of.ink, bold=True)
    if rng.random() < 0.4:
        icon(canvas, "tick", x + 62 + wide, y + 11, 16, _BLUE)
    canvas.text((x + 52, y + 31), f"@{handle}", 14, of.faint)
    icon(canvas, "dots", right - 8, y + 12, 16, of.faint)
    y = canvas.paragraph((x, y + 50), right - x, caption(rng), 17, of.ink, lines=5) + 10
    high = min((right - x) * photo.height / photo.width, 1.15 * (right - x))
    canvas.photo((x, y, right, y + high), photo, 14)
    y += high + 20
    day = f"{rng.integers(1, 29)} {one_of(rng, _MONTHS)} {rng.integers(19, 26)}"
    wide = canvas.text((x, y), f"{clock(rng)} · {day} · ", 14.5, of.faint)
    wide += canvas.text((x + wide, y), count(rng), 14.5, of.ink, bold=True)
    canvas.text((x + wide + 4, y), "Views", 14.5, of.faint)
    canvas.line([(x, y + 20), (right, y + 20)], of.line, 1)
    y += 42
    step = x
    for what in ("Reposts", "Quotes", "Likes"):
        step += canvas.text((step, y), count(rng, 4e4), 14, of.ink, bold=True) + 4
        step += canvas.text((step, y), what, 14, of.faint) + 14
    canvas.line([(x, y + 20), (right, y + 20)], of.line, 1)
    names = ("bubble", "repeat", "heart", "bookmark", "share")
    for place, sign in enumerate(names):
        icon(canvas, sign, x + (place + 0.5) * (right - x) / 5, y + 41, 19, of.faint)
    canvas.line([(left, y + 62), (left + width, y + 62)], of.line, 1)
    return y + 62


def _reply(canvas: Canvas, of: Device, y: float, rng: Rng, left: float = 0) -> float:
    name, handle = name_and_handle(rng)
    canvas.avatar(left + 36, y + 32, 20, name, rng)
    wide = canvas.text((left + 68, y + 22), name, 15, of.ink, bold=True)
    canvas.text((left + 74 + wide, y + 22), f"@{handle} · {rng.integers(1, 23)}h", 14, of.faint)
    width = min(canvas.width - left, 600) - 84
    end = canvas.paragraph((left + 68, y + 33), width, caption(rng, 1), 15, of.ink, lines=3)
    for place, sign in enumerate(("bubble", "repeat", "heart", "chart")):
        x = left + 76 + place * width / 4
        icon(canvas, sign, x, end + 16, 15, of.faint)
        canvas.text((x + 14, end + 16), f"{rng.integers(1, 400)}", 12, of.faint)
    canvas.line([(left, end + 32), (left + width + 84, end + 32)], of.line, 1)
    return end + 32


def x_in_browser(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """The same in a browser's window: navigation on the left, search and trends on the right."""
    of = device("x in browser", template)
    width, height = ((1180, 820), (1280, 760))[
        int(template_rng("x in browser", template).integers(2))
    ]
    canvas = Canvas(width, height, of.paper, scale=1.5)
    handle = name_and_handle(rng)[1]
    top = browser_bar(canvas, of, f"x.example/{handle}/status/{rng.integers(10**9, 10**10)}")
    left, right = 0.22 * width, 0.22 * width + 560
    canvas.line([(left, top), (left, height)], of.line, 1)
    canvas.line([(right, top), (right, height)], of.line, 1)
    for at, (sign, label) in enumerate(_NAVIGATION):
        icon(canvas, sign, left - 190, top + 90 + 48 * at, 22, of.ink)
        canvas.text((left - 166, top + 90 + 48 * at), label, 18, of.ink)
    canvas.box((left - 204, top + 420, left - 30, top + 466), _BLUE, 23)
    canvas.text((left - 117, top + 443), "Post", 17, "white", bold=True, anchor="middle")
    icon(canvas, "back", left + 26, top + 26, 17, of.ink)
    canvas.text((left + 60, top + 26), "Post", 19, of.ink, bold=True)
    y = _x_post(canvas, of, (left, top + 56), right - left, (photo, others[0]), rng)
    while y < height:
        y = _reply(canvas, of, y, rng, left)
    canvas.box((right + 24, top + 8, width - 24, top + 48), of.line, 20)
    icon(canvas, "search", right + 46, top + 28, 15, of.faint)
    canvas.text((right + 64, top + 28), "Search", 15, of.faint)
    canvas.box((right + 24, top + 64, width - 24, top + 480), None, 16, of.line)
    canvas.text((right + 40, top + 90), "What's happening", 19, of.ink, bold=True)
    for at in range(5):
        low = top + 122 + 70 * at
        canvas.text(
            (right + 40, low), f"Trending in {one_of(rng, ('news', 'sport', 'town'))}", 12, of.faint
        )
        canvas.text((right + 40, low + 19), headline(rng)[:26], 14, of.ink, bold=True)
        canvas.text((right + 40, low + 38), f"{count(rng, 9e4)} posts", 12, of.faint)
    return canvas.finished(round(0.75 * width))


def facebook(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A post of a page in the feed: photograph over the full width, reactions, the next post."""
    of = device("facebook", template)
    canvas, width = of.canvas(), of.width
    y = status_bar(canvas, of, rng)
    canvas.text((14, y + 20), "plaza", 26, "#1877f2", bold=True)
    for at, sign in enumerate(("plus", "search", "full bubble")):
        icon(canvas, sign, width - 106 + 44 * at, y + 20, 19, of.ink)
    row_of_icons(canvas, ("home", "person", "reel", "globe", "bell", "bars"), y + 60, 21, of.faint)
    canvas.box((0, y + 81, width / 6, y + 84), "#1877f2")
    canvas.box((0, y + 84, width, y + 92), of.line)
    y = _facebook_head(canvas, of, y + 92, others[0], rng)
    y = canvas.paragraph((14, y + 4), width - 28, caption(rng), 15.5, of.ink, lines=4) + 8
    high = min(width * photo.height / photo.width, 1.2 * width)
    canvas.photo((0, y, width, y + high), photo)
    y += high + 20
    for at, sign in enumerate(("👍", "💔", "😱")[: int(rng.integers(1, 4))]):
        canvas.emoji(24 + 15 * at, y, 18, sign)
    canvas.text((76, y), count(rng, 3e4), 14, of.faint)
    said = f"{count(rng, 900)} comments · {count(rng, 500)} shares"
    canvas.text((width - 14, y), said, 14, of.faint, anchor="right")
    canvas.line([(14, y + 18), (width - 14, y + 18)], of.line, 1)
    for at, (sign, label) in enumerate(
        (("thumb", "Like"), ("bubble", "Comment"), ("arrow", "Share"))
    ):
        x = 30 + at * width / 3
        icon(canvas, sign, x, y + 38, 18, of.faint)
        canvas.text((x + 16, y + 38), label, 14, of.faint, bold=True)
    y += 58
    canvas.box((0, y, width, y + 8), of.line)
    y = _facebook_head(canvas, of, y + 8, "", rng)
    y = canvas.paragraph((14, y + 4), width - 28, caption(rng, 3), 15.5, of.ink, lines=5)
    while y < of.height:
        y = _reply(canvas, of, y + 8, rng)
    return canvas.finished(of.pixels)


def _facebook_head(
    canvas: Canvas, of: Device, y: float, face: Image.Image | str, rng: Rng
) -> float:
    name, _ = name_and_handle(rng)
    canvas.avatar(34, y + 28, 20, face or name, rng)
    wide = canvas.text((64, y + 20), name, 15.5, of.ink, bold=True)
    canvas.text((70 + wide, y + 20), "· Follow", 15, "#1877f2", bold=True)
    wide = canvas.text((64, y + 38), f"{rng.integers(1, 24)}h · ", 13, of.faint)
    icon(canvas, "globe", 70 + wide, y + 38, 12, of.faint)
    icon(canvas, "dots", of.width - 52, y + 22, 17, of.faint)
    icon(canvas, "cross", of.width - 22, y + 22, 14, of.faint)
    return y + 54


def instagram(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A post cut to a square over the full width; in half of the templates stories above it."""
    of = device("instagram", template)
    canvas, width = of.canvas(), of.width
    style = template_rng("instagram layout", template)
    y = status_bar(canvas, of, rng)
    canvas.family = "book"
    canvas.text((16, y + 22), "Pictura", 25, of.ink, bold=True)
    canvas.family = "sans"
    icon(canvas, "heart", width - 72, y + 22, 23, of.ink)
    icon(canvas, "full bubble", width - 30, y + 22, 23, of.ink)
    y += 46
    if style.random() < 0.5 and of.height > 700:
        for at in range(5):
            name, handle = name_and_handle(rng)
            x = 46 + 82 * at
            canvas.ring(x, y + 38, 35, "#d62976", 2.5)
            canvas.avatar(x, y + 38, 30, others[1] if at == 0 else name, rng)
            canvas.text((x, y + 84), handle[:9], 11, of.ink, anchor="middle")
        y += 98
    _, handle = name_and_handle(rng)
    canvas.ring(32, y + 28, 18, "#d62976")
    canvas.avatar(32, y + 28, 15, others[0], rng)
    canvas.text((60, y + 28), handle, 14, of.ink, bold=True)
    icon(canvas, "dots", width - 24, y + 28, 17, of.ink)
    y += 54
    canvas.photo((0, y, width, y + width), photo)
    y += width + 26
    for at, sign in enumerate(("heart", "bubble", "plane")):
        icon(canvas, sign, 26 + 42 * at, y, 23, of.ink)
    icon(canvas, "bookmark", width - 26, y, 23, of.ink)
    canvas.text((14, y + 32), f"{count(rng)} likes", 14, of.ink, bold=True)
    wide = canvas.text((14, y + 54), handle, 14, of.ink, bold=True)
    canvas.paragraph((22 + wide, y + 44), width - 36 - wide, caption(rng), 14, of.ink, lines=3)
    canvas.text((14, y + 114), f"View all {rng.integers(3, 900)} comments", 13.5, of.faint)
    canvas.text((14, y + 136), f"{rng.integers(2, 23)} hours ago", 12, of.faint)
    canvas.box((0, of.height - 56, width, of.height), of.paper)
    canvas.line([(0, of.height - 56), (width, of.height - 56)], of.line, 1)
    row_of_icons(canvas, ("home", "search", "plus", "reel", "person"), of.height - 32, 23, of.ink)
    return canvas.finished(of.pixels)


def tiktok(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """The photograph over the whole screen, or over its width, under buttons, name and caption."""
    of = device("tiktok", template)
    canvas, width, height = Canvas(of.width, of.height, "black"), of.width, of.height
    low = height - 58
    high = (
        low if photo.height > photo.width else min(1.25 * width * photo.height / photo.width, low)
    )
    canvas.photo((0, (low - high) / 2, width, (low + high) / 2), photo)
    status_bar(canvas, of, rng, "white")
    for at, (label, ink) in enumerate((("Following", "#d0d0d0"), ("For You", "white"))):
        x = width / 2 + (-48, 44)[at]
        canvas.text((x, 66), label, 16.5, ink, bold=True, anchor="middle", outline=(0, 0, 0, 90))
    canvas.box((width / 2 + 30, 79, width / 2 + 58, 82), "white", 1)
    icon(canvas, "search", width - 28, 66, 20, "white")
    x, y = width - 32, low - 330
    name, handle = name_and_handle(rng)
    canvas.disc(x, y, 25, "white")
    canvas.avatar(x, y, 23, others[0], rng)
    canvas.disc(x, y + 25, 10, "#fe2c55")
    canvas.text((x, y + 24), "+", 16, "white", bold=True, anchor="middle")
    for sign in ("full heart", "full bubble", "bookmark", "arrow"):
        y += 64
        icon(canvas, sign, x, y, 31, "white")
        canvas.text((x, y + 26), count(rng), 12.5, "white", bold=True, anchor="middle")
    canvas.disc(x, low - 30, 22, "#202020")
    icon(canvas, "note", x, low - 30, 16, "white")
    canvas.text((14, low - 112), f"@{handle}", 16.5, "white", bold=True, outline=(0, 0, 0, 70))
    canvas.paragraph((14, low - 98), width - 100, caption(rng, 1), 14.5, "white", lines=3)
    icon(canvas, "note", 20, low - 24, 13, "white")
    canvas.text((34, low - 24), f"original sound - {name}", 14, "white")
    row_of_icons(canvas, ("home", "search", "plus", "mail", "person"), height - 32, 23, "white")
    return canvas.finished(of.pixels)
