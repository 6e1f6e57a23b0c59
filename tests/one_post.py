"""One invented post of each platform, as every tool that reads the platform writes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sampling import table_text

__all__ = ["KEYS", "TEXT", "TOLD", "Told", "written"]

TEXT = "The bridge is shut until the spring, they say"
SECOND = 1566223402
ISO = "2019-08-19T14:03:22Z"
OF_X = "Mon Aug 19 14:03:22 +0000 2019"

X, LIN = "1163000000000000001", "919755200000000001"
CODE, MEDIA, TIKTOK = "BrGHMHIF8Kz", "1929261108986102451", "6726000000000000001"
DID = "did:plc:lininvented"
URI = f"at://{DID}/app.bsky.feed.post/3k2"

# (post, account), as readers name them.
KEYS: Mapping[str, tuple[str, str]] = {
    "twitter": (X, LIN),
    "instagram": (CODE, "lin_l"),
    "threads": (CODE, "lin_l"),
    "facebook": ("9001", "100001"),
    "tiktok": (TIKTOK, "lin.l"),
    "douyin": (TIKTOK, "71100000001"),
    "reddit": ("cabc12", "Lin_L"),
    "bluesky": (URI, DID),
    "telegram": ("1001/5", "channel1001"),
    "vk": ("-100_11", "-100"),
    "youtube": ("aB1-cD2_eF3", "UC1"),
    "truthsocial": ("114411441144", "1077"),
    "gab": ("1110", "9"),
    "weibo": ("4406000000000001", "1669800001"),
    "pinterest": ("5001", "lin_l"),
    "linkedin": ("6569216000000000123", "in/lin-l"),
    "9gag": ("aB1", "Lin_L"),
    "imgur": ("Im1", "77"),
}


@dataclass(frozen=True)
class Told:
    """What one tool writes of the post of a platform, and the files beside that."""

    platform: str
    reader: str
    file: str
    content: str
    beside: Mapping[str, str]


def written(told: Told, folder: Path) -> Path:
    """Write it down; returns where."""
    for name, content in {told.file: told.content, **told.beside}.items():
        (folder / name).write_text(content, "utf-8", newline="")
    return folder / told.file


TOLD: list[Told] = []


def _add(platform: str, reader: str, file: str, content: str, **beside: str) -> None:
    named = {name.replace("_js", ".js"): text for name, text in beside.items()}
    TOLD.append(Told(platform, reader, file, content, named))


def _table(platform: str, reader: str, file: str = "posts.csv", **row: object) -> None:
    named = {name.replace("__", "."): str(value) for name, value in row.items()}
    _add(platform, reader, file, table_text([named, named.values()]))


def _rows(platform: str, reader: str, columns: Mapping[str, object], file: str = "t.csv") -> None:
    _add(platform, reader, file, table_text([columns, map(str, columns.values())]))


def _record(platform: str, reader: str, record: Mapping[str, Any], file: str = "p.jsonl") -> None:
    _add(platform, reader, file, json.dumps(record))


def _seen(platform: str, site: str, item_id: str, data: Mapping[str, Any]) -> None:
    """What Zeeschuimer collects, and what 4CAT keeps of that."""
    around = {"timestamp_collected": 1700000000000, "source_platform": site}
    _record(platform, "zeeschuimer", {"item_id": item_id, **around, "data": data})
    meta = {**around, "item_id": item_id}
    _record(platform, "4cat-zeeschuimer", {**data, "__import_meta": meta})


_TIMES = {"timestamp": "2019-08-19 14:03:22", "unix_timestamp": SECOND}

# X

_USER = {"id": LIN, "id_str": LIN, "username": "Lin_L", "screen_name": "Lin_L", "name": "Lin"}
_TWEET = {"id": X, "author_id": LIN, "created_at": ISO, "text": TEXT, "conversation_id": X}
_V1 = {"id_str": X, "full_text": TEXT, "created_at": OF_X}
_LINK = f"https://twitter.com/Lin_L/status/{X}"
_record("twitter", "x-api", {"data": [_TWEET], "includes": {"users": [_USER]}})
_record("twitter", "x-api-flat", _TWEET | {"author": _USER})
_record("twitter", "x-api-v1", _V1 | {"id": float(X), "user": _USER})
_add(
    "twitter",
    "x-personal-archive",
    "tweets.js",
    f"window.YTD.tweets.part0 = {json.dumps([{'tweet': {**_V1, 'id': X}}])}",
    account_js="window.YTD.account.part0 = "
    + json.dumps([{"account": {"accountId": LIN, "username": "Lin_L"}}]),
)
_table("twitter", "twarc-csv", **{name: str(value) for name, value in _TWEET.items()})
_table(
    "twitter",
    "twarc1-csv",
    **{"id": X, "text": TEXT, "user_id": LIN, "user_screen_name": "Lin_L", "created_at": OF_X},
    tweet_url=_LINK,
)
_table(
    "twitter",
    "tags",
    **{"id_str": X, "from_user": "Lin_L", "text": TEXT, "created_at": OF_X, "status_url": _LINK},
    from_user_id_str=LIN,
)
_TWINT = {"id": X, "user_id": LIN, "username": "lin_l", "tweet": TEXT, "date": "2019-08-19"}
_table("twitter", "twint-csv", **_TWINT)
_record("twitter", "twint-jsonl", _TWINT | {"id": int(X), "user_id": int(LIN)})
_table(
    "twitter",
    "minet",
    **{"id": X, "user_id": LIN, "user_screen_name": "Lin_L", "timestamp_utc": SECOND, "text": TEXT},
)
_record(
    "twitter",
    "snscrape",
    {"id": int(X), "user": {"id": int(LIN), "username": "Lin_L"}, "date": ISO, "rawContent": TEXT},
)
_record(
    "twitter",
    "gallery-dl",
    {
        **{"category": "twitter", "subcategory": "timeline", "extension": "jpg", "filename": "a"},
        **{"tweet_id": int(X), "author": {"id": int(LIN), "name": "Lin_L"}, "content": TEXT},
        **{"date": "2019-08-19 14:03:22", "num": 1},
    },
    f"{X}_1.jpg.json",
)
_record(
    "twitter",
    "yt-dlp",
    {
        **{"id": "1162", "display_id": X, "webpage_url": _LINK, "extractor_key": "Twitter"},
        **{"channel_id": LIN, "uploader_id": "Lin_L", "uploader": "Lin", "description": TEXT},
        **{"title": f"Lin - {TEXT[:20]}", "timestamp": SECOND},
    },
)
_table(
    "twitter",
    "4cat",
    **{"id": X, "thread_id": X, "body": TEXT, "author": "Lin_L", "author_id": LIN, "link": _LINK},
    **_TIMES,
    **{"is_retweet": "no", "retweet_count": 0},
)
_seen(
    "twitter",
    "x.com",
    X,
    {
        "rest_id": X,
        "core": {"user_results": {"result": {"rest_id": LIN, "core": {"screen_name": "Lin_L"}}}},
        "legacy": {"full_text": TEXT, "created_at": OF_X, "user_id_str": LIN},
    },
)
_rows(
    "twitter",
    "brandwatch",
    {
        **{"Url": _LINK.replace("status", "statuses"), "Twitter Author ID": LIN, "Author": "Lin_L"},
        **{"Full Name": "Lin_L (Lin)", "Full Text": TEXT, "Domain": "twitter.com"},
        **{"Date": "2019-08-19 14:03:22.0"},
    },
)

# Instagram and Threads

_rows(
    "instagram",
    "crowdtangle-instagram",
    {
        **{"Account": "Lin", "User Name": "Lin_L", "Post Created": "2019-08-19 10:03:22 EDT"},
        **{"URL": f"https://www.instagram.com/p/{CODE}/", "Photo": "", "Description": TEXT},
    },
)
_CROWD = {"platform": "Instagram", "date": "2019-08-19 14:03:22", "message": TEXT}
_CROWD_IG = {"id": "5", "platformId": "77", "handle": "lin_l", "name": "Lin"}
for _shape in ("csv", "jsonl"):
    _told = _CROWD | {"platformId": f"{MEDIA}_77"}
    if _shape == "csv":
        _rows(
            "instagram",
            "crowdtangle-api-csv",
            _told | {f"account.{name}": value for name, value in _CROWD_IG.items()},
        )
    else:
        _record("instagram", "crowdtangle-api-jsonl", _told | {"account": _CROWD_IG})
_IG = {"taken_at": SECOND, "user": {"pk": "77", "username": "lin_l"}, "caption": {"text": TEXT}}
_seen("instagram", "instagram.com", f"{MEDIA}_77", {"pk": MEDIA, "code": CODE, **_IG})
_seen("instagram", "instagram.com", f"{MEDIA}_77", {"id": f"{MEDIA}_77", **_IG})
_table(
    "instagram",
    "4cat",
    **{"id": CODE, "thread_id": CODE, "body": TEXT, "author": "lin_l", "author_id": "77"},
    **_TIMES,
    num_likes=3,
)
_record(
    "instagram",
    "gallery-dl",
    {
        **{"category": "instagram", "subcategory": "posts", "extension": "jpg", "filename": "a"},
        **{"post_id": MEDIA, "username": "lin_l", "owner_id": "77", "description": TEXT, "num": 1},
    },
    f"{MEDIA}_1.jpg.json",
)
_node = {"shortcode": CODE, "id": MEDIA, "owner": {"id": "77", "username": "lin_l"}}
_record(
    "instagram",
    "instaloader",
    {"node": _node | {"caption": TEXT}, "instaloader": {"node_type": "Post"}},
    "2019-08-19_14-03-22_UTC.json",
)
_record(
    "instagram",
    "yt-dlp",
    {
        **{"id": CODE, "webpage_url": f"https://www.instagram.com/p/{CODE}/", "description": TEXT},
        **{"extractor_key": "Instagram", "channel": "Lin_L", "uploader_id": "77"},
    },
)
_seen("threads", "threads.net", MEDIA, {"pk": MEDIA, **_IG})
_table(
    "threads",
    "4cat",
    **{"id": CODE, "thread_id": CODE, "body": TEXT, "author": "lin_l", "author_is_verified": "no"},
    **_TIMES,
)

# Facebook

_PAGE = "https://www.facebook.com/100001/posts/9001"
_rows(
    "facebook",
    "crowdtangle-facebook",
    {
        **{"Page Name": "Lin", "User Name": "lin", "Facebook Id": "100001", "URL": _PAGE},
        **{"Post Created": "2019-08-19 10:03:22 EDT", "Message": TEXT},
    },
)
_CROWD_FB = _CROWD | {"platform": "Facebook", "platformId": "100001_9001"}
_OWNER = {"id": 5, "platformId": "100001", "accountType": "facebook_page"}
_record("facebook", "crowdtangle-api-jsonl", _CROWD_FB | {"account": _OWNER})
_rows(
    "facebook",
    "crowdtangle-api-csv",
    _CROWD_FB | {"account.id": "5", "account.platformId": "100001"},
)
_STORY = {
    "post_id": "9001",
    "message": {"text": TEXT},
    "actors": [{"__typename": "Page", "id": "100001", "url": "https://www.facebook.com/lin"}],
    "attachments": [],
}
_seen(
    "facebook",
    "facebook.com",
    "S:_I100001:9001:9001",
    {"comet_sections": {"content": {"story": _STORY}}},
)
_table(
    "facebook",
    "4cat",
    **{"id": "9001", "body": TEXT, "author": "profile.php?id=100001", "is_in_group": "no"},
    **_TIMES,
)
_rows(
    "facebook",
    "brandwatch",
    {"Url": _PAGE, "Facebook Author ID": "100001", "Full Name": "Lin", "Full Text": TEXT},
)

# TikTok and Douyin

_VIDEO = f"https://www.tiktok.com/@lin.l/video/{TIKTOK}"
_TIK = {"id": TIKTOK, "desc": TEXT, "createTime": SECOND}
_NAMED = {"author": {"id": "69000", "uniqueId": "lin.l", "nickname": "Lin"}}
_seen("tiktok", "tiktok.com", TIKTOK, _TIK | _NAMED)
_seen("tiktok", "tiktok.com", TIKTOK, _TIK | {"author": "lin.l", "nickname": "Lin"})
_table(
    "tiktok",
    "4cat",
    **{"id": TIKTOK, "thread_id": TIKTOK, "body": TEXT, "author": "Lin.L", "author_id": "69000"},
    **_TIMES,
    tiktok_url=_VIDEO,
)
_RESEARCH = {"id": TIKTOK, "username": "lin.l", "create_time": SECOND, "video_description": TEXT}
_table("tiktok", "tiktok-research-csv", **_RESEARCH, region_code="US")
_record("tiktok", "tiktok-research-jsonl", _RESEARCH | {"id": int(TIKTOK), "region_code": "US"})
_table(
    "tiktok",
    "pyktok",
    **{"video_id": TIKTOK, "video_timestamp": ISO, "author_username": "lin.l"},
    video_description=TEXT,
)
_record(
    "tiktok",
    "tiktok-export",
    {"Date": "2019-08-19 14:03:22", "Link": _VIDEO, "Likes": "1", "Title": TEXT},
)
_record(
    "tiktok",
    "gallery-dl",
    {
        **{"category": "tiktok", "subcategory": "post", "extension": "jpeg", "filename": "a"},
        **_TIK,
        **_NAMED,
        "num": 1,
    },
    f"{TIKTOK}_1.jpeg.json",
)
_record(
    "tiktok",
    "yt-dlp",
    {
        **{"id": TIKTOK, "webpage_url": _VIDEO, "extractor_key": "TikTok", "uploader": "lin.l"},
        **{"uploader_id": "69000", "channel_id": "MS4", "channel": "Lin", "description": TEXT},
    },
)
for _platform, _page, _id in (
    ("tiktok", _VIDEO, "69000"),
    ("douyin", f"https://www.douyin.com/video/{TIKTOK}", "71100000001"),
):
    _rows(
        _platform,
        "tiktok-downloader",
        {
            **{"UID": _id, "ID": "lin.l", "作品ID": TIKTOK, "作品描述": TEXT, "作品链接": _page},
            "发布时间": "2019-08-19 22:03:22",
        },
    )
    _CRAWLED = {
        **{"aweme_id": TIKTOK, "user_id": _id, "nickname": "Lin", "user_unique_id": "lin.l"},
        **{"last_modify_ts": 1, "liked_count": 1, "aweme_url": _page, "desc": TEXT, "title": TEXT},
    }
    _table(_platform, "mediacrawler-csv", **_CRAWLED)
    _record(_platform, "mediacrawler-jsonl", _CRAWLED)
_rows(
    "tiktok",
    "junkipedia",
    {"PostUrl": _VIDEO, "ChannelName": "Lin of the Harbour", "post_body_text": TEXT},
)
_seen(
    "douyin",
    "douyin.com",
    TIKTOK,
    {"aweme_id": TIKTOK, "desc": TEXT, "author": {"uid": "71100000001", "nickname": "Lin"}},
)
_table(
    "douyin",
    "4cat",
    **{"id": TIKTOK, "thread_id": TIKTOK, "body": TEXT, "author_user_id": "71100000001"},
    **_TIMES,
    author_nickname="Lin",
)

# Reddit

_WORDS = TEXT.split(" until ")
_RED = {"id": "cabc12", "author": "Lin_L", "created_utc": SECOND, "subreddit": "harbour"}
_RED |= {"title": _WORDS[0], "selftext": f"until {_WORDS[1]}"}
_record("reddit", "reddit-jsonl", _RED)
_record("reddit", "reddit-jsonl", {"kind": "t3", "data": _RED | {"id": "t3_cabc12"}})
_table("reddit", "reddit-csv", **_RED)
_table(
    "reddit",
    "4cat",
    **{"id": "cabc12", "thread_id": "cabc12", "author": "Lin_L", "subreddit": "harbour"},
    **{"subject": _WORDS[0], "body": f"until {_WORDS[1]}"},
    **_TIMES,
)
_record(
    "reddit",
    "gallery-dl",
    {
        **{"category": "reddit", "subcategory": "submission", "extension": "jpg", "filename": "a"},
        **_RED,
        **{"author_fullname": "t2_lin", "num": 1},
    },
    "cabc12_1.jpg.json",
)
_record(
    "reddit",
    "yt-dlp",
    {
        **{"id": "v1", "display_id": "cabc12", "uploader": "Lin_L", "channel_id": "harbour"},
        **{"webpage_url": "https://www.reddit.com/r/harbour/comments/cabc12/x/"},
        **{"extractor_key": "Reddit", "title": _WORDS[0], "description": f"until {_WORDS[1]}"},
    },
)

# Bluesky

_BSKY = {"$type": "app.bsky.feed.post", "text": TEXT, "createdAt": ISO}
_record(
    "bluesky", "bluesky", {"uri": URI, "author": {"did": DID, "handle": "lin"}, "record": _BSKY}
)
_record(
    "bluesky",
    "bluesky",
    {
        "uri": URI,
        "author": {"did": DID},
        "record": {"text": TEXT, "created_at": ISO, "py_type": "app.bsky.feed.post"},
    },
)
_record("bluesky", "bluesky-records", {"uri": URI, "value": _BSKY})
_record(
    "bluesky",
    "bluesky-jetstream",
    {
        "did": DID,
        "time_us": SECOND * 10**6,
        "commit": {
            **{"collection": "app.bsky.feed.post", "rkey": "3k2", "operation": "create"},
            "record": _BSKY,
        },
    },
)
_table(
    "bluesky",
    "4cat",
    **{"id": URI, "thread_id": URI, "author": "lin", "author_id": DID, "body": TEXT},
    **_TIMES,
    replies_allowed="True",
)
_record(
    "bluesky",
    "gallery-dl",
    {
        **{"category": "bluesky", "subcategory": "user", "extension": "jpg", "filename": "a"},
        **{"uri": URI, "author": {"did": DID, "handle": "lin"}, "text": TEXT, "num": 1},
    },
    "3k2_1.jpg.json",
)
_record(
    "bluesky",
    "yt-dlp",
    {
        **{"id": "3k2", "channel_id": DID, "uploader_id": "lin", "description": TEXT},
        **{"webpage_url": "https://bsky.app/profile/lin/post/3k2", "extractor_key": "Bluesky"},
    },
)

# Telegram

_add(
    "telegram",
    "telegram-desktop",
    "result.json",
    json.dumps(
        {
            **{"name": "Harbour", "type": "public_channel", "id": 1001},
            "messages": [
                {
                    **{"id": 5, "type": "message", "date": "2019-08-19T14:03:22"},
                    **{"date_unixtime": str(SECOND), "from": "Harbour", "from_id": "channel1001"},
                    **{"text": TEXT, "text_entities": [{"type": "plain", "text": TEXT}]},
                }
            ],
        }
    ),
)
_record(
    "telegram",
    "telethon",
    {
        **{"_": "Message", "id": 5, "peer_id": {"_": "PeerChannel", "channel_id": 1001}},
        **{"date": ISO, "message": TEXT, "post": True},
    },
)
_record(
    "telegram",
    "4cat-telegram",
    {
        **{"id": 5, "_chat": {"id": 1001, "username": "harbour_news"}, "date": SECOND},
        **{"peer_id": {"channel_id": 1001}, "message": TEXT},
    },
)

# VK

_WALL = {"id": 11, "owner_id": -100, "from_id": -100, "date": SECOND, "text": TEXT}
_record("vk", "vk-api", _WALL | {"post_type": "post"})
_record("vk", "4cat-vk", _WALL | {"4cat_item_type": "post", "author_profile": {"name": "Harbour"}})
_table(
    "vk",
    "4cat",
    **{"id": "11", "thread_id": "11", "author_id": "-100", "author_screen_name": "harbour"},
    **{"body": TEXT, "link": "https://vk.com/wall-100_11"},
    **_TIMES,
)

# YouTube

_TUBE = {"channelId": "UC1", "channelTitle": "Lin"}
_record(
    "youtube",
    "youtube-api",
    {
        **{"kind": "youtube#video", "id": "aB1-cD2_eF3"},
        "snippet": _TUBE
        | {"publishedAt": ISO, "title": _WORDS[0], "description": f"until {_WORDS[1]}"},
    },
)
_LISTED = {"videoId": "aB1-cD2_eF3", "publishedAt": ISO, "videoTitle": _WORDS[0], **_TUBE}
_table("youtube", "youtube-data-tools", **_LISTED, videoDescription=f"until {_WORDS[1]}")
_record(
    "youtube",
    "yt-dlp",
    {
        **{"id": "aB1-cD2_eF3", "webpage_url": "https://www.youtube.com/watch?v=aB1-cD2_eF3"},
        **{"extractor_key": "Youtube", "channel_id": "UC1", "channel": "Lin"},
        **{"title": _WORDS[0], "description": f"until {_WORDS[1]}"},
    },
)

# Truth Social, Gab and Weibo

_TRUTH = {"id": "114411441144", "created_at": ISO, "account": {"id": "1077", "acct": "lin"}}
_record(
    "truthsocial",
    "mastodon",
    _TRUTH
    | {
        "uri": "https://truthsocial.com/@lin/114411441144",
        "content": f"<p>{TEXT}</p>",
        "visibility": "public",
    },
)
_seen("truthsocial", "truthsocial.com", "114411441144", _TRUTH | {"content": TEXT})
_table(
    "truthsocial",
    "4cat",
    **{"id": "114411441144", "thread_id": "114411441144", "body": TEXT, "account_id": "1077"},
    **_TIMES,
    account_username="lin",
)
_seen(
    "gab",
    "gab.com",
    "1110",
    {"id": "1110", "content": f"<p>{TEXT}</p>", "account": {"id": "9", "username": "lin"}},
)
_table(
    "gab",
    "4cat",
    **{"id": "1110", "thread_id": "1110", "body": f"<p>{TEXT}</p>", "account_id": "9"},
    **{"account_account": "lin", "account_username": "lin"},
    **_TIMES,
)
_BLOG = {"id": "4406000000000001", "bid": "I3nvent3d", "created_at": "2019-08-19T22:03:22"}
_record(
    "weibo",
    "weibo-crawler-json",
    _BLOG | {"user_id": "1669800001", "attitudes_count": 1, "text": TEXT},
)
_rows(
    "weibo",
    "weibo-crawler-csv",
    {**{"id": _BLOG["id"], "bid": _BLOG["bid"], "正文": TEXT}, "日期": _BLOG["created_at"]},
    "1669800001.csv",
)
_SPIDER = {"content": TEXT, "publish_time": "2019-08-19 22:03", "up_num": 1}
_record("weibo", "weibo-spider-json", {"id": "I2w5q0001", **_SPIDER}, "1669800001.json")
_rows(
    "weibo",
    "weibo-spider-csv",
    {"微博id": "I2w5q0001", "微博正文": TEXT, "发布时间": "2019-08-19 22:03"},
    "1669800001.csv",
)
_record(
    "weibo",
    "gallery-dl",
    {
        **{"category": "weibo", "subcategory": "user", "extension": "jpg", "filename": "a"},
        "status": {
            **{"id": int(_BLOG["id"]), "user": {"id": 1669800001, "screen_name": "Lin"}},
            **{"text_raw": TEXT, "date": "2019-08-19 14:03:22"},
        },
        "num": 1,
    },
    "4406000000000001_1.jpg.json",
)
_table(
    "weibo",
    "mediacrawler-csv",
    **{"note_id": _BLOG["id"], "content": TEXT, "create_time": SECOND, "user_id": "1669800001"},
    **{"nickname": "Lin", "liked_count": 1, "last_modify_ts": 1},
)

# Pinterest, LinkedIn, 9gag and Imgur

_seen(
    "pinterest",
    "pinterest.com",
    "5001",
    {
        **{"id": "UGluOjE=", "entityId": "5001", "title": _WORDS[0], "link": ""},
        **{"description": f"until {_WORDS[1]}", "pinner": {"username": "Lin_L", "entityId": "6"}},
    },
)
_table(
    "pinterest",
    "4cat",
    **{"id": "5001", "thread_id": "5001", "subject": _WORDS[0], "body": f"until {_WORDS[1]}"},
    **{"author": "Lin_L", "pinner_original": "Lin"},
    **_TIMES,
)
_URN = "urn:li:activity:6569216000000000123"
_seen(
    "linkedin",
    "linkedin.com",
    _URN,
    {
        "updateMetadata": {"urn": _URN},
        "actor": {"navigationContext": {"actionTarget": "https://www.linkedin.com/in/Lin-L?x=1"}},
        "commentary": {"text": {"text": TEXT}},
    },
)
_table(
    "linkedin",
    "4cat",
    **{"id": "6569216000000000123", "thread_id": "6569216000000000123", "body": TEXT},
    **{"author": "in/Lin-L", "author_name": "Lin", "timestamp_ago": "2mo"},
    **_TIMES,
)
_GAG = {"id": "aB1", "title": _WORDS[0], "description": f"until {_WORDS[1]}"}
_seen("9gag", "9gag.com", "aB1", _GAG | {"creator": {"username": "Lin_L"}, "creationTs": SECOND})
_table(
    "9gag",
    "4cat",
    **{"id": "aB1", "subject": _WORDS[0], "body": f"until {_WORDS[1]}", "author": "Lin_L"},
    **_TIMES,
    is_vote_masked="no",
)
_seen("imgur", "imgur.com", "Im1", _GAG | {"id": "Im1", "account_id": 77, "created_at": ISO})
_table(
    "imgur",
    "4cat",
    **{"id": "Im1", "subject": _WORDS[0], "body": f"until {_WORDS[1]}", "author": "77"},
    **_TIMES,
    album_media=2,
)
