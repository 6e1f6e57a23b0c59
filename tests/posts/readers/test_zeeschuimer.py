"""Zeeschuimer's items: whatever a record holds, it is a valid post or refused with a reason."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sampling import FIXTURES, is_sound

from frametrace.posts.model import Post
from frametrace.posts.open_source import read_source
from frametrace.posts.readers import zeeschuimer
from frametrace.posts.rows import Row, flatten

_AWKWARD = (
    None,
    "",
    " ",
    "https://[",
    "12.0",
    "1e999",
    -1,
    10**30,
    1.5,
    True,
    [],
    [[]],
    [None, 1, {"url": 5, "type": []}],
    {},
    {"a": {"b": 1}},
)


def _items() -> list[dict[str, Any]]:
    lines = (
        line
        for path in sorted((FIXTURES / "zeeschuimer").glob("*.ndjson"))
        for line in path.read_text("utf-8").splitlines()
    )
    return [json.loads(line) for line in lines if line.endswith("}")]


def _places(value: Any) -> Iterator[list[Any]]:
    """Every way into a record, to what is to be replaced there."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield [key]
        if isinstance(value[key], dict | list):
            yield from ([key, *way] for way in _places(value[key]))


@pytest.mark.parametrize(
    "item", [pytest.param(item, id=str(item["item_id"])[:30]) for item in _items()]
)
def test_any_item_is_a_post_or_refused(item: dict[str, Any]) -> None:
    for way in _places(item):
        for value in _AWKWARD:
            spoilt = copy.deepcopy(item)
            within: Any = spoilt
            for key in way[:-1]:
                within = within[key]
            within[way[-1]] = value
            try:
                post = zeeschuimer.parse(Row(flatten(spoilt), "items.ndjson", 1))
            except ValueError as error:
                assert str(error)
            else:
                assert is_sound(post)


@pytest.mark.parametrize(
    ("site", "platform"),
    [("twitter.com", "twitter"), ("x.com", "twitter"), ("www.instagram.com", "instagram")],
)
def test_a_platform_has_one_name_for_all_its_sites(site: str, platform: str) -> None:
    item = next(item for item in _items() if platform[:5] in item["source_platform"])
    post = zeeschuimer.parse(Row(flatten(item | {"source_platform": site}), "items.ndjson", 1))
    assert post.platform == platform


def test_an_item_is_the_same_post_with_and_without_4cat(tmp_path: Path) -> None:
    items = _items()
    wrapped = [
        {**item["data"], "__import_meta": {k: v for k, v in item.items() if k != "data"}}
        for item in items
    ]
    read = []
    for name, records in (("items.ndjson", items), ("wrapped.ndjson", wrapped)):
        (tmp_path / name).write_text("\n".join(map(json.dumps, records)), "utf-8")
        entries = read_source(tmp_path / name)
        posts = [entry for entry in entries if isinstance(entry, Post)]
        read.append([(post.line, post.platform, post.post_id, post.account_id) for post in posts])
    assert read[0] == read[1]
    assert len(read[0]) == 40
