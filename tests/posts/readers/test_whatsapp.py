"""WhatsApp's ways of writing a line, by phone, country and version."""

import time
from collections.abc import Mapping

import pytest

from frametrace.posts.model import Post
from frametrace.posts.readers.whatsapp import READER
from frametrace.posts.readers.whatsapp_lines import begins, split
from frametrace.posts.rows import Row

MARK = "\u200e"


def messages(text: str) -> list[Mapping[str, str]]:
    found = [values for _, values in split(text.splitlines(keepends=True))]
    assert all(not isinstance(values, str) for values in found)
    return [values for values in found if not isinstance(values, str)]


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("[19.08.19, 14:03:22] Lin: x", "19.08.19 14:03:22"),
        ("\u200e[8/19/19, 2:03:22\u202fPM] Lin: x", "8/19/19 2:03:22 PM"),
        ("8/19/19, 2:03\u202fPM - Lin: x", "8/19/19 2:03 PM"),
        ("8/19/14, 2:03:22 PM: Lin: x", "8/19/14 2:03:22 PM"),
        ("19/8/2019 2:03 p. m. - Lin: x", "19/8/2019 2:03 PM"),
        ("2019-08-19, 14.03 - Lin: x", "2019-08-19 14:03"),
        ("[19.8.2019 klo 14.03.22] Lin: x", "19.8.2019 14:03:22"),
        ("2019/8/19 下午2:03 - Lin: x", "2019/8/19 2:03 PM"),
        ("2019. 8. 19. 오전 2:03 - Lin: x", "2019.8.19 2:03 AM"),
        ("19. 8. 19. 오전 2:03 - Lin: x", "19. 8. 19 2:03 AM"),
        ("\u0661\u0669\u200f/\u0668\u200f/\u0662\u0660\u0661\u0669, \u0662:\u0660\u0663 م - Lin: x",
         "19/8/2019 2:03 PM"),
    ],
)  # fmt: skip
def test_a_line_begins_with_a_time_in_many_ways(line: str, when: str) -> None:
    assert begins(f"\ufeff{line}\n")
    ((_, values),) = split([line])
    assert not isinstance(values, str)
    assert (values["time"], values["sender"], values["text"]) == (when, "Lin", "x")


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "date,text\n19.08.19,x\n", '{"a": 1}\n', "19.08.19, a - b: c\n", "<html>\n"],
)
def test_other_files_are_not_recognised(text: str) -> None:
    assert not begins(text)


@pytest.mark.parametrize(
    "said",
    [
        f"{MARK}Messages and calls are end-to-end encrypted.",
        f"{MARK}Lin hat diese Gruppe erstellt",
        f"{MARK}This message was deleted.",
        "This message was deleted",
        "Diese Nachricht wurde gelöscht.",
    ],
)
def test_messages_of_whatsapp_itself_are_dropped(said: str) -> None:
    assert messages(f"[19.08.19, 14:03:22] Lin: {said}\n") == []


def test_a_longer_export_of_a_chat_gives_its_messages_the_same_keys() -> None:
    first = "19.08.19, 14:03 - Lin: ok\n19.08.19, 14:03 - Bo: ok\n19.08.19, 14:03 - Lin: ok\n"
    more = f"18.08.19, 9:00 - Lin: ok\n{first}19.08.19, 14:04 - Lin: ok\n"
    keys = [(values["time"], values["digest"]) for values in messages(more)]
    assert [(values["time"], values["digest"]) for values in messages(first)] == keys[1:4]
    assert len(set(keys)) == len(keys)
    assert keys[3] == (keys[1][0], f"{keys[1][1]}-2")


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("IMG-20190819-WA0001.jpg", "IMG-20190819-WA0002.jpg", False),
        ("IMG-20190819-WA0001.jpg", "IMG-20190819-WA0001.jpg", True),
    ],
)
def test_two_chats_with_one_name_are_distinguished_by_their_files(
    ours: str, theirs: str, same: bool
) -> None:
    lines = [f"19/08/2019, 14:03 - Mom: {name} (file attached)\n" for name in (ours, theirs)]
    (one,), (other,) = map(messages, lines)
    assert (one["digest"] == other["digest"]) is same


def test_a_file_that_an_iphone_renumbers_keeps_the_key_of_its_message() -> None:
    name = "PHOTO-2019-08-19-14-03-22.jpg"
    lines = [
        f"[19.08.19, 14:03:22] Lin: {MARK}<attached: {number:08}-{name}>\n" for number in (4, 17)
    ]
    (one,), (other,) = map(messages, lines)
    assert one["attached"] != other["attached"]
    assert one["digest"] == other["digest"]


@pytest.mark.parametrize(
    ("source", "chat"),
    [
        ("_chat.txt", "_chat"),
        ("WhatsApp Chat - Lin.zip/_chat.txt", "WhatsApp Chat - Lin"),
        ("chats/WhatsApp Chat - Lin/_chat.txt", "WhatsApp Chat - Lin"),
        ("chats/WhatsApp Chat with Lin.txt.gz", "WhatsApp Chat with Lin"),
    ],
)
def test_the_key_of_a_message_begins_with_its_chat(source: str, chat: str) -> None:
    ((_, values),) = split(["19.08.19, 14:03 - Lin: ok"])
    assert not isinstance(values, str)
    post = READER.parse(Row(dict(values), source, 1))
    assert isinstance(post, Post)
    assert post.post_id.startswith(f"{chat}/19.08.19 14:03/")


@pytest.mark.parametrize(
    "line",
    [
        "19.08.19, 14:03 - " + "a" * 500_000,
        "19.08.19, 14:03 - Lin: " + "<" * 500_000,
        "19.08.19, 14:03 - Lin: " + "<a:" * 200_000,
        "19.08.19, 14:03 - Lin: " + "a." * 250_000 + " (",
        "19.08.19, 14:03 - Lin: " + "\u200e<x" * 150_000,
        "1" * 500_000,
        "[" * 500_000,
    ],
)
def test_long_lines_are_read_in_linear_time(line: str) -> None:
    began = time.monotonic()
    list(split([line] * 3))
    assert time.monotonic() - began < 5


def test_an_endless_message_is_reported_and_skipped() -> None:
    lines = ["19.08.19, 14:03 - Lin: a\n", *["b" * 1000 + "\n"] * 2000, "19.08.19, 14:04 - Bo: c\n"]
    (first, reason), (second, _) = split(lines)
    assert (first, reason, second) == (1, "the message is longer than 1,048,576 characters", 2002)
