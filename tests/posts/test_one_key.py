"""One post has one key, whatever tool exported it."""

import json
from pathlib import Path

import pytest

from frametrace.posts.model import Post
from frametrace.posts.readers.post_keys import post_of, shortcode_of
from frametrace.posts.reading import read_source

CAPTION = "The bridge is shut until the spring, they say"


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("1929261108986102451", "BrGHMHIF8Kz"),
        ("1929261108986102451_429173", "BrGHMHIF8Kz"),
        ("2277033926878261772", "B-ZpkrRF3IM"),
        ("0", "A"),
        ("63", "_"),
        ("64", "BA"),
        ("BrGHMHIF8Kz", "BrGHMHIF8Kz"),
        ("123_", "123_"),
        ("1_2_3", "1_2_3"),
        ("٣", "٣"),
        ("9" * 21, "9" * 21),
        ("", ""),
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


def _keys(*paths: Path) -> set[tuple[str, str, str]]:
    entries = [entry for path in paths for entry in read_source(path)]
    assert all(isinstance(entry, Post) for entry in entries)
    return {(e.platform, e.post_id, e.account_id) for e in entries if isinstance(e, Post)}


def test_crowdtangle_names_a_facebook_post_alike_in_tables_and_records(tmp_path: Path) -> None:
    table = tmp_path / "ct.csv"
    table.write_text(
        "Page Name,User Name,Facebook Id,Created,URL,Message\n"
        "Harbour Voice,harbourvoice,100001,2021-03-20 10:00:00 EDT,"
        f'https://www.facebook.com/100001/posts/9001,"{CAPTION}"\n',
        "utf-8",
    )
    records = tmp_path / "ct.jsonl"
    account = {"id": 5, "platformId": "100001", "accountType": "facebook_page"}
    record = {"platformId": "100001_9001", "platform": "Facebook", "date": "2021-03-20 14:00:00"}
    records.write_text(json.dumps(record | {"message": CAPTION, "account": account}), "utf-8")
    assert _keys(table, records) == {("facebook", "9001", "100001")}


def test_an_instagram_post_is_named_alike_by_crowdtangle_and_zeeschuimer(tmp_path: Path) -> None:
    table = tmp_path / "ct.csv"
    table.write_text(
        "Account,User Name,Post Created,URL,Photo,Description\n"
        "Lena,Lena_H,2021-08-20 10:00:00 EDT,https://www.instagram.com/p/BrGHMHIF8Kz/,,"
        f'"{CAPTION}"\n',
        "utf-8",
    )
    user = {"pk": "77", "username": "lena_h"}
    data = {"pk": "1929261108986102451", "taken_at": 1629468000, "user": user}
    item = {"item_id": "1929261108986102451_77", "source_platform": "instagram.com"}
    item |= {"timestamp_collected": 1740820000000, "data": data}
    named, numbered = tmp_path / "named.ndjson", tmp_path / "numbered.ndjson"
    numbered.write_text(json.dumps(item), "utf-8")
    item["data"] = data | {"code": "BrGHMHIF8Kz"}
    named.write_text(json.dumps(item), "utf-8")
    account = {"id": 5, "platformId": "77", "handle": "lena_h", "platform": "Instagram"}
    record = {"platformId": "1929261108986102451_77", "date": "2021-08-20 14:00:00"}
    api = tmp_path / "api.jsonl"
    api.write_text(json.dumps(record | {"platform": "Instagram", "account": account}), "utf-8")
    assert _keys(table, named, numbered, api) == {("instagram", "BrGHMHIF8Kz", "lena_h")}
