"""What commands print of their results: a few plain lines, or one JSON document."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.library import Matched, Run
from frametrace.app.output.edit_words import edits_found
from frametrace.app.output.render import moment_text, print_line, printable, rows_text, table_text
from frametrace.app.report.framing_sentences import name_of
from frametrace.app.report.group_changes import changed_most, mark, since_of
from frametrace.app.summary import (
    describe_signals,
    elements_text,
    reasons_of,
    skipped_text,
)
from frametrace.case.store import Case
from frametrace.matcher.results import GroupKind, Relation
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    from frametrace.case.ingest import Added
    from frametrace.embed.stage import Embedded
    from frametrace.matcher.saved_results import MatchRun

__all__ = [
    "end",
    "matched_json",
    "print_added",
    "print_embedded",
    "print_matched",
    "print_reuses",
    "print_run",
    "print_skipped",
    "run_json",
]

_TOP = 10
_REUSES_SHOWN = 20
_REUSE_COLUMNS = {
    "distance": "bits",
    "similarity": "alike",
    "relation": "relation",
    "signal": "by",
    "case_b": "case",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "account_kind": "kind",
    "posted_at": "time (UTC)",
    "media_path": "path",
    "case_a": "reused of",
    "media_path_a": "its path",
    "posts_a": "its posts",
}
_REASONS = 5
_SOON = 10  # seconds, before which a rate says nothing
_TOP_OF_JSON = 100  # CASE/results/<epoch>/changes.parquet has them all
_OF_CHANGES = (
    *("group_id", "kind", "change", "previous_ids", "new_posts", "new_accounts", "posts"),
    *("accounts", "title"),
)
_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def end(case: Case, *, strict: bool, added: "Added | None" = None) -> None:
    """End with exit code 1 where rows were dropped, and under --strict where anything was."""
    if added is not None and added.dropped:
        first = f" The first: {skipped_text(added.lost)}" if added.lost else ""
        message = f"{_lost_of(added)} were NOT read.{first}"
        print(printable(f"frametrace: {message}"), file=sys.stderr)
        click.get_current_context().exit(1)
    if strict and case.epoch.rows("skipped"):
        click.get_current_context().exit(1)


def print_added(added: "Added", seconds: float = 0) -> None:
    """Say what was read, how fast if it is told how long that took, and what joined pictures."""
    known = f" ({added.known:,} were known)" if added.known else ""
    accounts = f", {_counted(added.accounts, 'new profile')}" if added.accounts else ""
    rows = f"; {_counted(added.rows, 'row')}"
    rate = f"{rows}, {added.rows / seconds:,.0f} a second" if seconds > _SOON else rows
    whole = f", {added.completed:,} completed" if added.completed else ""
    posts = f"{_counted(added.posts, 'new post')}{known}{whole}{accounts}"
    print_line("read", f"{posts}, {_counted(added.media, 'new picture')}{rate}")
    if added.dropped:
        print_line("DROPPED", f"{_lost_of(added)} could not be read")
    for source, kept in islice(added.by_kept.items(), _REASONS):
        print_line("columns", f"{source} by the column map that the case keeps: {kept}")
    if count := added.other_times:
        told = f"{_counted(count, 'known post')} would now have another time"
        print_line("times", f"{told}: the case keeps the first; add them to a new case")
    rules = (
        (added.by_map, "joined to posts by a media map"),
        (added.by_row, "joined by what their rows say"),
        (added.by_name, "joined by file names (a guess)"),
        (added.absent, "named in rows and not there"),
        (added.unowned, "in the media folders that belong to no post"),
    )
    for count, what in rules:
        if count:
            print_line("pictures", f"{count:>9,} {what}")
    if added.aside:
        kinds = ", ".join(f"{count:,} {kind or 'no suffix'}" for kind, count in added.aside.items())
        files = _counted(sum(added.aside.values()), "file")
        print_line("aside", f"{files} that can't be a picture: {kinds}")


def _lost_of(added: "Added") -> str:
    """How many of what; a file, a sheet or a list that is not read counts as a row."""
    what = "rows, files or sheets" if added.unreadable_files else "rows"
    return f"{added.dropped:,} of {added.rows:,} {what}"


def print_skipped(case: Case) -> None:
    """Say how much the case holds that could not be read, and why."""
    if total := case.epoch.rows("skipped"):
        print_line("skipped", f"{total:,}, listed in the case and in the report")
        for reason, count, example in reasons_of(case)[:_REASONS]:
            such_as = f"; such as {example}" if example else ""
            print(printable(f"          {count:,} × {reason}{such_as}"))


def print_embedded(case: Case, embedded: "Embedded") -> None:
    """Say what was computed, with which models."""
    print_line("computed", f"{embedded.pictures:,} pictures, {embedded.captions:,} captions")
    print_line("signals", f"{describe_signals(case.epoch.signals) or 'none'}")


def print_matched(matched: Matched) -> None:
    """Print how much was found, what was not compared, and the groups that spread widest."""
    counts, results = matched.counts, matched.tables
    groups = f"{counts.photo_groups:,} photo groups, {counts.framing_groups:,} framing groups"
    print_line("found", f"{groups}; {counts.accounts:,} accounts take part")
    if edits := edits_found(counts):
        print_line("edited", edits)
    if elements := elements_text(counts):
        print_line("elements", elements)
    for name, posts in _named_counts(results).items():
        print_line("named", f"{name}: {posts:,} post{'s' if posts > 1 else ''}")
    since = since_of(results, matched.made_by)
    if since is not None:
        print_line("since", f"epoch {since.epoch}: {since}")
    for note in matched.notes:
        print_line("note", note)
    tying = results.groups.filter(pc.not_equal(results.groups["kind"], str(GroupKind.ELEMENT)))
    if len(tying):
        print(f"\n{_groups_text(results, tying)}\n")
        if len(tying) > _TOP:
            print(f"          {_TOP} of {len(tying):,} groups, those of the widest spread\n")
    if since is not None and (changed := _changes_text(results)):
        print(f"what changed most since epoch {since.epoch}\n\n{changed}\n")


def print_run(done: Run, *, page: bool = True) -> None:
    """Print all that a run did, and unless it comes later, where its page is."""
    print_added(done.added)
    print_embedded(done.matched.case, done.embedded)
    print_skipped(done.matched.case)
    print_matched(done.matched)
    if page:
        print_line("report", done.page)


def run_json(done: Run) -> dict[str, Any]:
    """All that a run did, as `run --json` gives it."""
    found = {**matched_json(done.matched), "report": done.page, "notes": done.embedded.notes}
    return {"added": asdict(done.added), "found": found}


def matched_json(matched: Matched) -> dict[str, Any]:
    """The counts of a match, what changed since an earlier run, and the named framings."""
    since = _since_json(matched.tables, matched.made_by)
    return {**asdict(matched.counts), "since": since, "named": _named_counts(matched.tables)}


def _named_counts(results: Results) -> dict[str, int]:
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


def _since_json(results: Results, run: "MatchRun") -> dict[str, Any] | None:
    """What changed since an earlier run: counts, and the groups that changed most."""
    since = since_of(results, run)
    if since is None:
        return None
    return {
        **asdict(since),
        "groups": changed_most(results, _TOP_OF_JSON).select(_OF_CHANGES).to_pylist(),
    }


def print_reuses(matched: Matched) -> None:
    """Print the first reuses, how many there are of what, and what was not compared."""
    shown = matched.reuses.arrow.slice(0, _REUSES_SHOWN)
    print(f"{rows_text(shown, _REUSE_COLUMNS)}\n")
    for line in _reuse_counts(matched.reuses.arrow, matched.made_by.cases):
        print(printable(line))
    if len(matched.reuses) > shown.num_rows:
        print(f"the first {shown.num_rows} are shown; --out FILE.csv or --json gives all")
    for note in matched.notes:
        print_line("note", note)


def _reuse_counts(reuses: pa.Table, cases: Sequence[str]) -> list[str]:
    """How many posts of each case reuse how much of each case before it."""
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
