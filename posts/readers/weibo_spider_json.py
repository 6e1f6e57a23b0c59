"""weiboSpider: the posts of one account of Weibo as a JSON document."""

from frametrace.posts.readers import weibo_spider
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="weibo-spider-json",
    title="weiboSpider posts of an account of Weibo; the file's name is the account",
    example="weibo/林/1669800001.json",
    platform="weibo",
    time="minute",
    shape=Shape.RECORDS,
    required=(("id",), ("content",), ("publish_time",), ("up_num", "retweet_num")),
    parse=weibo_spider.parse,
)
