"""Prints framings by example: ranks posts, lists named framings, deletes one; writes the CSV."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.app.output.console_output import (
    print_json,
    print_line,
    print_rows,
    print_table,
    print_text,
)
from frametrace.app.output.console_progress import Console
from frametrace.app.report.csv_tables import replacing_csv, rows_of, write_csv
from frametrace.app.report.evidence_sentences import in_common
from frametrace.case.store import Case
from frametrace.matcher.framing.by_example.examples import Examples, Framing
from frametrace.matcher.framing.by_example.framing_search import (
    FramingQuery,
    posts_when_matched,
    rank_by_example,
)
from frametrace.matcher.framing.by_example.saved_framings import (
    checked_framing_name,
    delete_framing,
    framing_names,
    framings_lock,
    load_framing,
)
from frametrace.matcher.match_settings import MatchSettings
from frametrace.posts.errors import CaseError, UsageError

__all__ = ["list_framings", "remove_framing", "show_framing"]

_DEFAULT_TOP = 20  # posts on a terminal
_COLUMNS = {
    "decades": "rarity",
    "member": "belongs",
    "by": "by",
    "like": "similar to",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "posted_at": "time (UTC)",
    "stance": "stance",
    "text": "text",
}
_CSV_COLUMNS = (
    *("decades", "belongs", "against", "platform", "post_id", "account_id", "account_kind"),
    *("account_name", "posted_at", "evidence", "text", "media_path", "media_sha256"),
    *("caption_sha256", "stance", "stance_cue"),
)


def show_framing(
    case_path: Path, query: FramingQuery, top: int | None, out: Path | None, *, as_json: bool
) -> None:
    """Rank the posts of a case by examples, print them, and write them to a CSV file.

    Raises as `rank_by_example` does, `UsageError` if the file exists and is something else, and
    `CaseError` if it can't be written.
    """
    case, console = Case(case_path), Console()
    if out is not None:
        rows_of(out, _CSV_COLUMNS, "list of a framing's posts")
    default_top = None if as_json or out is not None else _DEFAULT_TOP
    ranked, framing = rank_by_example(case, query, default_top if top is None else top, console)
    rows = _with_evidence(ranked.rows)
    if out is not None:
        with replacing_csv(out) as temporary:
            write_csv(temporary, rows, _CSV_COLUMNS)
    min_rarity = MatchSettings().min_decades if framing.min_rarity is None else framing.min_rarity
    if as_json:
        about = {**asdict(ranked), "rows": ranked.rows.to_pylist(), "min_decades": min_rarity}
        print_json({**about, "name": query.name or None, **_counts(framing)})
        return
    total, by = case.epoch.rows("posts"), ", ".join(ranked.signals) or "nothing"
    print_line("compared", f"{ranked.compared:,} of {total:,} posts by {by}")
    print_line("examples", _examples_text(framing))
    posts = f"{ranked.belonging:,} post{'s' if ranked.belonging != 1 else ''}"
    copies = ", with a copy of an example's picture" if framing.like.pictures else ""
    print_line("belong", f"{posts}: of a rarity of {min_rarity:g} or more{copies}, or examples")
    for note in ranked.notes:
        print_line("note", note)
    if query.name:
        print_line("kept", query.name)
        print_line("next", f"frametrace match {case_path}")
    print_text()
    print_rows(rows if top == 0 else rows.slice(0, top or _DEFAULT_TOP), _COLUMNS)
    if out is not None:
        print_text()
        print_text(f"{rows.num_rows:,} posts are in {out}")


def _with_evidence(rows: pa.Table) -> pa.Table:
    """The rows with columns that say what each post has in common with which example."""
    ties = rows.select(["tied_by", "belongs"]).to_pylist()
    columns: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "evidence": lambda row: "; ".join(map(_sentence, row["tied_by"])),
        "member": lambda row: "yes" if row["belongs"] else "",
        "by": lambda row: ", ".join(map(_short, row["tied_by"])),
        "like": lambda row: ", ".join(dict.fromkeys(tie["example"] for tie in row["tied_by"])),
    }
    for name, describe in columns.items():
        rows = rows.append_column(name, pa.array([describe(row) for row in ties], pa.string()))
    return rows


def _sentence(tie: Mapping[str, Any]) -> str:
    return f"{in_common(tie)}, like {tie['example']}"


def _short(tie: Mapping[str, Any]) -> str:
    signal: str = tie["signal"]
    return signal if signal == "photo" else f"{signal} {tie['similarity']:.2f}"


def _counts(framing: Framing) -> dict[str, Any]:
    return {"like": _counts_by_kind(framing.like), "unlike": _counts_by_kind(framing.unlike)}


def _counts_by_kind(examples: Examples) -> dict[str, int]:
    return {name: len(getattr(examples, name)) for name in ("posts", "pictures", "texts")}


def _examples_text(framing: Framing) -> str:
    unlike = f"; not: {_kinds_text(framing.unlike)}" if len(framing.unlike) else ""
    return f"{_kinds_text(framing.like)}{unlike}"


def _kinds_text(examples: Examples) -> str:
    return ", ".join(
        f"{count:,} {name if count > 1 else name.removesuffix('s')}"
        for name, count in _counts_by_kind(examples).items()
        if count
    )


def list_framings(case_path: Path, *, as_json: bool) -> None:
    """Print the named framings of a case, and how many posts belonged to each in the last match."""
    case = Case(case_path)
    rows = [_row(case, name) for name in framing_names(case)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_text(
            "the case has no named framing; make one with: "
            f"frametrace framing {case_path} --like POST --name NAME"
        )
        return
    cells = [[row["name"], row["examples"], row["posts"]] for row in rows]
    print_table(["framing", "examples", "posts that belong"], cells)
    for row in rows:
        if row["error"]:
            print_line("note", row["error"])
    if any(row["posts"] is None for row in rows):
        print_text()
        print_text(f"to find the posts that belong: frametrace match {case_path}")


def _row(case: Case, name: str) -> dict[str, Any]:
    try:
        framing = load_framing(case, name)
        rows = posts_when_matched(case, name)
    except (CaseError, UsageError) as error:
        return {"name": name, "examples": "can't be read", "posts": None, "error": str(error)}
    posts = None if rows is None else rows.num_rows
    summary = {"name": name, "examples": _examples_text(framing), "posts": posts, "error": None}
    return {**summary, **_counts(framing)}


def remove_framing(case_path: Path, name: str, *, as_json: bool) -> None:
    """Delete a named framing, and print its name."""
    case, name = Case(case_path), checked_framing_name(name)
    with framings_lock(case):
        delete_framing(case, name)
    if as_json:
        print_json({"deleted": name})
    else:
        print_line("deleted", name)
