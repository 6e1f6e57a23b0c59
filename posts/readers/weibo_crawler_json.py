"""weibo-crawler: the posts of one account of Weibo as a JSON document."""

from frametrace.posts.readers import weibo_crawler
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="weibo-crawler-json",
    title="weibo-crawler posts of an account of Weibo",
    example="weibo/林/1669800001.json",
    platform="weibo",
    time="second; day in older versions",
    shape=Shape.RECORDS,
    required=(("id",), ("bid",), ("user_id",), ("attitudes_count",), ("created_at",)),
    parse=weibo_crawler.parse,
)
