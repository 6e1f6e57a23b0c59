"""What commands print of their results: a few plain lines, or one JSON document."""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.output.console import printable, table_text
from frametrace.app.output.edit_words import edits_found
from frametrace.app.report.framing_sentences import name_of
from frametrace.app.report.group_changes import changed_most, mark, since_of
from frametrace.app.report.timeline import moment_text
from frametrace.app.summary import counts_of, describe_signals, elements_text, notes_on, reasons_of
from frametrace.case.store import Case
from frametrace.matcher.results import GroupKind, Relation
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    from frametrace.case.ingest import Added
    from frametrace.embed.stage import Embedded
    from frametrace.matcher.saved_results import MatchRun
    from frametrace.posts.model import Skipped

__all__ = [
    "end",
    "json_line",
    "lost_text",
    "named_counts",
    "print_json",
    "reused",
    "rows_text",
    "since_json",
    "tell_added",
    "tell_embedded",
    "tell_found",
    "tell_skipped",
]

_TOP = 10
_REASONS = 5
_SOON = 10  # seconds, before which a rate says nothing
_TOP_OF_JSON = 100  # CASE/results/<epoch>/changes.parquet has them all
_OF_CHANGES = (
    *("group_id", "kind", "change", "previous_ids", "new_posts", "new_accounts", "posts"),
    *("accounts", "title"),
)
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def print_json(content: object) -> None:
    """Print one JSON document; times as ISO 8601, keys in a fixed order.

    Characters that could steer a terminal are escaped, as JSON allows.
    """
    print(_json(content, indent=1))


def json_line(content: object) -> str:
    """The same document in one line."""
    return _json(content)


def _json(content: object, indent: int | None = None) -> str:
    text = json.dumps(content, ensure_ascii=False, indent=indent, sort_keys=True, default=_plain)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def end(case: Case, *, strict: bool, added: "Added | None" = None) -> None:
    """End with exit code 1 where rows were dropped, and under --strict where anything was."""
    if added is not None and added.dropped:
        first = f" The first: {lost_text(added.lost)}" if added.lost else ""
        message = f"{_lost_of(added)} were NOT read.{first}"
        print(printable(f"frametrace: {message}"), file=sys.stderr)
        click.get_current_context().exit(1)
    if strict and case.epoch.rows("skipped"):
        click.get_current_context().exit(1)


def tell_added(added: "Added", seconds: float = 0) -> None:
    """Say what was read, how fast if it is told how long that took, and what joined pictures."""
    known = f" ({added.known:,} were known)" if added.known else ""
    accounts = f", {_counted(added.accounts, 'new profile')}" if added.accounts else ""
    rows = f"; {_counted(added.rows, 'row')}"
    rate = f"{rows}, {added.rows / seconds:,.0f} a second" if seconds > _SOON else rows
    whole = f", {added.completed:,} completed" if added.completed else ""
    posts = f"{_counted(added.posts, 'new post')}{known}{whole}{accounts}"
    print(f"read      {posts}, {_counted(added.media, 'new picture')}{rate}")
    if added.dropped:
        print(f"DROPPED   {_lost_of(added)} could not be read")
    for source, kept in islice(added.by_kept.items(), _REASONS):
        print(printable(f"columns   {source} by the column map that the case keeps: {kept}"))
    if count := added.other_times:
        told = f"{_counted(count, 'known post')} would now have another time"
        print(f"times     {told}: the case keeps the first; add them to a new case")
    rules = (
        (added.by_map, "joined to posts by a media map"),
        (added.by_row, "joined by what their rows say"),
        (added.by_name, "joined by file names (a guess)"),
        (added.absent, "named in rows and not there"),
        (added.unowned, "in the media folders that belong to no post"),
    )
    for count, what in rules:
        if count:
            print(f"pictures  {count:>9,} {what}")
    if added.aside:
        kinds = ", ".join(f"{count:,} {kind or 'no suffix'}" for kind, count in added.aside.items())
        files = _counted(sum(added.aside.values()), "file")
        print(printable(f"aside     {files} that can't be a picture: {kinds}"))


def lost_text(lost: "Skipped") -> str:
    """Where something that was lost stands, and why."""
    row = f", row {lost.line}" if lost.line else ""
    return f"{lost.source}{row}: {lost.reason.removeprefix(f'{lost.source}: ')}"


def _lost_of(added: "Added") -> str:
    """How many of what; a file, a sheet or a list that is not read counts as a row."""
    what = "rows, files or sheets" if added.unreadable_files else "rows"
    return f"{added.dropped:,} of {added.rows:,} {what}"


def tell_skipped(case: Case) -> None:
    """Say how much the case holds that could not be read, and why."""
    if total := case.epoch.rows("skipped"):
        print(f"skipped   {total:,}, listed in the case and in the report")
        for reason, count, example in reasons_of(case)[:_REASONS]:
            such_as = f"; such as {example}" if example else ""
            print(printable(f"          {count:,} × {reason}{such_as}"))


def tell_embedded(case: Case, embedded: "Embedded") -> None:
    """Say what was computed, with which models."""
    print(f"computed  {embedded.pictures:,} pictures, {embedded.captions:,} captions")
    print(f"signals   {describe_signals(case.epoch.signals) or 'none'}")


def tell_found(case: Case, results: Results, run: "MatchRun") -> None:
    """Say how much was found, what to know of it, and which groups spread widest."""
    counts = counts_of(case, results)
    groups = f"{counts.photo_groups:,} photo groups, {counts.framing_groups:,} framing groups"
    print(f"found     {groups}; {counts.accounts:,} accounts take part")
    if edits := edits_found(counts):
        print(f"edited    {edits}")
    if elements := elements_text(counts):
        print(f"elements  {elements}")
    for name, posts in named_counts(results).items():
        print(printable(f"named     {name}: {posts:,} post{'s' if posts > 1 else ''}"))
    since = since_of(results, run)
    if since is not None:
        print(f"since     epoch {since.epoch}: {since}")
    for note in notes_on(case, results, run):
        print(printable(f"note      {note}"))
    tying = results.groups.filter(pc.not_equal(results.groups["kind"], str(GroupKind.ELEMENT)))
    if len(tying):
        print(f"\n{_groups_text(results, tying)}\n")
        if len(tying) > _TOP:
            print(f"          {_TOP} of {len(tying):,} groups, those of the widest spread\n")
    if since is not None and (changed := _changes_text(results)):
        print(f"what changed most since epoch {since.epoch}\n\n{changed}\n")


def named_counts(results: Results) -> dict[str, int]:
    """How many posts belong to each named framing that has some, by name."""
    return dict(sorted(Counter(results.named["name"].to_pylist()).items()))


def _groups_text(results: Results, groups: pa.Table) -> str:
    named = _named(results)
    rows = [
        (
            group["group_id"],
            group["posts"],
            group["accounts"],
            ", ".join(group["platforms"]),
            moment_text(group["first_at"]),
            named(group),
        )
        for group in groups.slice(0, _TOP).to_pylist()
    ]
    header = ("group", "posts", "accounts", "platforms", "first (UTC)", "about")
    return table_text(header, rows, width=50)


def _named(results: Results) -> Callable[[Mapping[str, Any]], str]:
    """What groups are about: of framings their terms, of photos a caption."""
    columns = (results.framings[name].to_pylist() for name in ("group_id", "terms"))
    terms = dict(zip(*columns, strict=True))
    return lambda group: name_of(terms.get(group["group_id"]) or (), group["title"])


def _changes_text(results: Results) -> str:
    named = _named(results)
    rows = [
        (group["group_id"], mark(group), group["new_posts"], group["new_accounts"], named(group))
        for group in changed_most(results, _TOP).to_pylist()
    ]
    header = ("group", "change", "new posts", "new accounts", "about")
    return table_text(header, rows, width=50) if rows else ""


def since_json(results: Results, run: "MatchRun") -> dict[str, Any] | None:
    """What changed since an earlier run: counts, and the groups that changed most."""
    since = since_of(results, run)
    if since is None:
        return None
    return {
        **asdict(since),
        "groups": changed_most(results, _TOP_OF_JSON).select(_OF_CHANGES).to_pylist(),
    }


def reused(reuses: pa.Table, cases: Sequence[str]) -> list[str]:
    """Say how many posts of each case reuse how much of each case before it."""
    lines = []
    for one, other in combinations(cases, 2):
        both = pc.and_(pc.equal(reuses["case_a"], one), pc.equal(reuses["case_b"], other))
        rows = reuses.filter(both)
        framed = pc.equal(rows["relation"], str(Relation.SIMILAR))
        shown, said = rows.filter(pc.invert(framed)), rows.filter(framed)
        pictures = pc.count_distinct(shown["sha256_a"]).as_py()
        framings = pc.count_distinct(said["group_id"]).as_py()
        lines.append(
            f"{other} reuses {_counted(pictures, 'picture')} of {one} in "
            f"{_counted(_posts(shown), 'post')}, and shares {_counted(framings, 'framing')} with "
            f"it in {_counted(_posts(said), 'post')}"
        )
    return lines


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def _posts(rows: pa.Table) -> int:
    posts: int = rows.group_by(["platform", "post_id"]).aggregate([]).num_rows
    return posts


def rows_text(table: pa.Table, columns: Mapping[str, str], width: int = 60) -> str:
    """Some columns of a table under other headers, times for people; cells cut at `width`."""
    rows: list[Sequence[Any]] = [
        [_cell(row[name]) for name in columns] for row in table.to_pylist()
    ]
    return table_text(list(columns.values()), rows, width)


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    return value
