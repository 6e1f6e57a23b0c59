"""Finds the posts of a framing by example: reads the examples, ranks all posts, saves the framing.

If the case has not been matched since it changed, copies of photos are found by PDQ.
"""

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import query_over
from frametrace.embed.thresholds import PDQ_MAX_DISTANCE
from frametrace.matcher.framing.by_example.examples import Framing
from frametrace.matcher.framing.by_example.framing_json import framing_to_json
from frametrace.matcher.framing.by_example.rank_posts import RankedPosts, rank_posts
from frametrace.matcher.framing.by_example.read_examples import (
    ExampleNames,
    SignalMakers,
    read_examples,
    reembedded,
)
from frametrace.matcher.framing.by_example.resolve_examples import CaseContents
from frametrace.matcher.framing.by_example.saved_framings import (
    checked_framing_name,
    framing_digests,
    framing_names,
    framings_lock,
    load_framing,
    save_framing,
)
from frametrace.matcher.framing.distinct_contents import contents_of
from frametrace.matcher.framing.fusion import EvidenceFusion
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.photos.grouping import group_photos, join_photos, near_photos
from frametrace.matcher.result_schemas import GroupKind, Relation
from frametrace.matcher.saved_results import MatchRun, Results, load_results, results_before
from frametrace.posts.errors import CaseError, NotMatched, UsageError
from frametrace.work.progress import Progress, Silent

__all__ = [
    "FramingQuery",
    "case_contents",
    "posts_in_results",
    "posts_when_matched",
    "rank_by_example",
]

# A picture that was not in a group of the earlier run shows the photo of the pictures near it by
# PDQ; if these show several photos, the one with the smallest digest.
_PHOTOS = """
WITH near_photos AS (
    SELECT n.medoid_sha256 AS near, min(e.medoid_sha256) AS photo
    FROM now n JOIN earlier e USING (sha256) GROUP BY n.medoid_sha256
)
SELECT n.sha256, coalesce(e.medoid_sha256, p.photo, n.medoid_sha256) AS medoid_sha256
FROM now n LEFT JOIN earlier e USING (sha256) LEFT JOIN near_photos p ON p.near = n.medoid_sha256
ORDER BY n.sha256
"""


@dataclass(frozen=True, slots=True)
class FramingQuery:
    """Examples and counter-examples as users name them, and a name to save them under.

    A post belongs if its rarity is at least `min_rarity`; without it the saved value applies, or
    the default.
    """

    like: ExampleNames = field(default_factory=ExampleNames)
    unlike: ExampleNames = field(default_factory=ExampleNames)
    min_rarity: float | None = None
    name: str = ""

    @property
    def is_more_than_a_name(self) -> bool:
        """Whether the query has examples or a minimum rarity."""
        return self.min_rarity is not None or any(
            side.posts or side.pictures or side.texts for side in (self.like, self.unlike)
        )


def rank_by_example(
    case: Case, query: FramingQuery, limit: int | None = 0, progress: Progress | None = None
) -> tuple[RankedPosts, Framing]:
    """Rank the posts of a case by their similarity to examples, as `rank_posts` does.

    With a name, examples are added to those saved before, and all are saved once they were used
    successfully; a name alone repeats the search with the saved examples. Raises `UsageError` and
    `DecodeError` for invalid examples, `CaseError` if the case has no posts or a saved framing is
    damaged, and `CaseLocked` if another process changes the case's framings.
    """
    progress = progress or Silent()
    name = checked_framing_name(query.name) if query.name else ""
    if not case.epoch.rows("posts"):
        raise CaseError(
            f"{case.path} holds no posts to compare; add some with: "
            f"frametrace add {case.path} SOURCE..."
        )
    makers = SignalMakers(case)
    with ExitStack() as stack:
        if name and query.is_more_than_a_name:
            stack.enter_context(framings_lock(case))
        framing, saved = _framing(makers, query, name)
        min_rarity = MatchSettings().min_decades
        ranked = rank_posts(case_contents(case, progress), framing, min_rarity, limit)
        if name and framing_to_json(framing) != saved:
            if not query.is_more_than_a_name:
                stack.enter_context(framings_lock(case))
            if query.is_more_than_a_name or _is_unchanged(case, name, saved):
                save_framing(case, name, framing)
    return replace(ranked, notes=(*makers.notes, *ranked.notes)), framing


def _framing(makers: SignalMakers, query: FramingQuery, name: str) -> tuple[Framing, object]:
    """The framing of a query with what is saved under its name, and the saved JSON."""
    case = makers.case
    framing, saved = Framing(), None
    if name and (name in framing_names(case) or not query.is_more_than_a_name):
        framing = load_framing(case, name)
        saved = framing_to_json(framing)
    like, unlike = read_examples(makers, query.like), read_examples(makers, query.unlike)
    framing = reembedded(makers, framing.with_added(Framing(like, unlike, query.min_rarity)))
    if not len(framing.like):
        raise UsageError("name an example: a post with --like, a --picture, or a --text")
    return framing, saved


def _is_unchanged(case: Case, name: str, saved: object) -> bool:
    """Whether the saved framing is the one that was read: another process may have changed it."""
    with suppress(UsageError, CaseError):
        return framing_to_json(load_framing(case, name)) == saved
    return False


def case_contents(case: Case, progress: Progress | None = None) -> CaseContents:
    """The contents of a case, ready to compare with examples."""
    photos, note = _photos(case, progress)
    if note and progress is not None:
        progress.note(note)
    contents = contents_of(case, photos)
    return CaseContents(case, contents, EvidenceFusion.of(case, contents), photos)


def _photos(case: Case, progress: Progress | None) -> tuple[pa.Table, str]:
    """The photo of each picture (columns sha256 and medoid_sha256), and a note for the user.

    Photos come from the match run if the case has been matched since it last changed; otherwise
    from PDQ and the results of an earlier run, and the note says so.
    """
    try:
        return _photo_groups(load_results(case)[0]), ""
    except NotMatched as error:
        note = f"copies of photos are found only by PDQ and earlier results: {error}"
    before, _ = results_before(case, case.epoch.number, progress)
    join_photos(case, PDQ_MAX_DISTANCE, progress)
    now = group_photos(near_photos(case)).assigned.select(["sha256", "medoid_sha256"])
    earlier = _photo_groups(before) if before is not None else now.schema.empty_table()
    with query_over(now=now, earlier=earlier) as connection:
        photos = connection.sql(_PHOTOS).to_arrow_table()
    return photos, note if case.epoch.rows("media") else ""


def _photo_groups(results: Results) -> pa.Table:
    """The pictures of the photo groups, each with its group's medoid."""
    members = results.members
    copies = pc.and_(
        pc.equal(members["kind"], str(GroupKind.PHOTO)),
        pc.equal(members["relation"], str(Relation.COPY)),
    )
    rows = members.filter(copies).select(["media_sha256", "medoid_sha256"])
    pictures = rows.group_by("media_sha256").aggregate([("medoid_sha256", "min")])
    columns = [pictures["media_sha256"], pictures["medoid_sha256_min"]]
    return pa.table(columns, names=["sha256", "medoid_sha256"]).sort_by("sha256")


def posts_when_matched(case: Case, name: str) -> pa.Table | None:
    """The posts of a named framing as of the last match run, in the schema `NAMED`.

    None if the case or the framing has changed since. Raises `CaseError` if the results are
    damaged.
    """
    try:
        results, run = load_results(case)
    except NotMatched:
        return None
    return posts_in_results(case, results, run, name)


def posts_in_results(case: Case, results: Results, run: MatchRun, name: str) -> pa.Table | None:
    """The posts of a named framing in results that were loaded; None if it has changed since."""
    if name not in run.named or run.named[name] != framing_digests(case).get(name):
        return None
    return results.named.filter(pc.equal(results.named["name"], name))
