"""Draws screenshots of a newspaper's site on phone and browser, and of a phone's photo viewer."""

from copies.canvas import Canvas, Others, Rng
from copies.devices import Device, browser_bar, device, status_bar, template_rng
from copies.icons import icon, row_of_icons
from copies.lettering import one_of
from copies.texts import clock, headline, name_and_handle, paragraph, place
from PIL import Image

__all__ = ["news_in_browser", "news_on_phone", "photo_viewer"]

_PAPERS = (
    "The Calder Courier",
    "Norwick Evening Post",
    "THE MERIDIAN",
    "Harbour Gazette",
    "河岸日报",
)
_SECTIONS = ("News", "Politics", "Business", "Culture", "Sport", "Opinion", "Weather", "Science")
_SECTIONS_ZH = ("要闻", "时政", "财经", "文化", "体育", "评论", "天气", "科技")
_ACCENTS = ("#b3001b", "#0b3d91", "#116149", "#222222", "#b25b00")


def news_on_phone(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """Masthead, headline, photograph over the full width, paragraphs, teasers."""
    of, style = device("news", template), template_rng("news paper", template)
    paper, accent = one_of(style, _PAPERS), one_of(style, _ACCENTS)
    chinese = not paper.isascii()
    canvas, width = of.canvas(), of.width
    y = status_bar(canvas, of, rng)
    canvas.box((12, y + 4, width - 12, y + 38), of.line, 17)
    address = "".join(paper.lower().split()) if paper.isascii() else "hean-ribao"
    canvas.text((width / 2, y + 21), f"{address}.example", 14, of.ink, anchor="middle")
    y = _masthead(canvas, of, (y + 46, width), paper, accent)
    canvas.text((16, y + 16), _section(rng, chinese=chinese), 13, accent, bold=True)
    canvas.family = "serif"
    y = canvas.paragraph(
        (16, y + 28), width - 32, headline(rng, chinese=chinese), 27, of.ink, bold=True
    )
    canvas.family = "sans"
    canvas.text((16, y + 12), f"{name_and_handle(rng)[0]} · {clock(rng)}", 13, of.faint)
    y += 28
    high = width * photo.height / photo.width
    canvas.photo((0, y, width, y + high), photo)
    y = canvas.paragraph((16, y + high + 5), width - 32, _credit(rng), 11.5, of.faint) + 8
    for _ in range(2):
        y = (
            canvas.paragraph((16, y), width - 32, paragraph(rng, 3, chinese=chinese), 16, of.ink)
            + 10
        )
    if y < of.height - 110:
        _teaser(canvas, of, (16, y, width - 16), others[0], headline(rng, chinese=chinese))
    canvas.box((0, of.height - 46, width, of.height), of.paper)
    canvas.line([(0, of.height - 46), (width, of.height - 46)], of.line, 1)
    row_of_icons(
        canvas, ("chevron", "home", "share", "bookmark", "bars"), of.height - 24, 19, of.faint
    )
    return canvas.finished(of.pixels)


def news_in_browser(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """The same in a browser's window, with a column of teasers on the right."""
    of, style = device("news in browser", template), template_rng("news desk", template)
    paper, accent = one_of(style, _PAPERS), one_of(style, _ACCENTS)
    chinese = not paper.isascii()
    width, height = ((1200, 900), (1100, 960))[int(style.integers(2))]
    canvas = Canvas(width, height, of.paper, scale=1.5)
    number = rng.integers(10**5, 10**6)
    address = "".join(paper.lower().split()) if paper.isascii() else "hean-ribao"
    y = browser_bar(canvas, of, f"{address}.example/news/{number}")
    y = _masthead(canvas, of, (y, width), paper, accent)
    left, middle, right = 0.07 * width, 0.66 * width, 0.93 * width
    canvas.text((left, y + 24), _section(rng, chinese=chinese), 14, accent, bold=True)
    canvas.family = "serif"
    top = y + 40
    y = canvas.paragraph(
        (left, top), middle - left, headline(rng, chinese=chinese), 34, of.ink, bold=True
    )
    canvas.family = "sans"
    said = f"By {name_and_handle(rng)[0]}   {rng.integers(1, 29)} October, {clock(rng)}"
    canvas.text((left, y + 14), said, 13, of.faint)
    high = min((middle - left) * photo.height / photo.width, 0.9 * (middle - left))
    canvas.photo((left, y + 32, middle, y + 32 + high), photo)
    y = canvas.paragraph((left, y + high + 36), middle - left, _credit(rng), 12, of.faint) + 10
    for _ in range(3):
        y = (
            canvas.paragraph(
                (left, y), middle - left, paragraph(rng, 4, chinese=chinese), 16.5, of.ink
            )
            + 12
        )
    canvas.line([(middle + 24, top), (middle + 24, height)], of.line, 1)
    canvas.text((middle + 44, top + 12), "Most read", 18, accent, bold=True)
    for at, other in enumerate(others):
        place_of = (middle + 44, top + 36 + 118 * at, right)
        _teaser(canvas, of, place_of, other, headline(rng, chinese=chinese))
    return canvas.finished(round(0.75 * width))


def _masthead(
    canvas: Canvas, of: Device, at: tuple[float, float], paper: str, accent: str
) -> float:
    y, width = at
    canvas.family = "serif"
    canvas.text((width / 2, y + 24), paper, min(30, width / 14), of.ink, bold=True, anchor="middle")
    canvas.family = "sans"
    icon(canvas, "bars", 24, y + 24, 18, of.ink)
    icon(canvas, "search", width - 26, y + 24, 17, of.ink)
    canvas.box((0, y + 46, width, y + 74), accent)
    sections = _SECTIONS if paper.isascii() else _SECTIONS_ZH
    shown = sections[: 5 if width < 600 else 8]
    for place_of, name in enumerate(shown):
        x = (place_of + 0.5) * width / len(shown)
        canvas.text((x, y + 60), name, 13, "white", bold=True, anchor="middle")
    return y + 78


def _section(rng: Rng, *, chinese: bool) -> str:
    return one_of(rng, _SECTIONS_ZH if chinese else _SECTIONS).upper()


def _credit(rng: Rng) -> str:
    day = one_of(rng, ("Monday", "Friday", "Sunday"))
    return f"The scene in {place(rng)} on {day}. Photo: {name_and_handle(rng)[0]}"


def _teaser(
    canvas: Canvas, of: Device, at: tuple[float, float, float], photo: Image.Image, text: str
) -> None:
    left, y, right = at
    canvas.line([(left, y), (right, y)], of.line, 1)
    canvas.photo((right - 104, y + 10, right, y + 88), photo)
    canvas.family = "serif"
    canvas.paragraph((left, y + 8), right - left - 118, text, 16, of.ink, bold=True, lines=4)
    canvas.family = "sans"


def photo_viewer(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A phone's gallery: date above, the photograph over the full width, thumbnails and icons."""
    of, style = device("viewer", template), template_rng("viewer", template)
    paper = "#000000" if of.dark else ("#ffffff", "#f2f2f7")[int(style.integers(2))]
    canvas = Canvas(of.width, of.height, paper)
    width, ink = of.width, of.ink
    y = status_bar(canvas, of, rng)
    icon(canvas, "chevron", 22, y + 24, 19, "#0a84ff" if of.apple else ink)
    canvas.text((width / 2, y + 15), place(rng), 15, ink, bold=True, anchor="middle")
    day = f"{rng.integers(1, 29)} {one_of(rng, ('May', 'June', 'September'))}  {clock(rng)}"
    canvas.text((width / 2, y + 34), day, 12, of.faint, anchor="middle")
    icon(canvas, "dots", width - 26, y + 24, 19, "#0a84ff" if of.apple else ink)
    top, low = y + 50, of.height - 110
    high = min(width * photo.height / photo.width, low - top)
    wide = high * photo.width / photo.height
    middle = (top + low) / 2
    box = ((width - wide) / 2, middle - high / 2, (width + wide) / 2, middle + high / 2)
    canvas.photo(box, photo)
    step = 34
    for at, other in enumerate((*others, photo)):
        x = width / 2 + (at - len(others)) * step
        canvas.photo((x - 15, low + 8, x + 15, low + 44), other, 2)
    names = (
        ("share", "heart", "sliders", "bin") if of.apple else ("share", "sliders", "search", "bin")
    )
    row_of_icons(canvas, names, of.height - 34, 22, "#0a84ff" if of.apple else ink)
    return canvas.finished(of.pixels)
