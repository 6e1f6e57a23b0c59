"""Finds echoes of known captions by meaning, and drops matches of texts that say too little."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals import caption_key
from frametrace.embed.signals.caption import Caption
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.text.informative_texts import says_enough
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.tips.caption_vectors import nearest_meanings
from frametrace.matcher.tips.known_material import NEAREST_ITEMS
from frametrace.matcher.tips.texts_in_pictures import texts_in_pictures
from frametrace.work.progress import Progress

__all__ = ["MAX_DIFFERENT_VALUES", "drop_uninformative", "echoes_by_meaning"]

# How many of the 64 values of two MinHash keys may differ: an estimated Jaccard similarity of 0.52.
# Framings require 0.49 by wording alone, which is a rarity of 5 (-log10 p) under the background
# that `framing.calibration` assumes for unrelated captions. Below the threshold of `caption_key` a
# caption must also be informative: greetings and the like are similar by chance.
MAX_DIFFERENT_VALUES = 31

_TEXTS = """
SELECT sha256, any_value(text) AS text FROM (
    SELECT caption_sha256 AS sha256, text FROM posts
    WHERE caption_sha256 IS NOT NULL AND repost_of IS NULL
    UNION ALL SELECT text_sha256, text FROM texts_in_pictures
) GROUP BY sha256 ORDER BY sha256
"""


def drop_uninformative(case: Case, matches: pa.Table) -> pa.Table:
    """Drop weak matches of texts that say too little.

    A match is weak if it is by meaning, or by a MinHash key below the threshold of `caption_key`.
    """
    by_meaning = pc.equal(matches["signal"], Caption.name)
    weak = pc.or_(by_meaning, pc.less(matches["similarity"], caption_key.MIN_SIMILARITY))
    if not pc.any(weak).as_py():
        return matches
    with connect(case, "posts") as connection:
        connection.register("texts_in_pictures", texts_in_pictures(case))
        texts = connection.sql(_TEXTS).to_arrow_table()
    enough = pa.array(says_enough(texts["text"].to_pylist()), pa.bool_())
    informative = texts["sha256"].filter(enough).combine_chunks()
    is_informative = pc.is_in(matches["sha256"], value_set=informative)
    return matches.filter(pc.or_(pc.invert(weak), is_informative))


def echoes_by_meaning(
    case: Case,
    material: pa.Table,
    matched: pa.Array,
    items: pa.Array | None,
    progress: Progress | None,
) -> pa.Table:
    """Informative texts that are close in meaning to known captions, in the schema NEAREST_ITEMS.

    `matched` are the texts that keys have matched already, which are skipped; `items` limits the
    search to these digests.
    """
    rows = np.flatnonzero(material["vector"].is_valid().to_numpy())
    if not len(rows) or not case.epoch.rows(signal_table(Caption.name)):
        return NEAREST_ITEMS.empty_table()
    vectors = material["vector"].drop_null().to_pylist()
    nearest = nearest_meanings(case, vectors, items, progress)
    nearest = nearest.filter(pc.invert(pc.is_in(nearest["sha256"], value_set=matched)))
    columns = {
        **{name: nearest[name] for name in ("sha256", "similarity", "near")},
        "item": pa.array(rows[nearest["item"].to_numpy()], pa.int64()),
        "signal": pa.repeat(Caption.name, len(nearest)),
        "distance": pa.nulls(len(nearest), pa.int32()),
        "relation": pa.repeat(str(Relation.COPY), len(nearest)),
        "mirrored": pa.nulls(len(nearest), pa.bool_()),
    }
    matches = pa.table(columns).select(NEAREST_ITEMS.names).cast(NEAREST_ITEMS)
    return drop_uninformative(case, matches)
