"""Videos of a Telegram export and of an X archive: found again, cut and as a still, with times."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from filming import clip, cuts
from making import cropped, jpeg, photo

SECONDS = 3  # of each scene
SIGNALS = ("--signal", "pdq", "--signal", "local")


@pytest.fixture(scope="module")
def clips() -> Mapping[str, bytes]:
    """A video, an excerpt inside other scenes, and a video that has nothing to do with them."""
    return {
        "whole": clip(cuts(1, 2, 3, 4, 5, seconds=SECONDS)),
        "excerpt": clip(cuts(11, 2, 3, 4, 12, seconds=SECONDS), crf=30),
        "other": clip(cuts(21, 22, 23, seconds=SECONDS)),
    }


@pytest.fixture
def telegram(tmp_path: Path, clips: Mapping[str, bytes]) -> Path:
    """A Telegram Desktop export with two videos and a picture."""
    folder = tmp_path / "ChatExport_2019-08-20"
    (folder / "video_files").mkdir(parents=True)
    (folder / "photos").mkdir()
    (folder / "video_files" / "pier.mp4").write_bytes(clips["whole"])
    (folder / "video_files" / "tram.mp4").write_bytes(clips["other"])
    (folder / "photos" / "meme.jpg").write_bytes(jpeg(cropped(photo(3, 320, 180), 0.8)))
    messages = [
        _message(1, media_type="video_file", file="video_files/pier.mp4"),
        _message(2, media_type="video_file", file="video_files/tram.mp4"),
        _message(3, photo="photos/meme.jpg"),
    ]
    chat = {"name": "Invented harbour", "type": "public_channel", "id": 1001, "messages": messages}
    (folder / "result.json").write_text(json.dumps(chat))
    return folder


def _message(number: int, **fields: object) -> dict[str, object]:
    date = {"date": f"2019-08-2{number}T09:00:00", "date_unixtime": str(1566291600 + number)}
    sender = {"from": "Invented harbour", "from_id": "channel1001"}
    return {"id": number, "type": "message", "text": "", **date, **sender, **fields}


@pytest.fixture
def x_archive(tmp_path: Path, clips: Mapping[str, bytes]) -> Path:
    """X's archive of an account with one video, zipped."""
    video = {"variants": [{"content_type": "video/mp4", "url": "https://video.example.org/a.mp4"}]}
    media = {"type": "video", "media_url_https": "https://pbs.example.org/a.jpg"}
    tweet = {
        "id_str": "1163000000000000001",
        "full_text": "Look at this",
        "created_at": "Mon Aug 19 14:03:22 +0000 2019",
        "extended_entities": {"media": [media | {"video_info": video}]},
    }
    path = tmp_path / "twitter-archive.zip"
    account = [{"account": {"accountId": "7", "username": "lin_invented"}}]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/account.js", f"window.YTD.account.part0 = {json.dumps(account)}")
        rows = json.dumps([{"tweet": tweet}])
        archive.writestr("data/tweets.js", f"window.YTD.tweets.part0 = {rows}")
        archive.writestr("data/tweets_media/1163000000000000001-a.mp4", clips["excerpt"])
    return path


def _seconds(spans: list[dict[str, Any]], *names: str) -> list[tuple[float, ...]]:
    return [tuple(span[f"{name}_ms"] / 1000 for name in names) for span in spans]


def test_a_video_is_found_in_another_export_and_as_a_still(
    telegram, x_archive, clips, tmp_path, command
):
    case = tmp_path / "case"
    for stage in (("add", case, telegram, x_archive), ("embed", case, *SIGNALS), ("match", case)):
        done = command(*stage)
        assert done.returncode == 0, done.stderr

    still = tmp_path / "still.jpg"
    still.write_bytes(jpeg(cropped(photo(3, 320, 180), 0.7)))
    found = json.loads(command("query", case, still, "--json").stdout)["rows"]
    videos = {row["post_id"]: row for row in found if row["spans"]}
    assert {(row["platform"], row["relation"]) for row in videos.values()} == {
        ("telegram", "contains"),
        ("twitter", "contains"),
    }
    for row in videos.values():
        assert _seconds(row["spans"], "start_b", "end_b") == [pytest.approx((6, 9), abs=0.5)]

    trimmed = tmp_path / "trimmed.mp4"
    trimmed.write_bytes(clip(cuts(2, 3, 4, seconds=SECONDS), crf=33))
    found = json.loads(command("query", case, trimmed, "--json").stdout)["rows"]
    times = {
        row["platform"]: _seconds(row["spans"], "start_a", "end_a", "start_b", "end_b")
        for row in found
        if row["media_path"].endswith(".mp4")
    }
    expected = [pytest.approx((0, 9, 3, 12), abs=0.5)]
    assert times == {"telegram": expected, "twitter": expected}

    report = command("report", case, "--out", tmp_path / "report")
    assert report.returncode == 0, report.stderr
    assert "tram" not in (tmp_path / "report" / "groups.csv").read_text("utf-8")


def test_embedding_videos_goes_on_after_a_kill(telegram, x_archive, tmp_path, command):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for case in (whole, killed):
        command("add", case, telegram, x_archive)
    command("embed", whole, *SIGNALS)
    program = [sys.executable, "-m", "frametrace.app", "embed", str(killed), *SIGNALS]
    for seconds in (1.5, 3.0):
        process = subprocess.Popen(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert command("embed", killed, *SIGNALS).returncode == 0
    matched = [command("match", case, "--json") for case in (whole, killed)]
    counts = [json.loads(done.stdout) for done in matched]
    assert counts[0]["photo_groups"] == counts[1]["photo_groups"] > 0
    assert command("doctor", killed).returncode == 0


def test_a_damaged_video_loses_nothing_else(telegram, tmp_path, command):
    case = tmp_path / "case"
    video = telegram / "video_files" / "tram.mp4"
    data = video.read_bytes()
    video.write_bytes(data[: len(data) // 3])
    command("add", case, telegram)
    embedded = command("embed", case, *SIGNALS)
    assert embedded.returncode == 0, embedded.stderr
    counts = json.loads(command("match", case, "--json").stdout)
    assert counts["photo_groups"] == 1  # the other video, and the still of it
