"""What echoes known pictures by their local features: edited copies, and what hashes got wrong."""

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.embed.signals.local import Local
from frametrace.matcher.tips.edited_copy_search import edited_copies
from frametrace.matcher.tips.hash_contradictions import contradicted
from frametrace.matcher.tips.known_material import FOUND, found_in
from frametrace.work.executor import Executor
from frametrace.work.progress import Progress

__all__ = ["by_picture"]

_BEST = """
SELECT sha256, item, $signal AS signal, NULL AS distance, similarity,
    count(*) OVER (PARTITION BY sha256) AS near, relation, mirrored
FROM edited
QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY relation, inliers DESC, item) = 1
ORDER BY sha256
"""


def by_picture(
    case: Case,
    material: pa.Table,
    hashed: pa.Table,
    items: pa.Array | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> pa.Table:
    """What hashes found (`hashed`) and features don't contradict, and edited copies besides.

    In the schema FOUND. `items` narrows it to some pictures.
    """
    known = material["local"].cast(pa.large_binary()).take(hashed["item"]).combine_chunks()
    pictures = hashed["sha256"].combine_chunks()
    wrong = contradicted(case, pictures, known, executor, progress)
    kept = hashed.filter(pa.array(~wrong))
    edited = edited_copies(case, material, items, executor, progress)
    return found_in([kept, _by_features(edited, kept["sha256"].combine_chunks())])


def _by_features(edited: pa.Table, known: pa.Array) -> pa.Table:
    """Of pictures that no hash knows the item that most features agree with."""
    edited = edited.filter(pc.invert(pc.is_in(edited["sha256"], value_set=known)))
    with query_over(edited=edited) as connection:
        rows = connection.sql(_BEST, params={"signal": Local.name}).to_arrow_table()
    return rows.select(FOUND.names).cast(FOUND)
