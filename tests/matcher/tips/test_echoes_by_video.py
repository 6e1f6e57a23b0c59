"""Which posts echo a video of a tip, or show a picture of it in a video; and which must not."""

import numpy as np
import pytest
from making import cropped, jpeg, make_case
from picturing import detailed
from PIL import Image, ImageDraw, ImageOps
from slide_videos import slide_video, slide_videos_read
from tipping import exported

from frametrace.app.tips.check_page import evidence_sentence
from frametrace.app.tips.verdict_answers import verdict_of_check
from frametrace.app.tips.write_check import write_check
from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.find_echoes import ECHOES
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.verdicts import Answer, import_verdict, imported_opinions
from frametrace.matcher.tips.watch_new_posts import compare_new_posts
from frametrace.matcher.tips.watch_state import open_watch, save_state
from frametrace.work.executor import InProcess

SIGNALS = ("pdq", "local", "caption_key")
SCENES = [detailed(seed) for seed in range(30)]
LENGTHS = [2000 + 300 * at for at in range(8)]
BLACK = Image.new("RGB", (640, 480))


def test_card():
    """Colour bars with a grid and a circle, as stations send."""
    card = Image.new("RGB", (640, 480), "gray")
    draw = ImageDraw.Draw(card)
    for at, colour in enumerate(("white", "yellow", "cyan", "lime", "magenta", "red", "blue")):
        draw.rectangle((at * 640 // 7, 60, (at + 1) * 640 // 7, 340), colour)
    for at in range(0, 640, 40):
        draw.line((at, 0, at, 480), "white", 2)
        draw.line((0, at, 640, at), "white", 2)
    draw.ellipse((120, 40, 520, 440), outline="white", width=6)
    return card


test_card.__test__ = False  # the name of a picture, not of a test
CARD = test_card()
INTRO = [(SCENES[20], 2000), (SCENES[21], 1500), (SCENES[22], 2000)]
ORIGINAL = list(zip(SCENES[:8], LENGTHS, strict=True))


def edited(edit, shots):
    return [(edit(image), length) for image, length in shots]


def in_corner(image):
    around = SCENES[25].copy()
    around.paste(image.resize((400, 300)), (30, 30))
    return around


# What the receiver's accounts posted of the tip's video, the relation, and the span in seconds.
REUSED = {
    "whole": (ORIGINAL, "copy", (0, 24.4, 0, 24.4)),
    "trimmed": (ORIGINAL[2:7], "copy", (4.3, 20.3, 0, 16)),
    "inside": ([(SCENES[24], 20_000), *ORIGINAL[1:5]], "contains", (2, 13, 20, 31)),
    "mirrored": (edited(ImageOps.mirror, ORIGINAL), "copy", (0, 24.4, 0, 24.4)),
    "cropped": (edited(lambda image: cropped(image, 0.5), ORIGINAL), "part", (0, 24.4, 0, 24.4)),
    "corner": (edited(in_corner, ORIGINAL), "contains", (0, 24.4, 0, 24.4)),
    "faster": ([(image, round(length / 1.1)) for image, length in ORIGINAL], "copy",
               (0, 24.4, 0, 22.2)),
}  # fmt: skip
# What shares something with it, but is no reuse of it.
UNRELATED = {
    "black": [(BLACK, 5000), (SCENES[10], 4000), (SCENES[11], 4000)],
    "card": [(CARD, 5000), (SCENES[12], 4000), (SCENES[13], 4000)],
    "one-shot": [(SCENES[14], 4000), (SCENES[3], 4000), (SCENES[15], 4000), (SCENES[16], 4000)],
    "shuffled": [(SCENES[17], 9000), (SCENES[5], 900), (SCENES[18], 9000), (SCENES[2], 900)],
}


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    """Videos with and without black frames, a test card and an intro, and a picture."""
    shots = {
        "plain": ORIGINAL,
        "leader": [(BLACK, 2000), (CARD, 4000), *ORIGINAL, (BLACK, 2000)],
        "intro": [*INTRO, *[(SCENES[at], 6000) for at in (26, 27, 28, 29)]],
    }
    files = {f"{name}.mp4": slide_video(*of_video) for name, of_video in shots.items()}
    files["picture.jpg"] = jpeg(SCENES[9])
    posts = [{"account_id": name.split(".")[0], "media": [name]} for name in files]
    with slide_videos_read():
        return make_case(tmp_path_factory.mktemp("sender"), posts, files, signals=SIGNALS)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    shots = {name: of_video for name, (of_video, _, _) in REUSED.items()} | UNRELATED
    shots["same-intro"] = [*INTRO, (SCENES[17], 9000), (SCENES[18], 9000), (SCENES[19], 9000)]
    shots["shows-picture"] = [(SCENES[17], 3000), (cropped(SCENES[9], 0.6), 3000)]
    shots["near-picture"] = [(SCENES[18], 3000), (SCENES[9], 2500), (SCENES[19], 2500)]
    files = {f"{name}.mp4": slide_video(*video, quality=50) for name, video in shots.items()}
    files |= {
        "still.jpg": jpeg(cropped(SCENES[4], 0.6), 60),
        "still-of-card.jpg": jpeg(CARD, 60),
        "still-of-start.jpg": jpeg(SCENES[0], 60),
        "nothing.jpg": jpeg(SCENES[23]),
    }
    posts = [{"account_id": name.split(".")[0], "media": [name]} for name in files]
    with slide_videos_read():
        return make_case(tmp_path_factory.mktemp("receiver"), posts, files, signals=SIGNALS)


def sent(sender, path, *accounts, **settings):
    exported(sender, path, Selection(accounts=accounts), **settings)
    return read_tip(path)


def echoes(case, tip, **options):
    found = check_tip(case, tip, executor=InProcess(), **options)
    assert found.echoes.schema == ECHOES
    return {row["account_id"]: row for row in found.echoes.to_pylist()}


def seconds(row):
    (span,) = row["spans"]
    names = ("start_a_ms", "end_a_ms", "start_b_ms", "end_b_ms")
    return tuple(span[name] / 1000 for name in names)


@pytest.fixture(scope="module")
def found(sender, receiver, tmp_path_factory):
    tip = sent(sender, tmp_path_factory.mktemp("tip") / "tip.json", "plain")
    return echoes(receiver, tip)


def test_only_reuse_of_a_video_is_an_echo(found):
    assert set(found) == {*REUSED, "still"}


@pytest.mark.parametrize("name", REUSED)
def test_an_echo_says_how_and_when_a_video_is_reused(found, name):
    _, relation, span = REUSED[name]
    assert found[name]["relation"] == relation
    assert seconds(found[name]) == pytest.approx(span, abs=0.5)
    mirrored = name == "mirrored"
    assert found[name]["spans"][0]["mirrored"] == mirrored
    sentence = evidence_sentence(found[name])
    assert " here" in sentence
    assert ("mirrored" in sentence) == mirrored


def test_a_picture_that_shows_a_frame_of_the_tips_video_is_an_echo_of_it(found):
    row = found["still"]
    assert (row["relation"], row["signal"]) == ("part", "local")
    assert seconds(row) == pytest.approx((9.8, 13.0, 0, 0))
    assert "frame of the video, 00:10 to 00:13 of it" in evidence_sentence(row)


def test_black_frames_and_test_cards_never_make_an_echo(sender, receiver, tmp_path):
    tip = sent(sender, tmp_path / "tip.json", "leader")
    found = echoes(receiver, tip)
    assert set(found) == {*REUSED, "still", "still-of-start"}  # which is not at its start here
    assert seconds(found["whole"]) == pytest.approx((6, 30.4, 0, 24.4), abs=0.5)


def test_an_intro_in_common_is_no_echo(sender, receiver, tmp_path):
    assert echoes(receiver, sent(sender, tmp_path / "tip.json", "intro")) == {}


def test_videos_echo_pictures_that_they_show(sender, receiver, tmp_path):
    found = echoes(receiver, sent(sender, tmp_path / "tip.json", "picture"))
    assert set(found) == {"shows-picture", "near-picture"}
    assert {row["relation"] for row in found.values()} == {"contains"}
    assert [found[name]["signal"] for name in sorted(found)] == ["pdq", "local"]
    assert seconds(found["near-picture"]) == pytest.approx((0, 0, 3, 5.5))
    assert "video that shows it, 00:03 to 00:06" in evidence_sentence(found["near-picture"])


def test_hashes_alone_find_light_edits_of_videos_and_no_stills(sender, receiver, tmp_path):
    tip = sent(sender, tmp_path / "tip.json", "plain", hashes_only=True)
    assert tip.frames["local"].null_count == len(tip.frames)
    assert set(echoes(receiver, tip)) == {"whole", "trimmed", "inside", "faster"}


def test_a_video_of_one_scene_is_found_only_as_a_whole(tmp_path):
    scene, other = SCENES[0], SCENES[1]
    files = {
        "copy.mp4": slide_video((scene, 20_000), quality=50),
        "part.mp4": slide_video((scene, 5000), (other, 20_000)),
        "longer.mp4": slide_video((scene, 50_000)),
    }
    with slide_videos_read():
        posts = [{"account_id": "one", "media": ["one.mp4"]}]
        one = {"one.mp4": slide_video((scene, 20_000))}
        ours = make_case(tmp_path / "ours", posts, one, signals=("pdq",))
        posts = [{"account_id": name.split(".")[0], "media": [name]} for name in files]
        theirs = make_case(tmp_path / "theirs", posts, files, signals=("pdq",))
    assert set(echoes(theirs, sent(ours, tmp_path / "tip.json", "one"))) == {"copy"}


def test_the_report_has_the_times_and_a_verdict_counts_the_video(sender, receiver, tmp_path):
    tip = sent(sender, tmp_path / "tip.json", "plain")
    checked = check_tip(receiver, tip, executor=InProcess())
    write_check(receiver, checked, tmp_path / "out", executor=InProcess())
    assert "00:04.3-00:20.3 = 00:00-00:16" in (tmp_path / "out" / "echoes.csv").read_text("utf-8")
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "copy of the video: 00:04 to 00:20 of it = 00:00 to 00:16 here" in page
    (account,) = (row for row in checked.accounts.to_pylist() if row["account_id"] == "trimmed")
    assert (account["videos"], account["pictures"]) == (1, 0)
    out = tmp_path / "verdict.json"
    verdict_of_check(tmp_path / "out", out, {}, rest=Answer.CONFIRMED)
    import_verdict(sender, out, accept_unsigned=True)
    (opinion,) = imported_opinions(sender).to_pylist()
    assert (opinion["item_id"], opinion["accounts"]) == (tip.items["id"][0].as_py(), 8)
    media = sender.read("media")
    names = dict(zip(media["sha256"].to_pylist(), media["path"].to_pylist(), strict=True))
    assert [names[sha256] for sha256 in opinion["sha256"]] == ["plain.mp4"]


def test_a_watch_finds_tips_and_known_groups_in_new_videos(sender, tmp_path):
    tip = sent(sender, tmp_path / "tip.json", "plain")
    known = [(SCENES[at], 3000) for at in range(10, 15)]

    def add(**shots):
        files = {f"{name}.mp4": slide_video(*of_video) for name, of_video in shots.items()}
        posts = [
            {"post_id": name, "account_id": name.split("_")[0], "media": [f"{name}.mp4"]}
            for name in shots
        ]
        with slide_videos_read():
            return make_case(tmp_path / "watched", posts, files, signals=("pdq", "local"))

    def newcomers(case):
        with open_watch(case) as state:
            result = compare_new_posts(Case(case.path), state, [tip])
            save_state(case, result.state)
        return {row["account_id"]: row for row in result.newcomers.to_pylist()}

    case = add(member=known, other=[*known, (SCENES[16], 2000)], none=[(SCENES[17], 5000)])
    results, _ = match_case(case)
    (group,) = results.groups["group_id"].to_pylist()
    assert newcomers(case) == {}
    case = add(tipped=ORIGINAL[1:6], joins=known[1:], far=[(SCENES[18], 4000)], member_2=known[2:])
    rows = newcomers(case)
    assert set(rows) == {"tipped", "joins"}
    assert (rows["tipped"]["known_as"], rows["joins"]["known_as"]) == (tip.sha256, group)
    assert seconds(rows["joins"])[2:] == pytest.approx((0, 12), abs=0.5)
    assert newcomers(add(tipped_2=ORIGINAL)) == {}


def test_the_same_check_gives_the_same_rows(sender, receiver, tmp_path):
    tip = sent(sender, tmp_path / "tip.json", "plain", "leader", "picture")
    first, second = (check_tip(receiver, tip, executor=InProcess()).echoes for _ in range(2))
    assert first.equals(second)
    assert np.all(np.diff(first["item"].to_numpy()) >= 0)
