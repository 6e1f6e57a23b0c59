"""The report as one HTML file that needs nothing else: no network, no other file, no tracking."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.report.evidence import sentence
from frametrace.app.report.timeline import Timeline, moment_text, timeline
from frametrace.matcher.results import GroupKind, Results
from frametrace.posts.media import MediaFile

__all__ = ["GroupView", "Page", "render", "shown_files", "views_of"]

MOST_GROUPS = 200  # of each kind on the page; more make it slow to open. All are in groups.csv
MOST_MEMBERS = 500  # of one group on the page
MOST_PICTURES = 12  # of one group in its strip
MOST_ACCOUNTS = 100

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group as the page shows it; `pictures` pairs digests with what ties them."""

    row: Mapping[str, Any]
    span: str
    who: str
    line: Timeline | None
    pictures: tuple[tuple[str, str], ...]
    members: tuple[tuple[Mapping[str, Any], str, str], ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page shows; `thumbnails` maps digests to `data:` addresses."""

    case: str
    summary: Sequence[tuple[str, str]]
    notes: Sequence[str]
    groups: Mapping[str, Sequence[GroupView]]
    totals: Mapping[str, int]
    accounts: Sequence[Mapping[str, Any]]
    accounts_total: int
    skipped: Sequence[tuple[str, int]]
    thumbnails: Mapping[str, str]


def views_of(results: Results, kind: GroupKind) -> list[GroupView]:
    """The groups of a kind that the page shows, ordered by spread."""
    groups = results.groups.filter(pc.equal(results.groups["kind"], str(kind)))
    shown = groups.slice(0, MOST_GROUPS)
    keep = pc.is_in(results.members["group_id"], value_set=shown["group_id"].combine_chunks())
    members = dict(_by_group(results.members.filter(keep)))
    return [_view(row, members[row["group_id"]]) for row in shown.to_pylist()]


def shown_files(results: Results, views: Sequence[GroupView]) -> dict[str, MediaFile]:
    """Where the pictures lie that the page shows, by digest, in stable order."""
    wanted = {m["media_sha256"] for view in views for m, _, _ in view.members}
    wanted |= {digest for view in views for digest, _ in view.pictures}
    columns = [results.members[name] for name in ("media_sha256", "media_root", "media_path")]
    files: dict[str, MediaFile] = {}
    for digest, root, path in zip(*(column.to_pylist() for column in columns), strict=True):
        if digest is not None and digest in wanted:
            files.setdefault(digest, MediaFile(root, path))
    return dict(sorted(files.items()))


def render(page: Page) -> str:
    """Fill the template; every text from a post is escaped, and no script but ours can run."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment_text, "number": "{:,}".format}
    script, style = (_HERE / "page.js").read_text("utf-8"), (_HERE / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html").render(
        page=page, script=script, style=style, script_sha256=digest, kinds=list(GroupKind)
    )


def _by_group(members: pa.Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for group_id, rows in groupby(members.to_pylist(), key=lambda row: row["group_id"]):
        yield group_id, list(rows)


def _view(row: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> GroupView:
    pictures: dict[str, str] = {}
    if row["kind"] == GroupKind.PHOTO or members[0]["media_sha256"]:
        closest = sorted(members, key=lambda m: (m["via_sha256"] or "", -m["similarity"]))
        for member in closest:
            pictures.setdefault(member["media_sha256"], _label(member))
    shown = members[:MOST_MEMBERS]
    return GroupView(
        row=row,
        span=_span(row),
        who=_who(row),
        line=timeline([(member["platform"], member["posted_at"]) for member in members]),
        pictures=tuple(pictures.items())[:MOST_PICTURES],
        members=tuple((m, moment_text(m["posted_at"]), sentence(m)) for m in shown),
        hidden=len(members) - len(shown),
    )


def _label(member: Mapping[str, Any]) -> str:
    if member["signal"] == "sha256":
        return "medoid"
    if member["distance"] is not None:
        return f"{member['distance']} bits"
    return f"{member['similarity']:.2f}"


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
