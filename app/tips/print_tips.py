"""What the commands on tips print: a few plain lines under the tip's marking, or JSON."""

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from frametrace.app.output.render import print_json, printable, rows_text
from frametrace.app.tips.check_page import facts_of, signed_by
from frametrace.matcher.tips.check import Checked
from frametrace.matcher.tips.export import Exported
from frametrace.matcher.tips.received_verdicts import DISPUTED
from frametrace.matcher.tips.tip_model import Tip, Tlp
from frametrace.matcher.tips.watch import Watched

__all__ = [
    "tell_checked",
    "tell_exported",
    "tell_opinions",
    "tell_tip",
    "tell_verdict",
    "tell_watched",
]

_SHOWN = 20
_ACTOR_COLUMNS = {
    "platform": "platform",
    "account_id": "account",
    "account_kind": "kind",
    "account_name": "name",
    "posts": "posts",
    "pictures": "pictures",
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
    "decades": "decades",
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


def tell_exported(exported: Exported, out: Path, *, as_json: bool) -> None:
    """Say what a new tip holds."""
    head = exported.head
    if as_json:
        print_json({**asdict(exported), "head": head.to_json(), "tlp": head.tlp.label, "tip": out})
        return
    left = f"; {exported.left_out:,} without a signal were left out" if exported.left_out else ""
    print(printable(f"tip       {out}, {head.tlp.label}"))
    print(f"holds     {exported.pictures:,} pictures, {exported.captions:,} captions{left}")
    print(f"accounts  {head.accounts}")
    print(f"sha256    {exported.sha256}")


def tell_tip(tip: Tip, *, as_json: bool) -> None:
    """Say what a tip is."""
    head, signature = tip.head, tip.signature
    if as_json:
        signer = asdict(signature) if signature else None
        about = {"sha256": tip.sha256, "signature": signer, "items": tip.items.num_rows}
        print_json({**about, "head": head.to_json(), "tlp": head.tlp.label})
        return
    lines = {
        "marking": head.tlp.label,
        "tip": tip.sha256,
        "made by": head.made_by or "not named",
        "signed": signed_by(tip.signature),
        "from case": head.case or "none: a list of hashes",
        "program": head.program,
        "holds": f"{tip.items.num_rows:,} items: {', '.join(sorted(head.signals or {}))}",
        "accounts": head.accounts,
    }
    for name, value in lines.items():
        print(printable(f"{name:<9} {value}"))


def tell_checked(checked: Checked, page: Path, *, as_json: bool) -> None:
    """Say who echoes a tip."""
    if as_json:
        facts = dict(facts_of(checked))
        print_json(
            {
                "report": page,
                "tlp": facts["marking"],
                "tip": checked.tip.sha256,
                "signed": facts["signed"],
                "accounts": checked.actors.to_pylist(),
                "items": checked.items.to_pylist(),
                "notes": checked.notes,
            }
        )
        return
    for name, value in facts_of(checked):
        print(printable(f"{name:<9} {value}"))
    for note in checked.notes:
        print(printable(f"note      {note}"))
    if checked.actors.num_rows:
        print(f"\n{rows_text(checked.actors.slice(0, _SHOWN), _ACTOR_COLUMNS)}\n")
    if checked.actors.num_rows > _SHOWN:
        print(f"the first {_SHOWN} are shown; accounts.csv has them all")
    print(printable(f"report    {page}"))


def tell_verdict(out: Path, sha256: str, tlp: Tlp, count: int, *, as_json: bool) -> None:
    """Say what a new verdict is."""
    if as_json:
        print_json({"verdict": out, "sha256": sha256, "tlp": tlp.label, "items": count})
        return
    print(printable(f"verdict   {out}: {count:,} items, {tlp.label}"))
    print(f"sha256    {sha256}")


def tell_opinions(opinions: pa.Table, *, as_json: bool) -> None:
    """Show what others think of what was sent."""
    if as_json:
        print_json(opinions.to_pylist())
        return
    if not opinions.num_rows:
        print("no opinion was imported")
        return
    states = opinions["state"].to_pylist()
    marks = sorted({label for labels in opinions["tlp"].to_pylist() for label in labels})
    counted = ", ".join(f"{states.count(s):,} {s}" for s in dict.fromkeys(sorted(states)))
    print(f"marking   {', '.join(marks)}")
    print(f"opinions  {counted}")
    if DISPUTED in states:
        print("note      disputed: some confirm the item, others reject it")
    shown = opinions.slice(0, _SHOWN)
    by = pa.array([", ".join(names) for names in shown["made_by"].to_pylist()], pa.string())
    shown = shown.drop_columns(["made_by"]).append_column("made_by", by)
    print(f"\n{rows_text(shown, _OPINION_COLUMNS)}")
    if opinions.num_rows > _SHOWN:
        print(f"\nthe first {_SHOWN} are shown; --json gives all")


def tell_watched(watched: Watched, tips: list[Tip], *, as_json: bool) -> None:
    """Show the accounts that are told of, each with its evidence."""
    if as_json:
        about = {"posts": watched.posts, "groups": watched.groups, "matched": watched.matched}
        found = {"newcomers": watched.newcomers.to_pylist(), "named": watched.named.to_pylist()}
        print_json({**about, **found})
        return
    for tip in tips:
        name = tip.head.made_by or "not named"
        print(printable(f"tip       {tip.sha256[:16]} by {name}, {tip.head.tlp.label}"))
    known = f"tips: {len(tips):,}; known groups: {watched.groups:,}"
    known += f"; named framings: {watched.framings:,}" if watched.framings else ""
    print(f"watched   {watched.posts:,} new posts ({known})")
    if not (tips or watched.groups or watched.framings):
        print("note      nothing is known to compare with: name a tip, or match the case first")
    if count := watched.named.num_rows:
        belong = f"{count:,} new posts belong" if count > 1 else "1 new post belongs"
        print(f"named     {belong} to a named framing")
        print(f"\n{rows_text(watched.named, _NAMED_COLUMNS)}\n")
    if not watched.newcomers.num_rows:
        print("found     nobody new who reuses known material")
        return
    count = watched.newcomers.num_rows
    who = f"{count:,} accounts that newly reuse" if count > 1 else "1 account that newly reuses"
    print(f"found     {who} known material")
    print(f"\n{rows_text(_short(watched.newcomers), _NEWCOMER_COLUMNS)}")


def _short(newcomers: pa.Table) -> pa.Table:
    """With 16 digits of a tip's digest, which are enough to tell tips apart."""
    names = [
        name if tlp is None else f"tip {name[:16]}"
        for name, tlp in zip(
            newcomers["known_as"].to_pylist(), newcomers["tlp"].to_pylist(), strict=True
        )
    ]
    at = newcomers.column_names.index("known_as")
    return newcomers.set_column(at, "known_as", pa.array(names, pa.string()))
