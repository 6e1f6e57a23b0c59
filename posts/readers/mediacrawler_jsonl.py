"""MediaCrawler: posts of Douyin, TikTok, Weibo and Xiaohongshu, as JSON."""

from frametrace.posts.readers import mediacrawler
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="mediacrawler-jsonl",
    title="MediaCrawler posts of Douyin, TikTok, Weibo and Xiaohongshu",
    example="search_contents_2019-08-20.jsonl",
    platform="douyin, tiktok, weibo, xiaohongshu",
    time="second",
    shape=Shape.RECORDS,
    required=mediacrawler.REQUIRED,
    parse=mediacrawler.parse,
)
