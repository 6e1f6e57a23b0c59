"""Pictures as they are compared: edits of photos, alterations of parts, and shots of one scene."""

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from making import jpeg, photo
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from frametrace.embed.decoding.decode import decode
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.matcher.pictures.picture_values import PictureValues

__all__ = [
    "ALTERATIONS",
    "BOX",
    "UNALTERED",
    "altered",
    "aslant",
    "bar_chart",
    "barred",
    "card",
    "detailed",
    "framed",
    "panels",
    "post_of",
    "shot",
    "shown",
    "shown_file",
    "statement",
    "table",
    "watermarked",
]

BOX = (0.55, 0.3, 0.8, 0.6)  # fractions of the sides: 7.5 % of the area


def shown_file(data: bytes) -> PictureValues:
    """A picture file as it is compared."""
    picture = decode(data)
    values = [
        signal.finish([signal.preparer()(picture)])["code"][0].as_py()
        for signal in (Local(), Thumbnail())
    ]
    return PictureValues.of(*values)


def shown(image: Image.Image, quality: int = 80) -> PictureValues:
    """A picture as it is compared, once saved as JPEG."""
    return shown_file(jpeg(image, quality))


def panels(*images: Image.Image) -> Image.Image:
    """Two or four pictures in one."""
    rows = len(images) // 2
    sheet = Image.new("RGB", (640, 240 * rows), "white")
    for at, image in enumerate(images):
        sheet.paste(image.resize((320, 240)), (at % 2 * 320, at // 2 * 240))
    return sheet


def detailed(seed: int) -> Image.Image:
    """A photo with detail as fine as that of a thumbnail, which a blur takes."""
    rng = np.random.default_rng(seed)
    fine = Image.fromarray(rng.integers(0, 256, (180, 240, 3), dtype=np.uint8))
    return Image.blend(photo(seed), fine.resize((640, 480), Image.Resampling.BICUBIC), 0.4)


def framed(image: Image.Image) -> Image.Image:
    """In an ornate frame, always the same one."""
    frame = photo(77, 640, 480)
    frame.paste(image.resize((460, 345)), (90, 67))
    return frame


def barred(image: Image.Image, text: str = "Who pays for what was broken here?") -> Image.Image:
    """Under a caption in a white bar."""
    sheet = Image.new("RGB", (640, 640), "white")
    sheet.paste(image.resize((640, 480)), (0, 160))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(36)
    for at in range(3):
        draw.text((20, 10 + 48 * at), text, "black", font)
    return sheet


def watermarked(image: Image.Image) -> Image.Image:
    """With faint text of an agency all over it, always the same."""
    layer = Image.new("L", image.size)
    draw, font = ImageDraw.Draw(layer), ImageFont.load_default(30)
    for x in range(0, image.width, 200):
        for y in range(0, image.height, 90):
            draw.text((x, y), "AGENCY 17", 90, font)
    return Image.composite(Image.new("RGB", image.size, "white"), image, layer)


def post_of(image: Image.Image, seed: int = 0) -> Image.Image:
    """A screenshot of an app: its bars and buttons are the same around every photo."""
    screen = Image.new("RGB", (540, 1100), (250, 250, 250))
    draw, font = ImageDraw.Draw(screen), ImageFont.load_default(26)
    draw.rectangle((0, 0, 540, 90), (20, 60, 140))
    for at in range(4):
        draw.rounded_rectangle((20 + 130 * at, 990, 110 + 130 * at, 1070), 20, (200, 60 * at, 90))
        screen.paste(photo(60 + at, 60, 60), (35 + 130 * at, 1000))
    draw.text((20, 30), "Home   Friends   Watch   Market", "white", font)
    screen.paste(photo(70, 80, 80), (20, 105))
    draw.text((120, 130), f"Somebody {seed}", "black", font)
    screen.paste(image.resize((540, 405)), (0, 220))
    for at, line in enumerate(("Like   Comment   Share", "1,204 people like this", "See more")):
        draw.text((20, 660 + 60 * at), line, "black", font)
    return screen


def card(image: Image.Image, size: int = 200) -> Image.Image:
    """A small photo on a poster full of the very same things."""
    poster = photo(88, 640, 480)
    poster.paste(image.resize((size, size * 3 // 4)), (40, 40))
    return poster


def bar_chart(seed: int) -> Image.Image:
    """A chart of one style; its numbers are those of the seed."""
    rng = np.random.default_rng(seed)
    chart = Image.new("RGB", (640, 480), "white")
    draw, font = ImageDraw.Draw(chart), ImageFont.load_default(20)
    draw.text((180, 10), "Reports a month", "black", font)
    for at in range(6):
        draw.line((60, 80 + 60 * at, 620, 80 + 60 * at), (220, 220, 220), 2)
        draw.text((10, 70 + 60 * at), str(100 - 20 * at), "black", font)
    for at, height in enumerate(rng.integers(30, 300, 8).tolist()):
        draw.rectangle((80 + 66 * at, 380 - height, 120 + 66 * at, 380), (40, 90, 180))
        draw.text((80 + 66 * at, 390), "JFMAMJJA"[at], "black", font)
    return chart


def table(seed: int) -> Image.Image:
    """A table of one style: its names and numbers are those of the seed."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (640, 440), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(17)
    draw.rectangle((20, 30, 620, 62), (30, 80, 60))
    for at, head in enumerate(("Town", "2019", "2021", "2023")):
        draw.text((30 + 160 * at, 36), head, "white", font)
    for row in range(8):
        y = 70 + 44 * row
        if row % 2:
            draw.rectangle((20, y, 620, y + 43), (232, 236, 234))
        draw.text((30, y + 12), _word(rng).title(), "black", font)
        for at in range(1, 4):
            draw.text((30 + 160 * at, y + 12), f"{rng.integers(1000, 99999):,}", "black", font)
    return page


def statement(seed: int) -> Image.Image:
    """Words on one letterhead, those of the seed."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (480, 600), (250, 248, 240))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    draw.rectangle((0, 0, 480, 12), (150, 30, 50))
    draw.ellipse((30, 30, 78, 78), (150, 30, 50))
    draw.text((94, 40), "Office of the harbour", (150, 30, 50), ImageFont.load_default(20))
    for line in range(22):
        words = " ".join(_word(rng) for _ in range(9))
        draw.text((30, 100 + 21 * line), words[:52], (30, 30, 30), font)
    return page


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice([*"aeilnorstudmpk"], int(rng.integers(3, 9))).tolist())


def aslant(image: Image.Image, corners: Sequence[tuple[int, int]]) -> Image.Image:
    """A photo of a screen that shows a picture: what lies at four corners fills the frame.

    They are those of the top left, top right, bottom right and bottom left; black is outside.
    """
    width, height = image.size
    frame = [(0, 0), (width, 0), (width, height), (0, height)]
    move = cv2.getPerspectiveTransform(np.array(corners, np.float32), np.array(frame, np.float32))
    return Image.fromarray(cv2.warpPerspective(np.asarray(image), move, image.size))


def shot(viewpoint: float) -> Image.Image:
    """A scene of three layers: what stands nearer moves more from one viewpoint to another."""
    picture = photo(21, 800, 600)
    near = [((90, 160), (190, 240), 22, 14), ((420, 260), (230, 210), 23, 30)]
    for (x, y), size, seed, pixels in near:
        picture.paste(photo(seed, *size), (x + round(viewpoint * pixels), y))
    return picture.crop((60, 60, 740, 570))


def _box(image: Image.Image) -> tuple[int, int, int, int]:
    sides = (image.width, image.height) * 2
    left, top, right, bottom = (round(part * side) for part, side in zip(BOX, sides, strict=True))
    return left, top, right, bottom


def _pasted(part: Image.Image) -> Image.Image:
    return photo(31, *part.size)


def _erased(part: Image.Image) -> Image.Image:
    return part.resize((2, 2)).resize(part.size, Image.Resampling.BICUBIC)


def _texted(part: Image.Image) -> Image.Image:
    sign = Image.new("RGB", part.size, (240, 230, 60))
    draw, font = ImageDraw.Draw(sign), ImageFont.load_default(part.height // 4)
    draw.text((4, part.height // 8), "VOTE\nNOW", "black", font)
    return sign


def _blurred(part: Image.Image) -> Image.Image:
    return part.filter(ImageFilter.GaussianBlur(9))


ALTERATIONS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "paste": _pasted,
    "erase": _erased,
    "text": _texted,
    "blur": _blurred,
}


def altered(image: Image.Image, how: str) -> Image.Image:
    """A picture of which the part `BOX` was changed."""
    box, image = _box(image), image.copy()
    image.paste(ALTERATIONS[how](image.crop(box)), box[:2])
    return image


UNALTERED: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "nothing": lambda image: image,
    "resized": lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "cropped": lambda image: image.crop((40, 30, image.width - 60, image.height - 20)),
    "mirrored": ImageOps.mirror,
}
