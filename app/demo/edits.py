"""Edits photos as platforms and people do: compresses, crops, mirrors, frames, combines."""

from enum import StrEnum
from random import Random

from PIL import Image, ImageDraw, ImageOps

__all__ = ["HEAVY", "Edit", "edited"]

_LARGEST_CROP = 0.012  # of each side; from about 2 % PDQ no longer matches (docs/signals.md)
_GAP = 6  # pixels between the pictures of a collage


class Edit(StrEnum):
    """How a photo was edited."""

    RECOMPRESSED = "recompressed"
    RESIZED = "resized"
    TRIMMED = "trimmed"
    MIRRORED = "mirrored"
    CUT = "cut down"
    SCREENSHOT = "screenshot"
    COLLAGE = "collage"


# Hashes no longer match after these edits; local features do.
HEAVY = (Edit.MIRRORED, Edit.CUT, Edit.SCREENSHOT, Edit.COLLAGE)


def edited(
    image: Image.Image, edit: Edit, dice: Random, beside: Image.Image | None = None
) -> tuple[Image.Image, int]:
    """The edited picture, and the JPEG quality to save it with; a collage needs `beside`."""
    width, height = image.size
    quality = dice.randrange(30, 80) if edit is Edit.RECOMPRESSED else 85
    match edit:
        case Edit.RESIZED:
            scale = dice.uniform(0.6, 0.9)
            image = image.resize((round(width * scale), round(height * scale)))
        case Edit.TRIMMED:
            image = _cropped(image, [dice.uniform(0.004, _LARGEST_CROP) for _ in range(4)])
        case Edit.MIRRORED:
            image = ImageOps.mirror(image)
        case Edit.CUT:
            image = _cropped(image, [dice.uniform(0.05, 0.15) for _ in range(4)])
        case Edit.SCREENSHOT:
            image = _screenshot(image)
        case Edit.COLLAGE:
            image = _collage(image, beside or image)
    return image, quality


def _cropped(image: Image.Image, parts: list[float]) -> Image.Image:
    """The picture without these fractions at the left, top, right and bottom."""
    width, height = image.size
    left, top, right, bottom = parts
    upper = round(width * left), round(height * top)
    return image.crop((*upper, round(width * (1 - right)), round(height * (1 - bottom))))


def _screenshot(image: Image.Image) -> Image.Image:
    """The photo in a phone app: bars, a round portrait, and grey strips for lines of text."""
    width = 480
    photo = image.resize((width, round(width * image.height / image.width)))
    top = 150
    screen = Image.new("RGB", (width, top + photo.height + 220), "white")
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, width, 60), fill="#1b2733")
    draw.ellipse((16, 76, 64, 124), fill="#9aa7b3")
    draw.rounded_rectangle((80, 84, 250, 98), 6, fill="#30404f")
    draw.rounded_rectangle((80, 106, 190, 116), 5, fill="#c3ccd4")
    screen.paste(photo, (0, top))
    for at in range(3):
        y = top + photo.height + 24 + 30 * at
        draw.rounded_rectangle((16, y, 440 - 70 * at, y + 12), 6, fill="#c3ccd4")
    return screen


def _collage(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures side by side, at the same height."""
    height = 360
    parts = [i.resize((round(i.width * height / i.height), height)) for i in (left, right)]
    sheet = Image.new("RGB", (sum(part.width for part in parts) + _GAP, height), "white")
    sheet.paste(parts[0], (0, 0))
    sheet.paste(parts[1], (parts[0].width + _GAP, 0))
    return sheet
