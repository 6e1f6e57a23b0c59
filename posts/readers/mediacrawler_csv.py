"""MediaCrawler: posts of Douyin, TikTok, Weibo and Xiaohongshu, as a table."""

from frametrace.posts.readers import mediacrawler
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="mediacrawler-csv",
    title="MediaCrawler posts of Douyin, TikTok, Weibo and Xiaohongshu",
    example="search_contents_2019-08-20.csv",
    platform="douyin, tiktok, weibo, xiaohongshu",
    time="second",
    shape=Shape.TABLE,
    required=mediacrawler.REQUIRED,
    parse=mediacrawler.parse,
)
