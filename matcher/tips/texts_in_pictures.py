"""Lists the OCR texts of a case's pictures; tips treat them like captions."""

import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.ocr_text import OcrText

__all__ = ["texts_in_pictures"]

_SCHEMA = pa.schema([(name, pa.string()) for name in ("sha256", "text", "text_sha256")])
_TEXTS_WITH_KEY = """
SELECT o.sha256, o.text, o.text_sha256 FROM overlay o
SEMI JOIN caption_key k ON k.sha256 = o.text_sha256 AND k.code IS NOT NULL
ORDER BY o.sha256
"""


def texts_in_pictures(case: Case) -> pa.Table:
    """The pictures (`sha256`) with a `text` that has a MinHash key; `text_sha256` is its digest."""
    tables = [signal_table(name) for name in (OcrText.name, CaptionKey.name)]
    if not all(map(case.epoch.rows, tables)):
        return _SCHEMA.empty_table()
    with connect(case, *tables) as connection:
        return connection.sql(_TEXTS_WITH_KEY).to_arrow_table().cast(_SCHEMA)
