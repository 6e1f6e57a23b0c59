"""4CAT's list of downloads gives pictures to posts, in its archive or unpacked."""

import json
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from frametrace.posts.media import fourcat_downloads
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.open_source import read_source

LINK = "https://cdn.example.org/a.jpg"


def _library(tmp_path: Path, listed: object, *files: str) -> MediaLibrary:
    text = listed if isinstance(listed, str) else json.dumps(listed)
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr(".metadata.json", text)
        for name in files:
            archive.writestr(name, name)
    return MediaLibrary([tmp_path])


def _nobody(_: Collection[str]) -> Collection[tuple[str, str]]:
    return ()


def _found(library: MediaLibrary, *media: str, post_id: str = "1") -> list[tuple[str, str]]:
    post = Post("twitter", post_id, "a", media=media, source="posts.csv", line=7)
    found = [*library.find(post), *(row[-1] for row in library.resolve_guesses(lambda _: ()))]
    return [
        ("", item.path) if isinstance(item, MediaFile) else (item.item, item.reason)
        for item in found
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_the_sample_joins_its_pictures(packed: bool, fixtures: Path, tmp_path: Path) -> None:
    root = fixtures / "4cat" / "images"
    if packed:
        with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
            for path in root.iterdir():
                archive.write(path, path.name)
        root = tmp_path / "images.zip"
    library = MediaLibrary([root])
    found: dict[str, list[str]] = {}
    skipped: list[Skipped] = []
    rows = [
        (entry.post_id, item)
        for entry in read_source(fixtures / "4cat" / "posts.csv")
        for item in (library.find(entry) if isinstance(entry, Post) else ())
        if isinstance(entry, Post)
    ]
    for post_id, item in [
        *rows,
        *((key[1], item) for key, *_, item in library.resolve_guesses(_nobody)),
    ]:
        if isinstance(item, Skipped):
            skipped.append(item)
        else:
            assert Path(item.root) == root.resolve()
            found.setdefault(post_id[-2:], []).append(item.path)
    assert found == {"21": ["a.jpg", "b.png"], "22": ["a.jpg"], "24": ["c-0.jpg"]}
    assert [(item.line, item.item, item.reason) for item in skipped] == [
        (5, "https://cdn.example.org/failed.jpg", "not downloaded")
    ]
    assert list(library.unused_entries()) == []


def test_a_link_is_enough_and_so_is_a_post(tmp_path: Path) -> None:
    own = "1163000000000000021"
    listed = {LINK: {"filename": "a.jpg", "success": True, "post_ids": [own]}}
    library = _library(tmp_path, listed, "a.jpg")
    assert _found(library, post_id=own) == [("", "a.jpg")]
    assert _found(library, LINK, post_id="2") == [("", "a.jpg")]
    assert _found(library, f"{LINK}?x", post_id="2") == [(f"{LINK}?x", "not downloaded")]
    assert _found(library, f"{LINK}?x", post_id=own) == [
        (f"{LINK}?x", "not downloaded"),
        ("", "a.jpg"),
    ]
    assert _found(library, post_id="3") == []


@pytest.mark.parametrize(
    ("entry", "reported"),
    [
        ({"filename": "../../etc/passwd", "success": True}, "leaves the media folder"),
        ({"filename": "/etc/passwd", "success": True}, "leaves the media folder"),
        ({"filename": "absent.jpg", "success": True}, "is not in the media folders"),
        ({"filename": "a.jpg", "success": False}, "not downloaded"),
        ({"filename": "a.jpg", "success": "yes"}, "not downloaded"),
        ({"filename": ["a.jpg"], "success": True}, "not downloaded"),
        ({"files": ["a.jpg", {"filename": 1, "success": True}]}, "not downloaded"),
        *((odd, "not downloaded") for odd in (None, "a.jpg", 1, [], {})),
    ],
)
def test_an_odd_entry_gives_no_file(entry: Any, reported: str, tmp_path: Path) -> None:
    library = _library(tmp_path, {LINK: entry}, "a.jpg")
    assert _found(library, LINK) == [(LINK, reported)]


@pytest.mark.parametrize(
    "listed", ["", "[]", '"a"', "{", "[" * 100_000, '{"a": ' * 100_000, "\udcff", " " * 3000]
)
def test_a_list_that_cannot_be_read_is_reported_once(
    listed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fourcat_downloads, "_MAX_LIST", 1_000_000 if listed.strip() else 2000)
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / ".metadata.json").write_bytes(listed.encode("utf-8", "surrogateescape"))
    library = MediaLibrary([tmp_path])
    assert _found(library, LINK) == [(LINK, "not downloaded")]
    (reported,) = library.unused_entries()
    assert (reported.source, reported.line, reported.item) == (tmp_path.name, 0, ".metadata.json")
    assert reported.reason.startswith("the list of downloads can't be read: ")


def test_what_telegram_left_out_was_not_downloaded(tmp_path: Path) -> None:
    named = "(File not included. Change data exporting settings to download.)"
    assert _found(MediaLibrary([tmp_path]), named) == [(named, "not downloaded")]
