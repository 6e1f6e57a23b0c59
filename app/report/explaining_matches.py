"""Finds the matches that explain why a post is in its group: those that tie it there."""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.pdq import Pdq
from frametrace.matcher.result_schemas import MATCHES, GroupKind, Relation
from frametrace.matcher.saved_results import Results
from frametrace.work.progress import Progress, Silent

__all__ = ["EXPLAINS", "with_explains"]

EXPLAINS = "explains"

_SIGNALS = {
    CaptionKey.name: pa.schema([("sha256", pa.string()), ("key", pa.string())]),
    OcrText.name: pa.schema([("sha256", pa.string()), ("text_sha256", pa.string())]),
    Pdq.name: pa.schema([("sha256", pa.string()), ("code", pa.binary())]),
}

# A match is listed for items that may stand for others: pictures for those with an equal hash, and
# between framings texts for those with their key and pictures for those of their photo. `item` is a
# number that all of these share. (With 64 bits, two of a billion items share one by chance, which
# would list a match too many.)
_ITEMS = f"""
CREATE TEMP TABLE items AS
SELECT true AS in_framing, sha256, hash(key) AS item FROM {CaptionKey.name} WHERE key IS NOT NULL
UNION SELECT true, media_sha256, hash(medoid_sha256) FROM members
    WHERE kind = '{GroupKind.PHOTO}' AND relation = '{Relation.COPY}'
UNION ALL SELECT false, sha256, hash(code) FROM {Pdq.name}
"""  # noqa: S608

# The pairs of items that tie a member: of framings what the two posts carry, otherwise pictures.
_TIED = f"""
CREATE TEMP TABLE tied AS
WITH carried AS (
    SELECT platform, post_id, caption_sha256 AS sha256 FROM posts
    UNION ALL SELECT platform, post_id, sha256 FROM post_media
    UNION ALL SELECT platform, post_id, text_sha256
        FROM post_media JOIN {OcrText.name} USING (sha256)
),
of_posts AS (
    SELECT platform, post_id, coalesce(item, hash(sha256)) AS item
    FROM carried LEFT JOIN (FROM items WHERE in_framing) USING (sha256)
    WHERE sha256 IS NOT NULL
),
pairs AS (
    SELECT true AS in_framing, a.item AS a, b.item AS b
    FROM (
        SELECT DISTINCT platform, post_id, via_platform, via_post_id FROM members
        WHERE kind = '{GroupKind.FRAMING}' AND via_post_id IS NOT NULL
    ) m
    JOIN of_posts a USING (platform, post_id)
    JOIN of_posts b ON (b.platform, b.post_id) = (m.via_platform, m.via_post_id)
    UNION ALL
    SELECT false, coalesce(a.item, hash(m.sha256)), coalesce(b.item, hash(m.tie))
    FROM (
        SELECT media_sha256 AS sha256, coalesce(via_sha256, medoid_sha256) AS tie
        FROM members WHERE kind <> '{GroupKind.FRAMING}'
    ) m
    LEFT JOIN (FROM items WHERE NOT in_framing) a ON a.sha256 = m.sha256
    LEFT JOIN (FROM items WHERE NOT in_framing) b ON b.sha256 = m.tie
)
FROM pairs UNION SELECT in_framing, b, a FROM pairs
"""  # noqa: S608

_EXPLAINING = f"""
SELECT position FROM (
    SELECT m.position, m.in_framing, coalesce(a.item, hash(m.sha256_a)) AS a,
        coalesce(b.item, hash(m.sha256_b)) AS b
    FROM (SELECT *, relation = '{Relation.SIMILAR}' AS in_framing FROM matches) m
    LEFT JOIN items a ON (a.in_framing, a.sha256) = (m.in_framing, m.sha256_a)
    LEFT JOIN items b ON (b.in_framing, b.sha256) = (m.in_framing, m.sha256_b)
) SEMI JOIN tied USING (in_framing, a, b)
"""  # noqa: S608


def with_explains(
    case: Case, results: Results, progress: Progress | None = None
) -> Iterator[pa.RecordBatch]:
    """The matches with the column `explains`: whether they tie a member to its group.

    A member with the bytes, the hash or the text of the one that it is tied to needs no match, but
    matches between equal pictures are included.
    """
    explains = np.zeros(results.matches.num_rows, bool)
    explains[_positions(case, results, progress or Silent())] = True
    start = 0
    for batch in results.matches.batches():
        column = pa.array(explains[start : start + len(batch)])
        start += len(batch)
        yield batch.append_column(EXPLAINS, column)


def _positions(case: Case, results: Results, progress: Progress) -> np.ndarray:
    """The positions of the matches that explain a membership."""
    present = [name for name in _SIGNALS if case.epoch.rows(signal_table(name))]
    tables = ["posts", "post_media", *map(signal_table, present)]
    rows = results.matches.num_rows
    with (
        progress.track("matches that tie posts to groups", rows) as advance,
        connect(case, *tables) as connection,
    ):
        for name in _SIGNALS.keys() - present:
            connection.register(name, _SIGNALS[name].empty_table())
        connection.register("members", results.members)
        connection.register("matches", _numbered(results, advance))
        connection.execute(_ITEMS)
        connection.execute(_TIED)
        positions: np.ndarray = connection.sql(_EXPLAINING).fetchnumpy()["position"]
    return positions


def _numbered(results: Results, advance: Callable[[int], None]) -> pa.RecordBatchReader:
    """The pairs of the matches with their positions."""
    names = ["sha256_a", "sha256_b", "relation"]
    fields = [MATCHES.field(name) for name in names]
    schema = pa.schema([*fields, ("position", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in results.matches.batches():
            at = pa.array(np.arange(start, start + len(batch)))
            start += len(batch)
            yield batch.select(names).append_column("position", at)
            advance(len(batch))

    return pa.RecordBatchReader.from_batches(schema, batches())
