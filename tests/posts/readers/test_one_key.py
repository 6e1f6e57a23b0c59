"""A post has the same key and account whichever tool exported it."""

from pathlib import Path

import pytest
from one_post import EXPORTS, KEYS, TEXT, Export, copied
from sampling import FIXTURES

from frametrace.posts.model import Post
from frametrace.posts.open_source import open_source
from frametrace.posts.readers import READERS, Reader
from frametrace.posts.readers.shared.account_keys import facebook_page, unshared_account
from frametrace.posts.readers.shared.post_keys import facebook_post_id, id_in_link, shortcode_of

every_export = pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.id)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_every_format_has_the_shared_post_or_says_why_not(reader: Reader) -> None:
    folder = FIXTURES / reader.name / "one-post"
    platforms = {export.platform for export in EXPORTS if export.reader == reader.name}
    has_reason = (folder / "none.txt").exists()
    assert bool(platforms) != has_reason, (
        f"put the post of fixtures/one-post.json, as the tool writes it, into {folder}/<platform>/,"
        " or say in none.txt there why the format can't have it"
    )
    assert platforms <= KEYS.keys(), "add the platform's keys to fixtures/one-post.json"


def test_every_platform_with_keys_is_exported_by_a_tool() -> None:
    assert {export.platform for export in EXPORTS} == KEYS.keys()


@every_export
def test_a_post_has_the_same_key_from_every_tool(export: Export, tmp_path: Path) -> None:
    opened = open_source(copied(export, tmp_path))
    assert [part.reader.name for part in opened.parts] == [export.reader]
    (post,) = (entry for entry in opened.entries() if isinstance(entry, Post))
    keys = KEYS[export.platform]
    assert (post.platform, post.post_id, post.account_id) == (export.platform, *keys)
    assert post.text.replace("\n", " ") == TEXT


@pytest.mark.parametrize("platform", KEYS)
def test_its_text_is_the_same_to_the_character(platform: str, tmp_path: Path) -> None:
    texts = set()
    for number, export in enumerate(EXPORTS):
        if export.platform == platform:
            folder = tmp_path / str(number)
            folder.mkdir()
            entries = open_source(copied(export, folder)).entries()
            texts |= {entry.text for entry in entries if isinstance(entry, Post)}
    assert len(texts) == 1


@pytest.mark.parametrize(
    "export",
    [export for export in EXPORTS if export.platform == "twitter"],
    ids=lambda export: export.id,
)
def test_characters_that_x_escapes_are_the_same_in_all_tools(
    export: Export, tmp_path: Path
) -> None:
    source = copied(export, tmp_path, f"{TEXT} &lt;3 &amp; &amp;lt; &copy")
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
def test_a_media_id_becomes_its_shortcode(id: str, code: str) -> None:
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
def test_a_facebook_post_is_keyed_by_the_tail_of_its_link(id: str, post: str) -> None:
    assert facebook_post_id(id) == post


@pytest.mark.parametrize(
    ("tail", "account"),
    [("profile.php?id=7&sk=about", "7"), ("lin.l", "lin.l"), ("profile.php", "profile.php")],
)
def test_a_facebook_account_is_keyed_by_its_number_if_the_link_has_it(
    tail: str, account: str
) -> None:
    assert facebook_page(tail) == account


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
def test_a_name_that_many_people_share_is_an_account_per_post(
    platform: str, name: str, account: str
) -> None:
    assert unshared_account(platform, name, "1") == account


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
def test_a_link_that_names_no_post_is_an_error(platform: str, link: str) -> None:
    with pytest.raises(ValueError, match="the link 'https://"):
        id_in_link(platform, link)
