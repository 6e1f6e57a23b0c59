"""Reads posts of X's API, version 2, from the tables of twarc-csv."""

from frametrace.posts.model import Post
from frametrace.posts.readers import x_api
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape
from frametrace.posts.values import encodable, json_of

__all__ = ["READER"]


def _parse(row: Row) -> Post:
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
        value = json_of(cell) if cell.startswith('"') and cell.isascii() else cell
    except ValueError:
        return cell
    return encodable(value)


READER = Reader(
    name="twarc-csv",
    title="twarc-csv export of X API v2 posts",
    example="tweets.csv",
    platform="twitter",
    time="second",
    shape=Shape.TABLE,
    required=x_api.REQUIRED,
    parse=_parse,
)
