"""What happens to a photo on its way from account to account: platforms and people change it."""

from random import Random

from PIL import Image

__all__ = ["edited"]

_LARGEST_CROP = 0.012  # of each side; from about 2 % on, PDQ sees another picture (docs/signals.md)


def edited(image: Image.Image, kind: int, dice: Random) -> tuple[Image.Image, int]:
    """The picture and the JPEG quality to save it with, by kind: recompressed, resized, cropped."""
    width, height = image.size
    match kind % 3:
        case 0:
            return image, dice.randrange(30, 80)
        case 1:
            scale = dice.uniform(0.6, 0.9)
            return image.resize((round(width * scale), round(height * scale))), 85
        case _:
            left, top, right, bottom = (dice.uniform(0.004, _LARGEST_CROP) for _ in range(4))
            box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
            return image.crop(box), 88
