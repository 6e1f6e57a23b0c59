"""Sums up a case and its results in a few numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.report.shown_videos import video_digests
from frametrace.app.report.span_columns import SharedSpans
from frametrace.case.store import Case
from frametrace.embed.signals.local import Local
from frametrace.matcher.result_schemas import GroupKind, Relation
from frametrace.matcher.saved_results import Results

__all__ = ["Counts", "counts_of", "describe_signals", "elements_text", "videos_text"]


# The columns of members that counts depend on; the texts of many posts are not copied.
_COUNTED = ["kind", "relation", "signal", "altered", "media_sha256", "medoid_sha256", "via_sha256"]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a case and of its results.

    `edited` pictures are tied to a photo by local features, `containing` ones contain a photo,
    `altered` ones differ in a part; videos are not counted among these. `videos` were read, and
    `tied_videos` of them share spans with another video or a picture in a photo group. `elements`
    are groups of pictures that share no photo.
    """

    posts: int
    pictures: int
    videos: int
    skipped: int
    matches: int
    photo_groups: int
    framing_groups: int
    edited: int
    containing: int
    altered: int
    tied_videos: int
    elements: int
    accounts: int
    ties: int


def counts_of(case: Case, results: Results) -> Counts:
    """Count the contents of a case and its results."""
    kinds = results.groups["kind"].to_pylist()
    members = results.members.select(_COUNTED)
    members = members.filter(pc.equal(members["kind"], str(GroupKind.PHOTO)))
    members = SharedSpans(results.video_matches).with_columns(members)
    of_video = pc.is_valid(members["spans"])
    pictures = members.filter(pc.invert(of_video))
    contains = pc.equal(pictures["relation"], str(Relation.CONTAINS))
    by_features = pc.equal(pictures["signal"], Local.name)
    altered = pc.greater(pc.list_value_length(pictures["altered"]), 0)
    videos = case.epoch.rows("videos")
    return Counts(
        posts=case.epoch.rows("posts"),
        pictures=case.epoch.rows("media") - videos,
        videos=videos,
        skipped=case.epoch.rows("skipped"),
        matches=results.matches.num_rows,
        photo_groups=kinds.count(str(GroupKind.PHOTO)),
        framing_groups=kinds.count(str(GroupKind.FRAMING)),
        edited=_count_pictures(pictures, pc.and_not(by_features, contains)),
        containing=_count_pictures(pictures, pc.and_(by_features, contains)),
        altered=_count_pictures(pictures, altered),
        tied_videos=_count_videos(case, members.filter(of_video)),
        elements=kinds.count(str(GroupKind.ELEMENT)),
        accounts=results.accounts.num_rows,
        ties=results.ties.num_rows,
    )


def _count_pictures(members: pa.Table, mask: pa.ChunkedArray) -> int:
    """How many different pictures the selected members have."""
    count: int = pc.count_distinct(members["media_sha256"].filter(mask)).as_py()
    return count


def _count_videos(case: Case, members: pa.Table) -> int:
    """How many different videos some members are, or are tied to."""
    ties = pc.coalesce(members["via_sha256"], members["medoid_sha256"])
    tied = pa.concat_arrays([pc.unique(items) for items in (ties, members["media_sha256"])])
    count: int = pc.sum(pc.is_in(pc.unique(tied), value_set=video_digests(case))).as_py()
    return count or 0


def videos_text(counts: Counts) -> str:
    """How many videos were compared, and how many are tied; empty without videos."""
    tied = f"{counts.tied_videos:,} are tied to another video or a picture by their frames"
    return f"{counts.videos:,} compared; {tied}" if counts.videos else ""


def elements_text(counts: Counts) -> str:
    """How many elements were found; empty for none."""
    about = "shared bars, watermarks, captions; they tie nobody"
    return f"{counts.elements:,} ({about})" if counts.elements else ""


def describe_signals(signals: Mapping[str, Mapping[str, str]]) -> str:
    """The signals by name, with their models and the languages of these."""
    parts = []
    for name, made_by in sorted(signals.items()):
        about = [made_by[key] for key in ("model", "languages") if made_by.get(key)]
        parts.append(f"{name} ({': '.join(about)})" if about else name)
    return ", ".join(parts)
