"""What echoes known captions by what it says: which texts say enough, and which mean the same."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals import caption_key
from frametrace.embed.signals.caption import Caption
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.text.informative_texts import says_enough
from frametrace.matcher.results import Relation
from frametrace.matcher.tips.caption_vectors import nearest_meanings
from frametrace.matcher.tips.known_material import FOUND
from frametrace.matcher.tips.ocr_texts import picture_texts
from frametrace.work.progress import Progress

__all__ = ["MOST_DIFFERENT", "by_meaning", "saying_enough"]

# Of the 64 numbers of two MinHash keys, so many may differ: an estimated Jaccard similarity of
# 0.52. Framings ask for 0.49 by wording alone: five decades, by what `framing.background` supposes
# of unrelated captions. Where it is below that of `caption_key`, captions have to say enough to be
# told apart: greetings and the like are alike by chance.
MOST_DIFFERENT = 31

_SAID = """
SELECT sha256, any_value(text) AS text FROM (
    SELECT caption_sha256 AS sha256, text FROM posts
    WHERE caption_sha256 IS NOT NULL AND repost_of IS NULL
    UNION ALL SELECT text_sha256, text FROM picture_texts
) GROUP BY sha256 ORDER BY sha256
"""


def saying_enough(case: Case, found: pa.Table) -> pa.Table:
    """Without captions that are less alike than keys ask for, or in meaning, and say too little."""
    meant = pc.equal(found["signal"], Caption.name)
    doubtful = pc.or_(meant, pc.less(found["similarity"], caption_key.MIN_SIMILARITY))
    if not pc.any(doubtful).as_py():
        return found
    with connect(case, "posts") as connection:
        connection.register("picture_texts", picture_texts(case))
        texts = connection.sql(_SAID).to_arrow_table()
    enough = pa.array(says_enough(texts["text"].to_pylist()), pa.bool_())
    known = texts["sha256"].filter(enough).combine_chunks()
    return found.filter(pc.or_(pc.invert(doubtful), pc.is_in(found["sha256"], value_set=known)))


def by_meaning(
    case: Case,
    material: pa.Table,
    known: pa.Array,
    items: pa.Array | None,
    progress: Progress | None,
) -> pa.Table:
    """Texts that say enough and that no key knows, by the item that is nearest in meaning.

    In the schema FOUND. `known` are the texts that keys know; `items` narrows it to some.
    """
    wanted = np.flatnonzero(material["vector"].is_valid().to_numpy())
    if not len(wanted) or not case.epoch.rows(signal_table(Caption.name)):
        return FOUND.empty_table()
    vectors = material["vector"].drop_null().to_pylist()
    meant = nearest_meanings(case, vectors, items, progress)
    meant = meant.filter(pc.invert(pc.is_in(meant["sha256"], value_set=known)))
    columns = {
        **{name: meant[name] for name in ("sha256", "similarity", "near")},
        "item": pa.array(wanted[meant["item"].to_numpy()], pa.int64()),
        "signal": pa.repeat(Caption.name, len(meant)),
        "distance": pa.nulls(len(meant), pa.int32()),
        "relation": pa.repeat(str(Relation.COPY), len(meant)),
        "mirrored": pa.nulls(len(meant), pa.bool_()),
    }
    return saying_enough(case, pa.table(columns).select(FOUND.names).cast(FOUND))
