"""What each format says about a video: its file or link in `media`, its still beside it."""

import json

import pytest

from frametrace.posts.model import Post
from frametrace.posts.readers import READERS
from frametrace.posts.rows import Row, flatten

BY_NAME = {reader.name: reader for reader in READERS}

STILL = "https://cdn.example.org/still.jpg"
MP4 = "https://cdn.example.org/clip.mp4"
PLAYLIST = "https://cdn.example.org/clip.m3u8?tag=12"
X_VIDEO = {
    "type": "video",
    "media_url_https": STILL,
    "video_info": {
        "variants": [
            {"content_type": "application/x-mpegURL", "url": PLAYLIST},
            {"bitrate": 256000, "content_type": "video/mp4", "url": f"{MP4}?small"},
            {"bitrate": 2176000, "content_type": "video/mp4", "url": MP4},
        ]
    },
}
X_PHOTO = {"type": "photo", "media_url_https": "https://cdn.example.org/photo.jpg"}
X_V1 = {
    "id_str": "1163000000000000001",
    "user": {"id_str": "7", "screen_name": "lin"},
    "created_at": "Mon Aug 19 14:03:22 +0000 2019",
    "full_text": "x",
}
ZEESCHUIMER = {"item_id": "1", "timestamp_collected": 1566223402000}


def _zeeschuimer(site: str, **data: object) -> dict[str, object]:
    return {**ZEESCHUIMER, "source_platform": site, "data": data}


def _x_v1(*media: object) -> dict[str, object]:
    return X_V1 | {"extended_entities": {"media": list(media)}}


def _telegram(**fields: object) -> dict[str, object]:
    chat = {"id": 9, "type": "public_channel", "name": "Port"}
    return {"chat": chat, "id": 1, "date_unixtime": "1566223402", "text": "", **fields}


def _instaloader(**node: object) -> dict[str, object]:
    owner = {"id": "55", "username": "lin"}
    node = {"shortcode": "B1aBcD", "owner": owner, **node}
    return {"instaloader": {"node_type": "Post"}, "node": node}


def _mastodon(*media: object) -> dict[str, object]:
    account = {"url": "https://a.example/@lin", "acct": "lin"}
    post = {"uri": "https://a.example/1", "created_at": "2019-08-19T14:03:22Z", "content": "x"}
    return post | {"account": account, "media_attachments": list(media)}


def _yt_dlp(**fields: object) -> dict[str, object]:
    link = "https://www.youtube.com/watch?v=abc"
    return {"id": "abc", "webpage_url": link, "channel_id": "UC1", "thumbnail": STILL, **fields}


def _vk(**attached: object) -> dict[str, object]:
    return {"id": 1, "owner_id": -5, "from_id": -5, "date": 1, "attachments": [attached]}


REDDIT = {"id": "abc", "author": "lin", "created_utc": 1566223402, "title": "x"}
PREVIEW = {"images": [{"source": {"url": STILL}}]}
NOTE = {"id": "n1", "user": {"user_id": "7", "nickname": "Lin"}, "type": "video"}
TIKTOK = {"id": "67", "author": {"uniqueId": "lin"}, "createTime": 1566223402}

CASES: dict[str, tuple[str, str, object, tuple[str, ...], tuple[str, ...]]] = {
    # id: (reader, file, record, media, stills)
    "x, version 1": (
        "x-api-v1",
        "",
        _x_v1(X_PHOTO, X_VIDEO),
        (X_PHOTO["media_url_https"], MP4),
        (STILL,),
    ),
    "x, only a playlist": (
        "x-api-v1",
        "",
        _x_v1(X_VIDEO | {"video_info": {"variants": [{"url": PLAYLIST}]}}),
        (STILL,),
        (),
    ),
    "x, version 2": (
        "x-api-flat",
        "",
        {
            "id": "1163000000000000001",
            "author_id": "7",
            "created_at": "2019-08-19T14:03:22Z",
            "attachments": {
                "media": [
                    {
                        "type": "video",
                        "preview_image_url": STILL,
                        "variants": [
                            {"content_type": "video/mp4", "url": f"{MP4}?a", "bit_rate": 632000},
                            {"content_type": "video/mp4", "url": MP4, "bit_rate": 950000},
                            {"content_type": "application/x-mpegURL", "url": PLAYLIST},
                        ],
                    }
                ]
            },
        },
        (MP4,),
        (STILL,),
    ),
    "x, a browser's capture": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "twitter.com",
            rest_id="1163000000000000001",
            legacy={
                "created_at": X_V1["created_at"],
                "user_id_str": "7",
                "extended_entities": {"media": [X_VIDEO]},
            },
        ),
        (MP4,),
        (STILL,),
    ),
    "x, the user's archive": (
        "x-personal-archive",
        "data/tweets-part1.js",
        {
            "tweet": {k: v for k, v in _x_v1(X_VIDEO).items() if k != "user"},
            "account": {"accountId": "7"},
        },
        ("tweets_media/1163000000000000001-clip.mp4",),
        (STILL,),
    ),
    "snscrape": (
        "snscrape",
        "",
        {
            "id": 1163000000000000001,
            "user": {"id": 7, "username": "lin"},
            "date": "2019-08-19T14:03:22+00:00",
            "rawContent": "x",
            "media": [
                {
                    "thumbnailUrl": STILL,
                    "variants": [
                        {"contentType": "application/x-mpegURL", "url": PLAYLIST, "bitrate": None},
                        {"contentType": "video/mp4", "url": MP4, "bitrate": 832000},
                    ],
                }
            ],
        },
        (MP4,),
        (STILL,),
    ),
    "telegram": (
        "telegram-desktop",
        "",
        _telegram(
            media_type="video_file", file="video_files/a.mp4", thumbnail="video_files/a_thumb.jpg"
        ),
        ("video_files/a.mp4",),
        (),
    ),
    "telegram, an animation": (
        "telegram-desktop",
        "",
        _telegram(media_type="animation", file="video_files/a.mp4", mime_type="video/mp4"),
        ("video_files/a.mp4",),
        (),
    ),
    "telegram, sent as a file": (
        "telegram-desktop",
        "",
        _telegram(file="files/a.mov", mime_type="video/quicktime"),
        ("files/a.mov",),
        (),
    ),
    "telegram, not exported": (
        "telegram-desktop",
        "",
        _telegram(
            media_type="video_message",
            file="(File not included. Change data exporting settings to download.)",
            thumbnail="round_video_messages/a_thumb.jpg",
        ),
        ("round_video_messages/a_thumb.jpg",),
        (),
    ),
    "telegram, a voice": (
        "telegram-desktop",
        "",
        _telegram(media_type="voice_message", file="voice_messages/a.ogg", mime_type="audio/ogg"),
        (),
        (),
    ),
    "telegram by 4cat": (
        "4cat-telegram",
        "",
        {
            "_chat": {"id": 9, "username": "port"},
            "id": 5,
            "date": 1566223402,
            "message": "x",
            "media": {"_type": "MessageMediaDocument", "document": {"mime_type": "video/mp4"}},
        },
        ("port-5.mp4",),
        (),
    ),
    "mastodon": (
        "mastodon",
        "",
        _mastodon({"type": "gifv", "url": MP4, "preview_url": STILL}),
        (MP4,),
        (STILL,),
    ),
    "mastodon, sound": (
        "mastodon",
        "",
        _mastodon({"type": "audio", "url": "https://a.example/a.mp3"}),
        (),
        (),
    ),
    "bluesky": (
        "bluesky",
        "",
        {
            "uri": "at://did:plc:lin/app.bsky.feed.post/3k1",
            "author": {"did": "did:plc:lin", "handle": "lin.example"},
            "record": {
                "createdAt": "2019-08-19T14:03:22Z",
                "embed": {"video": {"ref": {"$link": "bafkreivideo1"}}},
            },
            "embed": {"thumbnail": STILL, "playlist": PLAYLIST},
        },
        (
            "https://bsky.social/xrpc/com.atproto.sync.getBlob?did=did%3Aplc%3Alin&cid=bafkreivideo1",
        ),
        (STILL,),
    ),
    "reddit": (
        "reddit-jsonl",
        "",
        REDDIT
        | {
            "url": "https://v.redd.it/a1",
            "secure_media": {
                "reddit_video": {"fallback_url": f"{MP4}?source=fallback", "hls_url": PLAYLIST}
            },
            "preview": PREVIEW,
        },
        (f"{MP4}?source=fallback",),
        (STILL,),
    ),
    "reddit, a table": (
        "reddit-csv",
        "",
        REDDIT | {"media": str({"reddit_video": {"fallback_url": MP4, "is_gif": False}})},
        (MP4,),
        (),
    ),
    "reddit, a link to a file": (
        "reddit-jsonl",
        "",
        REDDIT | {"url": MP4, "preview": PREVIEW},
        (MP4,),
        (STILL,),
    ),
    "reddit, a picture": (
        "reddit-jsonl",
        "",
        REDDIT | {"url": "https://i.redd.it/a.jpg", "preview": PREVIEW},
        ("https://i.redd.it/a.jpg",),
        (),
    ),
    "instaloader": (
        "instaloader",
        "lin/a_UTC.json.xz",
        _instaloader(is_video=True),
        ("a_UTC.mp4",),
        ("a_UTC.jpg",),
    ),
    "instaloader, without a document": (
        "instaloader",
        "posts.jsonl",
        _instaloader(is_video=True, video_url=MP4, display_url=STILL),
        (MP4,),
        (STILL,),
    ),
    "instaloader, an album": (
        "instaloader",
        "a_UTC.json",
        _instaloader(
            __typename="GraphSidecar",
            iphone_struct={"carousel_media": [{"media_type": 1}, {"media_type": 2}]},
        ),
        ("a_UTC_1.jpg", "a_UTC_2.mp4"),
        ("a_UTC_2.jpg",),
    ),
    "yt-dlp": (
        "yt-dlp",
        "A [abc].info.json",
        _yt_dlp(ext="webm"),
        ("A [abc].webm",),
        ("A [abc].jpg",),
    ),
    "yt-dlp, sound": (
        "yt-dlp",
        "A [abc].info.json",
        _yt_dlp(ext="m4a", vcodec="none"),
        ("A [abc].jpg",),
        (),
    ),
    "yt-dlp, without a document": (
        "yt-dlp",
        "all.jsonl",
        _yt_dlp(ext="mp4", protocol="https", url=MP4),
        (MP4,),
        (STILL,),
    ),
    "yt-dlp, only a playlist": (
        "yt-dlp",
        "all.jsonl",
        _yt_dlp(ext="mp4", protocol="m3u8_native", url=PLAYLIST),
        (STILL,),
        (),
    ),
    "vk": (
        "vk-api",
        "",
        _vk(
            type="video",
            video={
                "image": [{"url": STILL, "width": 800}],
                "files": {"mp4_360": f"{MP4}?360", "mp4_1080": MP4, "hls": PLAYLIST},
            },
        ),
        (MP4,),
        (STILL,),
    ),
    "vk, sent as a file": (
        "vk-api",
        "",
        _vk(type="doc", doc={"ext": "mp4", "url": MP4}),
        (MP4,),
        (),
    ),
    "instagram, a browser's capture": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "instagram.com",
            code="B1aBcD",
            user={"username": "lin"},
            video_versions=[{"url": MP4}, {"url": f"{MP4}?small"}],
            image_versions2={"candidates": [{"url": STILL}]},
        ),
        (MP4,),
        (STILL,),
    ),
    "tiktok, a browser's capture": (
        "zeeschuimer",
        "",
        _zeeschuimer("tiktok.com", **TIKTOK, video={"playAddr": f"{MP4}?a=1", "cover": STILL}),
        (f"{MP4}?a=1",),
        (STILL,),
    ),
    "douyin, its api": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "douyin.com",
            aweme_id="67",
            author={"uid": "7"},
            video={"play_addr": {"url_list": [MP4, f"{MP4}?b"]}, "cover": {"url_list": [STILL]}},
        ),
        (MP4,),
        (STILL,),
    ),
    "douyin, a page": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "douyin.com",
            awemeId="67",
            authorInfo={"uid": "7"},
            video={"playAddr": [{"src": MP4.removeprefix("https:")}], "cover": STILL},
        ),
        (MP4,),
        (STILL,),
    ),
    "rednote": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "xiaohongshu.com",
            **NOTE,
            image_list=[{"url_default": STILL}],
            video={"media": {"stream": {"h264": [{"master_url": MP4}]}}},
        ),
        (MP4,),
        (STILL,),
    ),
    "linkedin": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "linkedin.com",
            id="urn:li:activity:6569216000000000123",
            actor={"navigationContext": {"actionTarget": "https://www.linkedin.com/in/lin"}},
            content={
                "linkedInVideoComponent": {
                    "*videoPlayMetadata": {
                        "progressiveStreams": [
                            {"width": 640, "streamingLocations": [{"url": f"{MP4}?640"}]},
                            {"width": 1280, "streamingLocations": [{"url": MP4}]},
                        ],
                        "thumbnail": {
                            "rootUrl": "https://cdn.example.org/",
                            "artifacts": [
                                {"width": 9, "fileIdentifyingUrlPathSegment": "still.jpg"}
                            ],
                        },
                    }
                }
            },
        ),
        (MP4,),
        (STILL,),
    ),
    "pinterest": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "pinterest.com",
            id="5",
            pinner={"username": "lin"},
            images={"orig": {"url": STILL}},
            videos={
                "video_list": {
                    "V_HLSV4": {"url": PLAYLIST, "width": 1080},
                    "V_720P": {"url": MP4, "width": 720},
                }
            },
        ),
        (MP4,),
        (STILL,),
    ),
    "facebook, a browser's capture": (
        "zeeschuimer",
        "",
        _zeeschuimer(
            "facebook.com",
            comet_sections={
                "content": {
                    "story": {
                        "post_id": "5",
                        "actors": [{"id": "7"}],
                        "attachments": [
                            {
                                "styles": {
                                    "attachment": {
                                        "media": {
                                            "thumbnailImage": {"uri": STILL},
                                            "videoDeliveryLegacyFields": {
                                                "browser_native_sd_url": f"{MP4}?sd",
                                                "browser_native_hd_url": MP4,
                                            },
                                        }
                                    }
                                }
                            }
                        ],
                    }
                }
            },
        ),
        (MP4,),
        (STILL,),
    ),
    "weibo by weibo-crawler": (
        "weibo-crawler-json",
        "1669800001.json",
        {
            "id": 44,
            "user_id": 16,
            "created_at": "2019-08-19T22:03:22",
            "text": "x",
            "video_url": f"{MP4};{MP4}?b",
        },
        ("video/原创微博视频/20190819T_44_1.mp4", "video/原创微博视频/20190819T_44_2.mp4"),
        (),
    ),
    "weibo by weiboSpider": (
        "weibo-spider-json",
        "1669800001.json",
        {"id": "I0000000a", "content": "x", "publish_time": "2019-08-19 22:03", "video_url": MP4},
        ("video/20190819 _I0000000a.mp4",),
        (),
    ),
    "tiktok by 4cat": (
        "4cat",
        "",
        {
            "id": "67",
            "body": "x",
            "author": "lin",
            "author_id": "7",
            "timestamp": "1566223402",
            "tiktok_url": "https://www.tiktok.com/@lin/video/67",
            "video_url": MP4,
            "thumbnail_url": STILL,
        },
        (MP4,),
        (STILL,),
    ),
    "threads by 4cat": (
        "4cat",
        "",
        {
            "id": "C1",
            "body": "x",
            "author": "lin",
            "timestamp": "1566223402",
            "author_is_verified": "no",
            "image_url": f"https://cdn.example.org/1.jpg,{STILL}",
            "video_url": MP4,
        },
        ("https://cdn.example.org/1.jpg", MP4),
        (STILL,),
    ),
    "instagram by 4cat": (
        "4cat",
        "",
        {
            "id": "B1aBcD",
            "body": "x",
            "author": "lin",
            "timestamp": "1566223402",
            "num_likes": "1",
            "image_urls": f"https://cdn.example.org/1.jpg,{STILL}",
            "media_urls": f"https://cdn.example.org/1.jpg,{MP4}",
        },
        ("https://cdn.example.org/1.jpg", MP4),
        (STILL,),
    ),
    "telegram by 4cat, a table": (
        "4cat",
        "",
        {
            "id": "port-5",
            "thread_id": "port",
            "chat": "port",
            "author": "9",
            "author_username": "port",
            "body": "x",
            "timestamp": "1566223402",
            "attachment_type": "video",
        },
        ("port-5.mp4",),
        (),
    ),
    "xiaohongshu by mediacrawler": (
        "mediacrawler-jsonl",
        "",
        {
            "note_id": "n1",
            "user_id": "7",
            "nickname": "Lin",
            "time": 1566223402000,
            "image_list": STILL,
            "video_url": f"{MP4},{MP4}?b",
        },
        (MP4,),
        (STILL,),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_format_gives_its_videos(case: str) -> None:
    name, file, record, media, stills = CASES[case]
    row = Row(flatten(json.loads(json.dumps(record))), file or "posts.jsonl", 1)
    post = BY_NAME[name].parse(row)
    assert isinstance(post, Post)
    assert (post.media, post.stills) == (media, stills)
