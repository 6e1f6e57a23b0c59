"""Finds the matches that explain why a post is in its group: those that tie it there."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.pdq import Pdq
from frametrace.matcher.result_schemas import MATCHES, GroupKind, Relation
from frametrace.matcher.saved_results import Results
from frametrace.work.progress import Advance, Progress, Silent

__all__ = ["EXPLAINS", "with_explains"]

EXPLAINS = "explains"

_SIGNALS = {
    CaptionKey.name: pa.schema([("sha256", pa.string()), ("key", pa.string())]),
    OcrText.name: pa.schema([("sha256", pa.string()), ("text_sha256", pa.string())]),
}

# Matches between framings are listed for one of the texts with a key, and one of the pictures of a
# photo: `item` is what all of these share. Posts, digests and items are numbers of 64 bits, which
# take little memory. Among a billion, two that are equal by chance would list a match too many.
_ITEMS = f"""
CREATE TEMP TABLE items AS
SELECT hash(sha256) AS digest, hash(key) AS item FROM {CaptionKey.name} WHERE key IS NOT NULL
UNION SELECT hash(media_sha256), hash(medoid_sha256) FROM members
    WHERE kind = '{GroupKind.PHOTO}' AND relation = '{Relation.COPY}'
"""  # noqa: S608

# The pairs that tie a member: in a framing two items that its post and the other post carry,
# otherwise two pictures.
_TIED = f"""
CREATE TEMP TABLE tied AS
WITH ties AS (
    SELECT DISTINCT hash(platform, post_id) AS post, hash(via_platform, via_post_id) AS via
    FROM members WHERE kind = '{GroupKind.FRAMING}' AND via_post_id IS NOT NULL
),
ends AS (SELECT post FROM ties UNION SELECT via FROM ties),
carried AS (
    SELECT hash(platform, post_id) AS post, hash(caption_sha256) AS digest FROM posts
        WHERE caption_sha256 IS NOT NULL
    UNION ALL SELECT hash(platform, post_id), hash(sha256) FROM post_media
    UNION ALL SELECT hash(platform, post_id), hash(text_sha256)
        FROM post_media JOIN {OcrText.name} USING (sha256) WHERE text_sha256 IS NOT NULL
),
of_posts AS (
    SELECT post, coalesce(item, digest) AS item
    FROM carried SEMI JOIN ends USING (post) LEFT JOIN items USING (digest)
),
pairs AS (
    SELECT true AS in_framing, a.item AS a, b.item AS b
    FROM ties t JOIN of_posts a USING (post) JOIN of_posts b ON b.post = t.via
    UNION ALL SELECT false, hash(media_sha256), hash(coalesce(via_sha256, medoid_sha256))
    FROM members WHERE kind <> '{GroupKind.FRAMING}'
)
FROM pairs UNION SELECT in_framing, b, a FROM pairs
"""  # noqa: S608

_EXPLAINING = f"""
SELECT position FROM (
    SELECT position, in_framing, coalesce(CASE WHEN in_framing THEN x.item END, m.a) AS a,
        coalesce(CASE WHEN in_framing THEN y.item END, m.b) AS b
    FROM (
        SELECT position, relation = '{Relation.SIMILAR}' AS in_framing,
            hash(sha256_a) AS a, hash(sha256_b) AS b FROM matches
    ) m LEFT JOIN items x ON x.digest = m.a LEFT JOIN items y ON y.digest = m.b
) SEMI JOIN tied USING (in_framing, a, b)
"""  # noqa: S608


def with_explains(
    case: Case, results: Results, progress: Progress | None = None
) -> Iterator[pa.RecordBatch]:
    """The matches with the column `explains`: whether they tie a member to its group.

    Pictures with one hash are matched with the first of them, which alone is matched with others:
    these matches explain its ties as theirs. Copies of files, and texts with one key, need none.
    """
    explains = np.zeros(results.matches.num_rows, bool)
    explains[_positions(case, results, progress or Silent())] = True
    return _with_column(results, explains)


def _with_column(results: Results, explains: np.ndarray) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch in results.matches.batches():
        of_one_hash = pc.and_(pc.equal(batch["signal"], Pdq.name), pc.equal(batch["distance"], 0))
        ties = pa.array(explains[start : start + len(batch)])
        start += len(batch)
        yield batch.append_column(EXPLAINS, pc.or_(ties, of_one_hash.fill_null(False)))


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


def _numbered(results: Results, advance: Advance) -> pa.RecordBatchReader:
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
