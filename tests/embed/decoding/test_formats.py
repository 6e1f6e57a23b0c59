"""Rarer formats: recognised by their bytes, some read by optional packages."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401
import pytest
from making import encoded, jpeg, make_case, oriented, photo
from PIL import Image
from PIL.Image import Transpose

from frametrace.case.store import Case
from frametrace.embed.decoding import jpeg_xl
from frametrace.embed.decoding.decode import MAX_PIXELS, Picture, decode
from frametrace.embed.decoding.formats import j2k_levels
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.signals.pdq import compute_pdq
from frametrace.embed.stage import embed
from frametrace.posts.errors import DecodeError, FormatMissing
from frametrace.work.executor import InProcess

pillow_heif.register_heif_opener()


def hashed(picture: Picture) -> np.ndarray:
    code, _ = compute_pdq(np.asarray(picture.luma))
    return np.unpackbits(np.frombuffer(code, np.uint8))


def difference(picture: Picture, image: Image.Image) -> float:
    expected = np.asarray(image.convert("RGB").resize(picture.image.size), np.int16)
    return float(np.abs(np.asarray(picture.image, np.int16) - expected).mean())


WRITTEN = {
    "heic": ("HEIF", {}),
    "heic-in-tiles": ("HEIF", {"tile_size": 256}),
    "heic-several": ("HEIF", {"save_all": True, "append_images": [photo(9)], "primary_index": 0}),
    "jpeg-xl": ("JXL", {}),
    "jpeg-xl-lossless": ("JXL", {"lossless": True}),
    "jpeg-xl-in-boxes": ("JXL", {"use_container": True}),
    "jpeg-2000": ("JPEG2000", {}),
    "jpeg-2000-bare": ("JPEG2000", {"no_jp2": True}),
    "jpeg-2000-tiles": ("JPEG2000", {"tile_size": (256, 256), "num_resolutions": 1}),
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("size", [(300, 200), (1300, 1031)])
def test_every_format_gives_the_picture_and_its_hash(name: str, size: tuple[int, int]) -> None:
    format, options = WRITTEN[name]
    original = photo(2, *size)
    picture = decode(encoded(original, format, **options))
    assert (picture.width, picture.height) == size
    assert picture.image.mode == "RGB"
    assert min(picture.image.size) >= min(512, *size)
    assert difference(picture, original) < 6
    assert (hashed(picture) != hashed(decode(jpeg(original)))).sum() <= 10
    assert picture.notes == ()


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "I;16", "F"])
@pytest.mark.parametrize("format", ["HEIF", "JXL", "JPEG2000"])
def test_other_modes_come_out_as_the_same_grey_or_colours(mode: str, format: str) -> None:
    if mode == "F" and format != "JXL":
        pytest.skip("this format has no floats")
    image = photo(3, 300, 200)
    if mode in ("I;16", "F"):
        grey = np.asarray(image.convert("L"))
        values = grey.astype(np.uint16) * 257 if mode == "I;16" else grey.astype(np.float32) / 255
        image = Image.fromarray(values)
        expected = Image.fromarray(grey)
    else:
        image = expected = image.convert(mode)
    assert difference(decode(encoded(image, format)), expected) < 6


def test_an_icon_gives_its_largest_picture() -> None:
    data = encoded(photo(1, 256, 256), "ICO", sizes=[(16, 16), (256, 256), (32, 32)])
    picture = decode(data)
    assert (picture.width, picture.height) == (256, 256)
    assert difference(picture, photo(1, 256, 256)) < 2


def test_heic_is_rotated_once() -> None:
    upright = photo(7, 300, 200)
    stored = upright.transpose(Transpose.ROTATE_90)
    picture = decode(encoded(stored, "HEIF", exif=oriented(6).tobytes()))
    assert (picture.width, picture.height) == (300, 200)
    assert difference(picture, upright) < 6


def test_the_exif_box_of_a_jpeg_xl_rotates_nothing() -> None:
    data = encoded(photo(7, 300, 200), "JXL", exif=oriented(6).tobytes(), use_container=True)
    assert b"Exif" in data
    assert difference(decode(data), photo(7, 300, 200)) < 6


def test_a_jpeg_inside_jpeg_xl_is_read_from_its_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(photo(1)))
    with Image.open(path) as opened, pytest.warns(UserWarning, match="reconstruction"):
        data = encoded(opened, "JXL")
    assert b"jbrd" in data
    assert difference(decode(data), photo(1)) < 4


@pytest.mark.parametrize(
    "size",
    [
        *((1, 1), (8, 8), (256, 256), (264, 256), (7, 60_000), (200, 100), (300, 200), (120, 100)),
        *((16, 9), (160, 90), (90, 160), (125, 100), (400, 300), (513, 1025), (4000, 3000)),
    ],
)
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(size: tuple[int, int]) -> None:
    for options in ({}, {"use_container": True}):
        data = encoded(Image.new("L", size), "JXL", effort=1, **options)
        assert jpeg_xl.size(jpeg_xl.codestream(data)) == size


@pytest.mark.parametrize("levels", [0, 1, 5])
def test_the_levels_of_a_jpeg_2000_are_known_before_it_is_decoded(levels: int) -> None:
    for bare in (False, True):
        data = encoded(photo(1, 200, 160), "JPEG2000", num_resolutions=levels + 1, no_jp2=bare)
        assert j2k_levels(data) == levels


def test_a_large_jpeg_2000_that_can_only_be_decoded_whole_is_refused() -> None:
    data = encoded(Image.new("L", (6000, 5200)), "JPEG2000", num_resolutions=1)
    with pytest.raises(DecodeError, match="over the limit"):
        decode(data)
    assert decode(encoded(Image.new("L", (6000, 5200)), "JPEG2000")).width == 6000


@pytest.mark.parametrize(
    ("module", "format", "extra"),
    [("pillow_heif", "HEIF", "heif"), ("pillow_jxl", "JXL", "jxl")],
)
def test_a_missing_package_is_named_with_its_command(
    module: str, format: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(photo(1, 64, 64), format)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(Image.OPEN, format)
    with pytest.raises(FormatMissing) as missing:
        decode(data)
    assert f'pip install "frametrace[{extra}]"' in str(missing.value)


def test_what_lacked_a_package_is_read_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(photo(1, 64, 64), "HEIF")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pillow_heif", None)
        without.delitem(Image.OPEN, "HEIF")
        case = make_case(tmp_path, [{"media": ["a.heic"]}], {"a.heic": data}, signals=("pdq",))
        (row,) = case.read("skipped").to_pylist()
        assert 'pip install "frametrace[heif]"' in row["reason"]
        assert (row["item"], row["sha256"]) == ("a.heic", None)
        assert case.epoch.rows("signals/pdq") == 0
    embed(case, EmbedSettings(signals=("pdq",)), executor=InProcess())
    assert Case(case.path).epoch.rows("signals/pdq") == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:2],
        lambda data: data[:12] + b"\0\0\0\x02jxlc" + data[20:],
        lambda data: data[:12] + b"\0\0\0\x01jxlc" + bytes(8),
        lambda data: data[:12] + b"\xff\xff\xff\xffjxlc",
        lambda data: data[:12],
    ],
)
def test_damaged_boxes_of_a_jpeg_xl_are_a_reason(damage: Callable[[bytes], bytes]) -> None:
    data = encoded(photo(1, 64, 64), "JXL", use_container=True)
    with pytest.raises(DecodeError, match="picture"):
        decode(damage(data))


def test_no_format_that_runs_other_programs_is_opened() -> None:
    from frametrace.embed.decoding.formats import recognize

    _, formats = recognize(b"%!PS", MAX_PIXELS)
    assert not {"EPS", "PSD", "WMF", "PDF", "FITS", "ICNS"} & {*formats}
