"""Meta's downloads in their real layout: another file names the account, and posts have no ids."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import FIXTURES, is_sound

from frametrace.posts.model import Post
from frametrace.posts.readers import Reader, facebook_export, instagram_export
from frametrace.posts.readers.shared.meta_export import content_key
from frametrace.posts.rows import Row, flatten

FACEBOOK, INSTAGRAM = facebook_export.READER, instagram_export.READER
LIN = {"export.account_id": "lin.invented.7", "export.account_name": "Lin"}


def _context(reader: Reader, files: Mapping[str, str]) -> Mapping[str, str]:
    assert reader.context is not None
    return reader.context(lambda path: files.get(path, ""))


def _parts(reader: Reader, row: Row) -> Iterable[Row]:
    assert reader.parts is not None
    return reader.parts(row)


def _posts(reader: Reader, record: Any, source: str = "posts.json") -> list[Post]:
    row = Row(LIN | flatten(record), source, 1)
    found = [reader.parse(part) for part in _parts(reader, row)]
    assert all(isinstance(entry, Post) and is_sound(entry) for entry in found)
    return [entry for entry in found if isinstance(entry, Post)]


def _listed(document: Any) -> list[dict[str, Any]]:
    """The records of a real file: a list, or an object of lists."""
    lists = [document] if isinstance(document, list) else document.values()
    return [record for records in lists for record in records]


@pytest.mark.parametrize("above", ["", "../", "../../", "../../../"])
@pytest.mark.parametrize(
    ("uri", "account_id"),
    [
        ("https://www.facebook.com/profile.php?id=100200", "100200"),
        ("https://www.facebook.com/Lin.Invented.7", "lin.invented.7"),
        ("https://www.facebook.com/a/b/c", "Lín"),
        ("", "Lín"),
    ],
)
def test_the_owner_of_a_facebook_export_is_found(above: str, uri: str, account_id: str) -> None:
    profile = {"name": {"full_name": "L\u00c3\u00adn"}, "profile_uri": uri}
    path = f"{above}personal_information/profile_information/profile_information.json"
    found = _context(FACEBOOK, {path: json.dumps({"profile_v2": profile})})
    assert found == {"export.account_id": account_id, "export.account_name": "Lín"}


@pytest.mark.parametrize(
    ("label", "is_known"),
    [("Username", True), ("Имя пользователя", True), ("Kullanıcı adı", True), ("Name", False)],
)
def test_the_owner_of_an_instagram_export_is_found_in_any_language(
    label: str, is_known: bool
) -> None:
    label = label.encode().decode("latin-1")
    path = "../../personal_information/personal_information/personal_information.json"
    values = {"Bio": {"value": "Lin"}, label: {"value": "Lin.Invented"}}
    user = {"profile_user": [{"string_map_data": values}]}
    wanted = {"export.account_id": "lin.invented", "export.account_name": "Lin.Invented"}
    found = _context(INSTAGRAM, {path: json.dumps(user)})
    assert found == (wanted if is_known else {})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"profile_user": 7}', "[" * 9999])
def test_a_broken_profile_names_no_owner(text: str) -> None:
    for reader in (FACEBOOK, INSTAGRAM):
        names = ("profile_information", "personal_information", "profile")
        assert _context(reader, {f"{name}.json": text for name in names}) == {}


def _read_as_laid_out(reader: Reader, folder: Path) -> set[str]:
    """The posts of an unpacked export, whose files are read together with those around them."""
    assert reader.context is not None
    found = set()
    for real in sorted(folder.rglob("*.real.json")):

        def read(path: str, beside: Path = real.parent) -> str:
            file = (beside / path).resolve()
            inside = file.is_relative_to(folder.resolve()) and file.is_file()
            return file.read_text("utf-8") if inside else ""

        owner = reader.context(read)
        for record in _listed(json.loads(real.read_text("utf-8"))):
            for part in _parts(reader, Row(flatten(record) | owner, real.name, 1)):
                entry = reader.parse(part)
                assert isinstance(entry, Post)
                found.add(entry.post_id)
    return found


@pytest.mark.parametrize("reader", [FACEBOOK, INSTAGRAM], ids=lambda reader: reader.name)
def test_an_export_as_it_is_laid_out_holds_the_posts_of_the_sample(reader: Reader) -> None:
    folder = FIXTURES / reader.name
    wanted = {
        post["post_id"]
        for expected in folder.glob("*.expected.json")
        for post in json.loads(expected.read_text("utf-8"))["posts"]
    }
    # Not in the sample: a post whose owner is unknown there.
    moment = datetime(2019, 8, 19, 14, 12, 22, tzinfo=UTC)
    wanted.add(content_key("lin.invented.7", moment, "whose?", ["500600700833.jpg"]))
    found = set().union(*(_read_as_laid_out(reader, root) for root in folder.iterdir()))
    assert len(found) > 5
    assert found <= wanted


def test_what_others_wrote_on_a_profile_is_not_read() -> None:
    record = {"timestamp": 1566223402, "data": [{"post": "hello"}], "title": "Mo wrote."}
    assert _posts(FACEBOOK, record)
    with pytest.raises(ValueError, match="somebody else"):
        _posts(FACEBOOK, record, "export.zip/posts/other_people's_posts_to_your_timeline.json")


@pytest.mark.parametrize("name", ["profile_photos.json", "export.zip/media/reposts.json"])
def test_pictures_of_profiles_and_reposts_are_not_posts(name: str) -> None:
    record = {"uri": "media/other/1.jpg", "creation_timestamp": 1566223402}
    assert _posts(INSTAGRAM, record)
    assert _posts(INSTAGRAM, record, name) == []


def test_a_key_depends_on_the_content_and_not_on_the_folder() -> None:
    record = {"timestamp": 1566223402, "data": [{"post": "a"}], "title": "t"}
    moved = [
        record | {"attachments": [{"data": [{"media": {"uri": f"{folder}/1.jpg"}}]}]}
        for folder in ("photos_and_videos/a", "your_facebook_activity/posts/media/a")
    ]
    other = record | {"data": [{"post": "b"}]}
    keys = [_posts(FACEBOOK, each)[0].post_id for each in (*moved, other, record)]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("caf\u00c3\u00a9"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("data", "media", "uri", "title", "post", "note", "thumbnail", "label"),
                    *("creation_timestamp", "description", "value", "external_context", "url"),
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(
            (
                *("timestamp", "data", "attachments", "title", "media", "uri", "path", "tags"),
                *("creation_timestamp", "taken_at", "caption", "label_values"),
            )
        ),
        _ANY,
    )
)
def test_any_record_is_a_post_or_refused(record: dict[str, Any]) -> None:
    for reader in (FACEBOOK, INSTAGRAM):
        try:
            _posts(reader, record)
        except ValueError as error:
            assert str(error)
