"""Tables that no reader knows, read by a map of their columns."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sampling import FIXTURES

from frametrace.posts.column_maps import map_of, read_map, written_map
from frametrace.posts.model import AccountKind, Post, Precision, Skipped
from frametrace.posts.reading import open_source, read_source
from frametrace.posts.settings import ReadSettings

SAMPLES = sorted((FIXTURES / "columns").glob("*.expected.json"))


def _posts(source: Path, *pairs: str) -> list[Post]:
    settings = ReadSettings(columns=(map_of(pairs),))
    return [entry for entry in open_source(source, settings).entries() if isinstance(entry, Post)]


def _built(written: dict[str, Any], source: str) -> Post:
    made = {"source": source} | written
    if "posted_at" in made:
        made["posted_at"] = datetime.fromisoformat(made["posted_at"])
    if "account_kind" in made:
        made["account_kind"] = AccountKind(made["account_kind"])
    if "precision" in made:
        made["precision"] = Precision(made["precision"])
    made |= {name: tuple(value) for name, value in made.items() if isinstance(value, list)}
    return Post(**made)


def _of(entries: Iterable[object], kind: type) -> list[Any]:
    return [entry for entry in entries if isinstance(entry, kind)]


@pytest.mark.parametrize("expected", SAMPLES, ids=lambda path: path.name.partition(".")[0])
def test_a_known_tools_table_reads_as_was_written_down_by_hand(expected: Path) -> None:
    wanted = json.loads(expected.read_text("utf-8"))
    entries = list(read_source(expected.with_name(wanted["reads"])))
    assert _of(entries, Post) == [_built(row, wanted["reads"]) for row in wanted["posts"]]
    skipped = _of(entries, Skipped)
    assert [entry.line for entry in skipped] == [row["line"] for row in wanted.get("skipped", [])]
    for entry, row in zip(skipped, wanted.get("skipped", []), strict=True):
        assert entry.reason.startswith(row["reason"])


def test_who_posted_is_known_by_name_where_no_id_is_told(tmp_path: Path) -> None:
    table = tmp_path / "posts.csv"
    table.write_text("nr,who,called\n1,a7,Lin\n2,,Mo\n3,a9,\n", "utf-8")
    posts = _posts(table, "post_id=nr", "account_id=who", "account_name=called")
    named = [(post.account_id, post.account_name) for post in posts]
    assert named == [("a7", "Lin"), ("Mo", "Mo"), ("a9", "")]


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("#a #b", ("a", "b")),
        ("a, b;c", ("a", "b", "c")),
        ("#暴徒#香港", ("暴徒", "香港")),
        ("＃暴徒，香港", ("暴徒", "香港")),
        ('["a b", "#c"]', ("a", "b", "c")),
        ("a|#b", ("a", "b")),
        (" # ", ()),
    ],
)
def test_hashtags_are_parted_by_what_none_can_hold(
    cell: str, tags: tuple[str, ...], tmp_path: Path
) -> None:
    table = tmp_path / "posts.tsv"
    table.write_text(f"nr\twho\ttags\n1\ta\t{cell}\n2\ta\tx\n", "utf-8")
    posts = _posts(table, "post_id=nr", "account_id=who", "hashtags=tags")
    assert posts[0].hashtags == tags


def test_a_link_that_cannot_be_read_costs_no_post(tmp_path: Path) -> None:
    table = tmp_path / "posts.csv"
    table.write_text("nr,who,of\n1,a,http://[\n2,a,https://x.com/a/status/77\n", "utf-8")
    pairs = ("post_id=nr", "account_id=who", "repost_of=of")
    assert [post.repost_of for post in _posts(table, *pairs)] == ["", "77"]


def test_a_map_that_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    pairs = ("post_id=a", "account_id=b", "engagement.likes=c d", "platform=twitter", 'text="q"')
    path = tmp_path / "columns.toml"
    path.write_text(written_map(map_of(pairs)), "utf-8")
    assert read_map(path).columns == map_of(pairs).columns
