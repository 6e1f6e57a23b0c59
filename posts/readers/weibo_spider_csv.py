"""weiboSpider: the posts of one account of Weibo as a table."""

from frametrace.posts.readers import weibo_spider
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="weibo-spider-csv",
    title="weiboSpider posts of an account of Weibo; the file's name is the account",
    example="weibo/林/1669800001.csv",
    platform="weibo",
    time="minute",
    shape=Shape.TABLE,
    required=(("微博id",), ("微博正文",), ("发布时间",)),
    parse=weibo_spider.parse_table,
)
