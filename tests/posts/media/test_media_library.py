"""Finding the pictures of a post: the three rules, their order, and the spelling of names."""

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from frametrace.posts.errors import SourceError
from frametrace.posts.media.identify_picture import identify
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.open_source import read_source
from frametrace.posts.sources.containers import Folder, SourceLocation

KEY = "1163000000000000001"
ABSENT = "is not in the media folders; --media FOLDER names the one that holds it"


def _put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode("utf-8", "surrogateescape"))
    return root


def _archive(path: Path, *members: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, member)
    return path


def _post(*media: str, post_id: str = KEY) -> Post:
    return Post("twitter", post_id, "a", media=media, source="posts.csv", line=7)


def _found(
    library: MediaLibrary, post: Post, base: Path | None = None
) -> list[MediaFile | Skipped]:
    """What a post gets where there is no other."""
    return [
        *library.find(post, base and SourceLocation(Folder(base))),
        *(row[-1] for row in library.resolve_guesses(lambda _: ())),
    ]


def _paths(library: MediaLibrary, post: Post, base: Path | None = None) -> list[str]:
    return [found.path for found in _found(library, post, base) if isinstance(found, MediaFile)]


def _reasons(library: MediaLibrary, post: Post, base: Path | None = None) -> list[str]:
    return [found.reason for found in _found(library, post, base) if isinstance(found, Skipped)]


def test_the_sample_map_joins_files_as_expected(fixtures: Path) -> None:
    folder = fixtures / "media-map"
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    library = MediaLibrary([folder / "pictures"], [folder / "map.csv"])
    posts = [entry for entry in read_source(folder / "posts.csv") if isinstance(entry, Post)]
    found = {
        f"{post.platform}/{post.post_id}": list(library.find(post, SourceLocation(Folder(folder))))
        for post in posts
    }
    for (platform, post_id), _, _, item in library.resolve_guesses(lambda _: ()):
        found[f"{platform}/{post_id}"].append(item)
    files = {
        key: [(Path(item.root) / item.path) for item in items if isinstance(item, MediaFile)]
        for key, items in found.items()
    }
    assert {
        key: [path.relative_to(folder.resolve()).as_posix() for path in paths]
        for key, paths in files.items()
    } == expected["files"]
    skipped = [item for items in found.values() for item in items if isinstance(item, Skipped)]
    skipped.extend(library.unused_entries())
    reported: list[dict[str, Any]] = [
        {"line": s.line, "item": s.item, "reason": s.reason} for s in skipped
    ]
    assert sorted(reported, key=lambda row: row["line"]) == expected["skipped"]
    assert {entry.source for entry in skipped} == {"map.csv"}


def test_a_map_comes_before_the_row_and_the_row_before_the_name(tmp_path: Path) -> None:
    root = _put(tmp_path / "media", "mapped.jpg", f"{KEY}-named.jpg", "in-row.jpg")
    (tmp_path / "map.csv").write_text(f"post_id,path\n{KEY},mapped.jpg\n")
    post = _post("in-row.jpg")
    left = ["mapped.jpg", "in-row.jpg", f"{KEY}-named.jpg"]
    while left:
        assert _paths(MediaLibrary([root], [tmp_path / "map.csv"]), post) == left[:1]
        (root / left.pop(0)).unlink()
    library = MediaLibrary([root], [tmp_path / "map.csv"])
    assert _reasons(library, post) == [
        "the media map names a file that is not in the media folders",
        ABSENT,
    ]


@pytest.mark.parametrize("place", ["acc=/images/{}", "{}", "deep/er/still/{}"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_names_its_files_by_the_post(place: str, packed: bool, tmp_path: Path) -> None:
    hashed = "Vf3bA0kq9Zc2+TnWm7xYhUo5Ls1PdRg8EiJt4-NvKwQ="
    names = [f"{KEY}-aBc_1.jpg", f"{KEY}-xYz.PNG", f"{KEY}.gif", f"{KEY}0-a.jpg", f"{KEY}-v.mp4"]
    names += [f"x{KEY}-a.jpg", f"{KEY}_a.jpg", f"{hashed}-k.jpg", f"._{KEY}-aBc_1.jpg"]
    members = [place.format(name) for name in names]
    if packed:
        inner = "hk_tweet_media_hashed/part_1.zip"
        _archive(tmp_path / "media" / inner, *members)
        roots = [tmp_path / "media", tmp_path / "media" / inner]
        _archive(tmp_path / "alone.zip", *members)
        roots.append(tmp_path / "alone.zip")
    else:
        roots = [_put(tmp_path / "media", *members)]
    for root in roots:
        library = MediaLibrary([root])
        own = [f"{KEY}.gif", *(f"{KEY}{rest}" for rest in ("-aBc_1.jpg", "-v.mp4", "-xYz.PNG"))]
        own.append(f"{KEY}_a.jpg")
        assert _paths(library, _post()) == [place.format(name) for name in own]
        assert _paths(library, _post(post_id=hashed)) == [place.format(f"{hashed}-k.jpg")]
        assert _paths(library, _post(post_id="116")) == []
        found = next(item for item in _found(library, _post()) if isinstance(item, MediaFile))
        assert Path(found.root).is_absolute()
        assert identify(found, 1000).sha256 == hashlib.sha256(found.path.encode()).hexdigest()


def test_a_file_under_two_roots_is_found_once(tmp_path: Path) -> None:
    root = _put(tmp_path / "media", f"part/{KEY}-a.jpg")
    _archive(root / "part" / "more.zip", f"{KEY}-b.jpg")
    library = MediaLibrary([root, root / "part", root, root / "part" / "more.zip"])
    found = [
        Path(item.root) / item.path
        for item in _found(library, _post())
        if isinstance(item, MediaFile)
    ]
    assert found == [root / "part" / f"{KEY}-a.jpg", root / "part" / "more.zip" / f"{KEY}-b.jpg"]


def test_paths_in_a_row_start_from_its_source_and_then_from_the_roots(tmp_path: Path) -> None:
    base = _put(tmp_path / "case", "images/a.jpg")
    root = _put(tmp_path / "media", "images/a.jpg", "images/b.jpg")
    packed = _archive(tmp_path / "more.zip", "images/c.jpg")
    library = MediaLibrary([root, packed])
    post = _post("./images//a.jpg", "images/b.jpg", "images/c.jpg", "images/a.jpg")
    assert list(library.find(post, base and SourceLocation(Folder(base)))) == [
        MediaFile(str(base), "images/a.jpg"),
        MediaFile(str(root), "images/b.jpg"),
        MediaFile(str(packed), "images/c.jpg"),
    ]


def test_what_a_row_names_without_a_file_is_reported_with_its_line(tmp_path: Path) -> None:
    url = "https://example.org/media/a.jpg"
    sha256 = "0" * 64
    named = [url, "absent.jpg", sha256, "x" * 300 + ".jpg", "found.jpg"]
    library = MediaLibrary([_put(tmp_path / "media", "found.jpg")])
    reasons = ["not downloaded", ABSENT, "no media file has this SHA-256 as its name", ABSENT]
    assert list(library.find(_post(*named))) == [
        *(
            Skipped("posts.csv", 7, item, reason)
            for item, reason in zip(named, reasons, strict=False)
        ),
        MediaFile(str(tmp_path / "media"), "found.jpg"),
    ]
    assert list(library.find(_post())) == []


@pytest.mark.parametrize("packed", [False, True])
def test_spelling_does_not_matter_between_a_row_and_its_file(packed: bool, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"picture").hexdigest()
    names = ["folder/a b.jpg", f"{sha256}.jpg", f"{'AB' * 32}.png"]
    names += [f"nfd/{normalize('NFD', 'café')}.jpg", f"nfc/{normalize('NFC', '갤러리é')}.jpg"]
    root = _archive(tmp_path / "m.zip", *names) if packed else _put(tmp_path / "media", *names)
    library = MediaLibrary([root])
    spelled = ["folder\\a b.jpg", sha256.upper(), "ab" * 32]
    spelled += [normalize("NFC", names[3]), normalize("NFD", names[4])]
    for name, other in zip(names, spelled, strict=True):
        assert _paths(library, _post(other)) == [name]
        assert _paths(library, _post(other), tmp_path) == [name]


def test_names_that_are_not_utf8_are_left_alone_and_reported(tmp_path: Path) -> None:
    strange = os.fsdecode(b"caf\xe9")
    root = _put(tmp_path / "media", f"{KEY}-{strange}.jpg", f"{strange}/{'a' * 64}.jpg", "b.jpg")
    _archive(root / f"{strange}.zip", f"{KEY}-a.jpg")
    library = MediaLibrary([root])
    reason = "its name is not valid UTF-8; rename it"
    assert _reasons(library, _post("a" * 64)) == [reason, reason]
    assert _paths(library, _post("a" * 64, "b.jpg")) == ["b.jpg"]
    assert [(left.item, left.reason) for left in library.unused_entries()] == [
        ("caf\\udce9.zip", reason)
    ]
    with pytest.raises(SourceError, match="its name is not valid UTF-8"):
        MediaLibrary([root / strange])


def test_archives_that_are_of_no_use_are_reported_once(tmp_path: Path) -> None:
    root = _put(tmp_path / "media", "broken.zip", f"{KEY}-a.jpg")
    outside = _archive(tmp_path / "outside.zip", f"{KEY}-secret.jpg")
    (root / "link.zip").symlink_to(outside)
    nesting = _archive(root / "nesting.zip", "inner.zip", f"{KEY}-b.jpg")
    library = MediaLibrary([root])
    for _ in range(2):
        assert _paths(library, _post()) == [f"{KEY}-a.jpg", f"{KEY}-b.jpg"]
    reported = {left.item: left.reason for left in library.unused_entries()}
    assert reported.pop("broken.zip").startswith("broken.zip: the archive can't be opened: ")
    assert reported == {"link.zip": "leaves the media folder"}
    alone = MediaLibrary([nesting])
    assert _paths(alone, _post()) == [f"{KEY}-b.jpg"]
    assert [(left.source, left.item) for left in alone.unused_entries()] == [
        ("nesting.zip", "inner.zip")
    ]


def test_a_root_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    _put(tmp_path, "notes.txt", "cut.zip")
    for name in ("notes.txt", "cut.zip"):
        with pytest.raises(SourceError, match=f"{name}: the archive can't be opened"):
            MediaLibrary([tmp_path / name])
    with pytest.raises(SourceError, match="there is no such media folder or archive"):
        MediaLibrary([tmp_path / "absent"])
