"""Documents beside pictures: which picture each of them names."""

import json

import pytest

from frametrace.posts.model import Post
from frametrace.posts.readers import READERS
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, flatten

BY_NAME: dict[str, Reader] = {reader.name: reader for reader in READERS}


def media(reader: str, file: str, record: object) -> tuple[str, ...]:
    row = Row(flatten(json.loads(json.dumps(record))), file, 1)
    post = BY_NAME[reader].parse(row)
    assert isinstance(post, Post)
    return post.media


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("twitter/lin/1163_1.jpg.json", ("1163_1.jpg",)),
        ("1163_2.PNG.json", ("1163_2.PNG",)),
        ("1163_3.mp4.json", ("1163_3.mp4",)),
        ("info.json", ()),
        ("posts.jsonl", ()),
    ],
)
def test_gallery_dl_names_a_document_as_its_file(file: str, named: tuple[str, ...]) -> None:
    author = {"id": 7, "name": "lin", "nick": "Lin"}
    record = {"category": "twitter", "tweet_id": 1163, "author": author, "content": "x"}
    assert media("gallery-dl", file, record) == named


@pytest.mark.parametrize(
    ("link", "ending"),
    [("jpg?a=b.gif", "jpg"), ("webp", "webp"), ("image", "image"), ("jpeg/x", "jpg")],
)
def test_yt_dlp_names_a_still_as_its_link_ends(link: str, ending: str) -> None:
    record = {
        "id": "abc",
        "webpage_url": "https://www.youtube.com/watch?v=abc",
        "channel_id": "UC1",
        "thumbnail": f"https://i.example.org/a.{link}",
    }
    assert media("yt-dlp", "sub/A clip [abc].info.json", record) == (f"A clip [abc].{ending}",)


STEM = "2019-08-19_14-03-22_UTC"


@pytest.mark.parametrize("file", [f"lin/{STEM}.json", f"{STEM}.json.xz", f"{STEM}.json.gz"])
@pytest.mark.parametrize(("children", "named"), [(0, ("",)), (1, ("_1",)), (3, ("_1", "_2", "_3"))])
def test_instaloader_numbers_the_pictures_of_a_post_that_has_several(
    file: str, children: int, named: tuple[str, ...]
) -> None:
    node = {
        "shortcode": "B1abc",
        "owner": {"id": "7", "username": "Lin.Invented"},
        "__typename": "GraphSidecar" if children else "GraphVideo",
        "edge_sidecar_to_children": {"edges": [{"node": {"id": at}} for at in range(children)]},
    }
    wanted = tuple(f"{STEM}{number}.jpg" for number in named)
    assert media("instaloader", file, {"node": node, "instaloader": {}}) == wanted
