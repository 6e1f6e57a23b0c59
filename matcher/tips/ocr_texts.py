"""The texts inside a case's pictures, which tips carry and are held against as captions are."""

import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.ocr_text import OcrText

__all__ = ["picture_texts"]

_SCHEMA = pa.schema([(name, pa.string()) for name in ("sha256", "text", "text_sha256")])
_KEYED = """
SELECT o.sha256, o.text, o.text_sha256 FROM overlay o
SEMI JOIN caption_key k ON k.sha256 = o.text_sha256 AND k.code IS NOT NULL
ORDER BY o.sha256
"""


def picture_texts(case: Case) -> pa.Table:
    """Pictures (`sha256`) with a text that has a key: `text`, and `text_sha256`, its digest."""
    tables = [signal_table(name) for name in (OcrText.name, CaptionKey.name)]
    if not all(map(case.epoch.rows, tables)):
        return _SCHEMA.empty_table()
    with connect(case, *tables) as connection:
        return connection.sql(_KEYED).to_arrow_table().cast(_SCHEMA)
