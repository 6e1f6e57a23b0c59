"""Animations: one frame represents all, the same one however the animation is encoded."""

import io
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from making import encoded, make_case, photo
from PIL import Image, ImageDraw, ImageFont

from frametrace.embed.decoding import animation
from frametrace.embed.decoding.decode import Picture, decode
from frametrace.embed.signals.pdq import compute_pdq
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE

SIZE = (240, 160)
FORMATS = ("GIF", "WEBP", "PNG", "AVIF")
BLACK = Image.new("RGB", SIZE)


def animated(
    frames: list[Image.Image], format: str = "GIF", durations: int | list[int] = 100, **more: object
) -> bytes:
    if format == "GIF":
        frames = [frame.quantize(256) for frame in frames]
    if format == "AVIF":
        more = {"speed": 10, **more}
    return encoded(
        frames[0], format, save_all=True, append_images=frames[1:], duration=durations, **more
    )


def title(words: str = "BREAKING") -> Image.Image:
    image = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(image).text((10, 40), words, "black", ImageFont.load_default(40))
    return image


def moving(seed: int, count: int = 12) -> list[Image.Image]:
    """A slow move over a picture."""
    wide = photo(seed, SIZE[0] + 40, SIZE[1])
    steps = [round(40 * at / max(count - 1, 1)) for at in range(count)]
    return [wide.crop((step, 0, step + SIZE[0], SIZE[1])) for step in steps]


def bits(a: Picture | Image.Image, b: Picture | Image.Image) -> int:
    codes = []
    for each in (a, b):
        luma = each.luma if isinstance(each, Picture) else each.convert("L")
        codes.append(np.unpackbits(np.frombuffer(compute_pdq(np.asarray(luma))[0], np.uint8)))
    return int((codes[0] != codes[1]).sum())


@pytest.mark.parametrize("format", FORMATS)
def test_it_is_not_the_black_of_a_fade(format: str) -> None:
    faded = [Image.blend(BLACK, photo(1, *SIZE), at / 6) for at in range(6)]
    picture = decode(animated([*faded, *[photo(1, *SIZE)] * 4, *faded[::-1]], format))
    assert bits(picture, photo(1, *SIZE)) <= PDQ_MAX_DISTANCE
    (note,) = picture.notes
    assert re.fullmatch(r"an animation of \d+ frames: frame \d+ represents it", note)


@pytest.mark.parametrize("format", FORMATS)
def test_two_clips_that_share_a_title_are_not_copies(format: str) -> None:
    clips = [decode(animated([title()] * 8 + moving(seed), format)) for seed in (1, 2)]
    assert bits(*clips) > 60
    short = [decode(animated([photo(9, *SIZE), photo(seed, *SIZE)], format)) for seed in (1, 2)]
    assert bits(*short) > 60


@pytest.mark.parametrize("format", FORMATS)
def test_a_title_of_words_is_left_out_however_long_it_stays(format: str) -> None:
    picture = decode(animated([title(), *moving(3, 4)], format, [5000, 100, 100, 100, 100]))
    assert bits(picture, moving(3, 4)[2]) <= PDQ_MAX_DISTANCE + 30
    assert bits(picture, title()) > 60


def test_every_encoding_gives_the_same_frame() -> None:
    frames = [*[photo(7, *SIZE)] * 2, *moving(4, 10), *[photo(8, *SIZE)] * 2]
    first = decode(animated(frames))
    for format, size in product(FORMATS, (SIZE, (120, 80))):
        scaled = [frame.resize(size) for frame in frames]
        assert bits(first, decode(animated(scaled, format))) <= PDQ_MAX_DISTANCE
    halved = decode(animated(frames[::2], "WEBP", 200))
    assert bits(first, halved) <= PDQ_MAX_DISTANCE


@pytest.mark.parametrize("format", FORMATS)
def test_one_frame_alone_is_a_picture_without_notes(format: str) -> None:
    picture = decode(animated([photo(1, *SIZE)], format))
    assert picture.notes == ()
    assert bits(picture, photo(1, *SIZE)) <= 10


def test_frames_are_weighed_by_how_long_they_are_shown() -> None:
    frames = [photo(1, *SIZE), photo(2, *SIZE), photo(3, *SIZE)]
    for at in range(3):
        shown = [100, 100, 100]
        shown[at] = 3000
        assert bits(decode(animated(frames, "WEBP", shown)), frames[at]) <= PDQ_MAX_DISTANCE


def test_a_frame_without_a_duration_is_shown_for_a_tenth_of_a_second() -> None:
    frames = [photo(1, *SIZE), photo(2, *SIZE)]
    unstated, stated = (decode(animated(frames, "GIF", shown)) for shown in (0, 100))
    assert bits(unstated, stated) == 0


def test_a_png_for_those_who_see_nothing_move_is_left_out() -> None:
    frames = [photo(1, *SIZE), photo(2, *SIZE), photo(2, *SIZE)]
    picture = decode(animated(frames, "PNG", default_image=True))
    assert bits(picture, frames[1]) <= 4


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_no_more_frames_are_read_than_the_limits_allow(
    format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [photo(seed, *SIZE) for seed in range(10)]
    data = animated(frames, format)
    monkeypatch.setattr(animation, "_MAX_FRAMES", 3)
    (note,) = decode(data).notes
    assert note == "an animation of over 3 frames: frame 2 represents it"
    monkeypatch.setattr(animation, "_MAX_FRAMES", 1000)
    monkeypatch.setattr(animation, "_MAX_PIXELS", 5 * SIZE[0] * SIZE[1])
    assert "of over 5 frames" in decode(data).notes[0]
    monkeypatch.setattr(animation, "_MAX_PIXELS", 1)
    assert bits(decode(data), frames[0]) <= PDQ_MAX_DISTANCE
    monkeypatch.setattr(animation, "_MAX_PIXELS", 10**9)
    monkeypatch.setattr(animation, "_MAX_TIME", 650)
    assert "of over 7 frames" in decode(data).notes[0]


@pytest.mark.parametrize("format", ["GIF", "PNG"])
def test_of_an_animation_that_is_cut_the_frames_that_are_there_count(format: str) -> None:
    frames = [photo(seed, *SIZE) for seed in range(6)]
    data = animated(frames, format)
    picture = decode(data[: int(len(data) * 0.55)])
    assert any(note.startswith("damaged: ") for note in picture.notes)
    assert min(bits(picture, frame) for frame in frames[:4]) <= PDQ_MAX_DISTANCE


def test_an_animated_sticker_is_laid_over_what_shows_it() -> None:
    def frame(at: int) -> Image.Image:
        image = Image.new("RGBA", SIZE)
        ImageDraw.Draw(image).ellipse((20 + 4 * at, 30, 150 + 4 * at, 140), "white")
        return image

    picture = decode(animated([frame(at) for at in range(6)], "WEBP", lossless=True))
    assert np.asarray(picture.luma).min() == 0
    assert np.asarray(picture.luma).max() == 255


def test_the_case_notes_that_it_is_an_animation(tmp_path: Path) -> None:
    data = {"moves.gif": animated(moving(1, 5))}
    case = make_case(tmp_path, [{"media": ["moves.gif"]}], data)
    (noted,) = case.read("skipped").to_pylist()
    reason = "moves.gif: read, but an animation of 5 frames: frame 4 represents it"
    assert (noted["reason"], noted["sha256"]) == (reason, None)
    assert case.read("signals/pdq")["sha256"].to_pylist() == [noted["item"]]


def test_the_animations_of_the_case(shared: Path) -> None:
    folder = shared.parent / "cases" / "16-animations-and-transparency" / "gif"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    one, two = (
        {file.stem: decode(file.read_bytes()) for file in (folder / name).iterdir()}
        for name in ("one", "two")
    )
    assert bits(one["clip"], two["clip"]) > 60
    assert bits(one["fade"], two["nofade"]) <= PDQ_MAX_DISTANCE
    with Image.open(io.BytesIO((folder / "one" / "clip.gif").read_bytes())) as opened:
        assert bits(one["clip"], opened) > 60
