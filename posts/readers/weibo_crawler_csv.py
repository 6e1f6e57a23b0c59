"""weibo-crawler: the posts of one account of Weibo as a table."""

from frametrace.posts.readers import weibo_crawler
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Shape

__all__ = ["READER"]

READER = Reader(
    name="weibo-crawler-csv",
    title="weibo-crawler posts of an account of Weibo; the file's name is the account",
    example="weibo/林/1669800001.csv",
    platform="weibo",
    time="second; day in older versions",
    shape=Shape.TABLE,
    required=(("id",), ("bid",), ("正文",), ("日期", "完整日期")),
    parse=weibo_crawler.parse_table,
    short_rows=True,  # of posts that share no other
)
