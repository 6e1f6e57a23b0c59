"""Adding sources: each post once, each picture once, and every refusal is reported once."""

from pathlib import Path

import pytest
from making import jpeg, photo, write_jsonl

from frametrace.embed import add
from frametrace.embed.add import Added, add_sources
from frametrace.embed.case import Case
from frametrace.posts.errors import SourceError
from frametrace.posts.media import MediaLibrary


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
    assert reasons(case) == [("absent.jpg", "is not in the media folders")]


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
    monkeypatch.setattr(add, "_BATCH", batch)
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


def test_nothing_is_written_when_one_source_cannot_be_read(case: Case, tmp_path: Path) -> None:
    good = write_jsonl(tmp_path / "good.jsonl", [post("1", "first")])
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(SourceError, match="empty"):
        added(case, good, tmp_path / "empty.csv")
    assert len(Case(case.path).read("posts")) == 0
