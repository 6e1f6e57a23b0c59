"""What the receiver of a tip fills in: a column of items.csv, or options of the command."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from frametrace.matcher.tips.json_stream import Tokens
from frametrace.matcher.tips.tip_model import KINDS, Tlp
from frametrace.matcher.tips.verdicts import Answer, Opinion, write_verdict
from frametrace.posts.errors import TipError, UsageError

__all__ = ["answer_check", "answers_in"]

_FORMAT = 1


def answers_in(path: Path) -> dict[str, Answer]:
    """The answers in the column `verdict` of a table with the column `item_id`; blanks are none.

    Raises `TipError` for a table without them, and for an answer that is none.
    """
    answers: dict[str, Answer] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            # Where a comma parts decimals, spreadsheets part cells by semicolons.
            delimiter = ";" if "," not in file.readline() else ","
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter)
            if not {"item_id", "verdict"} <= set(reader.fieldnames or ()):
                raise TipError(f"{path} lacks the column item_id or verdict: fill in items.csv")
            for row in reader:
                if said := (row["verdict"] or "").strip().lower():
                    answers[row["item_id"]] = _answer(path, reader.line_num, said)
    except OSError as error:
        raise TipError(f"{path} can't be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise TipError(f"{path} can't be read: {error}") from None
    return answers


def _answer(path: Path, line: int, said: str) -> Answer:
    if said not in set(Answer):
        raise TipError(
            f"{path}, line {line}: {said[:40]!r} is no answer; write {', '.join(Answer)} or nothing"
        )
    return Answer(said)


def answer_check(
    folder: Path,
    out: Path,
    answers: Mapping[str, Answer],
    *,
    rest: Answer | None = None,
    made_by: str = "",
    key: Path | None = None,
) -> tuple[str, Tlp, int]:
    """Write the verdict on the tip whose check lies in a folder: its digest, marking and length.

    `answers` are by item; `rest` answers every other item that has echoes. Counts are those of the
    check. Raises `TipError` for a folder without a check, `UsageError` for an item without echoes.
    """
    tip, tlp, counts = _read_check(folder / "check.json")
    if strange := [item for item in answers if item not in counts]:
        raise UsageError(
            f"the check found no echo of {strange[0]!r}: items.csv has those with some"
        )
    given = {item: answers.get(item, rest) for item in counts}
    opinions = [
        Opinion(item, answer, counts[item]["accounts"], counts[item]["posts"])
        for item, answer in given.items()
        if answer is not None
    ]
    return write_verdict(out, tip, tlp, opinions, made_by=made_by, key=key), tlp, len(opinions)


def _read_check(path: Path) -> tuple[str, Tlp, dict[str, Any]]:
    with Tokens.of(path) as tokens:
        content = tokens.value()
        tokens.end()
    try:
        if content["frametrace_check"] != _FORMAT:
            raise TipError(f"{path} was written by another version: check the tip again")
        counts = {row["item_id"]: row for row in _checked_rows(content["items"])}
        return str(content["tip"]["sha256"]), Tlp(content["tlp"]), counts
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TipError(f"{path} is no result of `frametrace tip check`: check again") from None


def _checked_rows(rows: Sequence[Any]) -> Iterable[Mapping[str, Any]]:
    for row in rows:
        for counts in (row["accounts"], row["posts"]):
            if counts.keys() != set(KINDS) or not all(type(n) is int for n in counts.values()):
                raise TypeError("a count")
        yield row
