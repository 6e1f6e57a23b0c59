"""Bad and hostile pictures: refused with a reason, before they take memory."""

import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from making import encoded, oriented, photo, png, png_chunk
from PIL import Image
from trying import examples

from frametrace.embed.decoding.decode import MAX_SIDE, decode
from frametrace.posts.errors import DecodeError

pillow_heif.register_heif_opener()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"Nothing to see here, move along.\n" * 40, "not a picture"),
        (b"<!doctype html><title>404</title>", "not a picture"),
        (b"\xff\xd8\xff", "picture"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00", "picture"),
        (png((4, MAX_SIDE + 1)), "a side is over the limit"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "not a picture"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0miafMiHBheic" + bytes(99), "not a picture"),
        (b"\xff\x0a", "picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "damaged picture: "),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"8BPS\0\1" + bytes(99), "not a picture"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + bytes(99), "not a picture"),
    ],
    ids=[
        *("empty", "text", "html", "jpeg-start", "png-start", "gif-start", "one-long-side"),
        *("heic", "heif", "jxl-start", "jxl-container", "eps", "psd", "mp4"),
    ],
)
def test_what_is_not_a_picture_is_refused_with_a_plain_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason) as refused:
        decode(data)
    assert "0x" not in str(refused.value)
    assert len(str(refused.value)) < 160


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("WEBP", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {}),
        ("HEIF", {}),
        ("JXL", {}),
        ("JPEG2000", {}),
        ("ICO", {}),
    ],
)
def test_a_truncated_picture_of_a_format_that_cannot_be_repaired_is_refused(
    format: str, options: dict[str, object], share: float
) -> None:
    whole = encoded(photo(1, 256, 256), format, **options)
    assert decode(whole).width == 256
    with pytest.raises(DecodeError, match="picture"):
        decode(whole[: int(len(whole) * share)])


def webp_bomb() -> bytes:
    """An animated WebP of 16,384 x 16,384 pixels, as its header says; each frame is small."""
    small = encoded(photo(1, 64, 64), "WEBP", save_all=True, append_images=[photo(2, 64, 64)])
    return small[:24] + b"\xff\x3f\x00\xff\x3f\x00" + small[30:]


def gif_bomb() -> bytes:
    """A GIF whose first frame says that it is 65,535 pixels wide and high."""
    small = bytearray(encoded(photo(1, 64, 64).convert("P"), "GIF"))
    frame = small.index(b",", 13 + 3 * 256)
    small[frame + 5 : frame + 9] = b"\xff" * 4
    return bytes(small)


def large_webp() -> bytes:
    """A WebP of a kilobyte, with one colour and 64 megapixels: whole copies would take 1 GB."""
    return encoded(Image.new("L", (8000, 8000)), "WEBP", lossless=True, quality=0, method=0)


def text_bomb() -> bytes:
    packer = zlib.compressobj(9)
    text = b"".join(packer.compress(bytes(2**20)) for _ in range(500)) + packer.flush()
    return png((8, 8), more=png_chunk(b"zTXt", b"Comment\0\0" + text))


def j2k_bomb() -> bytes:
    """A JPEG 2000 picture whose codestream is larger than its file says."""
    small = encoded(photo(1, 64, 64), "JPEG2000")
    return small.replace(struct.pack(">II", 64, 64), struct.pack(">II", 30_000, 30_000))


def jxl_bomb() -> bytes:
    """The head of a square JPEG XL picture of 30,000 rows."""
    bits = 0 | 2 << 1 | (30_000 - 1) << 3 | 1 << 21
    return b"\xff\x0a" + bits.to_bytes(8, "little") + bytes(200)


def heic_bomb() -> bytes:
    small = encoded(photo(1, 64, 64), "HEIF")
    return small.replace(struct.pack(">II", 64, 64), struct.pack(">II", 30_000, 30_000))


def long_png() -> bytes:
    """A PNG without an end whose rows unpack to 500 MB, where 1,600 bytes are needed."""
    return png((8, 800), [bytes(2**20)] * 500)[:-12]


@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        (lambda: png((30_000, 30_000)), "over the limit of 110 megapixels"),
        (webp_bomb, "over the limit of 110 megapixels"),
        (large_webp, "over the limit of 60 megapixels"),
        (gif_bomb, "over the limit of 110 megapixels"),
        (text_bomb, "read"),
        (j2k_bomb, "over the limit of 110 megapixels"),
        (jxl_bomb, "over the limit of 110 megapixels"),
        (heic_bomb, "over the limit of 110 megapixels"),
        (long_png, "read"),
    ],
    ids=[
        "png",
        "webp",
        "webp-whole",
        "gif",
        "png-text",
        "jpeg-2000",
        "jpeg-xl",
        "heic",
        "png-rows",
    ],
)
def test_a_bomb_is_refused_before_it_takes_memory(tmp_path: Path, bomb, reason: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb())
    assert path.stat().st_size < 2**20
    code = (
        "import resource, sys, pathlib\n"
        "from frametrace.embed.decoding.decode import decode\n"
        "from frametrace.posts.errors import DecodeError\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "from making import jpeg, photo\n"
        "decode(jpeg(photo(1)))\n"
        "data, before = pathlib.Path(sys.argv[1]).read_bytes(), peak()\n"
        "try:\n    decode(data)\n    print(peak() - before, 'read')\n"
        "except DecodeError as error:\n    print(peak() - before, error)\n"
    )
    tests = str(Path(__file__).parents[2])
    child = subprocess.run(
        [sys.executable, "-c", code, path],
        env={"PYTHONPATH": os.pathsep.join((tests, os.environ.get("PYTHONPATH", tests)))},
        capture_output=True,
        text=True,
        check=True,
    )
    kilobytes, _, said = child.stdout.partition(" ")
    assert re.search(reason, said)
    assert int(kilobytes) < 30_000


SAMPLES = [
    encoded(photo(8, 96, 64), "JPEG", exif=oriented(6)),
    encoded(photo(8, 96, 64), "JPEG", progressive=True),
    encoded(photo(8, 96, 64).convert("CMYK"), "JPEG"),
    encoded(photo(8, 40, 30), "PNG", exif=oriented(8)),
    encoded(photo(8, 40, 30).quantize(64), "PNG", transparency=3),
    encoded(photo(8, 40, 30), "WEBP"),
    encoded(photo(8, 40, 30), "WEBP", save_all=True, append_images=[photo(9, 40, 30)]),
    encoded(photo(8, 40, 30), "GIF", save_all=True, append_images=[photo(9, 40, 30)]),
    encoded(photo(8, 40, 30), "BMP"),
    encoded(photo(8, 40, 30), "TIFF", compression="tiff_lzw"),
    encoded(photo(8, 40, 30), "TIFF", exif=oriented(5)),
    encoded(photo(8, 40, 30), "AVIF"),
    encoded(photo(8, 40, 30), "AVIF", save_all=True, append_images=[photo(9, 40, 30)]),
    encoded(photo(8, 40, 30), "PNG", save_all=True, append_images=[photo(9, 40, 30)]),
    encoded(photo(8, 96, 64), "HEIF", exif=oriented(6)),
    encoded(photo(8, 96, 64).convert("RGBA"), "HEIF"),
    encoded(photo(8, 96, 64), "JXL"),
    encoded(photo(8, 96, 64), "JXL", use_container=True, exif=oriented(6).tobytes()),
    encoded(photo(8, 40, 30), "JPEG2000"),
    encoded(photo(8, 40, 30), "JPEG2000", no_jp2=True, tile_size=(16, 16)),
    encoded(photo(8, 40, 30), "ICO"),
    encoded(photo(8, 40, 30), "ICO", bitmap_format="bmp"),
    encoded(photo(8, 40, 30), "MPO", save_all=True, append_images=[photo(9, 40, 30)]),
]


@examples(800, [HealthCheck.too_slow])
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), max_size=6),
    st.floats(0, 1),
    st.booleans(),
)
@example(SAMPLES[0], [], 0.5, True)
def test_whatever_bytes_come_in_a_picture_or_a_reason_comes_out(
    data: bytes, changes: list[tuple[float, bytes]], cut: float, is_cut: bool
) -> None:
    damaged = bytearray(data)
    for at, new in changes:
        start = int(at * len(damaged))
        damaged[start : start + len(new)] = new
    try:
        picture = decode(bytes(damaged[: int(cut * len(damaged))] if is_cut else damaged))
    except DecodeError as error:
        assert str(error)
    else:
        assert picture.image.mode == "RGB"
        assert picture.image.size == picture.luma.size
        np.asarray(picture.image).sum()
