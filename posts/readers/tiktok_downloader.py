"""Reads Douyin and TikTok posts from the tables of TikTokDownloader (DouK-Downloader).

Fields: JoeanAmier/TikTokDownloader, src/storage/manager.py and src/extract/extractor.py.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.platforms import platform_or
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.shown_files import Shown, shown_files
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_python_list

__all__ = ["READER"]

_COUNTS = {
    "点赞数量": "likes",
    "评论数量": "comments",
    "收藏数量": "bookmarks",
    "分享数量": "shares",
    "播放数量": "views",
}
_UNKNOWN = "-1"
_VIDEOS = frozenset({"视频", "实况"})  # videos and live photos


def _parse(row: Row) -> Post:
    post_id = row.key("作品ID")
    posted_at, precision = row.local_time("发布时间")
    row.values = {name: value for name, value in row.values.items() if value != _UNKNOWN}
    text, platform = row.take("作品描述"), platform_or(row.values.get("作品链接", ""), "douyin")
    account_id, account_extra = _account(row, platform)
    files = _files(row)
    return Post(
        platform=platform,
        post_id=post_id,
        account_id=account_id,
        account_name=row.take("账号昵称"),
        posted_at=posted_at,
        precision=precision,
        text="" if text == post_id else text,  # it writes the id if there is no text
        media=files.media,
        stills=files.stills,
        hashtags=tuple(tag.lstrip("#") for tag in _listed(row.take("作品话题"))),
        engagement=row.counts(_COUNTS),
        extra=account_extra | row.rest(),
        source=row.source,
        line=row.line,
    )


def _account(row: Row, platform: str) -> tuple[str, dict[str, str]]:
    """Key an account of TikTok by its handle, one of Douyin by its number."""
    if platform == "tiktok":
        return account_by_handle(row.take("ID"), row.take("UID"), "ID")
    return row.key("UID"), {}


def _files(row: Row) -> Shown:
    """A video and its cover, or the pictures of an album, which has no cover."""
    cover = row.take("静态封面").strip()
    links = distinct(_listed(row.take("下载地址")))
    if not cover and row.values.get("作品类型", "").strip() not in _VIDEOS:
        return Shown(links)
    return Shown(links, distinct((cover,))) if links else shown_files([("", cover)])


def _listed(text: str) -> tuple[str, ...]:
    """A list as Python prints it, or joined by spaces as in older versions."""
    return parse_python_list(text) if text.startswith("[") else tuple(text.split())


READER = Reader(
    name="tiktok-downloader",
    title="Douyin and TikTok posts from TikTokDownloader (DouK-Downloader)",
    example="Download.csv",
    platform="douyin, tiktok",
    time="day: the collector's local time, without a zone",
    shape=Shape.TABLE,
    required=(("作品ID",), ("UID",), ("作品描述",), ("发布时间",)),
    parse=_parse,
)
