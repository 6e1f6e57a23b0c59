"""Zeeschuimer items as 4CAT stores them: the platform's record, and around it in one field more.

Fields: digitalmethodsinitiative/zeeschuimer, js/lib.js (`wrap_for_map_item`).
"""

from frametrace.posts.model import Post
from frametrace.posts.readers import zeeschuimer
from frametrace.posts.readers.shared.reader_contract import Reader
from frametrace.posts.rows import Row, Shape

__all__ = ["READER"]

_META = "__import_meta."


def _parse(row: Row) -> Post:
    row.values = {
        name.removeprefix(_META) if name.startswith(_META) else f"data.{name}": text
        for name, text in row.values.items()
    }
    return zeeschuimer.parse(row)


READER = Reader(
    name="4cat-zeeschuimer",
    title="Zeeschuimer items, downloaded from 4CAT",
    example="instagram-search-1566223402.ndjson",
    platform=zeeschuimer.PLATFORMS,
    time="second; none where the page tells none",
    shape=Shape.RECORDS,
    required=((f"{_META}source_platform",), (f"{_META}timestamp_collected", f"{_META}item_id")),
    parse=_parse,
)
