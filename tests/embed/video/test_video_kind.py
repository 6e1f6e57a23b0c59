"""Videos of every format and shape are read: their frames, when they are shown, and what is odd."""

import io
import sys
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from filming import SIZE, clip, cuts, held, pan, scenes, short_clip, small_clips
from making import jpeg, photo
from PIL import Image

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.media_kinds import KINDS, PictureKind, VideoKind, decode_frames
from frametrace.embed.signals.pdq import compute_pdq
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.embed.video import video_frames
from frametrace.embed.video.timeline import Timeline
from frametrace.posts.errors import DecodeError, FormatMissing

QUARTER = {
    0: [65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30],
    90: [0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30],
    180: [-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30],
    270: [0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30],
}


def read(data: bytes) -> tuple[list[Picture], Timeline]:
    frames = decode_frames(data)
    pictures = list(frames)
    assert frames.timeline is not None
    return pictures, frames.timeline


def rows(timeline: Timeline) -> list[tuple[int, int, int]]:
    columns = (timeline.frames, timeline.starts, timeline.ends)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def bits(picture: Picture | Image.Image, expected: Image.Image) -> int:
    luma = picture.luma if isinstance(picture, Picture) else picture.convert("L")
    codes = [compute_pdq(np.asarray(each))[0] for each in (luma, expected.convert("L"))]
    a, b = (np.frombuffer(code, np.uint8) for code in codes)
    return int(np.bitwise_count(a ^ b).sum())


@pytest.mark.parametrize("name", small_clips())
def test_each_format_gives_its_scenes_and_when_they_are_shown(name: str) -> None:
    pictures, timeline = read(small_clips()[name])
    assert len(pictures) == 2
    for picture, seed in zip(pictures, (1, 2), strict=True):
        assert bits(picture, photo(seed, *SIZE)) <= 16
    assert [picture.notes for picture in pictures] == [(), ()]
    (first, start, cut), (second, following, end) = rows(timeline)
    assert (first, start, second) == (0, 0, 1)
    assert cut == following
    assert abs(cut - 1000) <= 500
    assert 1960 <= end == timeline.duration <= 2100
    assert (timeline.width, timeline.height) == SIZE
    assert timeline.sample_hashes.shape == (len(timeline.sample_times), 32)
    assert timeline.sample_qualities.min() >= 90
    first_code, *_, last_code = timeline.sample_hashes
    assert np.bitwise_count(first_code ^ last_code).sum() > 60


@pytest.mark.parametrize("name", small_clips())
def test_no_two_kinds_recognize_the_same_bytes(name: str) -> None:
    data = small_clips()[name]
    assert [kind.recognizes(data) for kind in KINDS if not isinstance(kind, PictureKind)] == [True]
    assert not VideoKind().recognizes(jpeg(photo(1)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(99),
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"The free press\n" * 20,
        b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<html>mdat</html>",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"GGGG" * 200,
    ],
)
def test_what_is_not_a_video_is_left_to_pictures(data: bytes) -> None:
    assert not VideoKind().recognizes(data)
    with pytest.raises(DecodeError, match=r"picture|empty"):
        decode_frames(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41",
        b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
        b"\0\0\0\x14ftyp3gp4\0\0\0\x003gp4",
        b"\0\0\0\x14ftypM4V \0\0\0\0M4V ",
        b"\0\0\0\x08wide\0\0\0\x08mdat",
        b"\0\0\0\x08mdat",
        b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x10",
        b"\0\0\0\x08free",
        b"\x1a\x45\xdf\xa3\x01\0\0\0",
    ],
)
def test_a_start_is_recognized_and_refused_with_a_reason(data: bytes) -> None:
    assert VideoKind().recognizes(data)
    with pytest.raises(DecodeError, match="video") as refused:
        list(decode_frames(data))
    assert len(str(refused.value)) < 160


def test_without_the_package_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = short_clip()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FormatMissing, match=r'pip install "frametrace\[video\]"'):
        list(decode_frames(data))


@pytest.mark.parametrize("degrees", QUARTER)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_video_is_shown_upright(degrees: int, mirrored: bool) -> None:
    matrix = list(QUARTER[degrees])
    shown = photo(1, *SIZE)
    if mirrored:  # first left and right, then the turn
        matrix[0:2] = [-value for value in matrix[0:2]]
        shown = shown.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    shown = shown.rotate(-degrees, expand=True)
    (picture,), timeline = read(clip(held(1, 1), matrix=matrix))
    assert picture.image.size == (timeline.width, timeline.height) == shown.size
    assert bits(picture, shown) <= 12
    expected = np.frombuffer(compute_pdq(np.asarray(shown.convert("L")))[0], np.uint8)
    assert np.bitwise_count(timeline.sample_hashes[0] ^ expected).sum() <= 12


def test_pixels_that_are_not_square_are_stretched() -> None:
    (picture,), timeline = read(clip(held(1, 1), aspect=Fraction(2)))
    assert (timeline.width, timeline.height) == (640, 180)
    assert picture.image.size == (640, 180)
    (picture,), timeline = read(clip(held(1, 1), aspect=Fraction(1, 2)))
    assert (timeline.width, timeline.height) == (320, 360)


@pytest.mark.parametrize(
    ("format", "codec", "pixels", "more"),
    [
        ("mp4", "libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
        ("mp4", "libx264", "yuv444p", {}),
        ("mp4", "libx264", "yuv420p10le", {}),
        ("mp4", "libx264", "gray", {}),
        ("mp4", "libx264", "nv12", {}),
        ("mov", "prores_ks", "yuv422p10le", {}),
        ("mov", "prores_ks", "yuva444p10le", {"profile": "4444"}),
        ("mkv", "mjpeg", "yuvj444p", {}),
    ],
)
def test_formats_of_pixels(format: str, codec: str, pixels: str, more: dict[str, str]) -> None:
    format = {"mkv": "matroska"}.get(format, format)
    (picture,), timeline = read(clip(held(1, 1), format, codec, pixels=pixels, **more))
    assert bits(picture, photo(1, *SIZE)) <= 12
    assert picture.image.mode == "RGB"
    expected = np.asarray(photo(1, *SIZE).convert("L"), np.float64)
    assert abs(np.asarray(picture.luma, np.float64).mean() - expected.mean()) < 6
    assert timeline.sample_qualities[0] >= 90


def test_a_large_video_is_kept_at_the_size_that_signals_need() -> None:
    (picture,), timeline = read(clip(held(1, 0.2, (1920, 1080))))
    assert picture.image.size == (910, 512)
    assert (picture.width, picture.height) == (timeline.width, timeline.height) == (1920, 1080)
    assert bits(picture, photo(1, 1920, 1080)) <= 16


def test_the_last_frame_is_shown_while_the_sound_goes_on() -> None:
    pictures, timeline = read(clip(held(1, 0.04), sound=5))
    assert len(pictures) == 1
    assert 4900 <= timeline.duration <= 5100
    assert rows(timeline) == [(0, 0, timeline.duration)]


def test_variable_frame_rate() -> None:
    times = [0, 40, 80, 2000, 2040, 7000, 7040]
    frames = scenes(held(1, 0.12), held(2, 0.08), held(3, 0.08))
    pictures, timeline = read(clip(frames, "matroska", times=times))
    assert len(pictures) == 3
    starts = timeline.starts.tolist()
    assert abs(starts[1] - 2000) <= 1000
    assert abs(starts[2] - 7000) <= 2500


def test_only_sound() -> None:
    sink = io.BytesIO()
    with (
        av.open(io.BytesIO(clip(held(1, 0.2), sound=1))) as whole,
        av.open(sink, "w", "mp4") as out,
    ):
        stream = out.add_stream_from_template(whole.streams.audio[0])
        for packet in whole.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    with pytest.raises(DecodeError, match="not a video: it has only sound"):
        list(decode_frames(sink.getvalue()))


def with_cover(video: bytes, cover: Image.Image) -> bytes:
    """An MP4 file with a cover, as music and podcasts have, before its video."""
    sink = io.BytesIO()
    with av.open(io.BytesIO(video)) as whole, av.open(sink, "w", "mp4") as out:
        picture: Any = out.add_stream("mjpeg", 25)
        picture.width, picture.height = cover.size
        picture.pix_fmt = "yuvj420p"
        picture.disposition = Disposition.attached_pic
        stream = out.add_stream_from_template(whole.streams.video[0])
        frame = av.VideoFrame.from_image(cover)
        for packet in (*picture.encode(frame), *picture.encode(None)):
            out.mux(packet)
        for packet in whole.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return sink.getvalue()


def test_a_cover_is_not_the_video() -> None:
    data = with_cover(clip(held(1, 1)), photo(5, 640, 640))
    with av.open(io.BytesIO(data)) as whole:
        covers = [bool(s.disposition & Disposition.attached_pic) for s in whole.streams.video]
    assert sorted(covers) == [False, True]
    (picture,), timeline = read(data)
    assert (timeline.width, timeline.height) == SIZE
    assert bits(picture, photo(1, *SIZE)) <= 12


def test_a_coding_that_is_not_read() -> None:
    with pytest.raises(DecodeError, match="coding that isn't read: ffv1"):
        list(decode_frames(clip(held(1, 0.2), "matroska", "ffv1")))


def test_what_is_longer_than_three_hours_is_left_out() -> None:
    hour = 3_600_000
    times = [0, 40, hour, hour + 40, 4 * hour, 4 * hour + 40]
    data = clip(cuts(1, 2, 3, seconds=0.08), "matroska", times=times)
    pictures, timeline = read(data)
    assert pictures[-1].notes == ("longer than 3 hours: the rest is left out",)
    assert timeline.ends[-1] <= 3 * hour
    assert timeline.duration >= 4 * hour
    assert len(pictures) == 2


def test_a_dialogue_takes_two_frames() -> None:
    pictures, timeline = read(clip(cuts(1, 2, 1, 2, 1, seconds=1.2)))
    assert len(pictures) == 2
    assert timeline.frames.tolist() == [0, 1, 0, 1, 0]


def test_a_moving_camera_is_kept_every_few_seconds() -> None:
    pictures, timeline = read(clip(pan(1, 10, 0.15), g=50))
    assert 3 <= len(pictures) <= 6
    assert np.diff(timeline.starts).max() <= 4500
    assert timeline.starts[0] == 0
    assert timeline.ends[-1] == timeline.duration


def test_the_track_has_two_samples_a_second() -> None:
    _, timeline = read(clip(pan(1, 10, 0.15)))
    assert np.diff(timeline.sample_times).min() >= 480
    assert np.median(np.diff(timeline.sample_times)) <= 640


def test_a_note_is_on_the_last_frame_only() -> None:
    data = clip(cuts(1, 2, 3), flags="faststart", g=25)
    pictures, timeline = read(data[: int(len(data) * 0.9)])
    assert len(pictures) == 3
    assert [picture.notes for picture in pictures[:-1]] == [(), ()]
    assert pictures[-1].notes[0] == "damaged: its end is missing"
    assert timeline.duration < 6000
    assert bits(pictures[-1], photo(3, *SIZE)) <= PDQ_MAX_DISTANCE


@pytest.mark.parametrize(("hours", "seconds"), [(0, 61), (1, 960), (9, 2760)])
def test_a_long_video_may_take_longer(
    monkeypatch: pytest.MonkeyPatch, hours: int, seconds: int
) -> None:
    allowed: list[float] = []
    monkeypatch.setattr(video_frames, "allow_seconds", allowed.append)
    times = [0, 40, 4000 + hours * 3_600_000]
    read(clip(cuts(1, 2, 3, seconds=0.04), "matroska", times=times))
    assert [round(each) for each in allowed] == [pytest.approx(seconds, abs=1)]
