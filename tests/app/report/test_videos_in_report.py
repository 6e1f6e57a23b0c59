"""What people see of videos: in the tables, in sentences, on the page and on the console."""

import base64
import csv
import hashlib
import io
import json
import re
from itertools import pairwise

import numpy as np
import pytest
from filming import clip, cuts, pan, scenes
from made_videos import MadeVideoKind, Shot, video_bytes
from making import jpeg, make_case, photo
from PIL import Image

from frametrace.app import library
from frametrace.app.output.print_results import print_matched
from frametrace.app.output.video_words import spans_cell
from frametrace.app.report import group_views as views_module
from frametrace.app.report import thumbnails as thumbnails_module
from frametrace.app.report.frame_thumbnails import video_previews
from frametrace.app.report.span_columns import SharedSpans
from frametrace.app.report.write_report import write_report
from frametrace.app.summary import counts_of
from frametrace.embed import media_kinds
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_cases import match_cases
from frametrace.matcher.saved_results import load_results
from frametrace.work.executor import InProcess
from frametrace.work.progress import Silent

SIGNALS = ("pdq", "caption_key", "local", "thumbnail")
SHOTS = [Shot(seed, 2.5) for seed in range(1, 13)]
VIDEOS = {
    "whole.mp4": video_bytes(*SHOTS),
    "mirrored.mp4": video_bytes(*(Shot(shot.seed, 2.5, "mirrored") for shot in SHOTS[2:])),
    "inset.mp4": video_bytes(*(Shot(shot.seed, 2.5, "inset") for shot in SHOTS)),
    "alone.mp4": video_bytes(Shot(60, 4), Shot(61, 3)),
}
FILES = {**VIDEOS, "still.jpg": jpeg(photo(5), 70), "picture.jpg": jpeg(photo(90))}
POSTED = [*FILES, "alone.mp4", "picture.jpg"]


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Copies of a made-up video, a still of it, and what is posted twice; the videos are gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media_kinds, "KINDS", [MadeVideoKind(), *media_kinds.KINDS])
        folder = tmp_path_factory.mktemp("videos")
        posts = [{"media": [name], "text": f"{at}: {name}"} for at, name in enumerate(POSTED)]
        case = make_case(folder, posts, FILES, signals=SIGNALS)
    match_case(case, executor=InProcess())
    for name in VIDEOS:
        (folder / name).unlink()
    return case


@pytest.fixture(scope="module")
def report(case, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    write_report(case, out, executor=InProcess())
    return out


@pytest.fixture(scope="module")
def html(report):
    return (report / "index.html").read_text("utf-8")


def digest(name):
    return hashlib.sha256(FILES[name]).hexdigest()


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_have_the_spans_from_a_to_b(case, report):
    results, _ = load_results(case)
    spans = {(r["sha256_a"], r["sha256_b"]): r for r in results.video_matches.to_pylist()}
    matches = [row for row in rows_of(report / "matches.csv") if row["spans"]]
    assert {(row["sha256_a"], row["sha256_b"]) for row in matches} <= spans.keys()
    for row in matches:
        found = spans[row["sha256_a"], row["sha256_b"]]
        assert row["spans"] == spans_cell(found["spans"])
        assert int(row["frames"]) == found["frames"]
        shares = [float(row[f"share_{side}"]) for side in "ab"]
        assert shares == pytest.approx([found[f"share_{side}"] for side in "ab"], abs=1e-6)


def test_members_have_the_spans_from_what_they_are_tied_to(report):
    members = {}
    for row in rows_of(report / "groups.csv"):
        if row["relation"] == "copy" and row["signal"] != "sha256":
            members[row["media_path"]] = row
    whole, mirrored = digest("whole.mp4"), digest("mirrored.mp4")
    assert set(members) & {"whole.mp4", "mirrored.mp4"}
    for name, expected in (
        ("whole.mp4", "00:00-00:25 = 00:05-00:30 mirrored"),
        ("mirrored.mp4", "00:05-00:30 = 00:00-00:25 mirrored"),
    ):
        if name in members:
            row = members[name]
            assert (row["via_sha256"] or row["medoid_sha256"]) in (whole, mirrored)
            assert row["spans"] == expected
    assert not any(
        row[name]
        for row in rows_of(report / "groups.csv")
        for name in ("spans", "share_a", "share_b", "frames")
        if row["media_path"] == "picture.jpg"
    )


def test_no_video_is_said_to_agree_in_local_features(html):
    reasons = re.findall(r'<td class="why">(.*?)</td>', html)
    of_videos = [reason for reason in reasons if "frame" in reason]
    assert any("mirrored" in reason and "pairs of frames agree" in reason for reason in of_videos)
    assert any("1 frame agrees" in reason for reason in of_videos)
    assert "local features" not in html
    assert "the group&#39;s own video, byte for byte" in reasons
    assert "the group&#39;s own picture, byte for byte" in reasons


def test_every_video_has_a_preview_though_its_file_is_gone(html):
    defined = set(re.findall(r"^\.(t\w{16}) \{ background-image: url\(data:image/", html, re.M))
    used = set(re.findall(r'class="t (\w+)"', html))
    assert used <= defined
    for name in VIDEOS:
        label = rf'data-time="(\d\d:\d\d)" role="img" aria-label="video {digest(name)[:12]}, \1"'
        assert re.search(label, html), name


def strips(html):
    """The strips of the page: the video's name, and the times of its frames in milliseconds."""
    for figure in re.findall(r'<figure class="frames">(.*?)</figure>', html, re.S):
        name = re.search(r'<span class="id">(.*?)</span>', figure)[1]
        labels = re.findall(r'data-time="(\d\d):(\d\d)" role="img" aria-label="(.*?)"', figure)
        assert all(label.endswith(name) for *_, label in labels)
        yield name, [60 * int(minutes) + int(seconds) for minutes, seconds, _ in labels]


def test_a_strip_has_up_to_eight_frames_in_the_order_of_time(html):
    shown = dict(strips(html))
    assert shown[f"video {digest('alone.mp4')[:12]}"] == [0, 4]
    for name in ("whole.mp4", "mirrored.mp4", "inset.mp4"):
        times = shown[f"video {digest(name)[:12]}"]
        assert len(times) == 8
        assert all(one < next_one for one, next_one in pairwise(times))
        assert times[-1] >= 20  # over the whole video
    assert "8 of the 12 frames that were compared" in html


def test_ties_have_two_timelines_and_the_frames_that_agree_best(html):
    figures = re.findall(r"<figure>(.*?)</figure>", html, re.S)
    ties = [figure for figure in figures if 'class="spans"' in figure]
    (tie,) = (f for f in ties if digest("mirrored.mp4")[:12] in f and digest("whole.mp4")[:12] in f)
    labels = re.findall(r'role="img" aria-label="(.*?)"', tie)
    assert len(labels) == 3
    for label in labels[:2]:
        assert re.match(r"frame at \d\d:\d\d of video \w{12}; outlined is the part seen in ", label)
    assert re.search(r"00:05 to 00:30 = 00:00 to 00:25|00:00 to 00:25 = 00:05 to 00:30", labels[2])
    one, other = (int(re.match(r"frame at 00:(\d\d)", label)[1]) for label in labels[:2])
    assert abs(one - other) == 5
    assert tie.count('class="bar"') == 2
    assert '<polygon points="' in tie
    assert 'class="mirrored"' in tie
    assert "mirrored" in re.search("<figcaption>(.*?)<br>", tie)[1]
    assert any("in a video" in figure or "a frame of it" in figure for figure in ties)


def test_the_best_frames_show_the_same_photo(case):
    results, _ = load_results(case)
    intervals = case.read("intervals").to_pylist()
    number = {row["sha256"]: (row["video_sha256"], row["number"]) for row in intervals}
    seeds = {digest(name): [shot.seed for shot in SHOTS] for name in ("whole.mp4", "inset.mp4")}
    seeds[digest("mirrored.mp4")] = [shot.seed for shot in SHOTS[2:]]
    seeds[digest("still.jpg")] = [5]
    compared = 0
    for row in results.video_matches.to_pylist():
        shown = []
        for side in "ab":
            video, at = number.get(row[f"frame_{side}"], (row[f"frame_{side}"], 0))
            assert video == row[f"sha256_{side}"]
            shown.append(seeds[video][at])
        assert shown[0] == shown[1]
        compared += 1
    assert compared >= 5


def test_pages_hold_only_so_many_strips_and_ties(case, monkeypatch, tmp_path):
    monkeypatch.setattr(views_module, "MAX_TIES_ON_PAGE", 1)
    monkeypatch.setattr(views_module, "MAX_STRIPS_ON_PAGE", 1)
    monkeypatch.setattr(views_module, "MAX_TIES", 2)
    write_report(case, tmp_path, executor=InProcess())
    html = (tmp_path / "index.html").read_text("utf-8")
    assert len(list(strips(html))) == 1
    assert html.count('class="spans"') == 1
    assert re.search(r"\. 1 of \d are shown, altered ones first", html)


def test_no_video_goes_to_the_decoder_of_pictures(case, monkeypatch, tmp_path):
    opened = []
    read = thumbnails_module.read_media

    def recorded(root, path):
        opened.append(path)
        return read(root, path)

    monkeypatch.setattr(thumbnails_module, "read_media", recorded)
    write_report(case, tmp_path, executor=InProcess())
    assert set(opened) == {"still.jpg", "picture.jpg"}


def test_a_preview_is_the_frame_that_is_shown_longest(case):
    names = {digest(name): name for name in ("alone.mp4", "still.jpg")}
    made = video_previews(case, list(names), InProcess(), Silent())
    assert [names[item] for item in made] == ["alone.mp4"]
    data = base64.b64decode(made[digest("alone.mp4")].removeprefix("data:image/webp;base64,"))
    small = np.asarray(Image.open(io.BytesIO(data)).convert("L"), float)
    assert max(small.shape) == 144
    longest, other = (
        np.asarray(photo(seed).convert("L").resize(small.shape[::-1]), float) for seed in (60, 61)
    )
    alike, unlike = (np.corrcoef(small.ravel(), p.ravel())[0, 1] for p in (longest, other))
    assert alike > 0.9
    assert unlike < 0.5


def test_a_query_says_when_a_video_shows_the_picture(case, command):
    done = command("query", case.path, case.path.parent / "still.jpg")
    assert done.returncode == 0
    (line,) = (line for line in done.stdout.splitlines() if line.endswith("whole.mp4"))
    assert re.search(r"all of it, in a video, 00:10 to 00:13 +best frame, pdq: \d+ bits", line)
    (line,) = (line for line in done.stdout.splitlines() if line.endswith("still.jpg"))
    assert "same bytes" in line


def test_videos_are_counted_apart_from_pictures(case, html, capsys):
    results, _ = load_results(case)
    counts = counts_of(case, results)
    assert (counts.pictures, counts.videos, counts.tied_videos) == (2, 4, 3)
    assert (counts.edited, counts.containing, counts.altered) == (0, 0, 0)
    said = "4 compared; 3 are tied to another video or a picture by their frames"
    assert f"<dt>videos</dt><dd>{said}</dd>" in html
    assert "<dt>pictures</dt><dd>2 different files</dd>" in html
    print_matched(library.results(case))
    printed = capsys.readouterr().out
    assert re.search(rf"^videos +{said}$", printed, re.M)
    assert "not by their sound" in printed


def test_the_same_results_give_the_same_page(case, report, tmp_path):
    write_report(case, tmp_path, executor=InProcess())
    assert (tmp_path / "index.html").read_bytes() == (report / "index.html").read_bytes()


def test_without_features_there_are_no_outlines_and_no_previews(tmp_path, monkeypatch):
    monkeypatch.setattr(media_kinds, "KINDS", [MadeVideoKind(), *media_kinds.KINDS])
    videos = {"a.mp4": VIDEOS["whole.mp4"], "b.mp4": video_bytes(*SHOTS[1:])}
    posts = [{"media": [name], "text": name} for name in videos]
    case = make_case(tmp_path, posts, videos, signals=("pdq", "caption_key"))
    match_case(case, executor=InProcess())
    write_report(case, tmp_path / "out", executor=InProcess())
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "11 pairs of frames agree" in html
    assert html.count('class="spans"') == 1
    assert "outlined is" not in html
    assert "no preview" in html
    assert not list(strips(html))
    assert "by the hashes of their frames alone" in html


def test_a_framing_shows_the_videos_of_its_posts(tmp_path, monkeypatch):
    monkeypatch.setattr(media_kinds, "KINDS", [MadeVideoKind(), *media_kinds.KINDS])
    videos = {f"{seed}.mp4": video_bytes(Shot(seed, 3), Shot(seed + 1, 2)) for seed in (70, 80)}
    text = "they broke the whole station again last night and we had enough"
    posts = [{"media": [name], "text": text} for name in videos]
    case = make_case(tmp_path, posts, videos, signals=SIGNALS)
    match_case(case, executor=InProcess())
    write_report(case, tmp_path / "out", executor=InProcess())
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert html.count('class="framing"') == 1
    assert html.count('data-time="00:05" role="img" aria-label="video ') >= 2
    assert 'class="t missing"' not in html
    assert not list(strips(html))


def test_real_videos_from_the_files_to_the_page(tmp_path):
    pytest.importorskip("av")
    shown = list(scenes(cuts(21, 22, 23, seconds=3), pan(24, 4)))
    videos = {
        "post.mp4": clip(shown, crf=28),
        "again.webm": clip(shown[75:], "webm", "libvpx", deadline="realtime"),
    }
    posts = [{"media": [name], "text": name} for name in videos]
    case = make_case(tmp_path, posts, videos, signals=SIGNALS)
    match_case(case, executor=InProcess())
    write_report(case, tmp_path / "out", executor=InProcess())
    (row,) = (row for row in rows_of(tmp_path / "out" / "groups.csv") if row["spans"])
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    times = [int(m) * 60 + float(s) for m, s in re.findall(r"(\d\d):([\d.]+)", row["spans"])]
    post, again = (
        (times[:2], times[2:])
        if row["media_path"] == "again.webm"
        else (
            times[2:],
            times[:2],
        )
    )
    assert post == pytest.approx([3, 13], abs=0.6)
    assert again == pytest.approx([0, 10], abs=0.6)
    assert len(list(strips(html))) == 2
    assert html.count('class="spans"') == 1
    assert 'class="t missing"' not in html
    counts = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["counts"]
    assert (counts["pictures"], counts["videos"], counts["tied_videos"]) == (0, 2, 2)


def test_two_cases_share_videos(tmp_path, monkeypatch):
    monkeypatch.setattr(media_kinds, "KINDS", [MadeVideoKind(), *media_kinds.KINDS])
    cases = []
    for name, shots in (("first", SHOTS), ("second", SHOTS[3:9])):
        posts = [{"media": ["clip.mp4"], "post_id": name, "account_id": name}]
        files = {"clip.mp4": video_bytes(*shots)}
        cases.append(make_case(tmp_path / name, posts, files, signals=SIGNALS))
    together = match_cases(cases, tmp_path / "union", executor=InProcess())
    write_report(together.union, tmp_path / "out", executor=InProcess())
    (row,) = rows_of(tmp_path / "out" / "matches.csv")
    sides = row["spans"].split(" = ")
    expected = ["00:07.5-00:22.5", "00:00-00:15"]  # of the first case, of the second
    assert sides == (expected if row["case_name_a"].startswith("first") else expected[::-1])
    html = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert len(list(strips(html))) == 2
    (reuse,) = SharedSpans(together.results.video_matches).added_to(together.reuses).to_pylist()
    assert spans_cell(reuse["spans"]) == " = ".join(expected)
