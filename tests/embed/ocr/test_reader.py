"""Text in pictures is read in bounds, false lines are dropped, equal pixels are read once."""

import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import encoded, jpeg, lettered, photo
from PIL import Image, ImageDraw, ImageFont

from frametrace.embed.decoding.decode import decode
from frametrace.embed.ocr import reader
from frametrace.embed.ocr.reader import Line, TextReader, is_text
from frametrace.embed.text.normalize import key_of

MESSAGE = "Who pays for this damage?"


@pytest.fixture(scope="module")
def read() -> Callable[[Image.Image], str]:
    """Reads a picture; skips where the extra `ocr` is missing."""
    pytest.importorskip("rapidocr")
    return lambda image: "\n".join(line.text for line in reader.reader().read(image))


def font(name: str, size: int) -> Any:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        pytest.skip(f"needs the font {name}")


# What is read.


@pytest.mark.parametrize("size", [16, 24, 40, 72])
def test_english_text_is_read_back(read: Callable[[Image.Image], str], size: int) -> None:
    assert key_of(read(lettered(photo(1, 1100, 800), MESSAGE, size))) == key_of(MESSAGE)


@pytest.mark.parametrize("message", ["谁来为这些损失负责", "誰來為這些損失負責"])
@pytest.mark.parametrize("size", [16, 28, 48])
def test_chinese_text_in_both_scripts_is_read_back(
    read: Callable[[Image.Image], str], message: str, size: int
) -> None:
    noto = font("NotoSansCJK-Regular.ttc", size)
    assert read(lettered(photo(1), message, size, noto)) == message


def test_lines_come_in_reading_order_with_their_positions(
    read: Callable[[Image.Image], str],
) -> None:
    image = Image.new("RGB", (900, 600), "white")
    draw = ImageDraw.Draw(image)
    for place, text in {
        (40, 40): "the first line is here",
        (60, 300): "the second on the left",
        (500, 305): "and the third beside it",
        (40, 500): "the last one below",
    }.items():
        draw.text(place, text, "black", font_size=32)
    assert [key_of(text) for text in read(image).splitlines()] == [
        *("thefirstlineishere", "thesecondontheleft", "andthethirdbesideit", "thelastonebelow"),
    ]
    line = reader.reader().read(image)[2]
    left, top, right, bottom = line.box
    assert abs(left - 500 / 900) < 0.02
    assert abs(top - 305 / 600) < 0.03
    assert left < right <= 1
    assert top < bottom <= 1
    assert 0.9 < line.confidence <= 1


def test_small_print_beside_large_text_is_read(read: Callable[[Image.Image], str]) -> None:
    image = lettered(photo(2, 1100, 1000), "LARGE WORDS", 90)
    ImageDraw.Draw(image).rectangle((0, 600, 1100, 700), "white")
    ImageDraw.Draw(image).text((60, 640), "and a line of smaller print", "black", font_size=18)
    assert "andalineofsmallerprint" in key_of(read(image))


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (640, 480), "white"),
        Image.new("RGB", (640, 480)),
        photo(3),
        Image.fromarray(np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)),
        Image.fromarray((np.indices((480, 640)).sum(0) // 4 % 2 * 255).astype(np.uint8)).convert(
            "RGB"
        ),
    ],
    ids=["white", "black", "photo", "noise", "checkers"],
)
def test_pictures_without_text_give_nothing(
    read: Callable[[Image.Image], str], image: Image.Image
) -> None:
    assert read(image) == ""


@pytest.mark.parametrize("text", ["Это не наша война", "من يدفع ثمن هذا الضرر", "מי משלם על הנזק"])
def test_scripts_that_the_reader_does_not_know_give_nothing(
    read: Callable[[Image.Image], str], text: str
) -> None:
    assert read(lettered(photo(1), text, 30, font("DejaVuSans.ttf", 30))) == ""


@pytest.mark.parametrize(
    ("text", "confidence", "kept"),
    [
        ("Who pays", 0.8, True),
        ("Who pays", 0.79, False),
        ("暴徒", 0.95, True),
        ("暴徒", 0.94, False),
        ("9/11", 0.96, True),
        ("O", 1.0, False),
        ("←→×", 1.0, False),
        ("", 1.0, False),
        ("    ?", 1.0, False),
    ],
)
def test_false_lines_are_recognised_by_confidence_and_length(
    text: str, confidence: float, kept: bool
) -> None:
    assert is_text(text, confidence) is kept


def test_no_line_is_kept_for_photographs_without_text(
    read: Callable[[Image.Image], str], shared: Path
) -> None:
    files = sorted((shared / "photos" / "bsds500").rglob("*.jpg"))[::30]
    kept = {file.stem: text for file in files if (text := read(decode(file.read_bytes()).image))}
    assert set(kept) <= {"120093", "226060"}  # characters on a temple, a runner's number


# One reading for the very same pixels, one each for everything else.


class Counting(TextReader):
    """Counts how often a picture is really read."""

    readings = 0

    def _read(self, image: Image.Image) -> list[Line]:
        self.readings += 1
        return super()._read(image)


@pytest.fixture(scope="module")
def counting(read: object) -> Counting:
    return Counting(reader.model_files()[0].parent)


def test_files_of_the_same_pixels_share_one_reading(counting: Counting) -> None:
    image = lettered(photo(4), MESSAGE)
    files = encoded(image, "PNG"), encoded(image, "PNG", compress_level=1), encoded(image, "BMP")
    assert len(set(files)) == 3
    before = counting.readings
    read = [counting.read(decode(file).image) for file in files]
    assert counting.readings == before + 1
    assert read[0] == read[1] == read[2] != ()


def test_one_template_with_two_messages_is_read_twice(counting: Counting) -> None:
    before = counting.readings
    texts = [
        counting.read(decode(jpeg(lettered(photo(4), message, 24))).image)[0].text
        for message in ("Vote on 3 May", "Vote on 8 May")
    ]
    assert [key_of(text) for text in texts] == ["voteon3may", "voteon8may"]
    assert counting.readings == before + 2


def test_the_same_pixels_in_another_shape_are_another_picture(counting: Counting) -> None:
    before = counting.readings
    for size in ((64, 32), (32, 64)):
        counting.read(Image.new("RGB", size, "white"))
    assert counting.readings == before + 2


def test_what_is_remembered_is_bounded(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_CACHED_PICTURES", 2)
    fresh = Counting(reader.model_files()[0].parent)
    for shade in (10, 20, 30, 10):
        fresh.read(Image.new("RGB", (20, 20), (shade, 0, 0)))
    assert fresh.readings == 4
    assert len(fresh._cache) == 2


def test_two_readers_read_alike(counting: Counting) -> None:
    image = lettered(photo(6), MESSAGE, 20)
    assert counting._read(image) == TextReader(reader.model_files()[0].parent)._read(image)


# Bounds.


def test_of_very_many_boxes_the_largest_are_read() -> None:
    rng = np.random.default_rng(1)
    corner = rng.uniform(0, 1000, (10_000, 1, 2))
    height = rng.uniform(5, 30, (10_000, 1))
    across = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])[None] * np.stack(
        [3 * height, height], axis=2
    )
    chosen = reader._choose((corner + across).astype(np.float32))
    assert len(chosen) == 200
    kept = (chosen[:, 3] - chosen[:, 0])[:, 1]
    assert kept.min() >= np.sort(height.ravel())[-201] - 1e-3
    wide = np.tile(np.array([[0, 0], [2000, 0], [2000, 10], [0, 10]], np.float32), (50, 1, 1))
    assert len(reader._choose(wide)) == 40_000 // 4_800
    assert len(reader._choose(np.empty((0, 4, 2), np.float32))) == 0


def test_a_page_full_of_numbers_is_read_in_bounds(read: Callable[[Image.Image], str]) -> None:
    image = Image.new("RGB", (1000, 900), "white")
    draw = ImageDraw.Draw(image)
    for at in range(400):
        draw.text((4 + at % 14 * 71, 4 + at // 14 * 18), f"{1000 + at}", "black", font_size=13)
    lines = reader.reader().read(image)
    assert 0 < len(lines) <= 200
    assert sum(len(line.text) for line in lines) <= 5_000


def test_the_order_of_lines_does_not_depend_on_the_order_of_detection() -> None:
    rng = np.random.default_rng(2)
    boxes = [(x, y, x + 0.2, y + 0.08) for x, y in rng.uniform(0, 0.8, (12, 2)).tolist()]
    lines = [Line(str(at), 1.0, box) for at, box in enumerate(boxes)]
    ordered = reader.in_order(lines)
    assert sorted(ordered, key=lambda line: int(line.text)) == lines
    for _ in range(20):
        assert reader.in_order([lines[at] for at in rng.permutation(len(lines))]) == ordered


# Silent, offline, without torch.


def test_reading_prints_nothing_and_uses_no_network(
    read: object,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("no network")

    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    with caplog.at_level(logging.DEBUG):
        fresh = TextReader(reader.model_files()[0].parent)
        assert fresh.read(lettered(photo(1), MESSAGE))
        assert not fresh.read(Image.new("RGB", (640, 480)))
    assert capfd.readouterr() == ("", "")
    assert "rapidocr" not in " ".join(record.name.lower() for record in caplog.records)


def test_reading_imports_no_torch(read: object) -> None:
    code = (
        "import sys; from PIL import Image; from frametrace.embed.ocr.reader import reader\n"
        "reader().read(Image.new('RGB', (64, 64)))\n"
        "print(sorted({'torch', 'transformers', 'open_clip'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
