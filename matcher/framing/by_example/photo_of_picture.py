"""Which photo each picture of a case shows, as far as that is known: matched now, or earlier."""

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.embed.signals.pdq import MAX_DISTANCE
from frametrace.matcher.photos.grouping import group_photos, join_photos, near_photos
from frametrace.matcher.results import GroupKind, Relation
from frametrace.matcher.saved_results import Results, load_results, results_before
from frametrace.posts.errors import CaseError
from frametrace.work.progress import Progress

__all__ = ["photos_of"]

# A picture in no group of the earlier run shows the photo of those that it is near by PDQ: of
# several photos the one with the smallest digest.
_PLACED = """
WITH crowds AS (
    SELECT n.medoid_sha256 AS crowd, min(e.medoid_sha256) AS photo
    FROM now n JOIN earlier e USING (sha256) GROUP BY n.medoid_sha256
)
SELECT n.sha256, coalesce(e.medoid_sha256, c.photo, n.medoid_sha256) AS medoid_sha256
FROM now n LEFT JOIN earlier e USING (sha256) LEFT JOIN crowds c ON c.crowd = n.medoid_sha256
ORDER BY n.sha256
"""


def photos_of(case: Case, progress: Progress | None = None) -> tuple[pa.Table, str]:
    """The photo of each picture (columns sha256 and medoid_sha256), and what to know of it.

    Those of the match run, where the case was matched since it last changed; a sentence says so
    where it was not. Then copies are told by PDQ, and by what an earlier run found.
    """
    try:
        return _copies(load_results(case)[0]), ""
    except CaseError as error:
        note = f"copies of photos are told by PDQ and earlier results alone: {error}"
    before, _ = results_before(case, case.epoch.number)
    join_photos(case, MAX_DISTANCE, progress)
    now = group_photos(near_photos(case)).assigned.select(["sha256", "medoid_sha256"])
    earlier = _copies(before) if before is not None else now.schema.empty_table()
    with query_over(now=now, earlier=earlier) as connection:
        placed = connection.sql(_PLACED).to_arrow_table()
    return placed, note if case.epoch.rows("media") else ""


def _copies(results: Results) -> pa.Table:
    """The pictures of the photo groups, each with its group's medoid."""
    members = results.members
    wanted = pc.and_(
        pc.equal(members["kind"], str(GroupKind.PHOTO)),
        pc.equal(members["relation"], str(Relation.COPY)),
    )
    rows = members.filter(wanted).select(["media_sha256", "medoid_sha256"])
    each = rows.group_by("media_sha256").aggregate([("medoid_sha256", "min")])
    columns = [each["media_sha256"], each["medoid_sha256_min"]]
    return pa.table(columns, names=["sha256", "medoid_sha256"]).sort_by("sha256")
