"""One post has one key and one account, whatever tool exported it."""

from dataclasses import replace
from pathlib import Path

import pytest
from one_post import KEYS, TEXT, TOLD, Told, written

from frametrace.posts.model import Post
from frametrace.posts.open_source import open_source
from frametrace.posts.readers import READERS
from frametrace.posts.readers.account_keys import one_of_many, page_of
from frametrace.posts.readers.post_keys import id_in_link, post_of, shortcode_of

every_tool = pytest.mark.parametrize(
    "told", TOLD, ids=[f"{told.platform}/{told.reader}/{at}" for at, told in enumerate(TOLD)]
)

# Formats that tell no key, or one that no other tool tells: `docs/formats.md` says which.
ALONE = frozenset(
    {
        *("auto-archiver-csv", "auto-archiver-jsonl", "auto-archiver-sheet", "coortweet"),
        *("facebook-export", "instagram-export", "folder", "plain-csv", "plain-jsonl"),
        *("meta-content-library", "meta-content-library-api", "telegram-html", "whatsapp"),
        *("x-archive", "x-archive-users"),
    }
)


def test_every_format_is_tried() -> None:
    assert {told.reader for told in TOLD} >= {reader.name for reader in READERS} - ALONE
    assert not {told.reader for told in TOLD} & ALONE
    assert {told.platform for told in TOLD} == KEYS.keys()


@every_tool
def test_a_post_is_named_alike_by_every_tool(told: Told, tmp_path: Path) -> None:
    opened = open_source(written(told, tmp_path))
    assert [part.reader.name for part in opened.parts] == [told.reader]
    (post,) = (entry for entry in opened.entries() if isinstance(entry, Post))
    assert (post.platform, post.post_id, post.account_id) == (told.platform, *KEYS[told.platform])
    assert post.text.replace("\n", " ") == TEXT


@pytest.mark.parametrize("platform", KEYS)
def test_its_text_is_the_same_to_the_sign(platform: str, tmp_path: Path) -> None:
    texts = set()
    for told in TOLD:
        if told.platform == platform:
            entries = open_source(written(told, tmp_path)).entries()
            texts |= {entry.text for entry in entries if isinstance(entry, Post)}
    assert len(texts) == 1


@pytest.mark.parametrize(
    "told",
    [told for told in TOLD if told.platform == "twitter"],
    ids=lambda told: told.reader,
)
def test_signs_that_x_escapes_are_the_same_in_all_tools(told: Told, tmp_path: Path) -> None:
    escaped = told.content.replace(TEXT, f"{TEXT} &lt;3 &amp; &amp;lt; &copy")
    source = written(replace(told, content=escaped), tmp_path)
    (post,) = open_source(source).entries()
    assert isinstance(post, Post)
    assert post.text == f"{TEXT} <3 & &lt; &copy"


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("1929261108986102451", "BrGHMHIF8Kz"),
        ("1929261108986102451_429173", "BrGHMHIF8Kz"),
        ("2277033926878261772", "B-ZpkrRF3IM"),
        ("BrGHMHIF8Kz", "BrGHMHIF8Kz"),
        ("123_", "123_"),
        ("1_2_3", "1_2_3"),
    ],
)
def test_a_media_id_is_named_by_its_shortcode(id: str, code: str) -> None:
    assert shortcode_of(id) == code


@pytest.mark.parametrize(
    ("id", "post"),
    [
        ("100001_9001", "9001"),
        ("9001", "9001"),
        ("pfbid0aB_1", "pfbid0aB_1"),
        ("1_2_3", "1_2_3"),
        ("", ""),
    ],
)
def test_a_facebook_post_is_named_by_what_its_link_ends_in(id: str, post: str) -> None:
    assert post_of(id) == post


@pytest.mark.parametrize(
    ("tail", "account"),
    [("profile.php?id=7&sk=about", "7"), ("lin.l", "lin.l"), ("profile.php", "profile.php")],
)
def test_a_facebook_account_is_named_by_its_number_where_the_link_tells_it(
    tail: str, account: str
) -> None:
    assert page_of(tail) == account


@pytest.mark.parametrize(
    ("platform", "name", "account"),
    [
        ("reddit", "[deleted]", "[deleted]/1"),
        ("reddit", "deleted", "deleted"),
        ("4chan", "Anonymous", "Anonymous/1"),
        ("8kun", "Anonymous", "Anonymous/1"),
        ("reddit", "Anonymous", "Anonymous"),
        ("9gag", "9GAGGER", "9GAGGER/1"),
        ("telegram", "Deleted Account", "Deleted Account/1"),
    ],
)
def test_who_shares_a_name_with_many_is_one_for_itself(
    platform: str, name: str, account: str
) -> None:
    assert one_of_many(platform, name, "1") == account


@pytest.mark.parametrize(
    ("platform", "link"),
    [
        ("twitter", "https://x.com/lin"),
        ("facebook", "https://www.facebook.com/"),
        ("facebook", "https://www.facebook.com/lin/"),
        ("instagram", "https://www.instagram.com/lin/"),
        ("youtube", "https://www.youtube.com/@lin"),
        ("vk", "https://vk.com/photo-1_2"),
        ("telegram", "https://t.me/harbour_news"),
        ("unknown", "https://example.org/1"),
        ("twitter", "https://[x/status/1"),
        ("twitter", "https://x.com/lin/status/1?" + "a=1&" * 200),
        ("4chan", "https://boards.4chan.org/" + "a/thread/1" * 100_000),
    ],
)
def test_a_link_that_names_no_post_is_said_to(platform: str, link: str) -> None:
    with pytest.raises(ValueError, match="the link 'https://"):
        id_in_link(platform, link)
