"""The report as one HTML file that needs nothing else: no network, no other file, no tracking."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.output.render import moment_text
from frametrace.app.report.element_cards import ElementView
from frametrace.app.report.evidence_sentences import label, sentence
from frametrace.app.report.framing_sections import FramingView
from frametrace.app.report.group_changes import changed_most, groups_with_changes, mark, news
from frametrace.app.report.map_drawing import MapView
from frametrace.app.report.network_graphs import TiesView
from frametrace.app.report.side_by_side import Beside, both_of, verified_members
from frametrace.app.report.timeline import Timeline, timeline
from frametrace.case.store import Case
from frametrace.matcher.results import GroupKind
from frametrace.matcher.saved_results import Results
from frametrace.posts.model import MediaFile

__all__ = ["GroupView", "Page", "closely_seen", "filled", "render", "shown_files", "views_of"]

MOST_GROUPS = 200  # of each kind on the page; more make it slow to open. All are in groups.csv
MOST_CHANGED = 100  # besides these, of those that changed most since an earlier run
MOST_ROWS = 20_000  # posts on the page, shared by its groups: some 10 MB
MOST_MEMBERS = 500  # of one group on the page, where there are few groups
MOST_PICTURES = 12  # of one group with a thumbnail
MOST_OF_FRAMINGS = 1_000  # pictures of all framings, 5 MB; each has two or more
MOST_BESIDE = 6  # of one group, whose pictures stand beside what they are tied to
MOST_BESIDE_ON_PAGE = 200  # of all groups: 6 MB
MOST_ACCOUNTS = 100

_KINDS = (GroupKind.PHOTO, GroupKind.FRAMING)  # what groups posts; elements don't
_HERE = Path(__file__).parent
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group as the page shows it; `pictures` pairs digests with what ties them.

    `mark` and `news` say what became of it; a member comes with its time, its evidence, and what is
    new about it. Of `verified` pictures, tied by local features or altered, those of `closely` are
    shown side by side with what ties them.
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
    closely: tuple[Mapping[str, Any], ...]
    verified: int

    @property
    def shown(self) -> Mapping[str, str]:
        """The pictures that are shown, each for itself."""
        return {digest: digest for digest, _ in self.pictures}


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page shows; `thumbnails` maps digests to `data:` addresses.

    `beside` has the pictures of a group side by side; `elements` are shared by unrelated pictures.
    `sharing` counts the pairs of pictures that share no more than parts, `scenes` those that show
    one scene in two shots. Framings were found by what `used` says; the case has no signal for what
    is `lacking`. `cases` are those of a union.
    """

    case: str
    summary: Sequence[tuple[str, str]]
    notes: Sequence[str]
    groups: Mapping[str, Sequence[GroupView]]
    elements: Sequence[ElementView]
    totals: Mapping[str, int]
    accounts: Sequence[Mapping[str, Any]]
    accounts_total: int
    ties: TiesView
    skipped: Sequence[tuple[str, int, str]]
    thumbnails: Mapping[str, str]
    beside: Mapping[str, Sequence[Beside]]
    framings: Mapping[str, FramingView]
    map: MapView | None
    used: Sequence[str]
    lacking: Sequence[str]
    compared: bool
    cases: Sequence[str] = ()
    sharing: int = 0
    scenes: int = 0

    @property
    def photo_ids(self) -> set[str]:
        """The photo groups on the page."""
        return {view.row["group_id"] for view in self.groups[GroupKind.PHOTO]}

    @property
    def framings_of(self) -> Mapping[str, list[tuple[str, int]]]:
        """The framings on the page that show a photo, with their numbers, by its group."""
        found: dict[str, list[tuple[str, int]]] = {}
        for name, view in self.framings.items():
            for photo in dict.fromkeys(photo for photo, _ in view.reused.values()):
                found.setdefault(photo, []).append((name, view.number))
        return found


def views_of(results: Results) -> dict[str, list[GroupView]]:
    """The groups that the page shows, by kind, ordered by spread."""
    groups = groups_with_changes(results)
    kinds = [groups.filter(pc.equal(groups["kind"], str(kind))) for kind in _KINDS]
    widest = [part["group_id"].slice(0, MOST_GROUPS) for part in kinds]
    changed = changed_most(results, MOST_CHANGED)["group_id"]
    ids = pa.chunked_array([c for part in (*widest, changed) for c in part.chunks], pa.string())
    shown = _within(groups, ids)
    most = min(MOST_MEMBERS, MOST_ROWS // max(shown.num_rows, 1))
    members = dict(_by_group(_within(results.members, ids)))
    arrived = {
        (row["group_id"], row["platform"], row["post_id"]): row["new_account"]
        for row in _within(results.arrivals, ids).to_pylist()
    }
    mosaics = _mosaics(_within(results.framings, ids))
    views: dict[str, list[GroupView]] = {str(kind): [] for kind in _KINDS}
    room = MOST_BESIDE_ON_PAGE
    for row in shown.to_pylist():
        view = _view(row, members[row["group_id"]], arrived, most)
        view = replace(view, closely=view.closely[:room])
        if row["group_id"] in mosaics:
            view = replace(view, pictures=mosaics[row["group_id"]])
        room -= len(view.closely)
        views[row["kind"]].append(view)
    return views


def _mosaics(framings: pa.Table) -> dict[str, tuple[tuple[str, str], ...]]:
    """The pictures of each framing that has a row."""
    most = min(MOST_PICTURES, max(MOST_OF_FRAMINGS // max(framings.num_rows, 1), 2))
    rows = zip(*(framings[name].to_pylist() for name in ("group_id", "pictures")), strict=True)
    return {name: tuple((one, "") for one in (digests or ())[:most]) for name, digests in rows}


def _within(table: pa.Table, group_ids: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.is_in(table["group_id"], value_set=group_ids.combine_chunks()))


def shown_files(
    case: Case, views: Mapping[str, Sequence[GroupView]], elements: Sequence[ElementView]
) -> dict[str, MediaFile]:
    """Where the pictures lie that the page shows, by digest, in stable order."""
    wanted = {digest for group in views.values() for view in group for digest, _ in view.pictures}
    wanted |= closely_seen(views) | {digest for view in elements for digest in view.pictures}
    media = case.read("media", ["sha256", "root", "path"])
    keep = pc.is_in(media["sha256"], value_set=pa.array(sorted(wanted), pa.string()))
    rows = media.filter(keep).sort_by("sha256").to_pylist()
    return {row["sha256"]: MediaFile(row["root"], row["path"]) for row in rows}


def closely_seen(views: Mapping[str, Sequence[GroupView]]) -> set[str]:
    """The pictures that are shown side by side with others."""
    members = [member for group in views.values() for view in group for member in view.closely]
    return {digest for member in members for digest in both_of(member)}


def render(page: Page) -> str:
    """Fill the report's template."""
    return filled("page.html", page=page)


def filled(template: str, **values: Any) -> str:
    """Fill a template; every text from a post is escaped, and no script but ours can run."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([_HERE, _HERE.parent / "tips"]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_legal,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment_text, "number": "{:,}".format}
    script, style = (_HERE / "page.js").read_text("utf-8"), (_HERE / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        script=script, style=style, script_sha256=digest, **values
    )


def _legal(value: object) -> object:
    """Text without the control characters that HTML forbids."""
    return _CONTROL.sub("", value) if type(value) is str else value


def _by_group(members: pa.Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for group_id, rows in groupby(members.to_pylist(), key=lambda row: row["group_id"]):
        yield group_id, list(rows)


def _view(
    row: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    arrived: Mapping[tuple[str, str, str], bool],
    most: int,
) -> GroupView:
    pictures: dict[str, str] = {}
    closest = sorted(members, key=lambda m: (m["via_sha256"] or "", -m["similarity"]))
    for member in closest:
        if member["media_sha256"]:
            pictures.setdefault(member["media_sha256"], label(member))
    verified = verified_members(members)
    shown = members[:most]
    posts = {(m["platform"], m["post_id"]): (m["platform"], m["posted_at"]) for m in members}
    return GroupView(
        row=row,
        span=_span(row),
        who=_who(row),
        mark=mark(row),
        news=news(row),
        line=timeline(list(posts.values())),
        pictures=tuple(pictures.items())[:MOST_PICTURES],
        members=tuple(
            (m, moment_text(m["posted_at"]), sentence(m), _novelty(row, m, arrived)) for m in shown
        ),
        hidden=len(members) - len(shown),
        closely=tuple(verified[:MOST_BESIDE]),
        verified=len(verified),
    )


def _novelty(
    row: Mapping[str, Any],
    member: Mapping[str, Any],
    arrived: Mapping[tuple[str, str, str], bool],
) -> str:
    """What is new about a member of a known group; of a new group, everything would be."""
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
    """`3 accounts, 1 page`: the actors of a group by kind."""
    counts = {kind: row[kind] for kind in ("pages", "groups", "channels")}
    counts = {"accounts": row["accounts"] - sum(counts.values()), **counts}
    parts = [f"{n:,} {kind if n != 1 else kind[:-1]}" for kind, n in counts.items() if n]
    return ", ".join(parts)
