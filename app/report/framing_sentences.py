"""Describes framings in sentences: names, signals, languages, spread over time and cohesion."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from frametrace.app.output.console_output import moment_text
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.ocr_text import OcrText

__all__ = [
    "cohesion_sentence",
    "compared_by",
    "name_of",
    "rise_sentence",
    "stance_sentence",
]

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_OF_TEXTS = {CaptionKey.name: "the wording of captions", Caption.name: "their meaning"}
_OF_PICTURES = {OcrText.name: "text in pictures", Clip.name: "what pictures show"}


def name_of(terms: Sequence[str], title: str) -> str:
    """The name of a framing in one line: its terms, or a caption if it has none."""
    return ", ".join(terms) or title


def compared_by(signals: Collection[str], *, pictures: bool) -> tuple[list[str], list[str]]:
    """The evidence that framings were found by, and evidence that the case has no signal for."""
    kinds = {**_OF_TEXTS, **(_OF_PICTURES if pictures else {})}
    names = {signal: f"{kind} ({signal})" for signal, kind in kinds.items()}
    used = [name for signal, name in names.items() if signal in signals]
    return used, [name for signal, name in names.items() if signal not in signals]


def rise_sentence(rows: Sequence[Mapping[str, Any]]) -> str:
    """When the posts of each platform were made, from `rise` of the table of framings."""
    timed = sorted((row for row in rows if row["first_at"]), key=lambda row: row["first_at"])
    if not timed:
        return ""
    first, *rest = timed
    later = "".join(
        f"; on {_isolated(row['platform'])} {_later(row['first_at'] - first['first_at'])}"
        for row in rest
    )
    start = f"First on {_isolated(first['platform'])}, {moment_text(first['first_at'])} UTC{later}."
    spread = [_spread(row) for row in timed if row["posts"] > 1]
    return " ".join([start, *([f"{'; '.join(spread)}."] if spread else [])])


def cohesion_sentence(cohesion: float) -> str:
    """How similar the posts of a framing are to each other, in a sentence."""
    if round(cohesion, 2) == 1:
        return "All pairs of its contents are directly similar."
    return (
        f"Of all pairs of its contents, {cohesion:.0%} are directly similar; the rest are "
        "connected through others."
    )


def stance_sentence(framing: Mapping[str, Any]) -> str:
    """How many of a framing's posts dispute its claim, from a row of the table of framings.

    Empty if none does, or if the version that matched the case had no stances.
    """
    disputes, unclear = framing.get("disputes") or 0, framing.get("unclear") or 0
    if not disputes and not unclear:
        return ""
    posts = framing["asserts"] + disputes + unclear
    parts = []
    if disputes:
        parts.append(f"{disputes:,} dispute{'s' if disputes == 1 else ''} its claim")
    if unclear:
        parts.append(f"{unclear:,} {'is' if unclear == 1 else 'are'} unclear")
    return f"Of {posts:,} posts, {' and '.join(parts)}, by their words."


def _later(time: timedelta) -> str:
    return f"{_span(time)} later" if time else "at the same time"


def _isolated(text: str) -> str:
    """The text in Unicode isolates, so that it can't change the direction of what follows."""
    return f"\u2068{text}\u2069"


def _spread(row: Mapping[str, Any]) -> str:
    name = _isolated(row["platform"])
    half, last = (row[name] - row["first_at"] for name in ("half_at", "last_at"))
    if not last:
        return f"{name}: {row['posts']:,} posts at once"
    within = f"within {_span(half)}" if half else "at once"
    return f"{name}: half of {row['posts']:,} posts {within}, the last after {_span(last)}"


def _span(time: timedelta) -> str:
    """A duration in the largest unit of which it holds at least two."""
    seconds = time.total_seconds()
    name, unit = next((n, u) for n, u in _UNITS if seconds >= 2 * u or u == 1)
    count = max(round(seconds / unit), 1)
    return f"{count:,} {name}{'s' if count != 1 else ''}"
