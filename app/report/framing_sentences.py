"""Framings in plain sentences: what they are called, how they spread, how tightly they hold."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from frametrace.app.output.render import moment_text
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.ocr_text import OcrText

__all__ = ["compared_by", "held", "language", "name_of", "rise"]

# Languages that much is posted in, by their codes; others are called by theirs.
_LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "my": "Burmese",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil",
    "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_OF_TEXTS = {CaptionKey.name: "the wording of captions", Caption.name: "their meaning"}
_OF_PICTURES = {OcrText.name: "lettering in pictures", Clip.name: "what pictures show"}


def name_of(terms: Sequence[str], title: str) -> str:
    """What a framing is called in one line: its terms, or a caption where it has none."""
    return ", ".join(terms) or title


def compared_by(signals: Collection[str], *, pictures: bool) -> tuple[list[str], list[str]]:
    """By what framings were found, and what the case has no signal for."""
    kinds = {**_OF_TEXTS, **(_OF_PICTURES if pictures else {})}
    told = {name: f"{what} ({name})" for name, what in kinds.items()}
    used = [what for name, what in told.items() if name in signals]
    return used, [what for name, what in told.items() if name not in signals]


def rise(rows: Sequence[Mapping[str, Any]]) -> str:
    """When the posts of each platform came, of rows of `rise` in the table of framings."""
    timed = sorted((row for row in rows if row["first_at"]), key=lambda row: row["first_at"])
    if not timed:
        return ""
    first, *others = timed
    later = "".join(
        f"; on {_isolated(row['platform'])} {_later(row['first_at'] - first['first_at'])}"
        for row in others
    )
    begun = f"First on {_isolated(first['platform'])}, {moment_text(first['first_at'])} UTC{later}."
    spread = [_spread(row) for row in timed if row["posts"] > 1]
    return " ".join([begun, *([f"{'; '.join(spread)}."] if spread else [])])


def held(cohesion: float) -> str:
    """How tightly a framing holds, in a sentence."""
    if round(cohesion, 2) == 1:
        return "All pairs of what its posts say and show are alike by themselves."
    return (
        f"Of pairs of what its posts say and show, {cohesion:.0%} are alike by themselves; the "
        "others hang together by what lies between."
    )


def language(code: str) -> str:
    """The name of a language; empty where a text's is not known."""
    return "" if code.startswith("und") else _LANGUAGES.get(code, code)


def _later(time: timedelta) -> str:
    return f"{_span(time)} later" if time else "at the same time"


def _isolated(text: str) -> str:
    """So that what text from outside says of directions ends with it."""
    return f"\u2068{text}\u2069"


def _spread(row: Mapping[str, Any]) -> str:
    name = _isolated(row["platform"])
    half, last = (row[name] - row["first_at"] for name in ("half_at", "last_at"))
    if not last:
        return f"{name}: {row['posts']:,} posts at once"
    within = f"within {_span(half)}" if half else "at once"
    return f"{name}: half of {row['posts']:,} posts {within}, the last after {_span(last)}"


def _span(time: timedelta) -> str:
    """A length of time in the largest unit that it has two of."""
    seconds = time.total_seconds()
    name, unit = next((n, u) for n, u in _UNITS if seconds >= 2 * u or u == 1)
    count = max(round(seconds / unit), 1)
    return f"{count:,} {name}{'s' if count != 1 else ''}"
