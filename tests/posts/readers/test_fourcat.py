"""4CAT's tables, of each source that has columns of its own."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from frametrace.posts.model import AccountKind, Post, Precision, Skipped
from frametrace.posts.open_source import detect, read_source
from frametrace.posts.readers.fourcat_columns import SOURCES

PICTURE, OTHER = "https://cdn.example.org/a.jpg", "https://cdn.example.org/b.jpg"
LINK = "https://example.org/a"


@dataclass
class Table:
    """A row of a source's table, all columns that 4CAT writes, and what it must give."""

    name: str
    row: dict[str, str]
    gives: dict[str, Any]
    empty: str = ""  # columns that hold nothing here
    file: str = "4cat.csv"
    kept: dict[str, str] = field(default_factory=dict)


TABLES = (
    Table(
        "threads",
        {"id": "Cx1aB", "body": "hello", "author": "Lin.Invented", "author_is_verified": "no"}
        | {"image_url": f"{PICTURE},{OTHER}", "link_url": LINK, "likes": "3", "reposts": "1"}
        | {"replies": "0", "quotes": "0", "hashtags": "hk"},
        {"platform": "threads", "post_id": "Cx1aB", "account_id": "lin.invented"}
        | {"media": (PICTURE, OTHER), "links": (LINK,), "hashtags": ("hk",)}
        | {"engagement": {"likes": 3, "reposts": 1, "replies": 0, "quotes": 0}},
        "url timestamp author_avatar video_url link_thumbnail_url is_paid_partnership",
    ),
    Table(
        "truthsocial",
        {"id": "110", "created_at": "2019-08-19T14:03:22.000Z", "body": "hello"}
        | {"reblogs_count": "3", "replies_count": "0", "account_id": "107"}
        | {"account_username": "lin", "video_thumbs": PICTURE, "thread_id": "110"},
        {"platform": "truthsocial", "post_id": "110", "account_id": "107", "account_name": "lin"}
        | {"media": (PICTURE,), "engagement": {"reposts": 3, "replies": 0}},
        "url images video_urls group_id hashtags mentions timestamp",
    ),
    Table(
        "gab",
        {"id": "111", "created_at": "2019-08-19 14:03:22", "body": "hello", "reaction_count": "9"}
        | {"favourites_count": "4", "reblogs_count": "1", "tags": "hk", "account_id": "9"}
        | {"account_username": "lin", "account_account": "lin", "link_url": LINK}
        | {"image_urls": PICTURE, "thread_id": "111"},
        {"platform": "gab", "account_id": "9", "media": (PICTURE,), "links": (LINK,)}
        | {"engagement": {"reactions": 9, "likes": 4, "reposts": 1}, "hashtags": ("hk",)},
        "url replies_count mentions group_id video_urls timestamp",
    ),
    Table(
        "facebook",
        {"id": "900000000000001", "body": "hello", "author": "lin.invented"}
        | {"author_name": "Lin Invented", "image_url": PICTURE, "is_in_group": "no"},
        {"platform": "facebook", "post_id": "900000000000001", "account_id": "lin.invented"}
        | {"account_name": "Lin Invented", "media": (PICTURE,)},
        "url timestamp video_url group_name",
    ),
    Table(
        "facebook, of CrowdTangle",
        {"id": "900000000000001", "thread_id": "900000000000001", "body": "hello"}
        | {"author": "invented", "page_name": "Invented", "page_id": "100000000000001"}
        | {"comments": "1", "shares": "2", "likes": "1,234", "url_original": LINK},
        {"platform": "facebook", "account_id": "100000000000001", "account_name": "Invented"}
        | {"account_kind": AccountKind.PAGE, "links": (LINK,)}
        | {"engagement": {"comments": 1, "shares": 2, "likes": 1234}},
        "timestamp page_category url type hashtags body_image",
        kept={"author": "invented"},
    ),
    Table(
        "instagram, of CrowdTangle",
        {"id": "CEabc", "thread_id": "CEabc", "body": "hello", "author": "Lin_H"}
        | {"type": "picture", "thumbnail_url": PICTURE, "num_likes": "1", "num_comments": "1"},
        {"platform": "instagram", "post_id": "CEabc", "account_id": "lin_h", "media": (PICTURE,)},
        "timestamp url hashtags usertags mentioned subject",
        kept={"type": "picture"},
    ),
    Table(
        "pinterest",
        {"id": "500", "thread_id": "500", "author": "Lin_Invented", "body": "closed"}
        | {"subject": "Bridge", "pinner_original": "Mo", "idea_tags": "Bridge,Harbour"}
        | {"image_url": PICTURE},
        {"platform": "pinterest", "account_id": "lin_invented", "text": "Bridge\nclosed"}
        | {"media": (PICTURE,), "hashtags": ("Bridge", "Harbour")},
        "author_fullname ai_description board url timestamp is_video",
    ),
    Table(
        "xiaohongshu",
        {"id": "64a1", "thread_id": "64a1", "title": "桥", "body": "桥关了 #桥", "hashtags": "桥"}
        | {"author": "小林", "image_urls": f"{PICTURE},{OTHER}", "likes": "1.2万"},
        {"platform": "xiaohongshu", "account_id": "小林", "text": "桥关了 #桥", "hashtags": ("桥",)}
        | {"media": (PICTURE, OTHER)},
        "url timestamp author_avatar_url video_url",
        kept={"likes": "1.2万"},
    ),
    Table(
        "douyin",
        {"id": "7000", "thread_id": "1", "subject": "Post", "body": "桥", "hashtags": "桥"}
        | {"image_urls": "", "video_thumbnail": PICTURE, "digg_count": "5", "play_count": "Unknown"}
        | {"author_user_id": "58000000001", "author_nickname": "小林"},
        {"platform": "douyin", "account_id": "58000000001", "account_name": "小林", "text": "桥"}
        | {"media": (PICTURE,), "engagement": {"likes": 5}},
        "timestamp post_url region video_url comment_count share_count",
        kept={"subject": "Post", "play_count": "Unknown"},
    ),
    Table(
        "tumblr",
        {"id": "600000000001", "author": "lin-invented", "thread_id": "key", "body": ""}
        | {"author_uuid": "t:abc", "body_reblogged": "hello", "tags": "hk,bridge"}
        | {"parent_post_url": "https://mo.tumblr.com/post/500000000001/a-title"}
        | {"reblog_count": "2", "image_urls": PICTURE, "link_urls": LINK},
        {"platform": "tumblr", "account_id": "t:abc", "account_name": "lin-invented"}
        | {"text": "hello", "repost_of": "500000000001", "media": (PICTURE,), "links": (LINK,)}
        | {"hashtags": ("hk", "bridge"), "engagement": {"reposts": 2}},
        "type timestamp post_url is_reblog note_count video_thumb_urls",
    ),
    Table(
        "tumblr, of 2020",
        {"id": "600000000001", "author": "lin-invented", "thread_id": "key", "body": "hello"}
        | {"blog_uuid": "t:abc", "tags": "['hk', 'bridge']", "images": f"['{PICTURE}']"},
        {"platform": "tumblr", "account_id": "t:abc", "media": (PICTURE,)}
        | {"hashtags": ("hk", "bridge"), "text": "hello"},
        "type timestamp_full timestamp post_url subject notes urls",
    ),
    Table(
        "imgur",
        {"id": "Im1", "subject": "Bridge", "body": "closed", "author": "77"}
        | {"type": "image", "media_url": PICTURE, "album_media": "2", "upvotes": "5"},
        {"platform": "imgur", "account_id": "77", "text": "Bridge\nclosed", "media": (PICTURE,)}
        | {"engagement": {"likes": 5}},
        "timestamp post_url is_ad views downvotes",
    ),
    Table(
        "9gag",
        {"id": "aB1", "subject": "When", "body": "", "author": "lin_invented", "tags": "hk"}
        | {"image_url": PICTURE, "is_vote_masked": "no", "source_url": LINK, "upvotes": "10"},
        {"platform": "9gag", "account_id": "lin_invented", "text": "When", "media": (PICTURE,)}
        | {"links": (LINK,), "hashtags": ("hk",), "engagement": {"likes": 10}},
        "url timestamp author_name video_url comments",
    ),
    Table(
        "parler",
        {"id": "0a0b", "thread_id": "0a0b", "body": "hello", "author": "Lin", "echoes": "1"}
        | {"views": "5", "image_url": PICTURE},
        {"platform": "parler", "account_id": "Lin", "media": (PICTURE,)}
        | {"engagement": {"reposts": 1, "views": 5}},
        "timestamp author_name comments is_echo hashtags",
    ),
    Table(
        "bitchute",
        {"id": "vid1", "thread_id": "vid1", "subject": "Bridge", "body": "closed"}
        | {"author": "Lin", "author_id": "chan1", "thumbnail_image": PICTURE, "views": "5"},
        {"platform": "bitchute", "account_id": "chan1", "text": "Bridge\nclosed"}
        | {"media": (PICTURE,), "precision": Precision.DAY, "engagement": {"views": 5}},
        "timestamp url length category likes parent_id",
    ),
    Table(
        "douban",
        {"id": "1", "thread_id": "1", "subject": "桥", "body": "关了", "author": "小林"}
        | {"author_id": "lin", "is_topic_elite": "no", "image_urls": PICTURE, "likes": "0"},
        {"platform": "douban", "account_id": "lin", "text": "桥\n关了", "media": (PICTURE,)}
        | {"precision": Precision.DAY},
        "timestamp group_id group_name is_reply",
    ),
    Table(
        "youtube, of YouTube Data Tools",
        {"id": "dQabc", "thread_id": "UCabc", "author": "Harbour TV", "body": "closed"}
        | {"videoId": "dQabc", "channelId": "UCabc", "videoTitle": "Bridge", "viewCount": "5"},
        {"platform": "youtube", "post_id": "dQabc", "account_id": "UCabc"}
        | {"account_name": "Harbour TV", "text": "Bridge\nclosed", "engagement": {"views": 5}},
        "timestamp publishedAt channelTitle",
    ),
    Table(
        "8kun",
        {"id": "5", "thread_id": "5", "body": "hello", "board": "harbour", "image_md5": "ab=="},
        {
            "platform": "8kun",
            "post_id": "harbour/5",
            "account_id": "Anonymous/harbour/5",
            "media": (),
        },
        "timestamp subject author image_file country_name",
        file="8kun-harbour-bridge.csv",
        kept={"image_md5": "ab=="},
    ),
    Table(
        "a table that somebody put into 4CAT",
        {"id": "1", "thread_id": "1", "author": "lin", "body": "hello", "images": PICTURE}
        | {"url": "https://mastodon.example.org/@lin/1"},
        {"platform": "mastodon.example.org", "account_id": "lin", "media": (PICTURE,)},
        "timestamp",
    ),
)


def _written(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_of_each_source(table: Table, tmp_path: Path) -> None:
    row = dict.fromkeys(table.empty.split(), "") | table.row | {"unix_timestamp": "1566223402"}
    path = _written(tmp_path / table.file, row)
    assert detect(path) == "4cat"
    (post,) = read_source(path)
    assert isinstance(post, Post)
    assert {name: getattr(post, name) for name in table.gives} == table.gives
    assert post.posted_at is not None and post.posted_at.isoformat()[:19] == "2019-08-19T14:03:22"
    assert post.extra.items() >= table.kept.items()


def test_every_source_has_a_sample_or_a_row_here(fixtures: Path) -> None:
    sampled = {
        entry.platform
        for path in (fixtures / "4cat").glob("*.csv")
        for entry in read_source(path)
        if isinstance(entry, Post)
    }
    assert {source.platform for source in SOURCES} <= sampled | {
        table.gives["platform"] for table in TABLES
    }


@pytest.mark.parametrize(
    ("mark", "value", "reason"),
    [
        ("num_likes", {"type": "comment"}, "a comment"),
        ("thumbnail_image", {"category": "comment"}, "a comment"),
        ("is_topic_elite", {"thread_id": "2"}, "a comment"),
        ("author_nickname", {"subject": "Stream", "author_user_id": "5"}, "a live stream"),
        ("nothing", {}, "nothing shows which platform"),
    ],
)
def test_what_is_not_a_post_is_skipped_with_a_reason(
    mark: str, value: dict[str, str], reason: str, tmp_path: Path
) -> None:
    row = {"id": "1", "thread_id": "1", "body": "b", "author": "a", "author_id": "5"}
    path = _written(tmp_path / "4cat.csv", row | {"timestamp": "", mark: "x"} | value)
    (entry,) = read_source(path)
    assert isinstance(entry, Skipped)
    assert reason in entry.reason


def test_a_video_of_imgur_is_read(tmp_path: Path) -> None:
    row = {"id": "Im2", "body": "b", "author": "77", "timestamp": "", "album_media": "1"}
    path = _written(
        tmp_path / "4cat.csv", row | {"type": "video", "media_url": "https://i.imgur.com/c.mp4"}
    )
    (post,) = read_source(path)
    assert isinstance(post, Post)
    assert post.media == ("https://i.imgur.com/c.mp4",)
