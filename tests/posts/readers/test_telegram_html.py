"""Pages of Telegram Desktop: odd, broken and hostile ones."""

import time
from collections.abc import Mapping

import pytest

from frametrace.posts.model import Post
from frametrace.posts.readers.telegram_html import READER
from frametrace.posts.rows import Row

HEAD = (
    "<html><head><title>Exported Data</title><script src='js/script.js'></script></head><body>"
    "<div class='page_header'><div class='text bold'>Invented</div></div><div class='history'>\n"
)
MESSAGE = '<div class="message default" id="message{}"><div class="body">'
NAMED = '<div class="from_name">Lin</div>'
END = "</div></div>\n"


def read(page: str) -> list[tuple[int, Mapping[str, str] | str]]:
    assert READER.split is not None
    return list(READER.split(page.splitlines(keepends=True)))


def values(page: str) -> Mapping[str, str]:
    ((_, found),) = read(page)
    assert not isinstance(found, str)
    return found


def reason(page: str) -> str:
    _, found = read(page)[-1]
    assert isinstance(found, str)
    return found


def test_pages_are_recognised_by_their_title() -> None:
    assert READER.begins is not None
    assert READER.begins(HEAD)
    assert not READER.begins("<html><head><title>Something else</title>")


def test_lines_are_counted_beyond_the_limit_of_the_parser() -> None:
    page = HEAD + "\n" * 70_000 + MESSAGE.format(1) + NAMED + END
    assert [line for line, _ in read(page)] == [70_002]


def test_pages_of_all_chats_name_files_from_the_top() -> None:
    wrap = '<div class="media_wrap"><a class="photo_wrap" href="../../chats/chat_1/photos/1.jpg">'
    page = HEAD + MESSAGE.format(1) + NAMED + wrap + "</a></div>" + END
    assert values(page)["media"] == '["photos/1.jpg"]'


def test_messages_of_two_chats_with_one_title_have_different_keys() -> None:
    date = '<div class="pull_right date details" title="{}.05.2024 14:03:01 UTC+01:00"></div>'
    keys = []
    for day in (10, 11, 11):
        page = HEAD + MESSAGE.format(1) + date.format(day) + NAMED + END
        post = READER.parse(Row(dict(values(page)), "messages.html", 1))
        assert isinstance(post, Post)
        keys.append(post.post_id)
    assert keys == [f"Invented/1/2024-05-{day}T13:03:01Z" for day in (10, 11, 11)]


def test_entities_of_the_page_itself_are_not_followed() -> None:
    hidden = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    page = hidden + HEAD + MESSAGE.format(1) + NAMED + '<div class="text">&a; b</div>' + END
    assert values(page)["text"] == "&a; b"


@pytest.mark.parametrize(
    ("page", "beginning"),
    [
        ("", "the page can't be read: Document is empty"),
        ("<html><body>nothing", "the page holds no messages"),
        (HEAD + "<div>" * 100_000, "from here on the page can't be read: Excessive depth"),
        (HEAD + " " * 2**26, "the page is longer than 67,108,864 characters"),
    ],
)
def test_an_unreadable_page_is_reported(page: str, beginning: str) -> None:
    assert reason(page).startswith(beginning)


@pytest.mark.parametrize(
    "inside",
    [
        '<div class="media_wrap">' * 200 + '<a class="media_video">' + '<img src="a">' * 100_000,
        '<span class="reactions">' + '<span class="reaction">' * 200 + "<b></b>" * 100_000,
        '<div class="media_wrap"><a class="photo_wrap" href="' + "../" * 300_000 + '1.jpg">',
        '<div class="text">' + "<br>" * 200_000,
        f'<div class="x {" ".join(map(str, range(100_000)))}">',
    ],
)
def test_hostile_pages_are_read_in_linear_time(inside: str) -> None:
    began = time.monotonic()
    read(HEAD + MESSAGE.format(1) + NAMED + inside)
    assert time.monotonic() - began < 5
