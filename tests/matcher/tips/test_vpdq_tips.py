"""vPDQ feature files become tips with one video, and back; a case's videos become such files."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from making import jpeg, make_case, photo
from slide_videos import slide_video, slide_videos_read
from tipping import HEAD, write
from trying import examples

from frametrace.app.cli import frametrace
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.vpdq_files import VpdqFeatures, is_vpdq, read_vpdq, write_vpdq
from frametrace.matcher.tips.vpdq_tips import tip_from_vpdq, vpdq_from_case, vpdq_from_tip
from frametrace.posts.errors import TipError, UsageError
from frametrace.work.executor import InProcess

SHOTS = [(photo(seed), 3000 + 200 * seed) for seed in range(8)]


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    files = {
        "clip.mp4": slide_video(*SHOTS),
        "part.mp4": slide_video(*SHOTS[2:], quality=50),
        "other.mp4": slide_video(*[(photo(seed), 3000) for seed in range(20, 26)]),
        "one.jpg": jpeg(photo(50)),
    }
    posts = [{"account_id": name.split(".")[0], "media": [name]} for name in files]
    with slide_videos_read():
        return make_case(tmp_path_factory.mktemp("case"), posts, files, signals=("pdq",))


def run(*arguments):
    return CliRunner().invoke(frametrace, ["tip", *map(str, arguments)])


def features_of(times, codes, qualities):
    numbers = np.arange(len(times), dtype=np.int64)
    return VpdqFeatures(numbers, np.array(times), codes, np.array(qualities, np.uint8))


@examples(40, [HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 9000), st.integers(0, 100)), min_size=1, max_size=20))
def test_a_tip_holds_the_usable_features_with_their_times(tmp_path, rows):
    codes = np.random.default_rng(1).integers(0, 256, (len(rows), 32)).astype(np.uint8)
    times, qualities = (
        np.cumsum([gap for gap, _ in rows]).tolist(),
        [quality for _, quality in rows],
    )
    source, out = tmp_path / "clip.vpdq", tmp_path / "tip.json"
    out.unlink(missing_ok=True)
    write_vpdq(source, features_of(times, codes, qualities))
    assert is_vpdq(source)
    if max(qualities) < 50:
        with pytest.raises(TipError, match="no frame with a quality of 50"):
            tip_from_vpdq(source, out)
        return
    tip_from_vpdq(source, out)
    tip = read_tip(out)
    ends = [*times[1:], times[-1] + 1000]
    expected = [
        (code.tobytes(), [start, end])
        for code, start, end, quality in zip(codes, times, ends, qualities, strict=True)
        if quality >= 50
    ]
    assert [(row["pdq"], row["shown"]) for row in tip.frames.to_pylist()] == expected
    back = vpdq_from_tip(tip)
    assert back.times.tolist() == [start for _, (start, _) in expected]
    assert [code.tobytes() for code in back.hashes] == [code for code, _ in expected]


def test_features_in_a_row_that_hardly_differ_are_one_frame(tmp_path):
    codes = np.zeros((9, 32), np.uint8)
    codes[3:6] = 255
    codes[1, 0], codes[4, 0] = 3, 254
    write_vpdq(tmp_path / "clip.vpdq", features_of(range(0, 9000, 1000), codes, [90] * 9))
    tip_from_vpdq(tmp_path / "clip.vpdq", tmp_path / "tip.json")
    shown = read_tip(tmp_path / "tip.json").frames["shown"].to_pylist()
    assert shown == [[0, 3000], [3000, 6000], [6000, 9000]]


def test_an_hour_of_features_is_a_tip_of_limited_size(tmp_path):
    codes = np.random.default_rng(2).integers(0, 256, (3600, 32)).astype(np.uint8)
    write_vpdq(tmp_path / "clip.vpdq", features_of(range(0, 3_600_000, 1000), codes, [90] * 3600))
    converted = tip_from_vpdq(tmp_path / "clip.vpdq", tmp_path / "tip.json")
    tip = read_tip(tmp_path / "tip.json")
    assert converted.hashes == len(tip.frames) == 256
    assert np.diff([row[0] for row in tip.frames["shown"].to_pylist()]).max() <= 30_000


def test_a_video_of_absurd_length_is_refused(tmp_path):
    codes = np.zeros((1, 32), np.uint8)
    write_vpdq(tmp_path / "clip.vpdq", features_of([10**9], codes, [90]))
    with pytest.raises(TipError, match="over ten days"):
        tip_from_vpdq(tmp_path / "clip.vpdq", tmp_path / "tip.json")


def test_a_cases_video_goes_out_as_vpdq_and_finds_its_copies_as_a_tip(case, tmp_path):
    source, out = tmp_path / "clip.vpdq", tmp_path / "tip.json"
    result = run("convert", case.path, "--video", "clip.mp4", "--out", source)
    assert result.exit_code == 0, result.output
    sent = read_vpdq(source)
    assert f"{len(sent):,} of one video" in result.output
    assert sent.times.tolist() == list(range(0, sum(length for _, length in SHOTS), 500))
    result = run("convert", source, "--tlp", "green", "--out", out)
    assert "8 hashes, TLP:GREEN" in result.output
    found = check_tip(case, read_tip(out), executor=InProcess()).echoes.to_pylist()
    assert {row["account_id"] for row in found} == {"clip", "part"}
    (span,) = next(row["spans"] for row in found if row["account_id"] == "part")
    start = SHOTS[0][1] + SHOTS[1][1]
    assert (span["start_a_ms"], span["start_b_ms"]) == (pytest.approx(start, abs=500), 0)
    back = run("convert", out, "--out", tmp_path / "back.vpdq", "--json")
    assert json.loads(back.stdout)["frames"] == len(read_vpdq(tmp_path / "back.vpdq")) == 8
    assert run("convert", out, "--out", tmp_path / "list.txt").exit_code == 0
    assert (tmp_path / "list.txt").read_text("ascii").count("pdq ") == 8


def test_threatexchanges_json_is_read_and_written(case, tmp_path):
    name = case.read("media").sort_by("path")["sha256"][0].as_py()[:12]
    result = run("convert", case.path, "--video", name, "--out", tmp_path / "clip.json")
    assert result.exit_code == 0, result.output
    assert is_vpdq(tmp_path / "clip.json")
    assert len(vpdq_from_case(case, name)) == len(read_vpdq(tmp_path / "clip.json"))
    assert run("convert", tmp_path / "clip.json", "--out", tmp_path / "tip.json").exit_code == 0
    assert len(read_tip(tmp_path / "tip.json").frames) == 8


def test_what_is_not_one_video_is_refused(case, tmp_path):
    for name in ("one.jpg", "absent.mp4", ""):
        with pytest.raises(UsageError, match=r"the case has (no video|3 videos)"):
            vpdq_from_case(case, name)
    with pytest.raises(UsageError, match="the tip has 0: name a file for a list"):
        vpdq_from_tip(read_tip(write(tmp_path / "tip.json", head=HEAD)))


@pytest.mark.parametrize(
    "content", [b"", b"pdq f8f8\n", b"pdq,quality\n", b'[{"pdq": "00"}]', b"\xff" * 99, b"1,2,3,4"]
)
def test_lists_of_hashes_are_not_taken_for_vpdq(tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    assert not is_vpdq(tmp_path / "list")
