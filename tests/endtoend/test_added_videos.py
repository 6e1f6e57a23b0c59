"""Exports with videos, through the command line: looked at, added, and added again."""

import json
import os
import zipfile
from pathlib import Path

import pytest

TELEGRAM_CHAT = {"name": "Invented harbour", "type": "public_channel", "id": 1001}
NOT_EXPORTED = "(File not included. Change data exporting settings to download.)"


def mp4(number: int) -> bytes:
    """The beginning of an mp4: adding a file doesn't decode it."""
    return b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + number.to_bytes(4, "big") * 50


def message(number: int, **fields: object) -> dict[str, object]:
    time = {"date": f"2019-08-2{number}T09:00:00", "date_unixtime": str(1566291600 + number)}
    return {"id": number, "type": "message", "from_id": "channel1001", "text": "", **time, **fields}


@pytest.fixture
def telegram(tmp_path: Path) -> Path:
    """A Telegram Desktop export: a video with a thumbnail, one as a file, and one left out."""
    folder = tmp_path / "ChatExport_2019-08-20"
    (folder / "video_files").mkdir(parents=True)
    (folder / "files").mkdir()
    (folder / "video_files" / "pier.mp4").write_bytes(mp4(1))
    (folder / "video_files" / "pier.mp4_thumb.jpg").write_bytes(b"\xff\xd8\xff a thumbnail")
    (folder / "video_files" / "tram.mp4_thumb.jpg").write_bytes(b"\xff\xd8\xff another")
    (folder / "files" / "crowd.mov").write_bytes(mp4(2))
    pier, tram = ("video_files/pier.mp4", "video_files/tram.mp4")
    messages = [
        message(1, media_type="video_file", file=pier, thumbnail=f"{pier}_thumb.jpg"),
        message(2, mime_type="video/quicktime", file="files/crowd.mov"),
        message(3, media_type="animation", file=NOT_EXPORTED, thumbnail=f"{tram}_thumb.jpg"),
        message(4, media_type="video_message", file=NOT_EXPORTED),
    ]
    (folder / "result.json").write_text(json.dumps(TELEGRAM_CHAT | {"messages": messages}))
    return folder


@pytest.fixture
def x_archive(tmp_path: Path) -> Path:
    """X's archive of an account, zipped: a video, an animation, and one that was deleted."""
    tweets = []
    for number, kind in enumerate(("video", "animated_gif", "video"), start=1):
        variants = [
            {"bitrate": "0" if kind == "animated_gif" else "832000", "content_type": "video/mp4",
             "url": f"https://video.example.org/vid/720x720/clip{number}.mp4?tag=12"},
            {"content_type": "application/x-mpegURL", "url": "https://video.example.org/pl.m3u8"},
        ]  # fmt: skip
        still = f"https://pbs.example.org/still{number}.jpg"
        media = {"type": kind, "media_url_https": still, "video_info": {"variants": variants}}
        values = {"id_str": f"116300000000000000{number}", "full_text": f"Video {number}"}
        values["created_at"] = "Mon Aug 19 14:03:22 +0000 2019"
        tweets.append({"tweet": values | {"extended_entities": {"media": [media]}}})
    path = tmp_path / "twitter-archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        account = [{"account": {"accountId": "7", "username": "lin_invented"}}]
        archive.writestr("data/account.js", f"window.YTD.account.part0 = {json.dumps(account)}")
        archive.writestr("data/tweets.js", f"window.YTD.tweets.part0 = {json.dumps(tweets)}")
        for number in (1, 2):
            name = f"data/tweets_media/116300000000000000{number}-clip{number}.mp4"
            archive.writestr(name, mp4(10 + number))
    return path


def test_videos_of_a_telegram_export_are_added_once(telegram, tmp_path, command):
    case = tmp_path / "case"
    looked_at = command("inspect", telegram)
    assert "video_files/pier.mp4" in looked_at.stdout
    added = command("add", case, telegram)
    assert added.returncode == 0, added.stderr
    assert "read      4 new posts, 1 new picture, 2 new videos" in added.stdout
    lines = [" ".join(line.split()) for line in added.stdout.splitlines()]
    assert "media 3 joined to posts by their rows" in lines
    assert "media 1 named in rows but missing" in lines
    again = command("add", case, telegram)
    assert "0 new posts (4 already known), 0 new pictures" in again.stdout
    assert "new video" not in again.stdout


def test_videos_of_an_x_archive_are_added(x_archive, tmp_path, command):
    case = tmp_path / "case"
    added = json.loads(command("add", case, x_archive, "--json").stdout)
    counts = {name: added[name] for name in ("posts", "media", "videos", "by_row", "absent")}
    assert counts == {"posts": 3, "media": 2, "videos": 2, "by_row": 2, "absent": 1}


def test_a_folder_of_videos_and_pictures_is_posts(tmp_path, command):
    folder = tmp_path / "collected"
    (folder / "lin").mkdir(parents=True)
    (folder / "lin" / "a.mp4").write_bytes(mp4(1))
    (folder / "lin" / "b.jpg").write_bytes(b"\xff\xd8\xff a picture")
    (folder / "lin" / "without_suffix").write_bytes(mp4(2))
    (folder / "lin" / "page.mp4").write_text("<!doctype html><title>log in</title>")
    (folder / "lin" / "song.mp3").write_bytes(b"ID3")
    (folder / "secret.mp4").symlink_to(tmp_path / "secret.mp4")
    (tmp_path / "secret.mp4").write_bytes(mp4(3))
    added = json.loads(command("add", tmp_path / "case", folder, "--json").stdout)
    assert (added["posts"], added["media"], added["videos"]) == (4, 4, 2)
    assert added["skipped"] == 1


def test_a_video_that_is_too_large_is_listed_with_the_limit(tmp_path, command):
    folder = tmp_path / "collected"
    folder.mkdir()
    (folder / "long.mp4").write_bytes(mp4(1))
    os.truncate(folder / "long.mp4", 600 * 2**20)
    (folder / "short.mp4").write_bytes(mp4(2))
    added = command("add", tmp_path / "case", folder)
    assert added.returncode == 0, added.stderr
    assert "read      2 new posts, 0 new pictures, 1 new video" in added.stdout
    assert "629,145,600 bytes are over the limit of 536,870,912" in added.stdout
