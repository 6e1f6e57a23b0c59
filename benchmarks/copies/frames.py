"""Puts frames around different photographs: ornate, film strip, polaroid, phone, campaign."""

import cv2
import numpy as np
from copies.canvas import Canvas, Others, Rng
from copies.devices import template_rng
from copies.lettering import one_of
from copies.marked import emblem
from copies.texts import caption, headline
from PIL import Image, ImageDraw, ImageFilter, ImageOps

__all__ = ["campaign_frame", "film_strip", "ornate_frame", "phone_mock_up", "polaroid"]

_LANCZOS = Image.Resampling.LANCZOS


def ornate_frame(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A carved, gilded frame with corner pieces, and a mat inside it."""
    style = template_rng("ornate", template)
    size = ((640, 520), (520, 640), (600, 600))[int(style.integers(3))]
    rim, mat = int(style.integers(46, 80)), int(style.integers(8, 26))
    frame = _carved(size, rim, style)
    whole = Image.fromarray(frame)
    inner = size[0] - 2 * rim, size[1] - 2 * rim
    whole.paste(Image.new("RGB", inner, ("#f4f0e4", "#2b1d14")[int(style.integers(2))]), (rim, rim))
    shown = ImageOps.fit(photo, (inner[0] - 2 * mat, inner[1] - 2 * mat), _LANCZOS)
    whole.paste(shown, (rim + mat, rim + mat))
    return whole


def _carved(size: tuple[int, int], rim: int, style: Rng) -> np.ndarray:
    """Waves along the sides and rosettes at the corners, lit from above: (h, w, 3) uint8."""
    width, height = size
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    along = np.where(np.minimum(x, width - 1 - x) < np.minimum(y, height - 1 - y), y, x)
    wave, beads = style.uniform(18, 40), style.uniform(8, 16)
    relief = np.sin(np.pi * edge / rim) * 8
    relief += 2.5 * np.sin(2 * np.pi * along / wave + 3 * np.sin(np.pi * edge / rim * 2))
    relief += 2 * np.abs(np.sin(np.pi * along / beads)) * (np.abs(edge - 0.85 * rim) < 0.08 * rim)
    petals = int(style.integers(5, 10))
    for corner in ((0, 0), (width, 0), (0, height), (width, height)):
        a, b = x - abs(corner[0] - rim / 2), y - abs(corner[1] - rim / 2)
        far, turn = np.hypot(a, b), np.arctan2(b, a)
        flower = 9 * np.cos(petals * turn) * np.exp(-((far - 0.3 * rim) ** 2) / (0.02 * rim * rim))
        relief = np.where(far < 0.55 * rim, flower + 8 * np.exp(-far / (0.2 * rim)) + 4, relief)
    relief += cv2.GaussianBlur(style.normal(0, 1.2, relief.shape).astype(np.float32), (0, 0), 1)
    light = cv2.Sobel(relief, cv2.CV_32F, 0, 1) + 0.6 * cv2.Sobel(relief, cv2.CV_32F, 1, 0)
    gold = np.array(((178, 138, 62), (110, 72, 40), (150, 150, 155))[int(style.integers(3))])
    shade = 1 + 0.06 * np.clip(light, -9, 12)
    return (gold * shade[..., None]).clip(0, 255).astype(np.uint8)


def film_strip(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """Black edges with sprocket holes, numbers and the film's name."""
    style = template_rng("film", template)
    canvas = Canvas(400, 330, "#120f0d")
    rounded = float(style.uniform(1, 4))
    hole = one_of(style, ("#f5f2ea", "#e8d9b8", "#ffffff"))
    step, wide = float(style.uniform(22, 30)), float(style.uniform(11, 16))
    for y in (10, 304):
        for at in range(int(400 / step) + 1):
            canvas.box((8 + at * step, y, 8 + at * step + wide, y + 16), hole, rounded)
    ink, number = one_of(style, ("#e8a53a", "#d9d9d9", "#f06a3a")), int(style.integers(2, 30))
    canvas.family = "mono"
    canvas.text((30, 35), f"NORDA PAN {100 * style.integers(1, 9)}", 9, ink, bold=True)
    canvas.text((300, 35), f"{number}", 10, ink, bold=True)
    canvas.text((340, 295), f"▷ {number}A", 10, ink, bold=True)
    canvas.photo((6, 44, 394, 286), photo)
    return canvas.finished(640)


def polaroid(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A white card with room for handwriting, tilted on a table, with a shadow."""
    style = template_rng("polaroid", template)
    card = Canvas(300, 360, "#fbfaf6")
    card.photo((18, 18, 282, 282), photo)
    card.family = "book"
    said = card.wrapped(caption(rng, 1), 250, 14)[0]
    card.text((150, 322), said, 14, "#2b3a67", anchor="middle")
    table = _table(style)
    angle = float(style.uniform(-9, 9))
    shown = card.image.resize((420, 504), _LANCZOS).convert("RGBA")
    shown = shown.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    shadow = Image.new("RGBA", shown.size, (0, 0, 0, 0))
    shadow.putalpha(shown.getchannel("A").point(lambda value: value // 2))
    x, y = (table.width - shown.width) // 2, (table.height - shown.height) // 2
    dark = Image.new("RGBA", table.size, (0, 0, 0, 0))
    dark.paste(shadow, (x + 8, y + 10))
    table.alpha_composite(dark.filter(ImageFilter.GaussianBlur(7)))
    table.alpha_composite(shown, (x, y))
    return table.convert("RGB")


def _table(style: Rng) -> Image.Image:
    """Planks of wood, or cork: 600 x 640 RGBA."""
    grain = style.normal(0, 1, (640, 600)).astype(np.float32)
    wide = 40 if style.random() < 0.6 else 2
    grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=wide, sigmaY=1.2)
    grain /= grain.std()
    planks = np.repeat(style.normal(0, 1, 8), 80)[:, None] if wide > 2 else np.zeros((640, 1))
    colour = np.array(((150, 105, 66), (92, 70, 52), (186, 146, 100))[int(style.integers(3))])
    value = colour * (1 + 0.09 * grain + 0.06 * planks)[..., None]
    if wide > 2:
        value[::80] *= 0.4
        value[1::80] *= 0.6
    return Image.fromarray(value.clip(0, 255).astype(np.uint8)).convert("RGBA")


def phone_mock_up(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A phone on a coloured ground with a slogan beside it; the photograph fills its screen."""
    style = template_rng("mock-up", template)
    ground = Canvas(520, 400, tuple(style.integers(90, 245, 3).tolist()))
    ink = "#1a1a1a"
    for _ in range(4):
        x, y = style.uniform(0, 520), style.uniform(0, 400)
        ground.disc(float(x), float(y), float(style.uniform(40, 130)), (255, 255, 255, 40))
    left = float(style.uniform(20, 50)) if style.random() < 0.5 else float(style.uniform(300, 330))
    ground.box((left, 20, left + 176, 380), "#15161a", 26)
    ground.box((left + 7, 27, left + 169, 373), "#000000", 20)
    ground.photo((left + 7, 27, left + 169, 373), photo, 20)
    ground.box((left + 60, 33, left + 116, 45), "#000000", 6)
    ground.box((left + 62, 364, left + 114, 367), "white", 1)
    beside = left + 210 if left < 200 else 30.0
    y = ground.paragraph((beside, 110), 250, headline(style), 28, ink, bold=True)
    ground.paragraph((beside, y + 10), 240, caption(style, 1), 14, ink, lines=3)
    ground.box((beside, y + 80, beside + 130, y + 116), ink, 18)
    ground.text((beside + 65, y + 98), "Get the app", 15, "white", bold=True, anchor="middle")
    return ground.finished(720)


def campaign_frame(photo: Image.Image, others: Others, rng: Rng, template: int) -> Image.Image:
    """A square overlay, as put around profile pictures: ring or corners, slogan, emblem."""
    style = template_rng("campaign", template)
    side = 560
    whole = ImageOps.fit(photo, (side, side), _LANCZOS).convert("RGBA")
    layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    colour = (*style.integers(20, 190, 3).tolist(), 235)
    second = (*style.integers(150, 250, 3).tolist(), 235)
    if style.random() < 0.5:
        draw.rectangle((0, 0, side, side), colour)
        draw.ellipse((26, 26, side - 26, side - 26), (0, 0, 0, 0), second, 8)
    else:
        draw.polygon([(0, side), (0, 300), (330, side)], colour)
        draw.polygon([(side, 0), (side, 240), (300, 0)], second)
    canvas = Canvas(side, side, scale=1)
    canvas.image, canvas.draw = layer, draw
    draw.rectangle((0, 442, side, 516), colour)
    canvas.text((side / 2, 479), headline(style).upper(), 24, "white", bold=True, anchor="middle")
    mark = emblem(style).resize((110, 110), _LANCZOS)
    layer.alpha_composite(mark, (side - 126, 320))
    return Image.alpha_composite(whole, layer).convert("RGB")
