"""A union of cases holds everything once, by links if possible, and leaves the cases unchanged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from trying import examples
from uniting import (
    MADE_BY,
    PDQ,
    TABLES,
    Posts,
    case_of,
    contents,
    digest,
    files_of,
    key_of,
    keys_of,
    notes,
    tables,
)

from frametrace.case.store import Case
from frametrace.matcher.between_cases.union import Part, part_number, parts_of, unite


def rule(cases: Sequence[Case]) -> tuple[dict[str, dict[Any, Any]], dict[Any, int], set[Path]]:
    """The union's rows by key; who holds each post of which none says anything else than another;
    and which shards have nothing repeated."""
    rows: dict[str, dict[Any, Any]] = {name: {} for name in TABLES}
    holders: dict[Any, int] = {}
    disputed, whole = set(), set()
    for number, case in enumerate(cases):
        posts = {key_of(row, "posts"): row for row in case.read("posts").to_pylist()}
        same = ("account_id", "caption_sha256")
        unlike = {
            key
            for key, post in posts.items()
            if any(rows["posts"].get(key, post)[name] != post[name] for name in same)
        }
        disputed |= unlike
        for key in posts:
            holders[key] = holders.get(key, 0) | 1 << number
        for table in TABLES:
            for file in case.files(table):
                shard = {
                    key_of(row, table): row for row in case.read_shard(table, file).to_pylist()
                }
                new = {
                    key: row
                    for key, row in shard.items()
                    if key not in rows[table] and not (table == "post_media" and key[:2] in unlike)
                }
                if len(new) == len(shard):
                    whole.add(file)
                rows[table] |= new
    return rows, {key: bits for key, bits in holders.items() if key not in disputed}, whole


BATCHES = st.lists(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.sampled_from("123456"),
                "account": st.sampled_from("aaaab"),
                "text": st.sampled_from(["words", "words", "words", "other words"]),
                "pictures": st.lists(st.integers(-1, 3), max_size=2, unique=True),
            }
        ),
        max_size=4,
        unique_by=lambda post: post["id"],
    ),
    min_size=1,
    max_size=2,
    unique_by=repr,
)


@examples(12, [HealthCheck.function_scoped_fixture])
@given(st.lists(BATCHES, min_size=2, max_size=4))
def test_a_union_holds_everything_once_and_links_shards_without_repetitions(tmp_path_factory, made):
    folder = tmp_path_factory.mktemp("union")
    cases = [case_of(folder / str(at), *batches) for at, batches in enumerate(made)]
    before = files_of(*cases)
    union = unite(cases, folder / "union")
    rows, holders, whole = rule(cases)
    for table in TABLES:
        held = union.read(table).to_pylist()
        assert {key_of(row, table): row for row in held} == rows[table]
        assert len(held) == len(rows[table])
    origins = union.read("origins").to_pylist()
    held = {key_of(row, "posts"): row["cases"] for row in origins}
    assert held.keys() == rows["posts"].keys()
    assert {key: held[key] for key in holders} == holders
    inodes = {file.stat().st_ino for table in TABLES for file in union.files(table)}
    shards = [file for case in cases for table in TABLES for file in case.files(table)]
    assert {file for file in shards if file.stat().st_ino in inodes} == whole
    assert files_of(*cases) == before
    assert union.epoch.signals == MADE_BY
    for number, case in enumerate(cases):
        numbered = [file for file in union.files("posts") if part_number(file) == number]
        held = [row for file in numbered for row in union.read_shard("posts", file).to_pylist()]
        assert keys_of(case.read("posts"), "posts") >= {key_of(row, "posts") for row in held}


KEY = {"caption_key": {"fingerprint": "key:1"}}
A: Posts = [{"id": "1", "text": "one", "pictures": [1]}, {"id": "2", "text": "two"}]
B: Posts = [{"id": "2", "text": "two"}, {"id": "3", "text": "three", "pictures": [1, 3]}]


@pytest.fixture
def pair(tmp_path: Path) -> list[Case]:
    return [case_of(tmp_path / name / "case", posts) for name, posts in (("a", A), ("b", B))]


@pytest.mark.parametrize(
    ("theirs", "count", "differs"),
    [
        ([{"id": "1", "text": "another", "pictures": [2]}], "1 post", "other text"),
        ([{"id": "1", "account": "b", "pictures": [2]}], "1 post", "another account"),
        ([{"id": "2", "text": "1"}, {"id": "1", "pictures": [2]}], "2 posts", "other text"),
    ],
)
def test_of_contradicting_posts_the_first_counts_and_gets_no_further_picture(
    pair, tmp_path, theirs, count, differs
):
    other = case_of(tmp_path / "other", theirs)
    union = unite([*pair, other], tmp_path / "union")
    assert contents(union)["posts"] == contents(unite(pair, tmp_path / "pair"))["posts"]
    assert ("x", "1", digest("picture 2")) not in keys_of(union.read("post_media"), "post_media")
    (note,) = notes(union)
    assert note.startswith(f"{count} of {other.path} ")
    assert note.endswith(f"with {differs}: that one counts")


def test_cases_are_named_by_as_much_of_their_paths_as_distinguishes_them(pair, tmp_path):
    more = case_of(tmp_path / "c", [{"id": "9"}])
    union = unite([*pair, more], tmp_path / "union")
    names = {"a/case": "a/case", "b/case": "b/case", f"{tmp_path.name}/c": "c"}
    assert parts_of(union) == tuple(
        Part(name, str(tmp_path / path), Case(tmp_path / path).epoch.number)
        for name, path in names.items()
    )
    assert parts_of(pair[0]) == ()


def test_a_part_that_grows_brings_the_union_up_to_date(pair, tmp_path):
    union = unite(pair, tmp_path / "union")
    case_of(pair[0].path, [{"id": "3", "text": "three", "pictures": [5]}, {"id": "4"}])
    grown = [Case(case.path) for case in pair]
    again = unite(grown, tmp_path / "union")
    assert again.epoch.number > union.epoch.number
    assert contents(again) == contents(unite(grown, tmp_path / "anew"))
    more = case_of(tmp_path / "c", [{"id": "5"}])
    for at, cases in enumerate((grown[::-1], [*grown, more], grown)):
        remade = unite(cases, tmp_path / "union")
        assert contents(remade) == contents(unite(cases, tmp_path / f"anew{at}"))


def test_a_union_that_is_up_to_date_stays_as_it_is(pair, tmp_path):
    union = unite(pair, tmp_path / "union")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "union").rglob("*")}
    again = unite([Case(case.path) for case in pair], tmp_path / "union")
    assert again.epoch == union.epoch
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "union").rglob("*")} == before


def test_a_signal_with_different_fingerprints_is_left_out_and_a_command_is_named(
    tmp_path: Path,
) -> None:
    a = case_of(tmp_path / "a", A, signals=MADE_BY | KEY)
    b = case_of(tmp_path / "b", B, signals=KEY | {"pdq": {"fingerprint": "pdq:2"}})
    union = unite([a, b], tmp_path / "union")
    assert union.epoch.signals == KEY
    assert PDQ not in union.epoch.shards
    (note,) = notes(union)
    assert note.startswith("pdq is not compared: ")
    assert all(f"{c.path} has it from pdq:{at}" in note for at, c in enumerate((a, b), 1))
    assert "frametrace embed CASE --signal pdq --replace" in note


def test_a_signal_that_a_case_lacks_is_left_out_and_the_command_is_named(tmp_path: Path) -> None:
    a = case_of(tmp_path / "a", A, signals=MADE_BY | KEY)
    b = case_of(tmp_path / "b", B, signals=MADE_BY)
    union = unite([a, b], tmp_path / "union")
    assert union.epoch.signals == MADE_BY
    (note,) = notes(union)
    assert note.startswith(f"caption_key is not compared: {b.path} has none")
    assert f"frametrace embed {b.path} --signal caption_key" in note


def test_a_case_needs_no_signal_for_items_that_it_does_not_hold(tmp_path: Path) -> None:
    """The first has both, the next has no pictures, the last has only pictures."""
    posts: Posts = [{"id": "9", "text": "nine"}]
    a = case_of(tmp_path / "a", A, signals=MADE_BY | KEY)
    b = case_of(tmp_path / "b", posts, signals=KEY)
    c = case_of(tmp_path / "c", signals=MADE_BY)
    with c.writer() as writer:
        writer.put("pictures", {name: tables(B)[name] for name in ("media", PDQ)})
        writer.commit()
    union = unite([a, b, c], tmp_path / "union")
    assert union.epoch.signals == MADE_BY | KEY
    assert notes(union) == []


def test_an_account_known_by_its_number_is_the_one_whose_handle_another_case_knows(tmp_path):
    number, handle = {"id": "1", "account": "77"}, {"id": "1", "account": "lin", "number": "77"}
    cases = [case_of(tmp_path / name, [post]) for name, post in (("a", number), ("b", handle))]
    for order in (cases, cases[::-1]):
        union = unite(order, tmp_path / f"from-{order[0].path.name}")
        assert notes(union) == []
        assert union.read("origins")["cases"].to_pylist() == [3]
