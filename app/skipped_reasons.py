"""Sums up why things were skipped: the most frequent reasons, each with an example."""

import re
from collections import Counter
from typing import TYPE_CHECKING

from frametrace.case.store import Case

if TYPE_CHECKING:
    from frametrace.posts.model import Skipped

__all__ = ["reasons_of", "skipped_text"]

_MAX_REASONS = 30
_MAX_VALUE_CHARACTERS = 40
_DIGIT = re.compile(r"\d")
# Names of months, days and zones, and the E of a number; other words may be somebody's name.
_TIME_WORDS = re.compile(
    r"(?<![A-Za-z])(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec"
    r"|Mon|Tue|Wed|Thu|Fri|Sat|Sun|at|am|pm|[A-Z]{1,5})(?![A-Za-z])"
)
_OTHER_WORDS = re.compile(r"[^\W\d_]|@")
_FILE = re.compile(r"^[^:]*\.[^:]*: ")
# The value of a cell may be somebody's name: it is in the table of skipped items, not in a log.
_CELL = re.compile(r"""^(['"]).*\1""", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w'.-])\d[\d,]*(?:\.\d{1,20})?(?:E[+-]?\d{1,3})?(?![\w:-])")


def reasons_of(case: Case) -> list[tuple[str, int, str]]:
    """The most frequent reasons for skipping: the reason, the count, and an example.

    Reasons that differ only in numbers or values of cells count as one, and the first is shown. The
    example gives the position and, if a cell could not be read, its value.
    """
    counts: Counter[str] = Counter()
    shown: dict[str, tuple[str, str]] = {}
    rows = case.read("skipped", ["source", "line", "reason"])
    columns = (rows[name].to_pylist() for name in ("source", "line", "reason"))
    for source, line, reason in zip(*columns, strict=True):
        bare = _FILE.sub("", reason)
        masked = _CELL.sub("'…'", bare)
        kind = _NUMBER.sub("…", masked)
        counts[kind] += 1
        if kind not in shown:
            position = f"{source}, row {line}" if line else _file_in(reason) or source
            value = _value_in(bare)
            shown[kind] = masked, f"{position}: {value}" if value else position
    commonest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_REASONS]
    return [(shown[kind][0], count, shown[kind][1]) for kind, count in commonest]


def _file_in(reason: str) -> str:
    """The file that a reason names at its beginning; empty if none."""
    match = _FILE.match(reason)
    return match[0].removesuffix(": ") if match and "'" not in match[0] else ""


def _value_in(reason: str) -> str:
    """The value of a cell that could not be read, if it is a number or a time; never a name."""
    match = _CELL.match(reason)
    value = match[0] if match else ""
    has_no_words = not _OTHER_WORDS.search(_TIME_WORDS.sub("", value))
    return (
        value
        if has_no_words and len(value) <= _MAX_VALUE_CHARACTERS and _DIGIT.search(value)
        else ""
    )


def skipped_text(skipped: "Skipped") -> str:
    """The position of a skipped item, and the reason."""
    row = f", row {skipped.line}" if skipped.line else ""
    return f"{skipped.source}{row}: {skipped.reason.removeprefix(f'{skipped.source}: ')}"
