"""No picture on the wrong post: in doubt no post gets it, and each possible post has a report."""

import json
from collections.abc import Collection
from pathlib import Path

import pytest

from frametrace.posts.media.guesses_by_file_name import is_named_after
from frametrace.posts.media.link_names import name_in_link
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.open_source import open_source
from frametrace.posts.sources.containers import Folder, SourceLocation

Key = tuple[str, str]
HEADER = "platform,post_id,account_id,text,media\n"
ABSENT = "is not in the media folders; --media FOLDER names the one that holds it"


def _put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"\xff\xd8\xff" + f"{root.name}/{path}".encode())
    return root


def _source(root: Path, rows: str, *pictures: str) -> Path:
    _put(root, *pictures)
    root.mkdir(exist_ok=True)
    (root / "posts.csv").write_text(HEADER + rows)
    return root


def _post(post_id: str, *media: str, platform: str = "x", links: tuple[str, ...] = ()) -> Post:
    return Post(platform, post_id, "a", media=media, links=links, source="posts.csv", line=2)


def _given(
    library: MediaLibrary,
    *posts: Post | tuple[Post, SourceLocation],
    known: Collection[Key] = (),
) -> tuple[dict[str, list[str]], list[str]]:
    """The pictures of each post by its id, as folder and path, and what is reported."""
    files: dict[str, list[str]] = {}
    reported: list[str] = []

    def take(post_id: str, item: MediaFile | Skipped) -> None:
        if isinstance(item, MediaFile):
            files.setdefault(post_id, []).append(f"{Path(item.root).name}/{item.path}")
        else:
            reported.append(item.reason)

    for each in posts:
        post, base = each if isinstance(each, tuple) else (each, None)
        for item in library.find(post, base):
            take(post.post_id, item)
    for (_, post_id), _, _, found in library.resolve_guesses(
        lambda ids: [key for key in known if key[1] in ids]
    ):
        take(post_id, found)
    return files, reported


def _read(*paths: Path, media: Collection[Path] = ()) -> tuple[dict[str, list[str]], list[str]]:
    """The same of sources, as they are added together."""
    opened = [open_source(path) for path in paths]
    library = MediaLibrary(list(media))
    library.add_sources(*(found.path for found in opened if found.holds_media))
    posts = [
        (entry, base)
        for found in opened
        for base, entries in found.readings()
        for entry in entries
        if isinstance(entry, Post)
    ]
    return _given(library, *posts)


# Two sources with the same paths inside


def test_a_picture_that_is_missing_in_one_export_is_not_taken_from_another(tmp_path: Path) -> None:
    name = "photos/photo_1.jpg"
    first = _source(tmp_path / "first", f"t,1,a,one,{name}\n", "photos/photo_2.jpg")
    second = _source(tmp_path / "second", f"t,2,a,two,{name}\n", name)
    for order in ((first, second), (second, first)):
        files, reported = _read(*order)
        assert files == {"2": [f"second/{name}"]}
        assert reported == ["is not in its own folder; in second it belongs to another post"]


def test_one_export_in_several_parts_finds_its_pictures(tmp_path: Path) -> None:
    names = "media/a.jpg", "media/b.jpg"
    first = _source(tmp_path / "first", "f,1,a,one,media/a.jpg\nf,2,a,two,media/b.jpg\n")
    second = _source(tmp_path / "second", "f,3,a,three,\n", *names)
    _put(first, "c.jpg")
    files, reported = _read(first, second)
    assert files == {"1": ["second/media/a.jpg"], "2": ["second/media/b.jpg"]}
    assert reported == []


def test_a_picture_that_two_exports_lack_is_given_to_no_post(tmp_path: Path) -> None:
    first = _source(tmp_path / "first", "t,1,a,one,p/photo_1.jpg\n", "x.jpg")
    second = _source(tmp_path / "second", "t,2,a,two,p/photo_1.jpg\n", "x.jpg")
    third = _source(tmp_path / "third", "t,3,a,three,\n", "p/photo_1.jpg")
    files, reported = _read(first, second, third)
    assert files == {}
    assert (
        reported == ["is not in its own folder; posts of several sources name the one in third"] * 2
    )
    fourth = _source(tmp_path / "fourth", "t,4,a,four,\n", "p/photo_1.jpg")
    files, reported = _read(first, third, fourth)
    assert (files, reported) == ({}, ["is in several folders: fourth, third"])


def test_of_two_media_folders_with_one_path_none_is_taken(tmp_path: Path) -> None:
    roots = [_put(tmp_path / name, "a.jpg", "b.jpg") for name in ("one", "two")]
    (roots[1] / "b.jpg").write_bytes((roots[0] / "b.jpg").read_bytes())
    (tmp_path / "map.csv").write_text("post_id,path\n3,a.jpg\n")
    library = MediaLibrary(roots, [tmp_path / "map.csv"])
    files, reported = _given(library, _post("1", "a.jpg"), _post("2", "b.jpg"), _post("3"))
    assert files == {"2": ["one/b.jpg"]}
    reason = "is in several folders: one, two"
    assert reported == [reason, f"the media map names a file that {reason}"]
    # Its own folder comes before all.
    base = SourceLocation(Folder(roots[1]))
    assert _given(library, (_post("1", "a.jpg"), base)) == ({"1": ["two/a.jpg"]}, [])


def test_a_picture_of_a_table_above_is_not_that_of_a_table_below(tmp_path: Path) -> None:
    rows = "x,1,a,one,img/1.jpg\nx,2,a,two,below/img/2.jpg\nx,3,a,three,img/3.jpg\n"
    below = _source(tmp_path / "export" / "below", rows, "img/2.jpg", "img/3.jpg")
    _put(below.parent, "img/1.jpg")
    assert _read(below.parent)[0] == {
        "1": ["export/img/1.jpg"],
        "2": ["export/below/img/2.jpg"],
        "3": ["export/below/img/3.jpg"],
    }
    _source(below.parent, "x,4,a,four,img/1.jpg\n")
    files, reported = _read(below.parent)
    assert files == {
        "2": ["export/below/img/2.jpg"],
        "3": ["export/below/img/3.jpg"],
        "4": ["export/img/1.jpg"],
    }
    assert reported == [ABSENT]


# Names that begin with a short id


def test_a_short_id_names_no_file_of_another_source(tmp_path: Path) -> None:
    first = _source(tmp_path / "first", "x,1,a,one,\nx,163000000000000001,a,long,\n")
    (tmp_path / "alone.csv").write_text(HEADER + "x,4,a,one,\nx,163000000000000002,a,long,\n")
    _put(first, "1.jpg", "4.jpg", "163000000000000001.jpg", "163000000000000002.jpg")
    files, reported = _read(first, tmp_path / "alone.csv")
    assert files == {
        "1": ["first/1.jpg"],
        "163000000000000001": ["first/163000000000000001.jpg"],
        "163000000000000002": ["first/163000000000000002.jpg"],
    }
    assert reported == []
    files, _ = _read(first, tmp_path / "alone.csv", media=[first])
    assert files["4"] == ["first/4.jpg"]


@pytest.mark.parametrize(
    ("name", "post_id", "named"),
    [
        ("2019-08-19.jpg", "2019", False),
        ("2019-08-19 14.03.22.jpg", "2019-08-19", True),
        ("19.08.2019.jpg", "19", False),
        ("19-8-2019_a.jpg", "19-8", False),
        ("2019_08_19_14_03.jpg", "2019_08", False),
        ("2019-1.jpg", "2019", True),
        ("2019-08-19-a.jpg", "2019-08-19-a", True),
        ("12-1.2.jpg", "12", True),
    ],
)
def test_the_year_of_a_date_is_not_an_id(name: str, post_id: str, named: bool) -> None:
    assert is_named_after(name, post_id) == named


def test_a_name_with_the_ids_of_two_posts_is_given_to_no_post(tmp_path: Path) -> None:
    one, two = "1690773347334800001", "1690773347334800002"
    root = _put(tmp_path / "media", f"lin_{one}_{two}.jpg")
    files, reported = _given(MediaLibrary([root]), _post(one), _post(two))
    assert files == {}
    assert len(reported) == 2


def test_dates_and_phone_numbers_are_not_ids(tmp_path: Path) -> None:
    names = "IMG_20190819140322.jpg", "a_4915112345678.jpg", "IMG-20190819-WA0001.jpg"
    root = _put(tmp_path / "media", *names)
    posts = [_post(each) for each in ("20190819140322", "4915112345678", "20190819", "0001")]
    assert _given(MediaLibrary([root]), *posts) == ({}, [])


# Names of links


@pytest.mark.parametrize(
    "name",
    [
        *("IMG_0001", "DSC_00012", "IMG_20190819_140322", "IMG20190819140322", "image001"),
        *("Screenshot_20190819-140322", "WhatsApp-Image-2019-08-19-at-14.03.22", "photo-1024x768"),
        *(
            "default_profile_400x400",
            "1200x630",
            "banner-2024",
            "20190819_140322",
            "page-001-small",
        ),
        *("PXL_20230101_123456789", "signal-2023-01-01-123456", "photo_2019-08-19_14-03-22"),
        *("VID-20190819-WA0001", "received_1234567", "20190819140322123", "IMG-20190819-WA0001"),
        *(
            "FB_IMG_1566223402",
            "2019-08-19",
            "InstaSave2019",
            "header1-2x",
            "hqdefault_2",
            "avatar12",
        ),
    ],
)
def test_names_that_cameras_and_sites_give_again_are_not_evidence(name: str) -> None:
    assert name_in_link(f"https://a.example/{name}.jpg") == ""


@pytest.mark.parametrize(
    "name",
    [
        *("FaaBBccXwAA1", "EKFzqVbXUAEt4Jk", "69123456_10157890123456789_1234567890123456789_n"),
        *("123456789_18012345678901234_5555555555_n", "9f86d081884c7d659a2feaa0c55ad015"),
        *("550e8400-e29b-41d4-a716-446655440000", "k3j4h5k6j7a1", "FB_IMG_1566223402123"),
        *("007Wd3sBgy1h0a1b2c3d4j30u00u0abc", "1566223402123", "bafkreib3y2h6qk5jx4n7"),
    ],
)
def test_names_that_servers_make_are(name: str) -> None:
    assert name_in_link(f"https://a.example/x/{name}.jpg?token=1") == name


def test_links_that_differ_behind_the_question_mark_are_different_pictures(tmp_path: Path) -> None:
    name = "k3j4h5k6j7a1"
    library = MediaLibrary([_put(tmp_path / "m", f"{name}.jpg")])
    link = f"https://a.example/render/{name}"
    files, reported = _given(library, _post("1", f"{link}?page=1"), _post("2", f"{link}?page=2"))
    assert (files, reported) == ({}, ["not downloaded"] * 2)
    shown = f"https://a.example/{name}.jpg"
    files, _ = _given(library, _post("1", f"{shown}?oh=1"), _post("2", f"{shown}?oh=2"))
    assert files == {"1": [f"m/{name}.jpg"], "2": [f"m/{name}.jpg"]}


# Lists of downloads

LINK = "https://cdn.example.org/a.jpg"


def _listed(root: Path, *post_ids: str, link: str = LINK, name: str = "a.jpg") -> Path:
    path = root / ".metadata.json"
    root.mkdir(exist_ok=True)
    before = json.loads(path.read_text()) if path.exists() else {}
    entry = {"filename": name, "success": True, "post_ids": list(post_ids)}
    path.write_text(json.dumps({**before, link: entry}))
    return _put(root, name)


def test_a_list_gives_a_picture_to_posts_that_name_its_link(tmp_path: Path) -> None:
    library = MediaLibrary([_listed(tmp_path / "m", "1", "2", "3")])
    said = Post("x", "3", "a", text=f"look: {LINK}", extra={"image": "b"})
    files, reported = _given(library, _post("1", LINK), _post("2", links=(LINK,)), said)
    assert files == {"1": ["m/a.jpg"], "2": ["m/a.jpg"], "3": ["m/a.jpg"]}
    assert reported == []


def test_a_list_is_not_that_of_another_platform(tmp_path: Path) -> None:
    root = _listed(tmp_path / "m", "1", "2")
    _listed(root, "3", link=LINK + "?3", name="b.jpg")
    # The post 1 of x names a link of the list: the list is of x, and the post 2 of y isn't meant.
    posts = _post("1", LINK, platform="x"), _post("2", platform="y"), _post("3", platform="x")
    for order in (posts, posts[::-1]):
        files, reported = _given(MediaLibrary([root]), *order)
        assert files == {"1": ["m/a.jpg"], "3": ["m/b.jpg"]}
        assert reported == [
            "4CAT lists it for a post of x with this id; the row doesn't name its link"
        ]


def test_a_list_that_may_be_of_two_platforms_gives_nothing_by_ids(tmp_path: Path) -> None:
    root = _listed(tmp_path / "m", "1", "2")
    files, reported = _given(MediaLibrary([root]), _post("1"), _post("2", platform="y"))
    assert files == {}
    assert reported == ["4CAT lists it for a post with this id, which may be one of x or of y"] * 2
    files, reported = _given(MediaLibrary([root]), _post("1"), known=[("y", "1")])
    assert (files, len(reported)) == ({}, 1)
    assert _given(MediaLibrary([root]), _post("1")) == ({"1": ["m/a.jpg"]}, [])


# Media maps


def test_a_map_without_platforms_is_reported_where_two_posts_have_one_id(tmp_path: Path) -> None:
    root = _put(tmp_path / "m", "a.jpg", "b.jpg", "c.jpg")
    (tmp_path / "map.csv").write_text("platform,post_id,path\n,7,a.jpg\nz,7,b.jpg\n,8,c.jpg\n")
    library = MediaLibrary([root], [tmp_path / "map.csv"])
    _given(library, _post("7", platform="z"), _post("7", platform="y"), _post("8"))
    assert [(reported.line, reported.reason) for reported in library.unused_entries()] == [
        (
            2,
            "the media map doesn't say whether it means the post 7 of y and z; both have the file "
            "now: add the platform to the map",
        )
    ]
