"""A post has the same key and account whichever tool exported it."""

from pathlib import Path

import pytest
from one_post import EXPORTS, KEYS, TEXT, Export, copied
from sampling import FIXTURES

from frametrace.posts.model import Post
from frametrace.posts.open_source import open_source
from frametrace.posts.readers import READERS, Reader

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
