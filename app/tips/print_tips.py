"""Prints the results of the `tip` and `watch` commands, as plain lines or JSON."""

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from frametrace.app.output.console_output import print_json, print_line, print_rows, print_text
from frametrace.app.tips.check_page import check_facts
from frametrace.matcher.tips.check import CheckResult
from frametrace.matcher.tips.export import ExportedTip
from frametrace.matcher.tips.tip_model import Tip, Tlp
from frametrace.matcher.tips.verdicts import DISPUTED
from frametrace.matcher.tips.watch_new_posts import WatchResult

__all__ = [
    "print_check",
    "print_exported",
    "print_opinions",
    "print_verdict",
    "print_watch",
]

_MAX_ROWS = 20  # of a table on the terminal
_ACCOUNT_COLUMNS = {
    "platform": "platform",
    "account_id": "account",
    "account_kind": "kind",
    "account_name": "name",
    "posts": "posts",
    "pictures": "pictures",
    "videos": "videos",
    "captions": "captions",
    "signal": "closest by",
    "distance": "bits",
    "similarity": "similarity",
}
_OPINION_COLUMNS = {
    "item_id": "item",
    "state": "state",
    "confirmed": "confirmed",
    "rejected": "rejected",
    "unsure": "unsure",
    "accounts": "accounts",
    "made_by": "by",
}
_NAMED_COLUMNS = {
    "name": "framing",
    "decades": "rarity",
    "posted_at": "time (UTC)",
    "platform": "platform",
    "account_id": "account",
    "post_id": "post",
    "text": "text",
}
_NEWCOMER_COLUMNS = {
    "posted_at": "time (UTC)",
    "platform": "platform",
    "account_id": "account",
    "account_kind": "kind",
    "account_name": "name",
    "post_id": "post",
    "signal": "by",
    "distance": "bits",
    "similarity": "similarity",
    "known_as": "known as",
    "item_id": "item",
}


def print_exported(exported: ExportedTip, out: Path, *, as_json: bool) -> None:
    """Print what a new tip holds."""
    head = exported.head
    if as_json:
        print_json({**asdict(exported), "head": head.to_json(), "tlp": head.tlp.label, "tip": out})
        return
    note = f"; {exported.left_out:,} without a signal were left out" if exported.left_out else ""
    print_line("tip", f"{out}, {head.tlp.label}")
    kinds = {
        "pictures": exported.pictures,
        "videos": exported.videos,
        "captions": exported.captions,
    }
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    print_line("holds", f"{counts}{note}")
    print_line("accounts", head.accounts)
    print_line("sha256", exported.sha256)


def print_check(checked: CheckResult, page: Path, *, as_json: bool) -> None:
    """Print the facts of a check, and the accounts that echo the tip."""
    if as_json:
        facts = dict(check_facts(checked))
        print_json(
            {
                "report": page,
                "tlp": facts["marking"],
                "tip": checked.tip.sha256,
                "signed": facts["signed"],
                "accounts": checked.accounts.to_pylist(),
                "items": checked.items.to_pylist(),
                "notes": checked.notes,
            }
        )
        return
    for name, value in check_facts(checked):
        print_line(name, value)
    for note in checked.notes:
        print_line("note", note)
    if checked.accounts.num_rows:
        print_text()
        print_rows(checked.accounts.slice(0, _MAX_ROWS), _ACCOUNT_COLUMNS)
        print_text()
    if checked.accounts.num_rows > _MAX_ROWS:
        print_text(f"the first {_MAX_ROWS} are shown; accounts.csv has them all")
    print_line("report", page)


def print_verdict(out: Path, sha256: str, tlp: Tlp, count: int, *, as_json: bool) -> None:
    """Print the digest and length of a new verdict."""
    if as_json:
        print_json({"verdict": out, "sha256": sha256, "tlp": tlp.label, "items": count})
        return
    print_line("verdict", f"{out}: {count:,} items, {tlp.label}")
    print_line("sha256", sha256)


def print_opinions(opinions: pa.Table, *, as_json: bool) -> None:
    """Print the imported opinions on tips that were sent."""
    if as_json:
        print_json(opinions.to_pylist())
        return
    if not opinions.num_rows:
        print_text("no opinions were imported")
        return
    states = opinions["state"].to_pylist()
    markings = sorted({label for labels in opinions["tlp"].to_pylist() for label in labels})
    counted = ", ".join(f"{states.count(state):,} {state}" for state in sorted(set(states)))
    print_line("marking", ", ".join(markings))
    print_line("opinions", counted)
    if DISPUTED in states:
        print_line("note", "disputed: some confirm the item, others reject it")
    shown = opinions.slice(0, _MAX_ROWS)
    authors = pa.array([", ".join(names) for names in shown["made_by"].to_pylist()], pa.string())
    shown = shown.drop_columns(["made_by"]).append_column("made_by", authors)
    print_text()
    print_rows(shown, _OPINION_COLUMNS)
    if opinions.num_rows > _MAX_ROWS:
        print_text()
        print_text(f"the first {_MAX_ROWS} are shown; --json gives all")


def print_watch(result: WatchResult, tips: list[Tip], *, as_json: bool) -> None:
    """Print the newcomers, each with its evidence, and the new posts of named framings."""
    if as_json:
        about = {"posts": result.posts, "groups": result.groups, "matched": result.matched}
        tables = {"newcomers": result.newcomers.to_pylist(), "named": result.named.to_pylist()}
        print_json({**about, **tables})
        return
    for tip in tips:
        name = tip.head.made_by or "not named"
        print_line("tip", f"{tip.sha256[:16]} by {name}, {tip.head.tlp.label}")
    known = f"tips: {len(tips):,}; known groups: {result.groups:,}"
    known += f"; named framings: {result.framings:,}" if result.framings else ""
    print_line("watched", f"{result.posts:,} new posts ({known})")
    if not (tips or result.groups or result.framings):
        print_line("note", "there is nothing to compare with: name a tip, or match the case first")
    if count := result.named.num_rows:
        belong = f"{count:,} new posts belong" if count > 1 else "1 new post belongs"
        print_line("named", f"{belong} to a named framing")
        print_text()
        print_rows(result.named, _NAMED_COLUMNS)
        print_text()
    if not result.newcomers.num_rows:
        print_line("found", "no account that newly reuses known material")
        return
    count = result.newcomers.num_rows
    accounts = "accounts that newly reuse" if count > 1 else "account that newly reuses"
    print_line("found", f"{count:,} {accounts} known material")
    print_text()
    print_rows(_with_short_digests(result.newcomers), _NEWCOMER_COLUMNS)


def _with_short_digests(newcomers: pa.Table) -> pa.Table:
    """The newcomers with the first 16 digits of a tip's digest, enough to tell tips apart."""
    names = [
        name if tlp is None else f"tip {name[:16]}"
        for name, tlp in zip(
            newcomers["known_as"].to_pylist(), newcomers["tlp"].to_pylist(), strict=True
        )
    ]
    column = newcomers.column_names.index("known_as")
    return newcomers.set_column(column, "known_as", pa.array(names, pa.string()))
