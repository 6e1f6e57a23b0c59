"""The memory that decoding takes for the largest picture of each format that is not refused.

Each picture has one colour, so that a file of a few kilobytes takes all that its size can take. It
is decoded in a process of its own. The goal: under 1 GiB.
"""

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pillow_heif
import pillow_jxl  # noqa: F401
from PIL import Image

from frametrace.embed.decoding.decode import MAX_COPIED_PIXELS, MAX_PIXELS, decode
from frametrace.posts.errors import FrametraceError

_GOAL = 2**30  # bytes
_MODES = ("L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16")
# What has the encoder be quick.
_FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"progressive": True},
    "PNG": {},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"lossless": True, "quality": 0, "method": 0},
    "AVIF": {"speed": 10},
    "HEIF": {"quality": 10},
    "JXL": {"effort": 1},
}


def main() -> None:
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None
    over = 0
    with tempfile.TemporaryDirectory(prefix="bench-picture-memory-") as folder:
        file = Path(folder) / "picture"
        for name, content in _pictures():
            file.write_bytes(content)
            command = [sys.executable, __file__, str(file)]
            peak, outcome = subprocess.check_output(command, text=True).split(" ", 1)
            over += int(peak) > _GOAL
            print(f"{int(peak) / 2**20:7.0f} MiB  {name}, {len(content) / 1e3:,.0f} kB: {outcome}")
    print(f"{over} over {_GOAL / 2**30:.0f} GiB")


def _pictures() -> Iterator[tuple[str, bytes]]:
    for format, options in _FORMATS.items():
        side = int(MAX_COPIED_PIXELS.get(format, MAX_PIXELS) ** 0.5)
        for mode in _MODES:
            file = io.BytesIO()
            try:
                Image.new(mode, (side, side)).save(file, format, **options)
            except (OSError, ValueError, KeyError):  # the format has no such pictures
                continue
            yield f"{format} {mode}", file.getvalue()


def _decode(file: Path) -> None:
    """Decode a picture, and print the most memory that this process has used."""
    try:
        picture = decode(file.read_bytes())
        outcome = f"{picture.width} x {picture.height}"
    except FrametraceError as error:
        outcome = str(error)
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    print(peak, outcome, end="")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _decode(Path(sys.argv[1]))
    else:
        main()
