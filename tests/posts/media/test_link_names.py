"""Files named like the last part of a link are matched only where that is certain."""

from pathlib import Path

import pytest

from frametrace.posts.media.link_names import name_in_link, stem_of
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped

LINK = "https://pbs.example.org/media/FaaBBccXwAA1"


def _media(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"\xff\xd8\xff\xe0" + name.encode())
    return folder


def _joined(library: MediaLibrary, *posts: Post) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {post.post_id: [] for post in posts}
    for post in posts:
        for item in library.find(post):
            found[post.post_id].append(item.path if isinstance(item, MediaFile) else "-")
    for (_, post_id), _, _, item in library.resolve_guesses(lambda _: ()):
        found[post_id].append(item.path if isinstance(item, MediaFile) else f"- {item.reason}")
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("FaaBBccXwAA1.jpg", "FaaBBccXwAA1", "FaaBBccXwAA1.jpg_large", "FaaBBccXwAA1.image"),
        *("FaaBBccXwAA1?format=jpg&name=large", "FaaBBccXwAA1.jpg?format=jpg", "FaaBBccXwAA1.webp"),
    ],
)
@pytest.mark.parametrize("ends", [".jpg", "?format=jpg&name=large", ".jpg:large", ""])
def test_a_file_is_found_by_its_link_however_a_downloader_spelled_it(
    name: str, ends: str, tmp_path: Path
) -> None:
    library = MediaLibrary([_media(tmp_path / "m", name)])
    assert _joined(library, Post("x", "9", "a", media=(LINK + ends,))) == {"9": [name]}


def test_posts_with_one_link_have_one_picture(tmp_path: Path) -> None:
    library = MediaLibrary([_media(tmp_path / "m", "FaaBBccXwAA1.jpg")])
    posts = [Post("x", str(n), "a", media=(f"{LINK}.jpg",)) for n in range(2)]
    assert _joined(library, *posts) == {"0": ["FaaBBccXwAA1.jpg"], "1": ["FaaBBccXwAA1.jpg"]}


def test_two_links_or_two_files_of_one_name_are_given_to_no_post_and_reported(
    tmp_path: Path,
) -> None:
    other = "https://elsewhere.example.org/u/FaaBBccXwAA1.png"
    library = MediaLibrary([_media(tmp_path / "m", "FaaBBccXwAA1.jpg")])
    posts = [Post("x", "1", "a", media=(LINK,)), Post("x", "2", "b", media=(other,))]
    for reasons in _joined(library, *posts).values():
        assert "several links have its name" in reasons[0]
    library = MediaLibrary([_media(tmp_path / "n", "FaaBBccXwAA1.jpg", "FaaBBccXwAA1.png")])
    assert "2 files have its name" in _joined(library, posts[0])["1"][0]


@pytest.mark.parametrize(
    "link",
    [
        *("https://a.example/image.jpg", "https://a.example/photo_1.jpg", "https://a.example/"),
        *("https://a.example/download", "https://[", "https://a.example/1234567.jpg"),
    ],
)
def test_a_name_that_anybody_may_use_is_not_evidence(link: str, tmp_path: Path) -> None:
    assert name_in_link(link) == ""
    names = ("image.jpg", "photo_1.jpg", "download", "1234567.jpg")
    library = MediaLibrary([_media(tmp_path / "m", *names)])
    (reported,) = library.find(Post("x", "9", "a", media=(link,)))
    assert isinstance(reported, Skipped)


def test_what_a_row_names_is_not_other_posts_guess(tmp_path: Path) -> None:
    library = MediaLibrary([_media(tmp_path / "m", "123456789012_a.jpg")])
    linked = Post("x", "9", "a", media=("https://c.example/123456789012_a.jpg",))
    named = Post("x", "123456789012", "b")
    assert _joined(library, linked, named) == {"9": ["123456789012_a.jpg"], "123456789012": []}


def test_suffixes_are_short_and_names_may_hold_dots() -> None:
    assert stem_of("a/b.c.jpg") == "b.c"
    assert stem_of("version.1234567890123") == "version.1234567890123"
