"""Prints the results of add, embed, match and run, and builds their JSON."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.library import Matched, Run
from frametrace.app.output.console_output import (
    moment_text,
    print_error,
    print_line,
    print_rows,
    print_table,
    print_text,
)
from frametrace.app.output.edit_words import edits_found
from frametrace.app.report.framing_sentences import name_of
from frametrace.app.report.group_changes import changed_most, mark, since_of
from frametrace.app.skipped_reasons import reasons_of, skipped_text
from frametrace.app.summary import describe_signals, elements_text, videos_text
from frametrace.case.store import Case
from frametrace.matcher.result_schemas import GroupKind, Relation
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    from frametrace.case.ingest import Added
    from frametrace.embed.stage import Embedded
    from frametrace.matcher.saved_results import MatchRun

__all__ = [
    "exit_if_incomplete",
    "matched_json",
    "print_added",
    "print_embedded",
    "print_matched",
    "print_reuses",
    "print_run",
    "print_skipped",
    "run_json",
]

_MAX_GROUPS = 10  # in a table
_MAX_REUSES = 20
_REUSE_COLUMNS = {
    "distance": "bits",
    "similarity": "similarity",
    "relation": "relation",
    "signal": "by",
    "case_b": "case",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "account_kind": "kind",
    "posted_at": "time (UTC)",
    "media_path": "path",
    "case_a": "reused from",
    "media_path_a": "original path",
    "posts_a": "original posts",
}
_MAX_REASONS = 5
_MIN_SECONDS = 10  # for which a rate is meaningful
_MAX_JSON_GROUPS = 100  # CASE/results/<epoch>/changes.parquet lists all
_CHANGE_COLUMNS = (
    *("group_id", "kind", "change", "previous_ids", "new_posts", "new_accounts", "posts"),
    *("accounts", "title"),
)


def exit_if_incomplete(
    case: Case,
    *,
    strict: bool,
    added: "Added | None" = None,
    embedded: "Embedded | None" = None,
) -> None:
    """Exit with code 1 if rows were dropped or pictures lost their worker to the system.

    With --strict, also if anything was skipped.
    """
    if added is not None and added.dropped:
        first = f" The first: {skipped_text(added.lost)}" if added.lost else ""
        print_error(f"{_dropped_text(added)} were NOT read.{first}")
        click.get_current_context().exit(1)
    if embedded is not None and embedded.ended:
        print_error(
            f"{_counted(embedded.ended, 'picture')} could not be computed: the system ended the "
            "workers, most often for lack of memory. Close other programs, then run the same "
            "command again, if need be with --workers 1"
        )
        click.get_current_context().exit(1)
    if strict and case.epoch.rows("skipped"):
        click.get_current_context().exit(1)


def print_added(added: "Added", seconds: float = 0) -> None:
    """Print what was read, the rate if that took long, and how files were joined to posts."""
    known = f" ({added.known:,} already known)" if added.known else ""
    accounts = f", {_counted(added.accounts, 'new profile')}" if added.accounts else ""
    rows = f"; {_counted(added.rows, 'row')}"
    rate = f"{rows}, {added.rows / seconds:,.0f} a second" if seconds > _MIN_SECONDS else rows
    completed = f", {added.completed:,} completed" if added.completed else ""
    posts = f"{_counted(added.posts, 'new post')}{known}{completed}{accounts}"
    videos = f", {_counted(added.videos, 'new video')}" if added.videos else ""
    pictures = _counted(added.media - added.videos, "new picture")
    print_line("read", f"{posts}, {pictures}{videos}{rate}")
    if added.dropped:
        print_line("DROPPED", f"{_dropped_text(added)} could not be read")
    for source, kept in islice(added.by_kept.items(), _MAX_REASONS):
        print_line("columns", f"{source} is read by the column map kept in the case: {kept}")
    if count := added.other_times:
        differing = f"{_counted(count, 'known post')} would now have another time"
        print_line("times", f"{differing}: the case keeps the first; add them to a new case")
    rules = (
        (added.by_map, "joined to posts by a media map"),
        (added.by_row, "joined to posts by their rows"),
        (added.by_name, "joined to posts by file names (a guess)"),
        (added.absent, "named in rows but missing"),
        (added.unowned, "in the media folders without a post"),
    )
    for count, what in rules:
        if count:
            print_line("media", f"{count:>9,} {what}")
    if added.aside:
        kinds = ", ".join(f"{count:,} {kind or 'no suffix'}" for kind, count in added.aside.items())
        files = _counted(sum(added.aside.values()), "file")
        print_line("other", f"{files} that can't be pictures or videos: {kinds}")


def _dropped_text(added: "Added") -> str:
    """How many rows were dropped; a file, a sheet or a list that is not read counts as a row."""
    what = "rows, files or sheets" if added.unreadable_files else "rows"
    return f"{added.dropped:,} of {added.rows:,} {what}"


def print_skipped(case: Case) -> None:
    """Print how many items in the case could not be read, and why."""
    if total := case.epoch.rows("skipped"):
        print_line("skipped", f"{total:,}, listed in the case and in the report")
        for reason, count, example in reasons_of(case)[:_MAX_REASONS]:
            such_as = f"; for example {example}" if example else ""
            print_line("", f"{count:,} × {reason}{such_as}")


def print_embedded(case: Case, embedded: "Embedded") -> None:
    """Print what was computed, and with which models."""
    print_line("computed", f"{embedded.pictures:,} pictures, {embedded.captions:,} captions")
    print_line("signals", describe_signals(case.epoch.signals) or "none")


def print_matched(matched: Matched) -> None:
    """Print what was found, what was not compared, and the groups of the widest spread."""
    counts, results = matched.counts, matched.tables
    groups = f"{counts.photo_groups:,} photo groups, {counts.framing_groups:,} framing groups"
    print_line("found", f"{groups}; {counts.accounts:,} accounts take part")
    if edits := edits_found(counts):
        print_line("edited", edits)
    if videos := videos_text(counts):
        print_line("videos", videos)
    if elements := elements_text(counts):
        print_line("elements", elements)
    for name, posts in _posts_by_framing(results).items():
        print_line("named", f"{name}: {posts:,} post{'s' if posts > 1 else ''}")
    since = since_of(results, matched.made_by)
    if since is not None:
        print_line("since", f"epoch {since.epoch}: {since}")
    for note in matched.notes:
        print_line("note", note)
    is_element = pc.equal(results.groups["kind"], str(GroupKind.ELEMENT))
    groups_of_posts = results.groups.filter(pc.invert(is_element))
    if len(groups_of_posts):
        _print_groups(results, groups_of_posts)
    if since is not None and len(changed := changed_most(results, _MAX_GROUPS)):
        print_text(f"what changed most since epoch {since.epoch}")
        _print_changes(results, changed)


def print_run(done: Run, *, page: bool = True) -> None:
    """Print what a run did and, unless `page` is False, the path of its report."""
    print_added(done.added)
    print_embedded(done.matched.case, done.embedded)
    print_skipped(done.matched.case)
    print_matched(done.matched)
    if page:
        print_line("report", done.page)


def run_json(done: Run) -> dict[str, Any]:
    """What a run did, for `run --json`."""
    results = {**matched_json(done.matched), "report": done.page, "notes": done.embedded.notes}
    return {"added": asdict(done.added), "found": results}


def matched_json(matched: Matched) -> dict[str, Any]:
    """The counts of a match, what changed since an earlier run, and the named framings."""
    since = _since_json(matched.tables, matched.made_by)
    return {**asdict(matched.counts), "since": since, "named": _posts_by_framing(matched.tables)}


def _posts_by_framing(results: Results) -> dict[str, int]:
    """How many posts belong to each named framing that has any, by its name."""
    return dict(sorted(Counter(results.named["name"].to_pylist()).items()))


def _print_groups(results: Results, groups: pa.Table) -> None:
    subject_of = _subject_of(results)
    rows = [
        (
            group["group_id"],
            group["posts"],
            group["accounts"],
            ", ".join(group["platforms"]),
            moment_text(group["first_at"]),
            subject_of(group),
        )
        for group in groups.slice(0, _MAX_GROUPS).to_pylist()
    ]
    print_text()
    print_table(("group", "posts", "accounts", "platforms", "first (UTC)", "about"), rows, width=50)
    print_text()
    if len(groups) > _MAX_GROUPS:
        print_line("", f"{_MAX_GROUPS} of {len(groups):,} groups, those of the widest spread")
        print_text()


def _subject_of(results: Results) -> Callable[[Mapping[str, Any]], str]:
    """What a group is about: the terms of a framing, a caption of a photo."""
    columns = (results.framings[name].to_pylist() for name in ("group_id", "terms"))
    terms = dict(zip(*columns, strict=True))
    return lambda group: name_of(terms.get(group["group_id"]) or (), group["title"])


def _print_changes(results: Results, groups: pa.Table) -> None:
    subject_of = _subject_of(results)
    counts = ("new_posts", "new_accounts")
    rows = [
        (group["group_id"], mark(group), *(group[name] for name in counts), subject_of(group))
        for group in groups.to_pylist()
    ]
    print_text()
    print_table(("group", "change", "new posts", "new accounts", "about"), rows, width=50)
    print_text()


def _since_json(results: Results, run: "MatchRun") -> dict[str, Any] | None:
    """What changed since an earlier run: the counts, and the groups that changed most."""
    since = since_of(results, run)
    if since is None:
        return None
    return {
        **asdict(since),
        "groups": changed_most(results, _MAX_JSON_GROUPS).select(_CHANGE_COLUMNS).to_pylist(),
    }


def print_reuses(matched: Matched) -> None:
    """Print the first reuses, the counts for each pair of cases, and what was not compared."""
    shown = matched.reuses.arrow.slice(0, _MAX_REUSES)
    print_rows(shown, _REUSE_COLUMNS)
    print_text()
    for line in _reuse_counts(matched.reuses.arrow, matched.made_by.cases):
        print_text(line)
    if len(matched.reuses) > shown.num_rows:
        print_text(f"the first {shown.num_rows} are shown; --out FILE.csv or --json gives all")
    for note in matched.notes:
        print_line("note", note)


def _reuse_counts(reuses: pa.Table, cases: Sequence[str]) -> list[str]:
    """For each pair of cases, what the later one reuses of the earlier one, in a sentence."""
    lines = []
    for earlier, later in combinations(cases, 2):
        is_pair = pc.and_(pc.equal(reuses["case_a"], earlier), pc.equal(reuses["case_b"], later))
        rows = reuses.filter(is_pair)
        is_framing = pc.equal(rows["relation"], str(Relation.SIMILAR))
        picture_rows, framing_rows = rows.filter(pc.invert(is_framing)), rows.filter(is_framing)
        pictures = pc.count_distinct(picture_rows["sha256_a"]).as_py()
        framings = pc.count_distinct(framing_rows["group_id"]).as_py()
        lines.append(
            f"{later} reuses {_counted(pictures, 'picture')} of {earlier} in "
            f"{_counted(_count_posts(picture_rows), 'post')}, and shares "
            f"{_counted(framings, 'framing')} with it in "
            f"{_counted(_count_posts(framing_rows), 'post')}"
        )
    return lines


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def _count_posts(rows: pa.Table) -> int:
    posts: int = rows.group_by(["platform", "post_id"]).aggregate([]).num_rows
    return posts
