"""What is printed and written of framings by example."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.app.output.console import Console
from frametrace.app.output.render import print_json, print_line, printable, rows_text, table_text
from frametrace.app.report.csv_tables import rows_of, write_csv
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

_SHOWN = 20
_COLUMNS = {
    "decades": "decades",
    "member": "belongs",
    "by": "by",
    "like": "like",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "posted_at": "time (UTC)",
    "text": "text",
}
_CSV_COLUMNS = (
    *("decades", "belongs", "against", "platform", "post_id", "account_id", "account_kind"),
    *("account_name", "posted_at", "evidence", "text", "media_path", "media_sha256"),
    "caption_sha256",
)


def show_framing(
    case_path: Path, asked: FramingQuery, top: int | None, out: Path | None, *, as_json: bool
) -> None:
    """Rank the posts of a case by examples, print them, and write them to a CSV file.

    Raises as `rank_by_example` does, `UsageError` where the file is there and something else, and
    `CaseError` where it can't be written.
    """
    case, console = Case(case_path), Console()
    if out is not None:
        rows_of(out, _CSV_COLUMNS, "list of a framing's posts")
    fewest = None if as_json or out is not None else _SHOWN
    ranked, framing = rank_by_example(case, asked, fewest if top is None else top, console)
    rows = _explained(ranked.rows)
    if out is not None:
        _write(out, rows)
    least = MatchSettings().min_decades if framing.min_rarity is None else framing.min_rarity
    if as_json:
        about = {**asdict(ranked), "rows": ranked.rows.to_pylist(), "min_decades": least}
        print_json({**about, "name": asked.name or None, **_counts(framing)})
        return
    total, by = case.epoch.rows("posts"), ", ".join(ranked.signals) or "nothing"
    print_line("compared", f"{ranked.compared:,} of {total:,} posts by {by}")
    print_line("examples", f"{_examples_text(framing)}")
    posts = f"{ranked.belonging:,} post{'s' if ranked.belonging != 1 else ''}"
    copies = ", with a copy of an example's picture" if framing.like.pictures else ""
    print_line("belong", f"{posts}: alike by {least:g} decades or more{copies}, or examples")
    for note in ranked.notes:
        print_line("note", note)
    if asked.name:
        print_line("kept", asked.name)
        print_line("next", f"frametrace match {printable(str(case_path))}")
    shown = rows if top == 0 else rows.slice(0, top or _SHOWN)
    print(f"\n{rows_text(shown, _COLUMNS)}")
    if out is not None:
        print(f"\n{rows.num_rows:,} posts are in {printable(str(out))}")


def _explained(rows: pa.Table) -> pa.Table:
    """With what each post has in common with which example, in words."""
    told = rows.select(["tied_by", "belongs"]).to_pylist()
    columns: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "evidence": lambda row: "; ".join(map(_sentence, row["tied_by"])),
        "member": lambda row: "yes" if row["belongs"] else "",
        "by": lambda row: ", ".join(map(_short, row["tied_by"])),
        "like": lambda row: ", ".join(dict.fromkeys(tie["example"] for tie in row["tied_by"])),
    }
    for name, say in columns.items():
        rows = rows.append_column(name, pa.array([say(row) for row in told], pa.string()))
    return rows


def _sentence(tie: Mapping[str, Any]) -> str:
    return f"{in_common(tie)}, as {tie['example']}"


def _short(tie: Mapping[str, Any]) -> str:
    signal: str = tie["signal"]
    return signal if signal == "photo" else f"{signal} {tie['similarity']:.2f}"


def _write(out: Path, rows: pa.Table) -> None:
    beside = out.with_name(f".{out.name}.writing")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_csv(beside, rows, _CSV_COLUMNS)
        beside.replace(out)
    except OSError as error:
        raise CaseError(f"{out} can't be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _counts(framing: Framing) -> dict[str, Any]:
    return {
        side: {name: len(getattr(examples, name)) for name in ("posts", "pictures", "texts")}
        for side, examples in (("like", framing.like), ("unlike", framing.unlike))
    }


def _examples_text(framing: Framing) -> str:
    against = f"; not meant: {_kinds_text(framing.unlike)}" if len(framing.unlike) else ""
    return f"{_kinds_text(framing.like)}{against}"


def _kinds_text(examples: Examples) -> str:
    counts = {name: len(getattr(examples, name)) for name in ("posts", "pictures", "texts")}
    return ", ".join(
        f"{count:,} {name if count > 1 else name.removesuffix('s')}"
        for name, count in counts.items()
        if count
    )


def list_framings(case_path: Path, *, as_json: bool) -> None:
    """Print the named framings of a case, and how many posts the last match run found of each."""
    case = Case(case_path)
    rows = [_row(case, name) for name in framing_names(case)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        print(
            "no framing is kept under a name; keep one with: "
            f"frametrace framing {printable(str(case_path))} --like POST --name NAME"
        )
        return
    cells = [[row["name"], row["examples"], row["posts"]] for row in rows]
    print(table_text(["framing", "examples", "posts that belong"], cells))
    for row in rows:
        if row["error"]:
            print_line("note", row["error"])
    if any(row["posts"] is None for row in rows):
        print(f"\nwhich posts belong, tells: frametrace match {printable(str(case_path))}")


def _row(case: Case, name: str) -> dict[str, Any]:
    try:
        framing = load_framing(case, name)
    except (CaseError, UsageError) as error:
        return {"name": name, "examples": "can't be read", "posts": None, "error": str(error)}
    rows = posts_when_matched(case, name)
    posts = None if rows is None else rows.num_rows
    told = {"name": name, "examples": _examples_text(framing), "posts": posts, "error": None}
    return {**told, **_counts(framing)}


def remove_framing(case_path: Path, name: str, *, as_json: bool) -> None:
    """Delete a named framing and say so."""
    case, name = Case(case_path), checked_framing_name(name)
    with framings_lock(case):
        delete_framing(case, name)
    if as_json:
        print_json({"deleted": name})
    else:
        print_line("deleted", name)
