"""X/Twitter information-operations archive: the users file of a disclosed campaign."""

from frametrace.posts.model import Account
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]


def _parse(row: Row) -> Account:
    created_at, _ = row.time("account_creation_date")
    return Account(
        platform="twitter",
        account_id=row.key("userid"),
        name=row.take("user_screen_name"),
        created_at=created_at,
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


READER = Reader(
    name="x-archive-users",
    title="X/Twitter information-operations archive, users",
    example="china_082019_1_users_csv_hashed.csv",
    platform="twitter",
    time="day",
    shape=Shape.TABLE,
    required=(("userid",), ("account_creation_date",)),
    parse=_parse,
    foreign=("tweetid", "tweet_text"),
)
