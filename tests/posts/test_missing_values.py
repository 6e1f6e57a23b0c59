"""Missing values and ids as spreadsheets, R and pandas write them, and unreadable fields."""

from pathlib import Path

import pytest

from frametrace.posts.model import Post, Precision, Skipped
from frametrace.posts.open_source import read_source
from frametrace.posts.source_parts import Entry
from frametrace.posts.values import MISSING_VALUES, restored_id

NAMES = "platform,post_id,account_id,account_name,posted_at,text,media,repost_of,hashtags,likes"


def read(path: Path, text: str) -> list[Entry]:
    path.write_text(text, "utf-8")
    return list(read_source(path))


def only_post(path: Path, text: str) -> Post:
    (post,) = read(path, text)
    assert isinstance(post, Post)
    return post


@pytest.mark.parametrize("word", sorted(MISSING_VALUES))
def test_a_missing_value_is_empty_in_every_column(tmp_path: Path, word: str) -> None:
    row = f"facebook,1,a,{word},{word},{word},{word},{word},{word},{word}"
    post = only_post(tmp_path / "posts.csv", f"{NAMES}\n{row}\n")
    assert post == Post("facebook", "1", "a", source="posts.csv", line=2)
    (reported,) = read(tmp_path / "nobody.csv", f"{NAMES}\n{row.replace(',a,', f',{word},')}\n")
    assert isinstance(reported, Skipped)
    assert reported.reason == "account_id is empty"


def test_such_a_word_in_a_longer_text_stays(tmp_path: Path) -> None:
    text = f"{NAMES}\nvk,1,NASA,None of them,,null and void,,,,\n"
    post = only_post(tmp_path / "posts.csv", text)
    said = post.account_id, post.account_name, post.text
    assert said == ("NASA", "None of them", "null and void")


def test_what_pandas_writes_into_json_is_missing_and_a_text_is_a_text(tmp_path: Path) -> None:
    text = (
        '{"platform": "twitter", "post_id": 603.0, "account_id": 82, "text": NaN, "repost_of": NaN,'
        ' "media": null}\n'
    )
    post = only_post(tmp_path / "posts.jsonl", text)
    assert post == Post("twitter", "603", "82", source="posts.jsonl", line=1)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12345.0", "12345"),
        ("12345.000", "12345"),
        ('="1690773347334800009"', "1690773347334800009"),
        ("'1690773347334800010", "1690773347334800010"),
        ("1690773347334800010", "1690773347334800010"),
        ("ID_1690773347334800011", "ID_1690773347334800011"),
        ("1e5", "1e5"),  # may be a code
        ("'tis", "'tis"),
        ("1.5", "1.5"),
        ("", ""),
    ],
)
def test_an_id_is_taken_without_what_a_spreadsheet_put_around_it(written: str, meant: str) -> None:
    assert restored_id(written) == meant


@pytest.mark.parametrize("written", ["1.69E+18", "1,69E+18", "1.69E18", "1e+5", "1.69077E+018"])
def test_an_id_whose_digits_are_lost_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="lost its digits"):
        restored_id(written)


def test_a_field_that_cannot_be_read_loses_the_field_but_not_the_post(tmp_path: Path) -> None:
    text = f"{NAMES}\nx,1,12345.0,,soon,first,,1.69E+18,,\nx,2,12345,,1714557600,second,,,,\n"
    first, *reported, second = read(tmp_path / "posts.csv", text)
    assert isinstance(first, Post)
    assert isinstance(second, Post)
    assert (first.account_id, first.text, first.repost_of) == ("12345", "first", "")
    assert (first.posted_at, first.precision) == (None, Precision.NONE)
    assert second.account_id == first.account_id
    assert second.precision is Precision.SECOND
    assert [(one.line, one.reason) for one in reported if isinstance(one, Skipped)] == [
        (*(2, "'soon' is not a time such as 2019-08-19 14:03:22; the rest of the row is kept"),),
        (
            2,
            "repost_of 1.69E+18 lost its digits in a spreadsheet; export it again with ids as "
            "text; the rest of the row is kept",
        ),
    ]
