"""Exports in the layout of their tools, with their pictures, as folders and as archives."""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from making import jpeg, photo

from frametrace.case.ingest import Added, add_sources
from frametrace.case.store import Case
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import Post
from frametrace.posts.open_source import open_source

SMALL = jpeg(photo(1, 64, 64))


@dataclass(frozen=True)
class Export:
    """An export of the samples: where its files' paths are relative to, and its pictures."""

    fixture: str
    root: str
    pictures: int


EXPORTS = {
    "x": Export("x-personal-archive/real", "data", 4),
    "facebook": Export("facebook-export/export", "", 8),
    "instagram": Export("instagram-export/export", "", 6),
    "instagram until 2020": Export("instagram-export/until-2020", "", 1),
    "telegram": Export("telegram-desktop", "", 3),
    "gallery-dl": Export("gallery-dl/real", "", 4),
    "instaloader": Export("instaloader/real", "", 7),
    "yt-dlp": Export("yt-dlp/real", "", 2),
}


def _named(export: Path) -> set[str]:
    posts = (entry for entry in open_source(export).entries() if isinstance(entry, Post))
    names = {name for post in posts for name in (*post.media, *post.stills)}
    return {name for name in names if "://" not in name and not name.startswith("(File")}


@pytest.fixture(params=EXPORTS)
def laid_out(request: pytest.FixtureRequest, tmp_path: Path, fixtures: Path) -> tuple[Path, int]:
    """A copy of an export with a picture in each place that its posts name."""
    export = EXPORTS[request.param]
    folder = tmp_path / "export"
    shutil.copytree(fixtures / export.fixture, folder)
    for number, name in enumerate(sorted(_named(folder))):
        path = folder / export.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SMALL + str(number).encode())
    return folder, export.pictures


def _packed(folder: Path) -> Path:
    path = folder.with_name("packed.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def _in_a_folder(folder: Path) -> Path:
    shutil.move(folder, folder.with_name("above") / "takeout" / "export")
    return folder.with_name("above")


def _same(folder: Path) -> Path:
    return folder


def _added(folder: Path, source: Path) -> tuple[Case, Added]:
    case = Case.create(folder / "case")
    return case, add_sources(case, [source], library=MediaLibrary([]))


@pytest.mark.parametrize("pack", [_same, _in_a_folder, _packed])
def test_every_picture_that_an_export_names_is_its_posts(
    laid_out: tuple[Path, int], tmp_path: Path, pack: Callable[[Path], Path]
) -> None:
    folder, pictures = laid_out
    assert len(_named(folder)) == pictures
    case, added = _added(tmp_path, pack(folder))
    assert (added.media, added.by_name) == (pictures, 0)
    assert added.by_row >= pictures
    reasons = {row["reason"] for row in case.read("skipped").to_pylist()}
    assert not any("is not in the media folders" in reason for reason in reasons)


def test_documents_beside_pictures_are_one_post_with_all_of_these(
    tmp_path: Path, fixtures: Path
) -> None:
    record = json.loads(
        (fixtures / "gallery-dl/real/1163000000000000001_1.jpg.json").read_text("utf-8")
    )
    folder = tmp_path / "twitter" / "lin"
    folder.mkdir(parents=True)
    for number in range(150):
        post_id = 1163000000000000001 + number
        for at in (1, 2):
            values = {"tweet_id": post_id, "num": at, "content": f"post {number}"}
            name = f"{post_id}_{at}.jpg"
            (folder / f"{name}.json").write_text(json.dumps(record | values), "utf-8")
            (folder / name).write_bytes(SMALL + f"{number} {at}".encode())
    for source in (tmp_path / "twitter", _packed(tmp_path / "twitter")):
        case, added = _added(source.with_name(f"for {source.name}"), source)
        assert (added.rows, added.posts, added.media, added.skipped) == (300, 150, 300, 0)
        assert (added.by_row, added.unowned) == (300, 0)
        links = case.read("post_media").to_pylist()
        assert len(links) == 300
        assert all(link["path"].endswith(".jpg") for link in links)
        assert {link["path"].rpartition("/")[2].partition("_")[0] for link in links} == {
            link["post_id"] for link in links
        }
        assert add_sources(case, [source], library=MediaLibrary([])) == Added(known=150)
