"""Draws what unrelated videos have in common: titles, end cards, studios, test pictures, apps."""

import cv2
import numpy as np
from copies.lettering import ENGLISH, NAMES, letter, one_of
from PIL import Image, ImageDraw
from video.encoding import HEIGHT, WIDTH, resized
from video.overlays import laid_over, logo

__all__ = ["bars_and_tone", "end_card", "intro_frame", "phone", "studio"]

Colour = tuple[int, ...]
_SIZE = (WIDTH, HEIGHT)
_BARS = ((192, 192, 192), (192, 192, 0), (0, 192, 192), (0, 192, 0), (192, 0, 192), (192, 0, 0),
         (0, 0, 192))  # fmt: skip


def _colours(rng: np.random.Generator, count: int) -> list[Colour]:
    return [tuple(rng.integers(20, 230, 3).tolist()) for _ in range(count)]


def intro_frame(template: int, ms: int) -> np.ndarray:
    """One frame of a title sequence: discs and stripes that move, the programme's name."""
    rng = np.random.default_rng([template, 1])
    ink, paper, *others = _colours(rng, 8)
    image = Image.new("RGB", _SIZE, paper)
    draw = ImageDraw.Draw(image)
    for colour in others:
        x, y, r = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(30, 110)
        along, across = rng.uniform(-40, 40, 2) * ms / 1000
        draw.ellipse((x + along - r, y + across - r, x + along + r, y + across + r), colour)
        at = rng.uniform(0, WIDTH) + 1.5 * along
        draw.polygon([(at, 0), (at + 30, 0), (at - 70, HEIGHT), (at - 100, HEIGHT)], colour)
    draw.rectangle((90, 130, 550, 230), ink)
    letter(image, (110, 140, 530, 220), f"{one_of(rng, NAMES)} {rng.integers(10, 99)}", "white")
    return np.asarray(image)


def end_card(template: int) -> np.ndarray:
    """A card with the channel's logo, a text and two empty places for further videos."""
    rng = np.random.default_rng([template, 2])
    paper, box, other = _colours(rng, 3)
    image = Image.new("RGB", _SIZE, paper)
    draw = ImageDraw.Draw(image)
    for at in range(0, WIDTH, 40):
        draw.line([(at, 0), (at - 160, HEIGHT)], other, 9)
    draw.rectangle((40, 150, 290, 300), box, "white", 4)
    draw.rectangle((350, 150, 600, 300), box, "white", 4)
    letter(image, (60, 20, 580, 110), one_of(rng, ENGLISH), "white")
    mark = logo(_SIZE, (0.89, 0.62, 0.16), int(rng.integers(2**31)))
    return laid_over(np.asarray(image), mark)


def studio(template: int) -> np.ndarray:
    """A set without people: wall panels, a window with lights, a shelf, a desk, the logo."""
    rng = np.random.default_rng([template, 3])
    wall, panel, wood, screen, *books = _colours(rng, 12)
    image = Image.new("RGB", _SIZE, wall)
    draw = ImageDraw.Draw(image)
    for at in range(int(rng.integers(0, 30)), WIDTH, int(rng.integers(44, 90))):
        draw.rectangle((at, 0, at + 12, HEIGHT), panel)
    left = float(rng.uniform(20, 360))
    draw.rectangle((left, 30, left + 240, 190), screen, "white", 3)
    for _ in range(60):
        x, y = rng.uniform(left + 8, left + 220), rng.uniform(40, 170)
        draw.rectangle((x, y, x + rng.uniform(3, 12), y + rng.uniform(3, 14)), one_colour(rng))
    x = 560.0 if left < 200 else 30.0
    for row in range(4):
        draw.rectangle((x - 12, 80 + 55 * row, x + 75, 84 + 55 * row), wood)
        for place, colour in enumerate(books):
            tall = rng.uniform(24, 46)
            spine = (x - 8 + 9 * place, 80 + 55 * row - tall, x - 1 + 9 * place, 80 + 55 * row)
            draw.rectangle(spine, colour)
    noise = rng.normal(0, 5, (HEIGHT, WIDTH, 1))
    shade = np.linspace(1.08, 0.86, HEIGHT)[:, None, None]
    drawn = np.clip(np.asarray(image) * shade + noise, 0, 255).astype(np.uint8)
    drawn[310:] = wood
    mark = logo(_SIZE, (0.9, 0.16, 0.1), int(rng.integers(2**31)))
    return laid_over(np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.8)), mark)


def one_colour(rng: np.random.Generator) -> Colour:
    """A light in a window."""
    return tuple(rng.integers(120, 256, 3).tolist())


def bars_and_tone(template: int) -> np.ndarray:
    """A test picture: seven colour bars, a grey ramp, a circle, the station's name."""
    rng = np.random.default_rng([template, 4])
    image = Image.new("RGB", _SIZE)
    draw = ImageDraw.Draw(image)
    for at, colour in enumerate(_BARS):
        draw.rectangle((at * WIDTH / 7, 0, (at + 1) * WIDTH / 7, 250), colour)
    for at in range(16):
        draw.rectangle((at * 40, 250, at * 40 + 40, HEIGHT), (17 * at,) * 3)
    r = 90 + 10 * (template % 4)
    draw.ellipse((320 - r, 150 - r, 320 + r, 150 + r), None, "white", 5)
    letter(image, (250, 130, 390, 170), f"{one_of(rng, NAMES)}", "white")
    return np.asarray(image)


def phone(template: int, shown: np.ndarray, text: str, part: float) -> np.ndarray:
    """An app on a phone, 360 x 640: tabs above, a video in the middle, icons, a text, progress."""
    rng = np.random.default_rng([template, 5])
    paper, accent = (255, 255, 255) if template % 2 else (14, 14, 18), _colours(rng, 1)[0]
    ink = (20, 20, 24) if template % 2 else (240, 240, 244)
    image = Image.new("RGB", (360, 640), paper)
    draw = ImageDraw.Draw(image)
    letter(image, (12, 6, 60, 22), "12:04", ink)
    for at, name in enumerate(("For you", "Following", "Live")):
        letter(image, (30 + 105 * at, 36, 120 + 105 * at, 58), name, ink if at else accent)
    high = round(360 * shown.shape[0] / shown.shape[1])
    top = 90 + 30 * (template % 3)
    image.paste(Image.fromarray(resized(shown, 360, high)), (0, top))
    for at in range(4):
        y = top + high + 26 + 34 * (at // 4)
        draw.ellipse((18 + 60 * at, y, 42 + 60 * at, y + 24), None, ink, 3)
        letter(image, (44 + 60 * at, y + 4, 74 + 60 * at, y + 20), str(rng.integers(10, 900)), ink)
    draw.ellipse((16, 470, 60, 514), accent)
    letter(image, (70, 472, 250, 490), one_of(rng, NAMES), ink, middle=False)
    letter(image, (70, 494, 340, 530), text, ink, middle=False)
    draw.rectangle((0, 566, 360, 569), (128, 128, 132))
    draw.rectangle((0, 566, 360 * part, 569), accent)
    for at in range(5):
        draw.rounded_rectangle((24 + 70 * at, 590, 50 + 70 * at, 616), 6, None, ink, 3)
    return np.asarray(image)
