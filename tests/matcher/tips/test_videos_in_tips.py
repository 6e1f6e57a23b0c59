"""What a tip holds of a video: which frames, how many, when; and tips that are refused for it."""

import copy
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from making import jpeg, make_case
from picturing import detailed
from PIL import Image
from slide_videos import slide_video, slide_videos_read
from tipping import FULL, HEAD, document, exported, item, raw, write
from trying import examples

from frametrace.matcher.result_schemas import VIDEO_MATCHES, Relation
from frametrace.matcher.tips.canonical_json import digest_of, short_digest
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.hash_lists import lost_in_list, pdq_hashes
from frametrace.matcher.tips.known_material import concat_material, material_of_tip, without_frames
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.schema_validation import ITEM_CHECKS, load_schema
from frametrace.matcher.tips.signatures import make_keys
from frametrace.matcher.tips.signed_documents import TIP_WITH_VIDEOS, write_document
from frametrace.matcher.tips.telling_frames import TellingFrame, evenly_spread, telling_videos
from frametrace.matcher.tips.tip_model import MAX_DURATION
from frametrace.posts.errors import TipError, UsageError

BLACK = Image.new("RGB", (640, 480))
LONG = [(detailed(seed), 1000) for seed in range(40)]


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    """A video of 40 shots and black, the same again, one that is all black, and a picture."""
    files = {
        "long.mp4": slide_video(*LONG, (BLACK, 3000), (detailed(0), 1000)),
        "again.mp4": slide_video(*LONG, (BLACK, 3000), (detailed(0), 1000)) + b" ",
        "black.mp4": slide_video((BLACK, 9000)),
        "one.jpg": jpeg(detailed(50)),
    }
    posts = [{"account_id": name.split(".")[0], "media": [name]} for name in files]
    posts[0]["text"] = "a caption that is long enough"
    with slide_videos_read():
        signals = ("pdq", "local", "caption_key")
        return make_case(tmp_path_factory.mktemp("sender"), posts, files, signals=signals)


def test_a_tip_has_few_frames_of_a_video_spread_over_its_time(sender, tmp_path):
    told, content = exported(sender, tmp_path / "tip.json", Selection(accounts=("long",)))
    assert (told.videos, told.pictures, told.captions, told.left_out) == (1, 0, 1, 0)
    assert content["frametrace_tip"] == 3
    (video,) = (one["signals"]["video"] for one in content["items"] if "video" in one["signals"])
    assert video["duration"] == 44_000
    starts = [frame["shown"][0][0] for frame in video["frames"]]
    assert len(starts) == 32
    assert starts == sorted(starts)
    assert np.diff(starts).max() <= 2000
    assert video["frames"][0]["shown"] == [[0, 1000], [43_000, 44_000]]
    with_features = [frame for frame in video["frames"] if "local" in frame]
    assert len(with_features) == 8
    assert np.diff([frame["shown"][0][0] for frame in with_features]).max() <= 8000
    assert (tmp_path / "tip.json").stat().st_size < 75_000
    Draft202012Validator(load_schema("tip")).validate(content)


def test_videos_with_the_same_frames_are_one_item_and_flat_ones_none(sender, tmp_path):
    choice = Selection(accounts=("long", "again", "black"))
    told, content = exported(sender, tmp_path / "tip.json", choice)
    assert (told.videos, told.left_out) == (1, 1)
    (video,) = (one for one in content["items"] if one["id"].startswith("video-"))
    assert video["counts"][0]["accounts"] == 2
    with pytest.raises(UsageError, match="nothing in the selection has a signal"):
        exported(sender, tmp_path / "none.json", Selection(accounts=("black",)), with_videos=False)


def test_a_tip_without_videos_can_be_read_by_earlier_versions(sender, tmp_path):
    choice = Selection(accounts=("long", "one"))
    told, content = exported(sender, tmp_path / "tip.json", choice, with_videos=False)
    assert (told.videos, told.pictures, content["frametrace_tip"]) == (0, 1, 2)
    assert not [one for one in content["items"] if "video" in one["signals"]]


def test_elements_of_a_video_are_left_out(sender):
    media = sender.read("media")
    (digest,) = (row["sha256"] for row in media.to_pylist() if row["path"] == "long.mp4")
    span = {"start_a_ms": 0, "end_a_ms": 5400, "start_b_ms": 0, "end_b_ms": 5400, "mirrored": False}
    match = {"sha256_a": digest, "sha256_b": "f" * 64, "frames": 5, "spans": [span]}

    def starts(relation):
        matches = pa.Table.from_pylist([{**match, "relation": str(relation)}], VIDEO_MATCHES)
        (video,) = telling_videos(sender, pa.array([digest]), matches)
        return [frame.shown[0] for frame in video.frames]

    assert starts(Relation.COPY)[0] == 0
    # The first shot is shown at the end as well: half of its time lies in the intro.
    assert starts(Relation.SHARES_ELEMENT)[0] == 5000


frames = st.lists(
    st.lists(st.integers(0, 5000), min_size=2, max_size=6).map(
        lambda gaps: np.cumsum(np.array(gaps) + 1).tolist()[: len(gaps) // 2 * 2]
    ),
    min_size=1,
    max_size=60,
)


@given(frames, st.integers(1, 40))
def test_frames_are_spread_evenly(times, at_most):
    told = [TellingFrame(f"{at:03}", bytes(32), 90, tuple(shown)) for at, shown in enumerate(times)]
    duration = max(shown[-1] for shown in times)
    chosen = evenly_spread(told, duration, at_most)
    assert len(chosen) == min(at_most, len(told))
    assert len({frame.digest for frame in chosen}) == len(chosen)
    assert [frame.shown for frame in chosen] == sorted(frame.shown for frame in chosen)
    assert chosen == evenly_spread(told, duration, at_most)


def video_item(frames, duration=60_000, **more):
    signals = {"video": {"duration": duration, "frames": frames}}
    return {"id": f"video-{short_digest(signals)}", "signals": signals, "counts": [], **more}


def frame(number=1, shown=((0, 1000),), **more):
    pdq = {"hash": f"{number:064x}", "quality": 100}
    return {"pdq": pdq, "shown": [list(times) for times in shown], **more}


VIDEO = video_item([frame(1, local="AAAA"), frame(2, [(1000, 1500), (2000, 3000)])])

times = st.lists(st.integers(1, 20_000), min_size=2, max_size=20).map(
    lambda gaps: np.cumsum(gaps).tolist()
)
shown = times.map(lambda t: [list(pair) for pair in zip(t[::2], t[1::2], strict=False)])
made_frames = st.lists(
    st.builds(frame, st.integers(0, 2**250), shown),
    min_size=1,
    max_size=8,
)


@examples(40, [HealthCheck.function_scoped_fixture])
@given(st.lists(made_frames, min_size=1, max_size=4, unique_by=str))
def test_videos_are_read_as_they_were_written(tmp_path, videos):
    items = [FULL, *(video_item(frames, 500_000) for frames in videos), item(2)]
    path = tmp_path / "tip.json"
    path.unlink(missing_ok=True)
    write_document(path, TIP_WITH_VIDEOS, HEAD.to_json(), items)
    content = json.loads(path.read_text("utf-8"))
    assert content["sha256"] == digest_of({k: v for k, v in content.items() if k != "sha256"})
    Draft202012Validator(load_schema("tip")).validate(content)
    tip = read_tip(path)
    assert tip.items["id"].to_pylist() == [one["id"] for one in items]
    assert tip.items["duration_ms"].to_pylist() == [None, *[500_000] * len(videos), None]
    of_frames = [
        (number, made["pdq"]["hash"], [time for pair in made["shown"] for time in pair])
        for number, video in enumerate(videos, 1)
        for made in video
    ]
    rows = tip.frames.to_pylist()
    assert [(row["item"], row["pdq"].hex(), row["shown"]) for row in rows] == of_frames
    material = material_of_tip(tip)
    assert material["pdq"].null_count == len(videos)
    alone = without_frames(material)
    assert alone["pdq"].null_count == len(videos) + len(rows)
    both = concat_material([material, material])
    second = both.slice(len(material))
    owners = [None if at is None else at + len(material) for at in material["video"].to_pylist()]
    assert second["video"].to_pylist() == owners
    assert pdq_hashes(tip)["pdq"].to_pylist() == list(
        dict.fromkeys([f"{1:064x}", f"{2:064x}", *(digits for _, digits, _ in of_frames)])
    )
    assert "which frames belong to one video" in lost_in_list(tip)


MUTATIONS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, MAX_DURATION + 2),
    st.lists(st.integers(), max_size=3),
    st.text(max_size=3),
    st.just([[0, 1]]),
    st.just([[0, 1]] * 65),
    st.just([frame()] * 257),
)
NAMES = ("pdq", "quality", "hash", "shown", "local", "duration", "frames", "phash")


@examples(400)
@given(st.data())
def test_the_fast_check_of_videos_agrees_with_the_published_schema(data):
    changed = copy.deepcopy(VIDEO)
    for _ in range(data.draw(st.integers(0, 2))):
        place = changed["signals"]
        while isinstance(place, dict | list) and place and data.draw(st.booleans()):
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            inner = place[data.draw(st.sampled_from(keys))]
            if not isinstance(inner, dict | list):
                break
            place = inner
        if isinstance(place, list):
            place.append(copy.deepcopy(data.draw(MUTATIONS)))
        elif place and data.draw(st.booleans()):
            del place[data.draw(st.sampled_from(sorted(place)))]
        else:
            place[data.draw(st.sampled_from([*sorted(place), *NAMES]))] = data.draw(MUTATIONS)
    schema = load_schema("tip")
    full = Draft202012Validator({"$ref": "#/$defs/item", "$defs": schema["$defs"]})
    assert ITEM_CHECKS["tip"](changed) == full.is_valid(changed)


REFUSED = {
    "a negative time": ([frame(1, [(-1, 5)])], {}, "shown/0/0: -1 is less than"),
    "an interval that goes back": ([frame(1, [(5, 4)])], {}, "times of a frame are invalid"),
    "an empty interval": ([frame(1, [(5, 5)])], {}, "times of a frame are invalid"),
    "intervals that overlap": ([frame(1, [(0, 9), (8, 12)])], {}, "times of a frame are invalid"),
    "a frame after the end": ([frame(1, [(0, 60_001)])], {}, "times of a frame are invalid"),
    "an absurd time": ([frame(1, [(0, 2**53 - 1)])], {}, "greater than the maximum"),
    "an absurd duration": ([frame()], {"duration": 2**53 - 1}, "greater than the maximum"),
    "no duration": ([frame()], {"duration": 0}, "less than the minimum"),
    "a negative duration": ([frame()], {"duration": -5}, "less than the minimum"),
    "no frames": ([], {}, "frames"),
    "too many frames": ([frame(number) for number in range(257)], {}, "frames"),
    "a million frames": ([frame()] * 50_000, {}, "over 20,000 values"),
    "a million intervals": ([frame(1, [(0, 1)] * 50_000)], {}, "over 20,000 values"),
    "features that are none": ([frame(1, local="AAAA")], {}, "local features are invalid"),
    "no quality": ([{"pdq": {"hash": "0" * 64}, "shown": [[0, 1]]}], {}, "'quality' is a required"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_impossible_videos_are_refused_with_the_reason(tmp_path, name):
    frames, settings, message = REFUSED[name]
    content = document(frametrace_tip=3, items=[video_item(frames, **settings)])
    with pytest.raises(TipError, match=message):
        read_tip(raw(tmp_path / "tip.json", content))


def test_the_kind_of_an_item_is_that_of_its_signals(tmp_path):
    for wrong in (
        {**VIDEO, "id": VIDEO["id"].replace("video", "picture")},
        {**item(), "id": item()["id"].replace("picture", "video")},
    ):
        with pytest.raises(TipError, match="names another kind"):
            read_tip(raw(tmp_path / "tip.json", document(frametrace_tip=3, items=[wrong])))
    head = {**HEAD.to_json(), "signals": {}}
    content = document(frametrace_tip=3, head=head, items=[video_item([frame()])])
    with pytest.raises(TipError, match="holds pdq, but its head states no fingerprint"):
        read_tip(raw(tmp_path / "tip.json", content))


def test_the_signature_of_a_tip_with_videos_is_for_version_3(tmp_path):
    secret, public, _ = make_keys(tmp_path / "key")
    path = tmp_path / "tip.json"
    write_document(path, TIP_WITH_VIDEOS, HEAD.to_json(), [video_item([frame()])], secret)
    assert read_tip(path, [public]).signature.trusted
    content = json.loads(path.read_text("utf-8"))
    content["frametrace_tip"] = 2
    with pytest.raises(TipError, match="invalid signature"):
        read_tip(raw(path, content), [public])
    assert json.loads(write(tmp_path / "plain.json").read_text("utf-8"))["frametrace_tip"] == 2
