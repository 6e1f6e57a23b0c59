"""Selects the groups and elements that the page shows, with their members and pictures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.output.console_output import moment_text
from frametrace.app.report.evidence_sentences import label, sentence
from frametrace.app.report.group_changes import changed_most, groups_with_changes, mark, news
from frametrace.app.report.post_timeline import Timeline, timeline
from frametrace.app.report.side_by_side import pair_of, verified_members
from frametrace.app.report.span_columns import SharedSpans
from frametrace.app.report.videos_side_by_side import tied_members
from frametrace.case.store import Case
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results
from frametrace.posts.model import MediaFile
from frametrace.work.progress import Progress, Silent

__all__ = [
    "ElementView",
    "GroupView",
    "element_views",
    "files_of",
    "group_views",
    "paired_pictures",
    "shown_items",
]

# How much the page shows; the CSV files hold everything.
MAX_GROUPS = 200  # of each kind; more make the page slow to open
MAX_CHANGED = 100  # besides these, those that changed most since an earlier run
MAX_ROWS = 20_000  # posts on the page, shared out among its groups: about 10 MB
MAX_MEMBERS = 500  # of one group, where there are few groups
MAX_PICTURES = 12  # of one group with a thumbnail
MAX_FRAMING_PICTURES = 1_000  # of all framings, 5 MB; each framing has two or more
MAX_PAIRS = 6  # of one group: pictures beside those that they are tied to
MAX_PAIRS_ON_PAGE = 200  # of all groups: 6 MB
MAX_TIES = 4  # of one group: videos, or pictures in videos, with their times
MAX_TIES_ON_PAGE = 100  # 1.5 MB
MAX_STRIPS = 4  # of one group: videos with a strip of frames
MAX_STRIPS_ON_PAGE = 150  # 2 MB
MAX_ELEMENTS = 60  # those in most pictures
MAX_ELEMENT_PICTURES = 6  # of one element: about 30 kB

_KINDS = (GroupKind.PHOTO, GroupKind.FRAMING)  # the kinds that group posts; elements don't


@dataclass(frozen=True, slots=True)
class GroupView:
    """What the page shows of a group; `pictures` holds digests and their labels.

    `mark` and `news` say how the group changed. A member comes with its time, its evidence, and
    what is new about it. `verified` counts the pictures that are tied by local features or altered;
    `pairs` are the members whose pictures are shown beside those that they are tied to, `ties` the
    same for videos, of which there are `tied`. `strips` are the videos whose frames are shown;
    `videos` is the number of all different ones.
    """

    row: Mapping[str, Any]
    span: str
    who: str
    mark: str
    news: str
    line: Timeline | None
    pictures: tuple[tuple[str, str], ...]
    members: tuple[tuple[Mapping[str, Any], str, str, str], ...]
    hidden: int
    pairs: tuple[Mapping[str, Any], ...]
    verified: int
    ties: tuple[Mapping[str, Any], ...] = ()
    tied: int = 0
    strips: tuple[str, ...] = ()
    videos: int = 0

    @property
    def noun(self) -> str:
        """What its different items are, in the plural."""
        if not self.pictures:
            return "captions"
        if not self.videos:
            return "pictures"
        return "videos" if self.videos == self.row["items"] else "pictures and videos"

    @property
    def shown(self) -> Mapping[str, str]:
        """The pictures that are shown, each mapped to itself."""
        return {digest: digest for digest, _ in self.pictures}


@dataclass(frozen=True, slots=True)
class ElementView:
    """What the page shows of an element: its row of the groups, and a few of its pictures."""

    row: Mapping[str, Any]
    pictures: tuple[str, ...]


def group_views(
    results: Results, progress: Progress | None = None, videos: pa.Array | None = None
) -> dict[str, list[GroupView]]:
    """The groups that the page shows, by kind, those of the widest spread first.

    `videos` are the digests of those media items that are videos.
    """
    groups = groups_with_changes(results)
    kinds = [groups.filter(pc.equal(groups["kind"], str(kind))) for kind in _KINDS]
    widest = [part["group_id"].slice(0, MAX_GROUPS) for part in kinds]
    changed = changed_most(results, MAX_CHANGED)["group_id"]
    ids = pa.chunked_array([c for part in (*widest, changed) for c in part.chunks], pa.string())
    shown = _within(groups, ids)
    max_members = min(MAX_MEMBERS, MAX_ROWS // max(shown.num_rows, 1))
    spans = SharedSpans(results.video_matches)
    members = _by_group(spans.with_columns(_within(results.members, ids)))
    arrived = {
        (row["group_id"], row["platform"], row["post_id"]): row["new_account"]
        for row in _within(results.arrivals, ids).to_pylist()
    }
    framing_pictures = _framing_pictures(_within(results.framings, ids))
    views: dict[str, list[GroupView]] = {str(kind): [] for kind in _KINDS}
    left = {
        "pairs": MAX_PAIRS_ON_PAGE,
        "ties": MAX_TIES_ON_PAGE,
        "strips": MAX_STRIPS_ON_PAGE,
    }
    with (progress or Silent()).track("groups on the page", shown.num_rows) as advance:
        for row in shown.to_pylist():
            view = _view(row, members[row["group_id"]], arrived, max_members, videos)
            view = replace(view, **{name: getattr(view, name)[:n] for name, n in left.items()})
            left = {name: n - len(getattr(view, name)) for name, n in left.items()}
            if row["group_id"] in framing_pictures:
                view = replace(view, pictures=framing_pictures[row["group_id"]])
            views[row["kind"]].append(view)
            advance(1)
    return views


def _framing_pictures(framings: pa.Table) -> dict[str, tuple[tuple[str, str], ...]]:
    """The pictures of each framing, without labels."""
    limit = min(MAX_PICTURES, max(MAX_FRAMING_PICTURES // max(framings.num_rows, 1), 2))
    rows = zip(*(framings[name].to_pylist() for name in ("group_id", "pictures")), strict=True)
    return {
        name: tuple((digest, "") for digest in (digests or ())[:limit]) for name, digests in rows
    }


def _within(table: pa.Table, group_ids: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.is_in(table["group_id"], value_set=group_ids.combine_chunks()))


def shown_items(
    views: Mapping[str, Sequence[GroupView]], elements: Sequence[ElementView]
) -> set[str]:
    """The digests of the pictures and videos that the page shows."""
    shown = {digest for group in views.values() for view in group for digest, _ in view.pictures}
    return shown | paired_pictures(views) | {d for view in elements for d in view.pictures}


def files_of(case: Case, wanted: Collection[str]) -> dict[str, MediaFile]:
    """The files of some pictures, by digest, in a stable order."""
    media = case.read("media", ["sha256", "root", "path"])
    keep = pc.is_in(media["sha256"], value_set=pa.array(sorted(wanted), pa.string()))
    rows = media.filter(keep).sort_by("sha256").to_pylist()
    return {row["sha256"]: MediaFile(row["root"], row["path"]) for row in rows}


def paired_pictures(views: Mapping[str, Sequence[GroupView]]) -> set[str]:
    """The pictures that are shown side by side with others."""
    shown = [view for group in views.values() for view in group]
    members = [member for view in shown for member in (*view.pairs, *view.ties)]
    return {digest for member in members for digest in pair_of(member)}


def element_views(results: Results) -> list[ElementView]:
    """The elements that are in most pictures, each with the pictures closest to its medoid."""
    kind = str(GroupKind.ELEMENT)
    groups = results.groups.filter(pc.equal(results.groups["kind"], kind))
    order = [("items", "descending"), ("accounts", "descending"), ("group_id", "ascending")]
    rows = groups.sort_by(order).slice(0, MAX_ELEMENTS).to_pylist()
    ids = groups["group_id"].combine_chunks()
    members = results.members.filter(pc.is_in(results.members["group_id"], value_set=ids))
    columns = ["group_id", "media_sha256", "medoid_sha256", "similarity"]
    members = members.select(columns).sort_by("group_id").to_pylist()
    pictures = {
        name: _element_pictures(list(of_group))
        for name, of_group in groupby(members, key=lambda member: member["group_id"])
    }
    return [ElementView(row, pictures[row["group_id"]]) for row in rows]


def _element_pictures(members: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """A few different pictures, the medoid first."""
    closest = sorted(
        members,
        key=lambda m: (
            m["media_sha256"] != m["medoid_sha256"],
            -m["similarity"],
            m["media_sha256"],
        ),
    )
    return tuple(dict.fromkeys(member["media_sha256"] for member in closest))[:MAX_ELEMENT_PICTURES]


def _by_group(members: pa.Table) -> dict[str, pa.Table]:
    """The members of each group, which are next to each other."""
    parts, start = {}, 0
    for group in members["group_id"].value_counts().to_pylist():
        parts[group["values"]] = members.slice(start, group["counts"])
        start += group["counts"]
    return parts


def _view(
    row: Mapping[str, Any],
    members: pa.Table,
    arrived: Mapping[tuple[str, str, str], bool],
    max_members: int,
    videos: pa.Array | None,
) -> GroupView:
    shown = members.slice(0, max_members)
    of_video = pc.is_valid(members["spans"])
    compared = pc.and_not(pc.is_valid(members["inliers"]), of_video)
    verified = verified_members(members.filter(compared).to_pylist())
    is_photo = row["kind"] == GroupKind.PHOTO
    tied = tied_members(members.filter(of_video).to_pylist())
    pictures = _pictures(members)
    is_video = pc.is_in(members["media_sha256"], value_set=_digests(videos))
    digests = set(members["media_sha256"].filter(is_video).to_pylist())
    strips = tuple(digest for digest, _ in pictures if digest in digests and is_photo)
    posts = members.group_by(["platform", "post_id", "posted_at"], use_threads=False).aggregate([])
    return GroupView(
        row=row,
        span=_span(row),
        who=_who(row),
        mark=mark(row),
        news=news(row),
        line=timeline(posts),
        pictures=pictures,
        members=tuple(
            (m, moment_text(m["posted_at"]), sentence(m), _novelty(row, m, arrived))
            for m in ({**m, "is_video": m["media_sha256"] in digests} for m in shown.to_pylist())
        ),
        hidden=members.num_rows - shown.num_rows,
        pairs=tuple(verified[:MAX_PAIRS]),
        verified=len(verified),
        ties=tuple(tied[:MAX_TIES]),
        tied=len(tied),
        strips=strips[:MAX_STRIPS],
        videos=len(digests),
    )


def _digests(digests: pa.Array | None) -> pa.Array:
    return pa.array([], pa.string()) if digests is None else digests


def _pictures(members: pa.Table) -> tuple[tuple[str, str], ...]:
    """The pictures that are tied most closely, with their labels."""
    carrying = members.filter(pc.is_valid(members["media_sha256"]))
    columns = (carrying[name].to_pylist() for name in ("via_sha256", "similarity", "media_sha256"))
    rows = enumerate(zip(*columns, strict=True))
    positions: dict[str, int] = {}
    for at, (_, _, digest) in sorted(rows, key=lambda row: (row[1][0] or "", -row[1][1])):
        positions.setdefault(digest, at)
    closest = list(positions.values())[:MAX_PICTURES]
    chosen = carrying.take(pa.array(closest, pa.int64())).to_pylist()
    return tuple((member["media_sha256"], label(member)) for member in chosen)


def _novelty(
    row: Mapping[str, Any],
    member: Mapping[str, Any],
    arrived: Mapping[tuple[str, str, str], bool],
) -> str:
    """What is new about a member of a known group; empty for new groups."""
    key = (row["group_id"], member["platform"], member["post_id"])
    if not row["previous_ids"] or key not in arrived:
        return ""
    return "newcomer" if arrived[key] else "new post"


def _span(row: Mapping[str, Any]) -> str:
    first, last = moment_text(row["first_at"]), moment_text(row["last_at"])
    if not first:
        return "times unknown"
    return f"{first} UTC" if first == last else f"{first} to {last} UTC"


def _who(row: Mapping[str, Any]) -> str:
    """The accounts of a group by kind, such as `3 accounts, 1 page`."""
    counts = {kind: row[kind] for kind in ("pages", "groups", "channels")}
    counts = {"accounts": row["accounts"] - sum(counts.values()), **counts}
    parts = [f"{n:,} {kind if n != 1 else kind[:-1]}" for kind, n in counts.items() if n]
    return ", ".join(parts)
