"""Folders of pictures and videos: each file once, in a stable order, and nothing from outside."""

import os
import shutil
from pathlib import Path

import pytest

from frametrace.posts.errors import SourceError
from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import detect, read_source
from frametrace.posts.sources.containers import Folder
from frametrace.posts.sources.media_files import (
    HEAD_BYTES,
    holds_media,
    is_media,
    is_picture_data,
    is_video,
    is_video_data,
    media_in,
)


def _put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"a picture")


def test_media_files_are_known_by_their_suffix_whatever_its_case(tmp_path: Path) -> None:
    pictures = ["A.JPG", "b.jpeg", "c.Png", "d.webp", "e.gif", "f.tiff", "g.heic", "h.avif"]
    videos = ["i.MP4", "j.mov", "k.m4v", "l.webm", "m.mkv", "n.3gp", "o.avi", "p.MTS", "q.mp4_x"]
    others = ["._a.jpg", "._b.mp4", ".DS_Store", "jpg", "n.txt", "o.jpg.part", "posts.csv"]
    others += ["r.mp4.part", "s.m3u8", "t.mpd", "u.ts", "v.mp3", "w.m4a", "mp4"]
    _put(tmp_path, *pictures, *videos, *others)
    assert list(media_in(Folder(tmp_path))) == [*pictures, *videos]
    assert [*filter(is_video, (*pictures, *videos, *others))] == videos


def _box(brand: bytes) -> bytes:
    return b"\0\0\0\x20ftyp" + brand + bytes(20)


_PACKET = b"G" + bytes(187)

VIDEO_HEADS = {
    "mp4": _box(b"isom"),
    "mov": _box(b"qt  "),
    "3gp": _box(b"3gp4"),
    "mov from before brands": b"\0\0\0\x08wide\0\0\0\0mdat",
    "webm": b"\x1aE\xdf\xa3" + bytes(30),
    "avi": b"RIFF\0\0\0\0AVI LIST",
    "ts": _PACKET * 3,
    "m2ts": (bytes(4) + _PACKET) * 3,
}
OTHER_HEADS = {
    "heic": _box(b"heic"),
    "avif": _box(b"avif"),
    "heif of another brand": _box(b"mif2"),
    "audio": _box(b"M4A "),
    "wav": b"RIFF\0\0\0\0WAVEfmt ",
    "html": b"<!doctype html><title>no video</title>",
    "typescript": b"GET = 1\n" * 60,
    "a picture": b"\xff\xd8\xff\xe0",
    "empty": b"",
    "one packet": _PACKET,
}


@pytest.mark.parametrize("kind", [*VIDEO_HEADS, *OTHER_HEADS])
def test_videos_are_known_by_their_first_bytes(kind: str, tmp_path: Path) -> None:
    head = VIDEO_HEADS.get(kind) or OTHER_HEADS[kind]
    (tmp_path / "attachment.dat").write_bytes(head)
    is_shown = kind in VIDEO_HEADS or is_picture_data(head)
    assert is_video_data(head[:HEAD_BYTES]) == (kind in VIDEO_HEADS)
    assert holds_media(Folder(tmp_path), "attachment.dat") == is_shown


def test_more_names_say_that_a_file_is_a_picture() -> None:
    digests = ["0" * 32, "A1b2" * 10, "f" * 64]
    pictures = [
        "a.jxl",
        "b.JP2",
        "c.ico",
        "d.apng",
        "e.jpg_large",
        "f.jpg:orig",
        "g.PNG?name=small",
    ]
    pictures += ["h.jpe", "i.hif", "j.jpg-large", *(f"media/{digest}" for digest in digests)]
    others = [
        "0" * 31,
        "g" * 32,
        "f" * 64 + ".json",
        "._" + "0" * 30,
        "a.jpgx",
        "b.jpg.",
        "c.jpg/d",
    ]
    others += ["e.jpg_large.json", "README", "f.", ".jpg", "h.eps", "i.psd", "j.svg"]
    assert [*filter(is_media, pictures)] == pictures
    assert [*filter(is_media, others)] == []


def test_the_order_does_not_depend_on_when_files_were_made(tmp_path: Path) -> None:
    expected = [
        "2.jpg",
        "top.jpg",
        *(f"{n}/{m}.jpg" for n in range(10) for m in "abc"),
        "图/片.jpg",
    ]
    for at, order in enumerate((expected, sorted(expected), expected[::-1])):
        _put(tmp_path / str(at), *order)
        assert list(media_in(Folder(tmp_path / str(at)))) == expected


def test_links_are_followed_only_inside_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    _put(tmp_path, "secret.jpg", "elsewhere/secret.jpg", "pictures/real/a.jpg")
    (root / "inside.jpg").symlink_to("real/a.jpg")
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "up.jpg").symlink_to("../secret.jpg")
    (root / "broken.jpg").symlink_to("real/absent.jpg")
    (root / "loop.jpg").symlink_to("loop.jpg")
    (root / "folder").symlink_to(tmp_path / "elsewhere")
    entries = list(read_source(root))
    posts = [entry.post_id for entry in entries if isinstance(entry, Post)]
    skipped = {entry.item: entry.reason for entry in entries if isinstance(entry, Skipped)}
    assert posts == ["pictures/broken.jpg", "pictures/inside.jpg", "pictures/real/a.jpg"]
    assert skipped.pop("loop.jpg")
    assert skipped == dict.fromkeys(("out.jpg", "up.jpg"), "the link leaves the folder")


def test_a_link_to_the_folder_itself_is_a_folder(tmp_path: Path) -> None:
    _put(tmp_path, "pictures/a.jpg")
    (tmp_path / "link").symlink_to("pictures")
    (post,) = read_source(tmp_path / "link")
    assert isinstance(post, Post)
    assert (post.post_id, post.account_id) == ("pictures/a.jpg", "pictures")


def test_a_name_that_is_not_utf8_is_skipped_and_spelled_out(tmp_path: Path) -> None:
    _put(tmp_path, "a.jpg")
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"a picture")
    assert list(media_in(Folder(tmp_path))) == [
        "a.jpg",
        Skipped(tmp_path.name, 0, "caf\\udce9.jpg", "its name is not valid UTF-8; rename it"),
    ]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    _put(tmp_path, "a.jpg", "gone/b.jpg", "stays/c.jpg")
    found = media_in(Folder(tmp_path))
    assert next(found) == "a.jpg"
    shutil.rmtree(tmp_path / "gone")
    remaining = list(found)
    assert remaining[0] == "stays/c.jpg"
    (skipped,) = remaining[1:]
    assert isinstance(skipped, Skipped)
    assert (skipped.source, skipped.item) == (tmp_path.name, "gone")
    assert skipped.reason.startswith("can't be listed: ")


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    _put(tmp_path, "posts.csv")
    with pytest.raises(SourceError, match=r"no format is recognised|holds no posts"):
        detect(tmp_path)
