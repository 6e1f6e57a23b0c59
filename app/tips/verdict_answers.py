"""Reads a receiver's answers on a checked tip from items.csv, and writes the verdict from them."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from frametrace.matcher.tips.bounded_json import JsonStream
from frametrace.matcher.tips.tip_model import ACCOUNT_KINDS, Tlp
from frametrace.matcher.tips.verdicts import Answer, Opinion, write_verdict
from frametrace.posts.errors import TipError, UsageError

__all__ = ["answers_by_item", "read_answers", "verdict_of_check"]

_FORMAT = 1  # of check.json


def read_answers(path: Path) -> dict[str, Answer]:
    """The answers of a table with the columns `item_id` and `verdict`; blank cells are skipped.

    Raises `TipError` if a column is missing or a cell is not a valid answer.
    """
    answers: dict[str, Answer] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            # Spreadsheets separate cells by semicolons where the comma is the decimal mark.
            delimiter = ";" if "," not in file.readline() else ","
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter)
            if not {"item_id", "verdict"} <= set(reader.fieldnames or ()):
                raise TipError(
                    f"{path} lacks the column item_id or verdict: use items.csv of the check"
                )
            for row in reader:
                if cell := (row["verdict"] or "").strip().lower():
                    answers[row["item_id"]] = _answer(path, reader.line_num, cell)
    except OSError as error:
        raise TipError(f"{path} can't be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise TipError(f"{path} can't be read: {error}") from None
    return answers


def _answer(path: Path, line: int, cell: str) -> Answer:
    if cell not in set(Answer):
        raise TipError(
            f"{path}, line {line}: {cell[:40]!r} is not an answer; write {', '.join(Answer)} or "
            "leave it blank"
        )
    return Answer(cell)


def answers_by_item(items: Mapping[Answer, Iterable[str]]) -> dict[str, Answer]:
    """The answer on each item. Raises `UsageError` for an item with two answers."""
    answers: dict[str, Answer] = {}
    for answer, item_ids in items.items():
        for item_id in item_ids:
            if answers.setdefault(item_id, answer) != answer:
                raise UsageError(f"{item_id} was named with two answers: name it with one")
    return answers


def verdict_of_check(
    folder: Path,
    out: Path,
    answers: Mapping[str, Answer],
    *,
    rest: Answer | None = None,
    made_by: str = "",
    key: Path | None = None,
) -> tuple[str, Tlp, int]:
    """Write the verdict on a tip that was checked; returns its digest, marking and length.

    `folder` is the folder of the check, which provides the counts; `answers` are by item, and
    `rest` answers every other item that has echoes. Raises `TipError` for a folder without a check,
    and `UsageError` for an answer on an item without echoes.
    """
    tip, tlp, counts = _read_check(folder / "check.json")
    if unknown := [item for item in answers if item not in counts]:
        raise UsageError(f"the check found no echo of {unknown[0]!r}: items.csv lists the items")
    all_answers = {item: answers.get(item, rest) for item in counts}
    opinions = [
        Opinion(item, answer, counts[item]["accounts"], counts[item]["posts"])
        for item, answer in all_answers.items()
        if answer is not None
    ]
    return write_verdict(out, tip, tlp, opinions, made_by=made_by, key=key), tlp, len(opinions)


def _read_check(path: Path) -> tuple[str, Tlp, dict[str, Any]]:
    """The digest and marking of the tip, and the counts of each item."""
    with JsonStream.open(path) as stream:
        content = stream.value()
        stream.end()
    try:
        if content["frametrace_check"] != _FORMAT:
            raise TipError(f"{path} was written by another version: check the tip again")
        counts = {row["item_id"]: row for row in _validated_rows(content["items"])}
        return str(content["tip"]["sha256"]), Tlp(content["tlp"]), counts
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TipError(
            f"{path} is not a result of `frametrace tip check`: check the tip again"
        ) from None


def _validated_rows(rows: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        for counts in (row["accounts"], row["posts"]):
            kinds_match = counts.keys() == set(ACCOUNT_KINDS)
            if not kinds_match or not all(type(count) is int for count in counts.values()):
                raise TypeError("counts must be integers, one for each kind of account")
        yield row
