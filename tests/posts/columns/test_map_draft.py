"""Drafts of column maps: the right columns, none invented, and none broken by hostile cells."""

import random
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from drafting import BUILT_WITH, HELD_OUT, HELD_OUT_LATER, Table

from frametrace.posts.columns.column_map import FIELDS, read_map
from frametrace.posts.columns.header_names import fields_in_name
from frametrace.posts.columns.map_draft import Draft, draft_as_toml, draft_map
from frametrace.posts.model import Post
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.rows import Row

EVERY = (*BUILT_WITH, *HELD_OUT, *HELD_OUT_LATER)

every_table = pytest.mark.parametrize("table", EVERY, ids=[table.called for table in EVERY])


def _rows(table: Table) -> Iterator[Row]:
    for line, cells in enumerate(table.rows, start=2):
        yield Row(dict(zip(table.names, cells, strict=True)), "posts.csv", line)


def _draft(table: Table, given: Mapping[str, str] | None = None) -> Draft:
    return draft_map(table.names, _rows(table), given)


def _of(columns: Mapping[str, list[str]], given: Mapping[str, str] | None = None) -> Draft:
    rows = zip(*columns.values(), strict=True)
    named = (dict(zip(columns, cells, strict=True)) for cells in rows)
    return draft_map(tuple(columns), (Row(row, "x.csv", 2) for row in named), given)


@every_table
def test_a_draft_names_the_right_columns(table: Table) -> None:
    draft = _draft(table)
    assert dict(draft.columns) == dict(table.wanted)
    assert (draft.platform, draft.account_kind or "") == (table.platform, table.kind)


@every_table
def test_no_column_is_two_fields_and_none_is_made_up(table: Table) -> None:
    columns = list(_draft(table).columns.values())
    assert len(columns) == len(set(columns))
    assert set(columns) <= set(table.names)
    assert not {*columns, *_draft(table).columns} & set(table.never)


@every_table
def test_what_has_no_column_is_said(table: Table) -> None:
    draft = _draft(table)
    for name in ("post_id", "posted_at", "text", "media"):
        assert (name in draft.columns) != (name in draft.lacking)
    named = {"account_id", "account_name"} & draft.columns.keys()
    assert bool(named) != ("account_id" in draft.lacking)


@every_table
def test_a_written_draft_is_read_as_it_was_meant(table: Table, tmp_path: Path) -> None:
    draft = _draft(table)
    path = tmp_path / "columns.toml"
    path.write_text(draft_as_toml(draft, "posts.csv"), "utf-8")
    content = tomllib.loads(path.read_text("utf-8"))
    assert content["columns"] == dict(draft.columns)
    if draft.is_complete:
        found = read_map(path)
        assert found.columns == {name: (column,) for name, column in draft.columns.items()}
        assert (found.platform, found.account_kind) == (draft.platform, draft.account_kind)


@every_table
def test_posts_are_read_by_a_complete_draft(table: Table, tmp_path: Path) -> None:
    draft = _draft(table)
    if not draft.is_complete:
        return
    import csv

    path = tmp_path / "posts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([table.names, *table.rows])
    opened = open_source(path, ReadSettings(columns=(draft.map(),)))
    assert opened.parts[0].columns is not None
    posts = [entry for entry in opened.entries() if isinstance(entry, Post)]
    assert len(posts) == len(table.rows)
    assert len({post.post_id for post in posts}) == len(posts)
    assert all(post.text for post in posts) == ("text" in draft.columns)
    if "posted_at" in draft.columns:
        assert all(post.posted_at for post in posts)


def test_what_users_named_stays() -> None:
    (table,) = (table for table in HELD_OUT if table.called == "новости")
    given = {"post_id": "Заголовок", "account_name": "Компания", "platform": "ria.ru"}
    draft = _draft(table, given)
    assert draft.is_complete
    assert draft.platform == "ria.ru"
    assert draft.columns == {
        "post_id": "Заголовок",
        "account_name": "Компания",
        "posted_at": "Дата публикации",
        "text": "Текст",
    }


def test_a_column_that_holds_something_else_is_not_taken() -> None:
    draft = _of(
        {
            "post_id": ["no", "no", "no"],
            "date": ["soon", "later", "never"],
            "image": ["yes", "no", "yes"],
            "likes": ["many", "few", "none"],
            "author": ["a" * 300, "b" * 300, "c" * 300],
        }
    )
    assert draft.columns == {}
    assert draft.lacking["posted_at"] == "date holds something else, such as 'soon'"
    assert draft.lacking["media"] == "image holds something else, such as 'yes'"


def test_what_is_uncertain_is_said() -> None:
    days = [f"0{day}/05/2024" for day in range(1, 7)]
    draft = _of(
        {
            "No.": [str(at) for at in range(1, 7)],
            "Author": ["lin", "mo"] * 3,
            "Date": days,
            "Time": ["14:03"] * 6,
            "Text": ["short"] * 6,
        }
    )
    assert "number the rows" in draft.doubts["post_id"]
    assert "05/06 is in May or June" in draft.doubts["posted_at"]
    assert "few of its cells" in draft.doubts["text"]
    assert "nothing shows the platform" in draft.lacking["platform"]
    written = draft_as_toml(draft, "a\nb\x1b[31m.csv")
    assert written.startswith("# Drafted from a b [31m.csv: check each line.\n")
    assert 'posted_at = "Date"  # nothing shows' in written


@pytest.mark.parametrize("beside", ["group_id", "joined"])
def test_the_groups_name_is_not_that_of_who_posted_there(beside: str) -> None:
    draft = _of(
        {
            "id": [f"169077334733480000{at}" for at in range(6)],
            "user_id": [f"70000{at}" for at in range(6)],
            "body": [f"hello words in a body {at}" for at in range(6)],
            beside: ["9900001", "9910001"] * 3,
            "group": ["Some group", "Another group"] * 3,
        }
    )
    assert draft.columns["account_id"] == "user_id"
    assert "account_name" not in draft.columns


@pytest.mark.parametrize(
    ("link", "doubt"),
    [
        ("https://www.facebook.com/a/posts/900{}", ""),
        ("https://news.example/2024/05/900{}", "the link itself is the id: it does not name"),
        ("https://www.facebook.com/share/p/a900{}/", "the link itself is the id: it does not name"),
    ],
)
def test_of_a_link_it_is_said_when_it_is_the_id(link: str, doubt: str) -> None:
    cells = {"Link": [link.format(at) for at in range(6)], "Author": ["Lin", "Mo"] * 3}
    draft = _of(cells)
    assert draft.columns["post_id"] == "Link"
    assert draft.doubts.get("post_id", "").startswith(doubt)
    assert bool(doubt) == ("post_id" in draft.doubts)


@pytest.mark.parametrize("stamp", ["Timestamp", "Zeitstempel", "Marca temporal"])
def test_answers_to_a_form_are_drafted_by_their_questions(stamp: str) -> None:
    columns = {
        stamp: [f"2024-03-{day} 09:14:22" for day in range(10, 16)],
        "Link to the post": [f"https://www.instagram.com/p/C{at}bcdefghij/" for at in range(6)],
        "Who posted it?": ["lena_h", "@otto_k"] * 3,
        "What does the post say?": ["Bridge is closed, they all hide it"] * 6,
        "Upload a screenshot": [f"https://drive.google.com/open?id=1A{at}" for at in range(6)],
    }
    draft = _of(columns)
    assert draft.columns == {
        "post_id": "Link to the post",
        "account_id": "Who posted it?",
        "posted_at": stamp,
        "text": "What does the post say?",
    }
    assert "when a form was sent" in draft.doubts["posted_at"]
    assert "Upload a screenshot holds something else" in draft.lacking["media"]
    del columns[stamp]
    columns["timestamp"] = [f"2024-03-{day} 09:14:22" for day in range(10, 16)]
    assert "posted_at" not in _of(columns).doubts


def test_columns_of_videos_are_media_where_none_has_pictures() -> None:
    ids, videos = ["p100", "p200", "p300"], [f"https://v.example.org/{at}.mp4?a=1" for at in "abc"]
    draft = _of({"id": ids, "video_url": videos})
    assert draft.columns["media"] == "video_url"
    pictures = [f"https://v.example.org/{at}.jpg" for at in "abc"]
    draft = _of({"id": ids, "video_url": videos, "image_url": pictures})
    assert draft.columns["media"] == "image_url"
    playlists = [f"https://video.twimg.com/{at}/pl.m3u8" for at in "abc"]
    assert "media" not in _of({"id": ids, "video_url": playlists}).columns


def test_lists_of_pictures_may_be_empty() -> None:
    draft = _of({"id": ["p100", "p200", "p300"], "media": ['["a.jpg"]', "[]", "[]"]})
    assert draft.columns["media"] == "media"


def test_without_an_id_the_next_step_is_reported() -> None:
    draft = _of({"page": ["lin", "mo"], "message": ["one two three four"] * 2})
    assert "add one that numbers the rows" in draft_as_toml(draft, "x.csv")


def test_a_group_is_not_the_name_of_somebody_in_it() -> None:
    columns = {
        "id": [f"p{at}00" for at in range(6)],
        "user_id": ["700001", "700002"] * 3,
        "group_id": ["990001"] * 6,
        "group": ["Some group"] * 6,
    }
    assert "account_name" not in _of(columns).columns
    assert _of(columns).columns["account_id"] == "user_id"
    del columns["user_id"]
    assert _of(columns).columns["account_name"] == "group"


def test_a_link_says_more_than_an_id_beside_it() -> None:
    links = [f"https://www.instagram.com/p/C{at}bcdefghij/" for at in range(9)]
    numbers = [str(17900000000000000 + at) for at in range(9)]
    draft = _of({"id": numbers, "url": links, "user": ["lin_invented"] * 9})
    assert draft.columns == {"post_id": "url", "account_id": "user"}
    assert draft.doubts["post_id"] == "the links have other ids than id"


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("user.screen_name", {"handle": 3}),
        ("in_reply_to_status_id", {}),
        ("account.created_at", {}),
        ("scraped_at", {}),
        ("profile_picture_url", {}),
        ("retweetedStatusId", {"repost_of": 3}),
        ("Who posted it? (account name)", {"account_name": 3}),
        ("What does the post say?", {"text": 3}),
        ("Qui a publié ?", {"who": 2}),
        ("When was it posted?", {"posted_at": 3}),
        ("Upload a screenshot", {"media": 3}),
        ("Veröffentlichungsdatum", {"posted_at": 3}),
        ("发布时间", {"posted_at": 3}),
        ("Nombre de j’aime", {"engagement.likes": 3}),
        ("", {}),
        ("...", {}),
        ("x" * 100_000, {}),
        ("发布" * 100_000, {"posted_at": 3}),
    ],
)
def test_names_say_what_columns_are(name: str, fields: dict[str, int]) -> None:
    assert fields_in_name(name) == fields


def test_hostile_cells_and_names_break_no_draft() -> None:
    chance = random.Random(1)
    pieces = [
        *("\x00\x1b[2J\u202e", "https://", "http://[", "https://x.com/a/status/1", "[" * 3_000),
        *(
            '[{"a": 1}]',
            "'" * 2_000,
            "|" * 3_000,
            "9" * 5_000,
            "\ud83d".encode("utf-8", "replace").decode(),
        ),
        *(
            "99/99/9999",
            "#" * 3_000,
            "=HYPERLINK(1)",
            "é" * 9_000,
            "NaN",
            "",
            " ",
            "\x7f id",
            "-" * 900,
        ),
    ]
    for _ in range(60):
        names = [
            chance.choice(["id", "text", "date", "url", "image", "tags", "user", *pieces])
            for _ in range(8)
        ]
        rows = ({name: chance.choice(pieces) for name in names} for _ in range(30))
        draft = draft_map(names, (Row(row, "x", 2) for row in rows))
        content = tomllib.loads(draft_as_toml(draft, chance.choice(pieces)))
        assert content["columns"] == dict(draft.columns)
        assert all(name in FIELDS or name.startswith("engagement.") for name in draft.columns)


def test_a_table_without_rows_has_no_draft() -> None:
    draft = draft_map(("post_id", "text", "date"), iter(()))
    assert draft.columns == {}
    assert not draft.is_complete
