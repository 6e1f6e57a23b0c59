"""Rows and maps that are read later correct guesses about pictures, and nothing else in a case."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from making import jpeg, photo, write_jsonl

from frametrace.case.ingest import Added, add_sources
from frametrace.case.store import Case
from frametrace.posts.media.media_library import MediaLibrary

LONG = "1690773347334800001"


def row(post_id: str, account: str = "lin", **more: object) -> dict[str, object]:
    return {"platform": "forum", "post_id": post_id, "account_id": account, "text": "", **more}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.create(tmp_path / "case")


def pictures(folder: Path, *names: str) -> Path:
    for at, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(jpeg(photo(at, 64, 64)))
    return folder


def added(
    case: Case, *sources: Path, media: Path | None = None, maps: tuple[Path, ...] = ()
) -> Added:
    return add_sources(case, sources, library=MediaLibrary([media] if media else [], maps))


def owners(case: Case) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for link in Case(case.path).read("post_media").to_pylist():
        found.setdefault(link["path"].rpartition("/")[2], set()).add(link["post_id"])
    return found


def guessed(case: Case) -> set[str]:
    return set(Case(case.path).read("guessed")["post_id"].to_pylist())


def reported(case: Case) -> list[str]:
    return sorted(Case(case.path).read("skipped")["reason"].to_pylist())


@pytest.mark.parametrize("post_id", ["1", LONG])
def test_what_a_row_names_is_not_what_a_guess_took(
    post_id: str, case: Case, tmp_path: Path
) -> None:
    media = pictures(tmp_path / "media", f"{post_id}.jpg")
    first = write_jsonl(tmp_path / "a.jsonl", [row(post_id)])
    assert added(case, first, media=media).by_name == 1
    assert (owners(case), guessed(case)) == ({f"{post_id}.jpg": {post_id}}, {post_id})
    second = write_jsonl(tmp_path / "b.jsonl", [row("9", "mei", media=[f"{post_id}.jpg"])])
    added(case, second, media=media)
    assert (owners(case), guessed(case)) == ({f"{post_id}.jpg": {"9"}}, set())
    assert reported(case) == [f"a guess had assigned it to forum/{post_id}"]
    added(case, first, media=media)
    assert owners(case) == {f"{post_id}.jpg": {"9"}}


def test_what_a_media_map_says_is_not_what_a_guess_took(case: Case, tmp_path: Path) -> None:
    media = pictures(tmp_path / "media", f"{LONG}.jpg")
    source = write_jsonl(tmp_path / "a.jsonl", [row(LONG), row("9", "mei")])
    added(case, source, media=media)
    explicit = tmp_path / "map.csv"
    explicit.write_text(f"post_id,path\n9,media/{LONG}.jpg\n")
    added(case, source, media=media, maps=(explicit,))
    assert owners(case) == {f"{LONG}.jpg": {"9"}}


def test_a_guess_that_a_row_confirms_is_no_longer_a_guess(case: Case, tmp_path: Path) -> None:
    media = pictures(tmp_path / "media", "1.jpg")
    added(case, write_jsonl(tmp_path / "a.jsonl", [row("1")]), media=media)
    added(case, write_jsonl(tmp_path / "b.jsonl", [row("1", media=["1.jpg"])]), media=media)
    assert (owners(case), guessed(case)) == ({"1.jpg": {"1"}}, set())
    again = write_jsonl(tmp_path / "c.jsonl", [row("9", "mei", media=["1.jpg"])])
    added(case, again, media=media)
    assert owners(case) == {"1.jpg": {"1", "9"}}


def test_a_file_goes_to_the_longer_id_though_it_comes_later(case: Case, tmp_path: Path) -> None:
    media = pictures(tmp_path / "media", "7-1.jpg", "7-2.jpg")
    added(case, write_jsonl(tmp_path / "a.jsonl", [row("7")]), media=media)
    assert owners(case) == {"7-1.jpg": {"7"}, "7-2.jpg": {"7"}}
    added(case, write_jsonl(tmp_path / "b.jsonl", [row("7-1", "mei")]), media=media)
    assert owners(case) == {"7-1.jpg": {"7-1"}, "7-2.jpg": {"7"}}
    assert guessed(case) == {"7", "7-1"}


@pytest.mark.parametrize("folder_first", [True, False])
def test_pictures_of_a_folder_alone_are_those_of_the_posts_that_name_them(
    folder_first: bool, case: Case, tmp_path: Path
) -> None:
    media = pictures(tmp_path / "media", "a.jpg", "b.jpg")
    posts = write_jsonl(tmp_path / "a.jsonl", [row("1", media=["a.jpg"])])
    for folder in (True, False) if folder_first else (False, True):
        added(case, *([media] if folder else [posts]), media=None if folder else media)
    assert owners(case)["a.jpg"] == {"1"}
    assert "1" not in owners(case)["b.jpg"]
    epoch = Case(case.path).epoch
    added(case, posts, media=media)
    added(case, media)
    assert Case(case.path).epoch == epoch


def test_a_copy_of_a_picture_elsewhere_is_one_that_a_folder_shows(
    case: Case, tmp_path: Path
) -> None:
    media = pictures(tmp_path / "media", "a.jpg")
    copies = pictures(tmp_path / "copies", "z.jpg")
    added(case, write_jsonl(tmp_path / "a.jsonl", [row("1", media=["a.jpg"])]), media=media)
    added(case, copies)
    assert {len(ids) for ids in owners(case).values()} == {1}
    assert set(owners(case)) == {"a.jpg", "z.jpg"}


def test_guesses_of_a_post_are_not_lost_with_one_that_is_refused(
    case: Case, tmp_path: Path
) -> None:
    media = pictures(tmp_path / "media", "7.jpg")
    first = write_jsonl(tmp_path / "a.jsonl", [row("7")])
    second = write_jsonl(tmp_path / "b.jsonl", [row("7", "mei")])
    found = added(case, first, second, media=media)
    assert (found.by_name, found.dropped, owners(case)) == (1, 1, {"7.jpg": {"7"}})


JANUARY = row("1", posted_at="2024-01-03T10:00:00Z", media=["january/1.jpg"])
FEBRUARY = row("1", posted_at="2024-02-03T10:00:00Z", media=["february/1.jpg"])


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("other", "reason"),
    [(FEBRUARY, "another time"), (JANUARY | {"text": "other"}, "other text")],
)
def test_numbered_rows_of_two_tables_are_two_posts_of_which_one_is_lost(
    other: dict[str, object], reason: str, at_once: bool, case: Case, tmp_path: Path
) -> None:
    media = pictures(tmp_path / "media", "january/1.jpg", "february/1.jpg")
    first = write_jsonl(tmp_path / "a.jsonl", [JANUARY])
    second = write_jsonl(tmp_path / "b.jsonl", [other])
    if at_once:
        found = added(case, first, second, media=media)
    else:
        added(case, first, media=media)
        found = added(case, second, media=media)
    assert found.dropped == 1
    assert reported(case) == [f"another post with this key and {reason} was kept"]
    assert [link["path"] for link in Case(case.path).read("post_media").to_pylist()] == [
        "january/1.jpg"
    ]


def test_a_platforms_own_id_is_one_post_whatever_time_tools_give(
    case: Case, tmp_path: Path
) -> None:
    rows = [row(LONG, posted_at=f"2024-01-0{day}T10:00:00Z") for day in (3, 7)]
    found = added(case, write_jsonl(tmp_path / "a.jsonl", rows))
    assert (found.posts, found.dropped) == (1, 0)


def test_a_time_that_could_not_be_read_at_first_is_put_right(case: Case, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", [row("1", posted_at="03/04/2024")])
    added(case, source)
    assert Case(case.path).read("posts")["posted_at"].to_pylist() == [None]
    source = write_jsonl(tmp_path / "a.jsonl", [row("1", posted_at="2024-04-03")])
    assert added(case, source).completed == 1
    (when,) = Case(case.path).read("posts")["posted_at"].to_pylist()
    assert when.isoformat() == "2024-04-03T00:00:00+00:00"
