"""Files as tools lay them out, which hold posts of the samples that are written line by line.

The samples say what each post must be. So a real layout is sound if each of its posts is the
sample's, and if there are as many as it was made with.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest
from sampling import FIXTURES, is_sound, source_of

from frametrace.posts.model import Account, Post, Skipped
from frametrace.posts.open_source import open_source

# Of each layout how many posts and accounts it holds, and how many rows are reported.
LAYOUTS: Mapping[str, tuple[int, int]] = {
    "bluesky-records/list-records.real.json": (3, 0),
    "bluesky/author-feed.real.json": (3, 0),
    "facebook-export/export": (9, 1),
    "gallery-dl/real": (4, 0),
    "instagram-export/export": (7, 0),
    "instagram-export/until-2020": (1, 0),
    "instaloader/real": (4, 0),
    "mastodon/timeline.real.json": (3, 0),
    "mastodon/truthbrush-search.real.jsonl": (3, 0),
    "mediacrawler-jsonl/search_contents_2019-08-20.real.json": (2, 0),
    "meta-content-library-api/messages.real.json": (4, 3),
    "reddit-jsonl/arctic-shift-search.real.json": (2, 0),
    "reddit-jsonl/listing.real.json": (2, 0),
    "telethon/channel_messages.real.json": (5, 0),
    "tiktok-export/user_data.real.json": (5, 1),
    "tiktok-export/user_data_tiktok.real.json": (5, 1),
    "tiktok-research-jsonl/answer.real.json": (3, 2),
    "vk-api/wall.real.json": (4, 3),
    "weibo-crawler-csv/1669800001.real.csv": (3, 1),
    "weibo-crawler-json/1669800001.real.json": (6, 1),
    "weibo-spider-json/1669800001.real.json": (5, 0),
    "x-api-v1/search.real.json": (2, 0),
    "x-personal-archive/real": (5, 1),
    "youtube-api/search.real.json": (1, 1),
    "youtube-api/videos.real.json": (2, 0),
    "yt-dlp/real": (1, 0),
}
# Where a layout differs from the sample: it has less, more, or other paths of files beside it.
DIFFERS: Mapping[str, frozenset[str]] = {
    "gallery-dl/real": frozenset({"media", "extra"}),
    "instagram-export/export": frozenset({"extra"}),  # the form with labels keeps these
    "instagram-export/until-2020": frozenset({"account_name"}),  # `profile.json` has small letters
    "instaloader/real": frozenset({"media", "stills"}),
    "reddit-jsonl/listing.real.json": frozenset({"extra"}),  # `kind`
    "tiktok-export/user_data.real.json": frozenset({"text", "media", "engagement", "extra"}),
    "yt-dlp/real": frozenset({"media", "stills"}),
}
# The sample of this one does not say whose post it is.
ADDED = {"export:1566223942:155fe91a2084"}

every_layout = pytest.mark.parametrize("layout", LAYOUTS)


def _key(entry: Post | Account) -> str:
    return entry.post_id if isinstance(entry, Post) else entry.account_id


def _sampled(folder: Path) -> dict[str, Post | Account]:
    return {
        _key(entry): entry
        for expected in folder.glob("*.expected.json")
        for entry in open_source(source_of(expected)).entries()
        if not isinstance(entry, Skipped)
    }


def _differing(one: Post | Account, other: Post | Account) -> set[str]:
    names = {field.name for field in fields(one)} - {"source", "line"}
    return {name for name in names if getattr(one, name) != getattr(other, name)}


def test_every_file_in_a_real_layout_is_listed() -> None:
    files = {path.relative_to(FIXTURES).as_posix() for path in FIXTURES.rglob("*.real.*")}
    folders = {path.relative_to(FIXTURES).as_posix() for path in FIXTURES.glob("*/real")}
    listed = {
        name for name in files | folders if any(f"{name}/".startswith(f"{at}/") for at in LAYOUTS)
    }
    columns = {f"columns/{name}.real.csv" for name in ("brandwatch", "meltwater")}
    assert files | folders == listed | columns


@every_layout
def test_a_real_layout_gives_the_posts_of_the_sample(layout: str) -> None:
    path = FIXTURES / layout
    sampled = _sampled(FIXTURES / layout.partition("/")[0])
    entries = list(open_source(path).entries())
    found = [entry for entry in entries if not isinstance(entry, Skipped)]
    assert (len(found), len(entries) - len(found)) == LAYOUTS[layout]
    assert all(map(is_sound, entries))
    for entry in found:
        if _key(entry) not in ADDED:
            assert _differing(entry, sampled[_key(entry)]) <= DIFFERS.get(layout, frozenset())


@pytest.mark.parametrize(
    ("layout", "media"),
    [
        (
            "gallery-dl/real",
            [
                ("1163000000000000001_1.jpg",),
                ("1163000000000000001_2.jpg",),
                ("2100000000000000001_2100000000000000002.jpg",),
                ("2100000000000000009.mp4",),
            ],
        ),
        (
            "instaloader/real",
            [
                ("2019-08-19_14-03-22_UTC.jpg",),
                tuple(f"2019-08-19_14-03-23_UTC_{name}" for name in ("1.jpg", "2.mp4", "3.jpg")),
                tuple(f"2019-08-19_14-03-24_UTC_{number}.jpg" for number in (1, 2)),
            ],
        ),
        ("yt-dlp/real", [("They are alike [abcdefghij1].mp4",)]),
    ],
)
def test_a_document_beside_files_names_them(layout: str, media: list[tuple[str, ...]]) -> None:
    posts = (entry for entry in open_source(FIXTURES / layout).entries() if isinstance(entry, Post))
    assert [post.media for post in posts] == media


def test_a_record_in_an_export_of_ones_own_data_has_an_account() -> None:
    entries = open_source(FIXTURES / "facebook-export" / "export").entries()
    (added,) = (e for e in entries if isinstance(e, Post) and e.post_id in ADDED)
    assert (added.text, added.account_id) == ("whose?", "lin.invented.7")


# Arrays of records, one a line


PAGE = '[{"platform": "x", "post_id": "1", "account_id": "a"}, %s]'
SECOND = '{"platform": "x", "post_id": "2", "account_id": "a"}'


@pytest.mark.parametrize(
    ("lines", "ids", "reported"),
    [
        ([PAGE % SECOND, "[]", f"[{SECOND}]"], ["1", "2", "2"], []),
        (["[]", PAGE % SECOND, ""], ["1", "2"], []),
        ([PAGE % "3", "[]", SECOND, "[1, 2, 3]"], ["1", "2"], [1, 4]),
        ([PAGE % SECOND, "[]", "[", '["a"]'], ["1", "2"], [3, 4]),
        ([PAGE % SECOND, ""], ["1", "2"], []),
        ([SECOND, PAGE % SECOND], ["2"], [2]),
    ],
)
def test_arrays_of_records_are_one_per_line(
    tmp_path: Path, lines: list[str], ids: list[str], reported: list[int]
) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    entries = list(open_source(path).entries())
    assert [entry.post_id for entry in entries if isinstance(entry, Post)] == ids
    assert [entry.line for entry in entries if isinstance(entry, Skipped)] == reported


def test_a_short_row_is_filled_up_only_where_the_tool_leaves_cells_out(tmp_path: Path) -> None:
    weibo = tmp_path / "1669800001.csv"
    weibo.write_text(
        "id,bid,正文,日期,转发数\n4406,I1,words,2019-08-19\nalone\n1,2,3,4,5,6\n", "utf-8"
    )
    found, *reported = open_source(weibo).entries()
    assert isinstance(found, Post)
    assert found.text == "words"
    assert [entry.line for entry in reported] == [3, 4]
    plain = tmp_path / "plain.csv"
    plain.write_text("platform,post_id,account_id,text\nx,1,a\nx,2,a,\n", "utf-8")
    assert [entry.line for entry in open_source(plain).entries()] == [2, 3]


def test_an_id_alone_in_its_document_may_end_in_zeros(tmp_path: Path) -> None:
    record = (FIXTURES / "gallery-dl" / "real" / "1163000000000000001_1.jpg.json").read_text(
        "utf-8"
    )
    path = tmp_path / "1163000000000000000_1.jpg.json"
    path.write_text(record.replace("1163000000000000001", "1163000000000000000"), "utf-8")
    (found,) = open_source(path).entries()
    assert isinstance(found, Post)
    assert replace(found, media=()).post_id == "1163000000000000000"
