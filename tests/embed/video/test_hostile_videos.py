"""Hostile and damaged videos: no other file is opened, nothing is printed, nothing crashes."""

import io
import struct
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest
from filming import changed_box, clip, cuts, held, mutated, short_clip, small_clips
from making import make_case

from frametrace.embed.media_kinds import VideoKind, decode_frames
from frametrace.embed.video import open_video
from frametrace.posts.errors import DecodeError


def alias(path: str) -> bytes:
    """A data reference of QuickTime to another file, as FFmpeg reads it."""
    name = path.rpartition("/")[2].encode()
    head = bytes(10) + b"\x03vol".ljust(28, b"\0") + bytes(12)
    head += (
        bytes([len(name)])
        + name.ljust(63, b"\0")
        + bytes(16)
        + struct.pack(">hh", 1, 1)
        + bytes(16)
    )
    whole = path.encode()
    paths = struct.pack(">hH", 2, len(whole)) + whole + bytes(len(whole) % 2)
    paths += struct.pack(">hH", 18, len(whole)) + whole + bytes(len(whole) % 2)
    entry = b"alis" + bytes(4) + head + paths + struct.pack(">hH", -1, 0)
    return bytes(4) + struct.pack(">I", 1) + struct.pack(">I", len(entry) + 4) + entry


def test_a_file_that_a_video_refers_to_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.mov"
    secret.write_bytes(short_clip())
    data = changed_box(clip(held(1, 0.5), "mov"), b"dref", alias(str(secret)))
    opened: list[str] = []

    def recorded(url: str, *_: object) -> io.BytesIO:
        opened.append(url)
        return io.BytesIO(secret.read_bytes())

    # What FFmpeg would do if it were let: the test is of a reference that works.
    with av.open(
        io.BytesIO(data),
        format="mov",
        options={"enable_drefs": "1", "use_absolute_path": "1"},
        io_open=recorded,
    ):
        assert [Path(url).name for url in opened] == ["secret.mov"]
    opened.clear()
    monkeypatch.setattr(open_video, "_open_nothing", recorded)
    try:
        pictures = list(decode_frames(data))
    except DecodeError:
        pictures = []
    assert opened == []
    assert len(pictures) <= 1


def test_a_playlist_behind_the_start_of_a_video_is_no_playlist(tmp_path: Path) -> None:
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n"
    for start in (b"\0\0\0\x08free", b"\0\0\0\x08wide", b"\x1a\x45\xdf\xa3"):
        with pytest.raises(DecodeError, match="damaged video"):
            list(decode_frames(start + playlist * 20))


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    clips = small_clips()
    capfd.readouterr()  # what encoders print
    for seed in range(40):
        read(mutated(seed, clips))
    list(decode_frames(short_clip()))
    assert capfd.readouterr() == ("", "")


def test_a_file_whose_index_is_missing() -> None:
    data = short_clip()
    with pytest.raises(DecodeError, match=r"its index \(moov\) is missing"):
        list(decode_frames(data[: data.rindex(b"moov") - 4]))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("flags", ["faststart", "frag_keyframe+empty_moov"])
def test_of_a_file_that_is_cut_off_what_is_there_is_read(flags: str, share: float) -> None:
    data = clip(cuts(1, 2, 3, 4, seconds=1), flags=flags, g=12)
    frames = decode_frames(data[: int(len(data) * share)])
    pictures = list(frames)
    assert pictures[-1].notes[0] == "damaged: its end is missing"
    assert frames.timeline is not None
    assert frames.timeline.duration < 4000
    assert len(pictures) >= (1 if share < 0.5 else 2)


def test_a_webm_that_is_cut_off() -> None:
    data = clip(cuts(1, 2, 3, seconds=1), "webm", "libvpx", deadline="realtime", g=12)
    *_, last = decode_frames(data[: len(data) * 2 // 3])
    assert last.notes == ("damaged: its end is missing",)


def test_a_part_that_is_overwritten_is_noted() -> None:
    data = bytearray(clip(cuts(1, 2, 3, seconds=1), g=12))
    index = data.rindex(b"moov")
    middle = data.index(b"mdat") + (index - data.index(b"mdat")) // 3
    data[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    frames = decode_frames(bytes(data))
    *_, last = frames
    assert last.notes[0].startswith("damaged: frames that can't be read: ")


def test_frames_over_the_limit_are_refused_before_they_take_memory() -> None:
    data = clip(held(1, 0.2), "mov", "mjpeg", pixels="yuvj420p")
    small, huge = struct.pack(">HH", 180, 320), struct.pack(">HH", 60_000, 60_000)
    assert data.count(small) >= 5  # in each frame, and in the description of the stream
    with pytest.raises(DecodeError, match="video"):
        list(decode_frames(data.replace(small, huge)))


def test_a_declared_size_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_video, "MAX_VIDEO_PIXELS", 1000)
    with pytest.raises(DecodeError, match="over the limit of 0 megapixels for a video"):
        list(decode_frames(short_clip()))


@pytest.mark.parametrize("step", [0, 1, 2**31 - 1, 2**32 - 1])
def test_steps_of_time_that_cannot_be(step: int) -> None:
    table = struct.pack(">IIII", 0, 1, 100, step)
    data = changed_box(short_clip(), b"stts", table)
    frames = decode_frames(data)
    assert list(frames)
    timeline = frames.timeline
    assert timeline is not None
    assert (timeline.starts < timeline.ends).all()
    assert (np.diff(timeline.sample_times) > 0).all()
    assert 0 < timeline.duration < 2**31


def test_a_video_without_frames() -> None:
    data = short_clip()
    empty = changed_box(data, b"stsz", bytes(12))
    with pytest.raises(DecodeError, match="video"):
        list(decode_frames(empty))


def test_a_refused_video_is_skipped_and_others_are_not(tmp_path: Path) -> None:
    case = make_case(
        tmp_path,
        [{"media": ["good.jpg"]}, {"media": ["bad.jpg"]}],
        {"good.jpg": short_clip(), "bad.jpg": short_clip()[:5000]},
    )
    (skipped,) = case.read("skipped").to_pylist()
    assert "its index (moov) is missing" in skipped["reason"]


def read(data: bytes) -> str:
    """What reading comes to; whatever else is raised, or an impossible timeline, is a mistake."""
    if not VideoKind().recognizes(data):
        return "no video"
    frames = decode_frames(data)
    try:
        count = len(list(frames))
    except DecodeError as error:
        assert 10 < len(str(error)) < 200
        return "refused"
    timeline = frames.timeline
    assert timeline is not None
    assert (timeline.starts < timeline.ends).all()
    assert (timeline.starts[1:] >= timeline.ends[:-1]).all()
    assert (timeline.ends <= timeline.duration).all()
    assert set(timeline.frames.tolist()) <= set(range(count))
    assert (np.diff(timeline.sample_times) > 0).all()
    assert len(timeline.sample_times) == len(timeline.sample_hashes) >= 1
    return "read"


@pytest.mark.parametrize("block", range(4))
def test_mutated_files(block: int) -> None:
    outcomes = Counter(read(mutated(1000 + 50 * block + at, small_clips())) for at in range(50))
    assert min(outcomes["read"], outcomes["refused"]) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("block", range(18))
def test_many_mutated_files(block: int) -> None:
    outcomes = Counter(read(mutated(2000 + 100 * block + at, small_clips())) for at in range(100))
    assert min(outcomes["read"], outcomes["refused"]) >= 10
