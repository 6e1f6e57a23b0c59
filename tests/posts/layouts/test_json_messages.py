"""Documents of messages are streamed: every row, at any length, in bounded memory."""

import json
from itertools import chain, count, islice, repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.errors import SourceError
from frametrace.posts.layouts import json_messages
from frametrace.posts.layouts.json_messages import messages_in
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import MediaFile, Post, Skipped
from frametrace.posts.open_source import detect, read_source
from frametrace.posts.sources.containers import Folder, SourceLocation

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**63, 2**63 - 1) | st.floats(-9, 9) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_CHAT = st.tuples(st.integers(0, 2**63 - 1), _TEXT, st.lists(st.dictionaries(_TEXT, _JSON)))


def _document(*messages: Any, **around: Any) -> str:
    return json.dumps({"id": 7, "name": "c", **around, "messages": messages})


@given(st.lists(_CHAT, max_size=3), st.booleans(), st.integers(1, 40))
def test_any_document_gives_the_rows_that_it_holds(
    drawn: list[tuple[int, str, list[dict[str, Any]]]], pretty: bool, size: int
) -> None:
    chats = [{"id": key, "name": name, "messages": messages} for key, name, messages in drawn]
    text = json.dumps({"about": [{}], "chats": {"list": chats}}, indent=1 if pretty else None)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(messages_in(pieces)) == [
        {**message, "chat": {"id": key, "name": name}}
        for key, name, messages in drawn
        for message in messages
    ]


def test_rows_are_given_before_the_document_ends() -> None:
    endless = chain(['{"id": 7, "messages": [{"id": 0}'], (f', {{"id": {n}}}' for n in count(1)))
    rows = list(islice(messages_in(endless), 100_000))
    assert rows[-1] == {"id": 99_999, "chat": {"id": 7}}


@pytest.mark.parametrize(
    ("beginning", "endless", "reason"),
    [
        ('{"messages": [{"text": "', "a" * 100_000, "a value is longer than"),
        ('{"messages": [{"', "a" * 100_000, "a value is longer than"),
        ('{"name": "', "a" * 100_000, "a value is longer than"),
        ('{"messages": [{"id": ', "9" * 100_000, "a value is longer than"),
        ('{"messages": [{"id": 1}', " " * 100_000, "a value is longer than"),
        ('{"messages": [{"id": ', "[" * 10, "it is nested deeper than 50 levels"),
        ("{", '"a": {' * 10, "it is nested deeper than 50 levels"),
        ('{"messages": ', "[" * 10, "it is nested deeper than 50 levels"),
    ],
)
def test_what_never_ends_is_abandoned(beginning: str, endless: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(messages_in(chain([beginning], repeat(endless))))


def test_a_row_that_is_too_long_affects_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_messages, "LINE_LIMIT", 1000)
    long = {f"field {n}": "a" * 50 for n in range(40)}
    rows = list(messages_in(_document({"id": 1}, long, {"many": [[]] * 200}, {"id": 2})))
    around = {"chat": {"id": 7, "name": "c"}}
    too_long = "the row is longer than 1,000 characters"
    assert rows == [{"id": 1, **around}, too_long, too_long, {"id": 2, **around}]


def test_what_is_not_an_object_is_reported_and_little_is_kept_of_the_rest() -> None:
    around = {f"field {n}": n for n in range(500)} | {"name": "a" * 5000}
    rows = list(messages_in([_document(1, "two", None, [{"id": 3}], {"id": 4}, **around)]))
    assert rows[:3] == ["the row is not a JSON object"] * 3
    (kept,) = rows[3:]
    assert isinstance(kept, dict)
    assert (kept["id"], kept["chat"]["id"], len(kept["chat"])) == (4, 7, 100)
    assert "name" not in kept["chat"]


@pytest.mark.parametrize("tail", ["", "]", "]}x", ', {"id": 2', ", nan", ', {"id": ' + "9" * 5000])
def test_a_damaged_document_keeps_the_rows_before(tail: str, tmp_path: Path) -> None:
    row = '{"id": 1, "date": "2019-08-19", "from_id": "user1", "text": ""}'
    path = tmp_path / "result.json"
    path.write_text('{"id": 7, "messages": [' + row + tail, "utf-8")
    assert detect(path) == "telegram-desktop"
    first, last = read_source(path)
    assert isinstance(first, Post)
    assert (first.post_id, first.line) == ("7/1", 1)
    assert isinstance(last, Skipped)
    assert last.line == 2
    assert last.reason.startswith("the document can't be read from here on: ")


@pytest.mark.parametrize("text", ['{"messages": []}', '{\n"a": 1\n}', "{", '{\n"messages": [1]\n}'])
def test_a_document_without_messages_is_not_recognised(text: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(text, "utf-8")
    with pytest.raises(SourceError, match=r"result\.json: "):
        detect(tmp_path / "result.json")


def test_pictures_are_beside_the_export(fixtures: Path) -> None:
    folder = fixtures / "telegram-desktop"
    library = MediaLibrary([])
    found = {
        post.post_id: [
            item.path if isinstance(item, MediaFile) else item.reason
            for item in library.find(post, SourceLocation(Folder(folder)))
        ]
        for name in ("result.json", "export.json")
        for post in read_source(folder / name)
        if isinstance(post, Post) and post.media
    }
    assert found == {
        "1234567890/17": ["photos/photo_1@19-08-2019_22-03-22.jpg"],
        "1234567890/18": ["not downloaded"],
        "1234567890/19": ["files/map.jpg"],
        "1234567890/20": ["not downloaded"],
        "700/3": ["photos/photo_2@20-08-2019_09-00-00.jpg"],
    }
