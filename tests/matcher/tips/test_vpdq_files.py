"""vPDQ feature files: round trips, hostile files, and agreement with vPDQ's own code."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from trying import examples

from frametrace.embed.signals.base import bits_distance
from frametrace.embed.signals.pdq import compute_pdq
from frametrace.embed.video.timeline import Timeline
from frametrace.matcher.tips import vpdq_files
from frametrace.matcher.tips.vpdq_files import (
    VpdqFeatures,
    features_of_timeline,
    features_of_track,
    read_vpdq,
    vpdq_signal,
    write_vpdq,
)
from frametrace.posts.errors import TipError

HASH = "00f8c1d2" * 8
LINE = f"7,100,{HASH},1.250"


@st.composite
def features(draw, max_size=12):
    size = draw(st.integers(1, max_size))
    steps = st.lists(st.integers(0, 5000), min_size=size, max_size=size)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    gaps = np.array(draw(steps))
    return VpdqFeatures(
        np.cumsum(gaps + 1),
        np.cumsum(gaps),
        rng.integers(0, 256, (size, 32)).astype(np.uint8),
        rng.integers(0, 101, size).astype(np.uint8),
    )


def equal(a, b, *, numbers=True):
    names = ["times", "hashes", "qualities", *(["numbers"] if numbers else [])]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def read(tmp_path, text):
    path = tmp_path / "clip.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_vpdq(path)


@examples(60, [HealthCheck.function_scoped_fixture])
@given(features())
def test_a_file_gives_back_what_was_written(tmp_path, made):
    write_vpdq(tmp_path / "out.txt", made)
    assert equal(read_vpdq(tmp_path / "out.txt"), made)
    again = read(tmp_path, vpdq_signal(made))
    assert equal(again, made, numbers=False)
    assert again.numbers.tolist() == list(range(len(made)))


@examples(60, [HealthCheck.function_scoped_fixture])
@given(features())
def test_lines_are_those_of_the_cpp_program(tmp_path, made):
    write_vpdq(tmp_path / "out.txt", made)
    lines = (tmp_path / "out.txt").read_text("ascii").splitlines()
    for at, line in enumerate(lines):
        digits, seconds = bytes(made.hashes[at]).hex(), made.times[at] / 1000
        assert line == f"{made.numbers[at]},{made.qualities[at]},{digits},{seconds:.3f}"


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        f"7,{HASH},100,1.25",  # the example of vPDQ's Python package
        f" 7 , 100 ,{HASH.upper()}, 125e-2 \r",
        f"\n7,100,{HASH},1.2504\n\n",  # programs before 2022 wrote three digits, others may more
    ],
)
def test_every_layout_with_a_number_is_read(tmp_path, line):
    (number,), (time,) = (read(tmp_path, line).numbers, read(tmp_path, line).times)
    found = read(tmp_path, line)
    assert (number, time, found.qualities.tolist()) == (7, 1250, [100])
    assert bytes(found.hashes[0]).hex() == HASH


def test_lines_without_numbers_are_counted(tmp_path):
    found = read(tmp_path, f"{HASH},49,0.000\n{HASH},50,0.5\n")
    assert (found.numbers.tolist(), found.times.tolist()) == ([0, 1], [0, 500])


def test_both_forms_of_json_are_read(tmp_path):
    newer = json.dumps([f"{HASH},100,0.000", f"{HASH},99,1.000"], indent=1)
    older = json.dumps(
        {
            "0": {"quality": 100, "hash": HASH, "timestamp": 0.0},
            "30": {"quality": 99, "hash": HASH, "timestamp": 1.0},
        }
    )
    assert read(tmp_path, newer).times.tolist() == [0, 1000]
    assert read(tmp_path, older).numbers.tolist() == [0, 30]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no frame"),
        ("\n \n", "holds no frame"),
        ("[]", "holds no frame"),
        (LINE + "\n" + LINE, "line 2: frame 7 can't follow"),
        (f"{LINE}\n8,100,{HASH},1.249", "line 2: 1.249 s is before"),
        (f"{LINE}\n8,{HASH},100,2", "line 2: its values are in another order"),
        (f"{LINE}\n\n8,101,{HASH},2", "line 3: 101 is not a quality"),
        (f"-1,100,{HASH},0", "line 1: '-1' is not the number of a frame"),
        (f"{2**31},100,{HASH},0", "line 1: frame 2147483648"),
        (f"1,1_0,{HASH},0", "'1_0' is not the number of a quality"),
        (f"1,١,{HASH},0", "is not the number of a quality"),
        (f"1,100,{HASH[1:]},0", "is not a vPDQ feature"),
        (f"1,100,{HASH},0,x", "is not a vPDQ feature"),
        (f"1,100,{HASH},nan", "'nan' is not a time"),
        (f"1,100,{HASH},inf", "'inf' is not a time"),
        (f"1,100,{HASH},9e99", "'9e99' is not the time"),
        (f"1,100,{HASH},-1", "'-1' is not a time"),
        ("x" * 300, "line 1: it has over 200 characters"),
        (b"\x00\xff" * 50, "is not a vPDQ feature"),
        ('["' + "x" * 300 + '"]', "entry 1: it is not a string"),
        ("[[1]]", "entry 1: it is not a string"),
        ('{"0": 5}', "entry 1: '0,None,None,None' is not a vPDQ feature"),
        (f'["{HASH},100,0"', "valid JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, text, reason):
    with pytest.raises(TipError) as caught:
        read(tmp_path, text)
    assert reason in str(caught.value) and "clip.txt" in str(caught.value)


@examples(200, [HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 250))
def test_mutated_files_raise_nothing_else(tmp_path, noise, at):
    whole = f"{LINE}\n8,100,{HASH},2\n9,90,{HASH},3\n".encode()
    try:
        found = read(tmp_path, whole[:at] + noise + whole[at:])
    except TipError as error:
        assert "clip.txt" in str(error)
    else:
        assert (np.diff(found.numbers) > 0).all() and (np.diff(found.times) >= 0).all()
        assert found.qualities.max() <= 100 and found.hashes.shape == (len(found), 32)


def test_no_file_is_read_past_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(vpdq_files, "MAX_FEATURES", 3)
    lines = [f"{at},100,{HASH},{at}" for at in range(4)]
    assert len(read(tmp_path, "\n".join(lines[:3]))) == 3
    with pytest.raises(TipError, match="line 4: over 3 frames"):
        read(tmp_path, "\n".join(lines))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(TipError, match="is not a file"):
            read_vpdq(path)


def test_the_track_of_a_timeline_and_its_columns_are_the_same(tmp_path):
    rng = np.random.default_rng(5)
    times = np.array([0, 480, 1000, 1520, 3000], np.int32)
    hashes = rng.integers(0, 256, (5, 32)).astype(np.uint8)
    qualities = np.array([100, 0, 49, 50, 77], np.uint8)
    none = np.array([], np.int64)
    timeline = Timeline(
        duration=3100,
        width=640,
        height=360,
        frames=none.astype(np.int32),
        starts=none,
        ends=none,
        moving=np.empty((0, 32), np.uint8),
        sample_times=times,
        sample_hashes=hashes,
        sample_qualities=qualities,
    )
    made = features_of_timeline(timeline)
    columns = features_of_track(times.tolist(), hashes.tobytes(), qualities.tobytes())
    assert equal(made, columns)
    assert made.times.tolist() == times.tolist() and made.numbers.tolist() == [0, 1, 2, 3, 4]
    write_vpdq(tmp_path / "clip.txt", made)
    assert equal(read_vpdq(tmp_path / "clip.txt"), made)
    assert made.every(1000).times.tolist() == [0, 1000, 3000]
    assert np.array_equal(made.every(1000).hashes, hashes[[0, 2, 4]])


@pytest.mark.parametrize(
    ("times", "hashes", "qualities", "reason"),
    [
        ([], b"", b"", "no sample"),
        ([0], b"1" * 32, b"", "0 qualities"),
        ([0], b"1" * 33, b"d", "33 bytes"),
    ],
)
def test_a_damaged_track_is_refused(times, hashes, qualities, reason):
    with pytest.raises(TipError, match=reason):
        features_of_track(times, hashes, qualities)


def test_the_package_vpdq_gives_the_same_hashes_of_a_video(tmp_path):
    """Its FFmpeg and ours may differ in how they scale colours: a few bits."""
    av = pytest.importorskip("av", reason="needs the extra `video`")
    vpdq = pytest.importorskip("vpdq", reason="the package vpdq needs FFmpeg's headers")
    path, pictures = tmp_path / "clip.mp4", _moving_pictures()
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for picture in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())
    theirs = vpdq.computeHash(str(path), seconds_per_hash=1)
    with av.open(str(path)) as file:
        luma = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
    text = "".join(
        f"{one.frame_number},{one.quality},{one.hex},{one.timestamp:.3f}\n" for one in theirs
    )
    found = read(tmp_path, text)
    assert len(found) == 3 and found.numbers.tolist() == [0, 25, 50]
    ours = [compute_pdq(luma[number]) for number in found.numbers]
    codes = np.array([np.frombuffer(code, np.uint8) for code, _ in ours])
    assert bits_distance(codes, found.hashes).diagonal().max() <= 10
    assert np.abs(np.array([q for _, q in ours]) - found.qualities.astype(int)).max() <= 3


def _moving_pictures():
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (12, 40, 3)).astype(np.uint8)
    wide = coarse.repeat(15, axis=0).repeat(15, axis=1)
    return [np.ascontiguousarray(wide[:, 2 * at : 2 * at + 320]) for at in range(75)]
