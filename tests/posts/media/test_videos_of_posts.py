"""Finding the videos of a post and their stills, and identifying them within their size limits."""

import hashlib
import json
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from frametrace.posts.errors import DecodeError
from frametrace.posts.media.identify_picture import (
    MAX_PICTURE_BYTES,
    MAX_VIDEO_BYTES,
    identify,
)
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.containers import Folder, SourceLocation

KEY = "1163000000000000001"
MP4_HEAD = b"\0\0\0\x20ftypisom" + bytes(20)
HTML = b"<!doctype html><title>login</title>"
TOO_LARGE = 600 * 2**20


def _put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(MP4_HEAD + path.encode())
    return root


def _post(*media: str, stills: tuple[str, ...] = ()) -> Post:
    return Post("tiktok", KEY, "a", media=media, stills=stills, source="posts.csv", line=7)


def _resolved(library: MediaLibrary, post: Post, place: Path | None = None) -> list[str]:
    """The paths of a post's files, and `item: reason` of what is missing, after all rules."""
    location = SourceLocation(Folder(place)) if place else None
    found = [*library.find(post, location)]
    found += [resolution[-1] for resolution in library.resolve_guesses(lambda ids: ())]
    return [f"{i.item}: {i.reason}" if isinstance(i, Skipped) else i.path for i in found]


def test_a_video_and_its_still_both_belong_to_the_post(tmp_path: Path) -> None:
    folder = _put(tmp_path, "clips/a.mp4", "clips/a.jpg", "clips/b.mp4")
    post = _post("clips/a.mp4", stills=("clips/a.jpg",))
    assert _resolved(MediaLibrary([]), post, folder) == ["clips/a.mp4", "clips/a.jpg"]


def test_a_still_is_not_missed_and_a_video_is_missed_once(tmp_path: Path) -> None:
    folder = _put(tmp_path, "clips/a.mp4", "clips/b.jpg")
    library = MediaLibrary([folder])
    found = _post("clips/a.mp4", stills=("clips/a.jpg", "https://cdn.example.org/a.jpg"))
    assert _resolved(library, found) == ["clips/a.mp4"]
    link = "https://cdn.example.org/clip.mp4"
    missing = _post(link, stills=("https://cdn.example.org/clip.jpg",))
    assert _resolved(library, missing) == [f"{link}: not downloaded"]
    with_still = _post(link, stills=("clips/b.jpg",))
    assert _resolved(library, with_still) == ["clips/b.jpg", f"{link}: not downloaded"]


def test_a_still_does_not_keep_a_video_from_being_found_by_its_name(tmp_path: Path) -> None:
    folder = _put(tmp_path, "clips/cover.jpg", f"clips/lin_video_{KEY}.mp4")
    post = _post("https://v.example.org/video/tos?a=1", stills=("clips/cover.jpg",))
    found = _resolved(MediaLibrary([folder]), post)
    assert found == ["clips/cover.jpg", f"clips/lin_video_{KEY}.mp4"]


def test_nor_does_a_still_that_is_found_by_its_link_or_a_list(tmp_path: Path) -> None:
    still = "https://cdn.example.org/small/FaaBBccXwAA1.jpg"
    folder = _put(tmp_path, "stills/FaaBBccXwAA1.jpg", f"clips/lin_video_{KEY}.mp4")
    video = "https://v.example.org/video/tos?a=1"
    expected = [f"clips/lin_video_{KEY}.mp4", "stills/FaaBBccXwAA1.jpg"]
    found = _resolved(MediaLibrary([folder]), _post(video, stills=(still,)))
    assert sorted(found) == expected
    listed = {still: {"success": True, "filename": "FaaBBccXwAA1.jpg", "post_ids": [KEY]}}
    (folder / "stills" / ".metadata.json").write_text(json.dumps(listed))
    found = _resolved(MediaLibrary([folder]), _post(video, stills=(still,)))
    assert sorted(found) == expected
    (folder / expected[0]).unlink()
    found = _resolved(MediaLibrary([folder]), _post(video, stills=(still,)))
    assert found == [expected[1], f"{video}: not downloaded"]


def test_a_still_named_after_the_post_is_given_once(tmp_path: Path) -> None:
    folder = _put(tmp_path, f"{KEY}.mp4", f"{KEY}.jpg")
    library = MediaLibrary([folder])
    post = _post(f"{KEY}.mp4", stills=(f"{KEY}.jpg",))
    assert _resolved(library, post) == [f"{KEY}.mp4", f"{KEY}.jpg"]
    assert library.counts_by_rule == {"map": 0, "row": 2}


def test_a_media_map_replaces_a_video_and_its_still(tmp_path: Path) -> None:
    folder = _put(tmp_path, "a.mp4", "a.jpg", "right.mp4")
    (folder / "map.csv").write_text(f"post_id,path\n{KEY},right.mp4\n")
    library = MediaLibrary([folder], [folder / "map.csv"])
    assert _resolved(library, _post("a.mp4", stills=("a.jpg",))) == ["right.mp4"]


def test_a_video_and_its_still_may_have_one_name_in_their_links(tmp_path: Path) -> None:
    folder = _put(tmp_path, "d/FaaBBccXwAA1.mp4", "d/FaaBBccXwAA1.jpg")
    post = _post(
        "https://v.example.org/o/FaaBBccXwAA1.mp4?tag=1",
        stills=("https://v.example.org/small/FaaBBccXwAA1.jpg",),
    )
    found = _resolved(MediaLibrary([folder]), post)
    assert sorted(found) == ["d/FaaBBccXwAA1.jpg", "d/FaaBBccXwAA1.mp4"]
    alone = _put(tmp_path / "alone", "FaaBBccXwAA1.jpg")
    (missing,) = _resolved(MediaLibrary([alone]), _post(post.media[0]))
    assert missing.endswith("not downloaded")


def test_videos_that_4cat_downloaded_are_joined_by_its_list(tmp_path: Path) -> None:
    folder = _put(tmp_path, "7-1.mp4", "7-2.mp4")
    files = [{"filename": f"7-{at}.mp4", "success": True} for at in (1, 2)]
    link = "https://www.tiktok.example/@lin/video/7"
    listed = {link: {"success": True, "files": files, "post_ids": [KEY]}}
    (folder / ".metadata.json").write_text(json.dumps(listed))
    assert _resolved(MediaLibrary([folder]), _post()) == ["7-1.mp4", "7-2.mp4"]


def test_a_video_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = _put(tmp_path / "media", "a.mp4")
    _put(tmp_path, "secret.mp4")
    (folder / f"{KEY}.mp4").symlink_to("../secret.mp4")
    (folder / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    leaves = "leaves the media folder"
    assert _resolved(MediaLibrary([folder]), _post()) == [f"{KEY}.mp4: {leaves}"]
    (named, by_id) = _resolved(MediaLibrary([folder]), _post("link.mp4"))
    assert (named, by_id) == (f"link.mp4: {leaves}", f"{KEY}.mp4: {leaves}")
    assert _resolved(MediaLibrary([folder]), _post("a.mp4", stills=("link.mp4",))) == ["a.mp4"]


def _sparse(path: Path, head: bytes, size: int) -> MediaFile:
    path.write_bytes(head)
    os.truncate(path, size)
    return MediaFile(str(path.parent), path.name)


@pytest.mark.parametrize(
    ("name", "head", "size", "limit"),
    [
        ("a.mp4", MP4_HEAD, TOO_LARGE, MAX_VIDEO_BYTES),
        ("a.jpg", MP4_HEAD, TOO_LARGE, MAX_VIDEO_BYTES),
        ("a.mp4", HTML, MAX_PICTURE_BYTES + 1, MAX_PICTURE_BYTES),
        ("a.jpg", b"\xff\xd8\xff", TOO_LARGE, MAX_PICTURE_BYTES),
    ],
)
def test_the_bytes_of_a_file_choose_its_limit(
    name: str, head: bytes, size: int, limit: int, tmp_path: Path
) -> None:
    file = _sparse(tmp_path / name, head, size)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=f"{size:,} bytes are over the limit of {limit:,}"):
            identify(file)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_video_larger_than_pictures_may_be_is_hashed_in_pieces(tmp_path: Path) -> None:
    size = MAX_PICTURE_BYTES + 2**20
    file = _sparse(tmp_path / "a.mp4", MP4_HEAD, size)
    digest = hashlib.sha256(MP4_HEAD + bytes(size - len(MP4_HEAD))).hexdigest()
    tracemalloc.start()
    try:
        item = identify(file)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()
    assert (item.sha256, item.size) == (digest, size)


@pytest.mark.parametrize("content", [MP4_HEAD * 40, HTML * 40])
def test_a_member_that_declares_600_mib_is_refused_unread(content: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "media.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.mp4", content)
    written = struct.pack("<L", len(content))
    lying = archive.read_bytes().replace(written, struct.pack("<L", TOO_LARGE))
    archive.write_bytes(lying)
    with pytest.raises(DecodeError, match=r"a\.mp4: .* 629,145,600 bytes are over the limit of"):
        identify(MediaFile(str(archive), "a.mp4"))


def test_a_web_page_named_like_a_video_is_a_file_of_its_post(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(HTML)
    (file,) = MediaLibrary([tmp_path]).find(_post("a.mp4"))
    assert isinstance(file, MediaFile)
    assert identify(file).sha256 == hashlib.sha256(HTML).hexdigest()


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.mp4").write_bytes(MP4_HEAD)
    monkeypatch.setattr(Folder, "unpacked_bytes", lambda folder, path: 5)
    with pytest.raises(DecodeError, match="it grew while it was read"):
        identify(MediaFile(str(tmp_path), "a.mp4"))
