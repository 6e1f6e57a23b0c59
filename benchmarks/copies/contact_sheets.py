"""Writes sheets of the test pictures, one for each kind, and the pictures one by one.

python benchmarks/copies/contact_sheets.py FOLDER [--half tune|judge|both]
"""

import argparse
import io
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from copies.alterations import ALTERATIONS, alter
from copies.kinds import Half, Kind, Shows, half_of_photo, kinds_of, templates_of
from copies.originals import all_photos, opened
from copies.platforms import CONTROLS, send
from measuring import Stopped, say
from PIL import Image, ImageDraw

_TEMPLATES, _EACH = 3, 5
_CELL = 300  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", type=Half, choices=list(Half), default=Half.BOTH)
    parser.add_argument("--seed", type=int, default=20190819)
    chosen = parser.parse_args()
    paths = [path for path in all_photos() if chosen.half.holds(half_of_photo(path))]
    order = np.random.default_rng(chosen.seed).permutation(len(paths))[:60]
    photos = [opened(paths[at]) for at in order]
    for kind in kinds_of(chosen.half):
        rows = _pictures(
            kind, photos, templates_of(kind, chosen.half, _TEMPLATES)[:_TEMPLATES], chosen.seed
        )
        _write(chosen.folder, kind.name, rows)
    _write(chosen.folder, "alterations", _altered(photos, chosen.seed))
    _write(chosen.folder, "controls", _controls(photos, chosen.seed))


def _pictures(
    kind: Kind, photos: Sequence[Image.Image], templates: Sequence[int], seed: int
) -> list[list[Image.Image]]:
    """A row for every template."""
    start = zlib.crc32(kind.name.encode())
    rows = []
    for row, template in enumerate(templates):
        made = []
        for at in range(_EACH):
            first = start + _EACH * row + (0 if kind.shows is Shows.SCENE else at)
            others = tuple(
                photos[(first + 20 + 5 * more) % len(photos)] for more in range(kind.others)
            )
            rng = np.random.default_rng([seed, start, template, at])
            made.append(kind.make(photos[first % len(photos)], others, rng, template))
        rows.append(made)
    return rows


def _altered(photos: Sequence[Image.Image], seed: int) -> list[list[Image.Image]]:
    """A row for every alteration, its box in red."""
    rows = []
    for row, name in enumerate(ALTERATIONS):
        made = []
        for at in range(_EACH):
            image = photos[(row * _EACH + at) % len(photos)]
            rng = np.random.default_rng([seed, row, at])
            altered = alter(name, image, (photos[(row + 7 * at + 31) % len(photos)],), rng)
            if altered is None:
                continue
            shown, (x0, y0, x1, y1) = altered.image.copy(), altered.box
            box = (x0 * shown.width, y0 * shown.height, x1 * shown.width, y1 * shown.height)
            ImageDraw.Draw(shown).rectangle(box, None, "red", 1)
            made.append(shown)
        rows.append(made)
    return rows


def _controls(photos: Sequence[Image.Image], seed: int) -> list[list[Image.Image]]:
    rows = []
    for row, name in enumerate(CONTROLS):
        rng = np.random.default_rng([seed, row])
        sent = [send(name, photos[(row * 3 + at) % len(photos)], rng) for at in range(_EACH)]
        rows.append([Image.open(io.BytesIO(one.picture)) for one in sent])
    return rows


def _write(folder: Path, name: str, rows: Sequence[Sequence[Image.Image]]) -> None:
    """A sheet of all, and each picture in a folder of its kind."""
    plain = name.replace(", ", "-").replace(" ", "-")
    (folder / plain).mkdir(parents=True, exist_ok=True)
    sheet = Image.new("RGB", (_EACH * _CELL, len(rows) * _CELL), "#777777")
    for row, pictures in enumerate(rows):
        for at, picture in enumerate(pictures):
            picture.save(folder / plain / f"{row}-{at}.jpg", quality=88)
            small = picture.copy()
            small.thumbnail((_CELL - 6, _CELL - 6))
            sheet.paste(small, (at * _CELL + 3, row * _CELL + 3))
    sheet.save(folder / f"{plain}.png")
    say(f"{folder / plain}.png")


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
