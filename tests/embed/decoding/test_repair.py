"""Pictures whose end is missing, PNGs with broken metadata: what is there is read and noted."""

import io
import re
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from making import encoded, make_case, photo, png, png_chunk
from PIL import Image

from frametrace.case.store import Case
from frametrace.embed.decoding.decode import MAX_PIXELS, Picture, decode
from frametrace.embed.decoding.repair import has_end, repair
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.posts.errors import DecodeError
from frametrace.work.executor import InProcess

JPEGS = {
    "baseline": (photo(1, 640, 480), {}),
    "4:4:4": (photo(2, 640, 480), {"subsampling": 0, "optimize": True}),
    "grey": (photo(3, 640, 480).convert("L"), {}),
    "cmyk": (photo(4, 640, 480).convert("CMYK"), {}),
    "restart": (photo(5, 640, 480), {"restart_marker_rows": 1}),
    "restart-often": (photo(5, 640, 480), {"restart_marker_blocks": 7}),
    "draft": (photo(6, 1400, 1100), {}),
}
PNGS = {
    "rgb": photo(1, 640, 480),
    "palette": photo(2, 640, 480).quantize(64),
    "1-bit": photo(3, 640, 480).convert("1"),
    "rgba": photo(4, 640, 480).convert("RGBA"),
    "16-bit": Image.fromarray(np.asarray(photo(5, 640, 480).convert("L"), np.uint16) * 257),
    "reduced": photo(6, 1400, 1100),
}
WHOLE = {name: encoded(image, "JPEG", **options) for name, (image, options) in JPEGS.items()}
WHOLE |= {name: encoded(image, "PNG", compress_level=1) for name, image in PNGS.items()}


def missing(picture: Picture) -> float:
    """The share of a damaged picture that its note says is missing."""
    (note,) = picture.notes
    assert note.startswith("damaged: its end is missing")
    found = re.search(r", (\d+)% of it", note)
    return int(found[1]) / 100 if found else 0.0


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.995, 0.9, 0.75])
@pytest.mark.parametrize("zeros", [0, 3000], ids=["cut", "padded"])
def test_present_rows_are_unchanged(name: str, share: float, zeros: int) -> None:
    data = WHOLE[name]
    whole, picture = decode(data), decode(data[: int(len(data) * share)] + bytes(zeros))
    assert whole.notes == ()
    assert (picture.width, picture.height) == (whole.width, whole.height)
    assert picture.image.size == whole.image.size
    lost = missing(picture)
    assert lost < 1 - share + 0.2
    rows = int(picture.image.height * (1 - lost) - 0.006 * picture.image.height)
    ours, theirs = (np.asarray(each.image)[:rows] for each in (picture, whole))
    assert np.array_equal(ours, theirs)
    if lost > 0.1:  # what is missing has one colour
        assert len(np.unique(np.asarray(picture.image)[-2:].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_a_picture_that_is_mostly_missing_is_refused(name: str, share: float) -> None:
    data = WHOLE[name]
    with pytest.raises(DecodeError, match=r"damaged picture: only \d+% of its rows|picture"):
        decode(data[: int(len(data) * share)])


def test_two_half_missing_pictures_are_not_copies() -> None:
    from frametrace.embed.signals.pdq import compute_pdq

    codes = []
    for seed in range(12):
        data = encoded(photo(seed, 480, 360), "JPEG")
        picture = decode(data[: int(len(data) * 0.58)])
        assert 0.3 < missing(picture) <= 0.5
        codes.append(np.unpackbits(np.frombuffer(compute_pdq(np.asarray(picture.luma))[0], "u1")))
    distances = [(a != b).sum() for at, a in enumerate(codes) for b in codes[:at]]
    assert min(distances) > 60


@pytest.mark.parametrize("name", ["baseline", "restart", "cmyk", "draft"])
def test_without_the_last_two_bytes_every_row_is_there(name: str) -> None:
    picture = decode(WHOLE[name][:-2])
    assert missing(picture) == 0
    assert np.array_equal(np.asarray(picture.image), np.asarray(decode(WHOLE[name]).image))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_of_a_progressive_picture_every_row_is_there_less_sharp(share: float) -> None:
    data = encoded(photo(1, 640, 480), "JPEG", progressive=True)
    picture = decode(data[: int(len(data) * share)])
    assert missing(picture) == 0
    off = np.asarray(picture.luma, np.int16) - np.asarray(decode(data).luma, np.int16)
    assert np.abs(off).mean() < 6


def test_of_a_progressive_picture_the_first_scan_counts() -> None:
    data = encoded(photo(1, 640, 480), "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    for share in (0.1, 0.3):
        with pytest.raises(DecodeError, match="of its rows are present"):
            decode(data[: int(first + (second - first) * share)])
    assert 0 < missing(decode(data[: int(first + (second - first) * 0.8)])) < 0.5


def test_a_thumbnail_inside_does_not_pass_for_the_end() -> None:
    inside = encoded(photo(2, 60, 40), "JPEG")
    data = WHOLE["baseline"]
    app1 = b"\xff\xe1" + (len(inside) + 8).to_bytes(2, "big") + b"Exif\0\0" + inside
    data = data[:2] + app1 + data[2:]
    assert has_end(data)
    assert not has_end(data[:-2])
    assert missing(decode(data[:-400])) < 0.1


def test_a_png_that_lacks_its_last_chunk_alone_has_all_rows() -> None:
    for end in (WHOLE["rgb"][:-12], WHOLE["rgb"][:-4], WHOLE["rgb"][:-12] + bytes(99)):
        picture = decode(end)
        assert np.array_equal(np.asarray(picture.image), np.asarray(photo(1, 640, 480)))


def test_an_interlaced_png_has_all_rows_or_is_refused() -> None:
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    grey = np.asarray(photo(1, 64, 48).convert("L"))
    lines = [
        b"\0" + row.tobytes()
        for x, y, dx, dy in [*passes, (0, 1, 1, 2)]
        for row in grey[y::dy, x::dx]
    ]
    header = b"\0\0\0\x40\0\0\0\x30\x08\0\0\0\x01"
    packed = zlib.compress(b"".join(lines))
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    whole = start + png_chunk(b"IDAT", packed)
    assert np.array_equal(np.asarray(decode(whole + png_chunk(b"IEND", b"")).luma), grey)
    assert np.array_equal(np.asarray(decode(whole).luma), grey)
    with pytest.raises(DecodeError, match="damaged picture"):
        decode(whole[: int(len(whole) * 0.9)])


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"gAMA", b"npTc"])
def test_a_broken_checksum_outside_the_pixels_is_ignored(kind: bytes) -> None:
    chunk = png_chunk(kind, b"Comment\0\0" + zlib.compress(b"words"))
    data = WHOLE["rgb"]
    for broken in (chunk[:-1] + bytes([chunk[-1] ^ 1]), chunk):
        picture = decode(data[:33] + broken + data[33:])
        assert picture.notes == ()
        assert np.array_equal(np.asarray(picture.image), np.asarray(photo(1, 640, 480)))


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**21))),
        png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(2**21))),
        png_chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(2**21))),
        *(png_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**20 - 1))) * 70,),
    ],
    ids=["text", "international", "profile", "seventy"],
)
def test_long_metadata_of_a_png_are_left_out(chunk: bytes) -> None:
    data = png((64, 48), (bytes(range(64)) for _ in range(48)), depth=8, more=chunk)
    picture = decode(data)
    assert picture.notes == ()
    assert np.array_equal(np.asarray(picture.luma), np.tile(np.arange(64, dtype=np.uint8), (48, 1)))


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE"])
def test_a_broken_checksum_of_what_pixels_need_is_refused(kind: bytes) -> None:
    data = bytearray(WHOLE["palette"])
    at = data.index(kind)
    data[at + 4] ^= 1
    with pytest.raises(DecodeError, match="picture"):
        decode(bytes(data))


def test_a_hostile_jpeg_of_many_markers_takes_no_time() -> None:
    for filler in (b"\xff", b"\xff\xd8", b"\xff\xe0\0\2", b"\xff\xe0\0\0", b"\0"):
        data = b"\xff\xd8" + filler * (2**25 // len(filler))
        start = time.process_time()
        assert has_end(data)
        assert repair(data, MAX_PIXELS) is None
        assert time.process_time() - start < 5


def test_damage_is_listed_and_the_picture_compared_all_the_same(tmp_path: Path) -> None:
    data = {"whole.jpg": WHOLE["baseline"], "cut.jpg": WHOLE["baseline"][:-900]}
    data["gone.jpg"] = WHOLE["baseline"][:3000]
    case = make_case(tmp_path, [{"media": [name]} for name in data], data)
    skipped = {row["reason"]: row for row in case.read("skipped").to_pylist()}
    (noted,) = (row for reason, row in skipped.items() if "read, but" in reason)
    assert noted["reason"].startswith("cut.jpg: read, but damaged: its end is missing, ")
    assert noted["sha256"] is None
    codes = {row["sha256"] for row in case.read("signals/pdq").to_pylist()}
    assert noted["item"] in codes
    assert len(codes) == 2
    (refused,) = (row for row in skipped.values() if row["sha256"])
    assert "rows are present" in refused["reason"]
    embed(case, EmbedSettings(signals=("pdq", "phash")), executor=InProcess())
    assert Case(case.path).read("skipped").num_rows == 2
    assert Case(case.path).epoch.rows("signals/phash") == 2


def test_the_cases_that_were_refused_are_read(shared: Path) -> None:
    folder = shared.parent / "cases" / "15-viewable-pictures-refused"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    base = decode((folder / "base.jpg").read_bytes()).luma
    for name, part in (("noeoi.jpg", 1), ("cut90.jpg", 0.9), ("iccp2mb.png", 1)):
        picture = decode((folder / name).read_bytes())
        rows = int(part * base.height)
        off = np.asarray(picture.luma, np.int16)[:rows] - np.asarray(base, np.int16)[:rows]
        assert np.abs(off).mean() < 1
    for name in ("badcrc-text.png", "itxt2mb.png", "prog-cut70.jpg", "ztxt2mb.png"):
        with Image.open(io.BytesIO((folder / "base.jpg").read_bytes())) as opened:
            assert decode((folder / name).read_bytes()).image.size == opened.size
