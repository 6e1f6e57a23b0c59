"""Reads twarc's tables of X posts: twarc-csv (API 2) and twarc 1 (API 1.1).

Hydrator and Social Feed Manager write tables like twarc 1's. These hold links to pages of pictures,
not to pictures: files are found by the post's id.

Sources: DocNow/twarc, twarc/json2csv.py; DocNow/hydrator, app/utils/twitter.js.
"""

from frametrace.posts.model import Post
from frametrace.posts.readers import x_api, x_api_v1
from frametrace.posts.readers.shared.account_keys import account_key
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.readers.shared.x_values import x_text
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import distinct, parse_json, without_surrogates

__all__ = ["READER_V1", "READER_V2"]


def _parse_v2(row: Row) -> Post:
    if row.values.get("id", "").startswith('"'):  # --json-encode-all
        row.values = {name: _decoded(value) for name, value in row.values.items()}
    elif _is_encoded(row):
        row.values["text"] = _decoded(row.values["text"])
    else:
        row.values["text"] = row.values.get("text", "").replace("\\n", "\n")
    return x_api.parse(row)


def _is_encoded(row: Row) -> bool:
    """Whether texts are JSON strings, as older versions wrote them, and not just quoted speech."""
    return row.values.get("text", "").startswith('"') and (
        row.values.get("author.description", "") or '"'
    ).startswith('"')


def _decoded(cell: str) -> str:
    try:
        value = parse_json(cell) if cell.startswith('"') and cell.isascii() else cell
    except ValueError:
        return cell
    return without_surrogates(value)


READER_V2 = Reader(
    name="twarc-csv",
    title="twarc-csv export of X API v2 posts",
    example="tweets.csv",
    platform="twitter",
    time="second",
    shape=Shape.TABLE,
    required=x_api.REQUIRED,
    parse=_parse_v2,
)


def _parse_v1(row: Row) -> Post:
    post_id = row.key("id")
    posted_at, precision = row.time("created_at")
    # Hydrator leaves the account's number out.
    number = row.values.get("user_id", "").strip()
    name = row.take("user_screen_name").strip()
    account_id = row.key("user_id") if number else account_key("twitter", name, "")
    if not account_id:
        raise ValueError("user_screen_name is empty")
    row.take("user_screen_name (2)")  # the table has it twice
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=account_id,
        account_name=name or account_id,
        posted_at=posted_at,
        precision=precision,
        text=x_text(row.take("text")),
        links=distinct(row.take("urls").split()),
        hashtags=distinct(row.take("hashtags").split()),
        repost_of=_repost_of(row),
        engagement=row.counts(x_api_v1.COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def _repost_of(row: Row) -> str:
    """The id of the post that a native repost repeats; one column also holds quoted posts."""
    if row.values.get("retweet_id"):
        return row.reference("retweet_id")
    is_repost = row.values.get("tweet_type", "").strip().lower() == "retweet"
    return row.reference("retweet_or_quote_id") if is_repost else ""


READER_V1 = Reader(
    name="twarc1-csv",
    title="twarc 1, Hydrator or Social Feed Manager: X posts",
    example="hydrated.csv",
    platform="twitter",
    time="second",
    shape=Shape.TABLE,
    required=(
        ("id",),
        ("text",),
        ("user_screen_name",),
        ("created_at",),
        ("tweet_url", "retweet_or_quote_id"),
    ),
    foreign=("timestamp_utc",),
    parse=_parse_v1,
)
