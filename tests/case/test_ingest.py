"""Adding sources: each post once, each picture once, and every refusal is reported once."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from making import jpeg, photo, write_jsonl

from frametrace.case import ingest, ingest_batch
from frametrace.case.ingest import Added, add_sources
from frametrace.case.store import Case
from frametrace.posts.errors import SourceError
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.progress import Silent


def post(post_id: str, text: str, **more: object) -> dict[str, object]:
    return {"platform": "twitter", "post_id": post_id, "account_id": "a", "text": text, **more}


def added(case: Case, *sources: Path) -> Added:
    return add_sources(case, sources, library=MediaLibrary([]))


def reasons(case: Case) -> list[tuple[str, str]]:
    rows = Case(case.path).read("skipped").to_pylist()
    return sorted((row["item"], row["reason"]) for row in rows)


KEPT = "another post with this key and other text was kept"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.create(tmp_path / "case")


def test_posts_pictures_and_refusals_are_counted(case: Case, sources: Path) -> None:
    # 3.jpg is empty, but that is for decoding to find out: its bytes are known.
    assert added(case, sources) == Added(posts=60, media=24, skipped=1)
    assert len(case.read("post_media")) == 60
    assert reasons(case) == [
        ("absent.jpg", "is not in the media folders; --media FOLDER names the one that holds it")
    ]


def test_every_row_that_was_read_is_counted_known_or_not(case: Case, tmp_path: Path) -> None:
    rows = [post("1", "a"), post("2", "b"), post("1", "a"), post("", "no id")]
    source = write_jsonl(tmp_path / "posts.jsonl", rows)
    assert [added(case, source).rows, added(case, source, source).rows] == [4, 8]


def test_progress_moves_while_the_pictures_of_a_batch_are_read(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    class Recorded(Silent):
        @contextmanager
        def track(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
            yield counts.append

    monkeypatch.setattr(ingest_batch, "_FILES_PER_PART", 1)
    rows = [post(str(at), "", media=[f"{at}.jpg"] if at % 2 else []) for at in range(7)]
    for at in range(7):
        (tmp_path / f"{at}.jpg").write_bytes(jpeg(photo(at)))
    source = write_jsonl(tmp_path / "posts.jsonl", rows)
    add_sources(case, [source], library=MediaLibrary([]), progress=Recorded())
    assert counts == [2, 2, 3, 0]


def test_adding_the_same_source_again_changes_nothing(case: Case, sources: Path) -> None:
    added(case, sources)
    epoch = Case(case.path).epoch
    assert added(case, sources) == Added(known=60)
    assert Case(case.path).epoch == epoch


def test_the_same_bytes_are_one_picture_however_many_posts_carry_them(
    case: Case, tmp_path: Path
) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg(photo(1)))
    rows = [post(str(at), "", media=[("a.jpg", "b.jpg")[at % 2]]) for at in range(6)]
    assert added(case, write_jsonl(tmp_path / "posts.jsonl", rows)).media == 1
    assert len(case.read("post_media")) == 6


@pytest.mark.parametrize("batch", [1, 2, 20_000])
def test_of_two_posts_with_one_key_the_first_is_kept_and_the_other_reported(
    case: Case, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_BATCH_ROWS", batch)
    rows = [post("1", "first"), post("1", "second"), post("2", "other"), post("1", "first")]
    source = write_jsonl(tmp_path / "posts.jsonl", rows)
    for _ in range(2):
        added(case, source)
        kept = {row["post_id"]: row["text"] for row in Case(case.path).read("posts").to_pylist()}
        assert kept == {"1": "first", "2": "other"}
        assert reasons(case) == [("twitter/1", KEPT)]


def test_the_same_across_two_calls_and_the_report_is_not_repeated(
    case: Case, tmp_path: Path
) -> None:
    first = write_jsonl(tmp_path / "first.jsonl", [post("1", "first")])
    second = write_jsonl(tmp_path / "second.jsonl", [post("1", "second"), post("2", "new")])
    added(case, first)
    assert added(case, second) == Added(posts=1, skipped=1)
    assert added(case, second) == Added(known=1)
    assert reasons(case) == [("twitter/1", KEPT)]
    assert Case(case.path).read("skipped")["source"].to_pylist() == ["second.jsonl"]


def test_a_refused_post_gives_its_pictures_to_no_one(case: Case, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(photo(1)))
    added(case, write_jsonl(tmp_path / "first.jsonl", [post("1", "first")]))
    second = write_jsonl(tmp_path / "second.jsonl", [post("1", "second", media=["a.jpg"])])
    added(case, second)
    assert len(case.read("post_media")) == 0


@pytest.mark.parametrize("batch", [1, 20_000])
def test_one_text_of_two_accounts_under_one_key_is_a_conflict_too(
    case: Case, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_BATCH_ROWS", batch)
    rows = [post("1", "same"), post("1", "same", account_id="b"), post("1", "same")]
    source = write_jsonl(tmp_path / "posts.jsonl", rows)
    for _ in range(2):
        added(case, source)
        kept = Case(case.path).read("posts").to_pylist()
        assert [row["account_id"] for row in kept] == ["a"]
        assert reasons(case) == [
            ("twitter/1", "another post with this key and another account was kept")
        ]


def pictures_in(folder: Path, *seeds: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for at, seed in enumerate(seeds):
        (folder / f"IMG{at}.jpg").write_bytes(jpeg(photo(seed, 64, 48)))
    return folder


def test_two_folders_with_the_same_file_names_are_different_posts(
    case: Case, tmp_path: Path
) -> None:
    first, second = pictures_in(tmp_path / "fA", 1), pictures_in(tmp_path / "fB", 2)
    assert added(case, first, second) == Added(posts=2, media=2)
    posts = {row["post_id"]: row["account_id"] for row in Case(case.path).read("posts").to_pylist()}
    assert posts == {"fA/IMG0.jpg": "fA", "fB/IMG0.jpg": "fB"}
    copied = Path(shutil.copytree(first, tmp_path / "elsewhere" / "fA"))
    assert added(case, first, copied) == Added(known=2)


def test_a_folder_of_the_same_name_gives_no_post_another_picture(
    case: Case, tmp_path: Path
) -> None:
    first = pictures_in(tmp_path / "a" / "images", 1, 2, 3)
    second = pictures_in(tmp_path / "b" / "images", 1, 9, 3, 4)
    added(case, first)
    links = Case(case.path).read("post_media").to_pylist()
    for again in (False, True):
        assert added(case, second).media == (0 if again else 1)
        found = Case(case.path).read("post_media").to_pylist()
        assert [link for link in found if link["path"] != "IMG3.jpg"] == links
        ((item, reason),) = reasons(case)
        assert item == "IMG1.jpg"
        assert reason.startswith("its post already has a file of this name")


def test_a_picture_that_changed_in_place_is_added_again(case: Case, tmp_path: Path) -> None:
    folder = pictures_in(tmp_path / "images", 1)
    added(case, folder)
    pictures_in(folder, 2)
    assert added(case, folder) == Added(known=1, media=1)
    assert len(Case(case.path).read("post_media")) == 2


def test_files_named_after_their_post_may_be_in_several_folders(case: Case, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "posts.jsonl", [post("IMG0", "text")])
    for at in (1, 2):
        library = MediaLibrary([pictures_in(tmp_path / f"media{at}", at)])
        assert add_sources(case, [source], library=library).media == 1
    assert reasons(case) == []


def test_a_media_map_may_serve_several_calls(case: Case, tmp_path: Path) -> None:
    pictures_in(tmp_path, 1, 2)
    lines = ["twitter,1,IMG0.jpg", ",2,IMG1.jpg", "facebook,1,IMG0.jpg", ",3,IMG1.jpg"]
    (tmp_path / "map.csv").write_text("platform,post_id,path\n" + "\n".join(lines) + "\n")
    added(case, write_jsonl(tmp_path / "first.jsonl", [post("1", "one"), post("2", "two")]))
    source = write_jsonl(tmp_path / "second.jsonl", [post("4", "four")])
    library = MediaLibrary([tmp_path], [tmp_path / "map.csv"])
    assert add_sources(case, [source], library=library) == Added(posts=1, skipped=2)
    assert reasons(case) == [
        ("IMG0.jpg", "the media map names the post 1, which was not read"),
        ("IMG1.jpg", "the media map names the post 3, which was not read"),
    ]


def test_nothing_is_written_when_one_source_cannot_be_read(case: Case, tmp_path: Path) -> None:
    good = write_jsonl(tmp_path / "good.jsonl", [post("1", "first")])
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(SourceError, match="empty"):
        added(case, good, tmp_path / "empty.csv")
    assert len(Case(case.path).read("posts")) == 0


def test_profiles_join_the_posts_of_their_accounts(case: Case, fixtures: Path) -> None:
    users = fixtures / "x-archive-users" / "users.csv"
    assert added(case, fixtures / "x-archive" / "tweets.csv", users).accounts == 4
    assert added(case, users).accounts == 0
    keys = ["platform", "account_id"]
    posts, profiles = (Case(case.path).read(name, keys) for name in ("posts", "accounts"))
    assert len(posts) == 6
    assert len(posts.join(profiles, keys, join_type="inner")) == 4


@pytest.mark.parametrize(
    ("sample", "file", "lost"),
    [
        ("twarc-csv/tweets.csv", "1163000000000000001-3_1.jpg", 1),
        ("x-api/search.jsonl", "1163000000000000002.jpg", 3),
        ("x-api-flat/flattened.jsonl", "1163000000000000001-3_1.jpg", 1),
        ("minet/tweets.csv", "1163000000000000001_one.jpg", 2),
        ("snscrape/tweets.jsonl", "1163000000000000002-3_1.jpg", 2),
    ],
)
def test_pictures_are_found_by_name_and_a_link_alone_was_not_downloaded(
    sample: str, file: str, lost: int, case: Case, fixtures: Path, tmp_path: Path
) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / file).write_bytes(jpeg(photo(1)))
    add_sources(case, [fixtures / sample], library=MediaLibrary([tmp_path / "media"]))
    (found,) = Case(case.path).read("post_media").to_pylist()
    assert file.startswith(found["post_id"])
    of_media = [reason.partition(";")[0] for item, reason in reasons(case) if item]
    assert len(of_media) == lost
    assert set(of_media) <= {"not downloaded", "is not in the media folders"}


def test_a_row_counts_once_whatever_of_it_cannot_be_read(case: Case, tmp_path: Path) -> None:
    rows = [{**post("1", "one"), "posted_at": "soon"}, post("2", "two")]
    done = added(case, write_jsonl(tmp_path / "posts.jsonl", rows))
    assert (done.rows, done.posts, done.skipped) == (2, 2, 1)


def test_posts_of_one_account_share_a_picture_above_and_adding_again_changes_nothing(
    case: Case, tmp_path: Path
) -> None:
    root = tmp_path / "export"
    for name in ("posts", "albums"):
        (root / name).mkdir(parents=True)
        row = f"facebook,{name},lin,{name},media/a.jpg\n"
        (root / name / f"{name}.csv").write_text("platform,post_id,account_id,text,media\n" + row)
    (root / "media").mkdir()
    (root / "media" / "a.jpg").write_bytes(jpeg(photo(1)))
    added = add_sources(case, [root], library=MediaLibrary([]))
    assert (added.posts, added.by_row, added.skipped) == (2, 2, 0)
    assert len(Case(case.path).read("post_media").to_pylist()) == 2
    assert add_sources(case, [root], library=MediaLibrary([])) == Added(known=2)


def test_a_picture_above_is_not_that_of_a_namesake_elsewhere(case: Case, tmp_path: Path) -> None:
    for seed, folder in enumerate(("one", "two")):
        root = tmp_path / folder / "export"
        (root / "tables").mkdir(parents=True)
        row = "facebook,1,lin,text,media/a.jpg\n"
        (root / "tables" / "t.csv").write_text("platform,post_id,account_id,text,media\n" + row)
        (root / "media").mkdir()
        (root / "media" / "a.jpg").write_bytes(jpeg(photo(seed)))
        add_sources(case, [root], library=MediaLibrary([]))
    assert len(Case(case.path).read("post_media").to_pylist()) == 1
    (reported,) = reasons(case)
    assert "a file of this name from another folder" in reported[1]
