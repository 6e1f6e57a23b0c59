"""Describes a tip: who made it, with whom it may be shared, and what it holds."""

from dataclasses import asdict

import pyarrow.compute as pc

from frametrace.app.output.console_output import print_json, print_line
from frametrace.matcher.tips.signatures import Signature
from frametrace.matcher.tips.tip_model import Tip

__all__ = ["print_tip", "tip_contents", "tip_origin"]


def print_tip(tip: Tip, *, as_json: bool) -> None:
    """Print the head and signature of a tip."""
    head, signature = tip.head, tip.signature
    if as_json:
        signer = asdict(signature) if signature else None
        counts = {"items": tip.items.num_rows, "frames": tip.frames.num_rows}
        about = {"sha256": tip.sha256, "signature": signer, **counts}
        print_json({**about, "head": head.to_json(), "tlp": head.tlp.label})
        return
    for name, value in tip_origin(tip):
        print_line(name, value)
    print_line("program", head.program)
    print_line("holds", tip_contents(tip))
    print_line("accounts", head.accounts)


def tip_origin(tip: Tip) -> list[tuple[str, str]]:
    """The facts that identify a tip, and say who made it and with whom it may be shared."""
    return [
        ("marking", tip.head.tlp.label),
        ("tip", tip.sha256),
        ("made by", tip.head.made_by or "not named"),
        ("signed", _signed_by(tip.signature)),
        ("from case", tip.head.case or "none: a list of hashes"),
    ]


def tip_contents(tip: Tip) -> str:
    """How many items a tip holds, how many of them are videos, and their signals."""
    signals = ", ".join(sorted(tip.head.signals or {}))
    videos = len(tip.items) - tip.items["duration_ms"].null_count
    if not videos:
        return f"{tip.items.num_rows:,} items: {signals}"
    noun = "video" if videos == 1 else "videos"
    seconds = round((pc.sum(tip.items["duration_ms"]).as_py() or 0) / 1000)
    frames = f"{tip.frames.num_rows:,} frames of {videos:,} {noun} ({seconds:,} s)"
    return f"{tip.items.num_rows:,} items, with {frames}: {signals}"


def _signed_by(signature: Signature | None) -> str:
    if signature is None:
        return "by nobody: anyone could have made it"
    named = "which was named with --from" if signature.trusted else "not named with --from"
    return f"by key {signature.signer}, {named}"
