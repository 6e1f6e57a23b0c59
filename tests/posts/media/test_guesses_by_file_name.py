"""Guesses by file names alone: never another post's file, never one of two possible posts'."""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.media.guesses_by_file_name import is_named_after
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.sources.containers import Folder, SourceLocation

Key = tuple[str, str]


def library_of(root: Path, *names: str) -> MediaLibrary:
    root.mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return MediaLibrary([root])


def post(post_id: str, *media: str, platform: str = "x") -> Post:
    return Post(platform, post_id, "a", media=media, source="posts.csv", line=2)


def given_to(
    library: MediaLibrary, *posts: Post, known: Collection[Key] = ()
) -> tuple[dict[Key, list[str]], list[Skipped]]:
    """The pictures of each post, and what is reported."""
    files: dict[Key, list[str]] = {(one.platform, one.post_id): [] for one in posts}
    reported: list[Skipped] = []

    def take(key: Key, item: MediaFile | Skipped) -> None:
        if isinstance(item, MediaFile):
            files[key].append(item.path)
        else:
            reported.append(item)

    def held(ids: Collection[str]) -> Iterator[Key]:
        return (key for key in known if key[1] in ids)

    for one in posts:
        for item in library.find(one):
            take((one.platform, one.post_id), item)
    for key, source, line, item in library.resolve_guesses(lambda ids: list(held(ids))):
        assert (source, line) == ("posts.csv", 2)
        take(key, item)
    return files, reported


def test_what_a_row_names_beats_every_guess(tmp_path: Path) -> None:
    library = library_of(tmp_path, "1.jpg", "2.jpg")
    files, reported = given_to(library, post("1", "2.jpg"), post("2", "1.jpg"))
    assert files == {("x", "1"): ["2.jpg"], ("x", "2"): ["1.jpg"]}
    assert reported == []


def test_a_file_that_a_row_names_is_not_guessed_for_another(tmp_path: Path) -> None:
    library = library_of(tmp_path, "7-a.jpg", "7-b.jpg")
    files, _ = given_to(library, post("7"), post("8", "7-a.jpg"))
    assert files == {("x", "7"): ["7-b.jpg"], ("x", "8"): ["7-a.jpg"]}


def test_a_file_is_that_of_the_longest_id_that_its_name_begins_with(tmp_path: Path) -> None:
    library = library_of(tmp_path, "harbour.jpg", "harbour-news-4.jpg", "harbour-5.jpg")
    files, reported = given_to(library, post("harbour"), post("harbour-news-4"))
    assert files[("x", "harbour")] == ["harbour.jpg", "harbour-5.jpg"]
    assert files[("x", "harbour-news-4")] == ["harbour-news-4.jpg"]
    assert reported == []
    # A post that has pictures of its own, or that the case holds, keeps others from its files too.
    for others, known in (((post("harbour-5", "harbour.jpg"),), ()), ((), (("x", "harbour-5"),))):
        files, _ = given_to(library, post("harbour"), *others, known=known)
        assert "harbour-5.jpg" not in files[("x", "harbour")]


def test_of_two_platforms_with_one_id_neither_gets_the_file_and_both_are_reported(
    tmp_path: Path,
) -> None:
    library = library_of(tmp_path, "1.jpg")
    files, reported = given_to(library, post("1"), post("1", platform="y"))
    assert list(files.values()) == [[], []]
    assert [one.item for one in reported] == ["1.jpg", "1.jpg"]
    assert "id of y/1 as well" in reported[0].reason
    assert "id of x/1 as well" in reported[1].reason
    files, reported = given_to(library, post("1"), known=[("y", "1")])
    assert (files, len(reported)) == ({("x", "1"): []}, 1)


def test_what_a_row_names_without_a_file_is_reported_only_where_no_file_is_found(
    tmp_path: Path,
) -> None:
    library = library_of(tmp_path, "1_1.jpg", "2.jpg")
    link = "https://example.org/a.jpg"
    files, reported = given_to(library, post("1", link), post("3", link))
    assert files == {("x", "1"): ["1_1.jpg"], ("x", "3"): []}
    assert [(one.item, one.reason) for one in reported] == [(link, "not downloaded")]


def test_what_belongs_to_no_post_is_known_and_how_the_others_were_joined(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("post_id,path\n3,media/c.jpg\n")
    library_of(tmp_path / "media", "1.jpg", "b.jpg", "c.jpg", "d.jpg")
    library = MediaLibrary([tmp_path / "media"], [tmp_path / "map.csv"])
    base = tmp_path  # the row's path leads to a file that the media folder holds as well
    for one in (post("1"), post("2", "media/b.jpg"), post("3")):
        list(library.find(one, SourceLocation(Folder(base))))
    list(library.resolve_guesses(lambda _: ()))
    assert library.counts_by_rule == {"map": 1, "row": 1, "name": 1}
    assert [file.path for file in library.unassigned()] == ["d.jpg"]


@pytest.mark.parametrize(
    ("name", "post_id", "named"),
    [
        ("12.jpg", "12", True),
        ("12-a.jpg", "12", True),
        ("12_a.jpg", "12", True),
        ("12 (1).jpg", "12", True),
        ("123.jpg", "12", False),
        ("12a.jpg", "12", False),
        ("x12.jpg", "12", False),
        ("deep/12.jpg", "12", True),
        ("12/x.jpg", "12", False),
    ],
)
def test_a_name_goes_on_with_a_sign_after_the_id(name: str, post_id: str, named: bool) -> None:
    assert is_named_after(name, post_id) is named


IDS = st.text("ab1-_", min_size=1, max_size=4)


@given(st.sets(IDS, min_size=1, max_size=5), st.sets(IDS, max_size=6), st.sets(IDS, max_size=3))
def test_no_file_is_given_twice_and_none_to_a_shorter_id(
    tmp_path_factory: pytest.TempPathFactory, ids: set[str], names: set[str], known: set[str]
) -> None:
    library = library_of(tmp_path_factory.mktemp("media"), *(f"{name}.jpg" for name in names))
    keys = [("x", post_id) for post_id in known - ids]
    files, _ = given_to(library, *map(post, sorted(ids)), known=keys)
    owner = {path: key[1] for key, paths in files.items() for path in paths}
    assert sum(map(len, files.values())) == len(owner)
    for name in names:
        begins = [one for one in ids | known if is_named_after(f"{name}.jpg", one)]
        longest = max(begins, key=len, default=None)
        assert owner.get(f"{name}.jpg") == (longest if longest in ids else None)
