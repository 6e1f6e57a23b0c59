"""Lists of hashes that other tools read and write: into tips and out of them.

`python-threatexchange` reads such a list as its exchange `local_file`: a line a signal, the type,
one space, the hash (`pdq f8f8…`). Lines of hashes alone are read as well, as a list of one type has
them, and CSV with the column `pdq` and, if there are such, `quality` and `label`.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.embed.files import replacing
from frametrace.embed.signals.pdq import from_hex, to_hex
from frametrace.matcher.tips.canonical import short_digest
from frametrace.matcher.tips.documents import TIP, write_document
from frametrace.matcher.tips.model import FINGERPRINTS, Head, ItemKind, Tip, Tlp, program
from frametrace.matcher.tips.tokens import MAX_BYTES
from frametrace.posts.errors import TipError, UsageError

__all__ = ["Converted", "hashes_of", "tip_of_hashes", "write_lines"]

_TYPE = "pdq"
_LONGEST = 2**16  # characters of a line
_MOST_LABEL = 1000


@dataclass(slots=True)
class Converted:
    """A tip made of a list: its digest, how many hashes it holds, and what was left out."""

    sha256: str = ""
    hashes: int = 0
    twice: int = 0
    other_types: int = 0


def hashes_of(tip: Tip) -> pa.Table:
    """The distinct PDQ hashes of a tip: columns `pdq` (64 digits), `quality`, `label`, `tlp`.

    The label is the item's own or, where it has none, its id.
    """
    items = tip.items.filter(pc.is_valid(tip.items["pdq"]))
    table = pa.table(
        {
            "pdq": pa.array([to_hex(code) for code in items["pdq"].to_pylist()], pa.string()),
            "quality": items["quality"],
            "label": pc.coalesce(items["label"], items["id"]),
            "tlp": pa.array([tip.head.tlp.label] * items.num_rows, pa.string()),
        }
    )
    first = table.append_column("at", pa.array(range(table.num_rows), pa.int64()))
    at = first.group_by("pdq").aggregate([("at", "min")])["at_min"].sort()
    return table.take(at)


def write_lines(path: Path, hashes: pa.Table) -> None:
    """Write the line form of the exchange `local_file`."""
    with replacing(path) as file:
        for digits in hashes["pdq"].to_pylist():
            file.write(f"{_TYPE} {digits}\n".encode("ascii"))


def tip_of_hashes(
    source: Path, out: Path, *, made_by: str = "", tlp: Tlp = Tlp.AMBER, key: Path | None = None
) -> Converted:
    """Read a list (lines, or CSV by its name) and write it as a tip; hashes without leading zeros
    are taken.

    Raises `TipError` for a list that can't be read, naming the line, and for a hash of another
    width.
    """
    converted = Converted()
    head = Head(
        made_by=made_by,
        program=program(),
        tlp=tlp,
        signals={_TYPE: {"fingerprint": FINGERPRINTS[_TYPE]}},
    )
    with _opened(source) as file:
        read = _of_csv if source.suffix.lower() == ".csv" else _of_lines
        items = _distinct(read(source, file, converted), converted)
        converted.sha256 = write_document(out, TIP, head.to_json(), items, key)
    return converted


def _opened(source: Path) -> IO[str]:
    if not source.is_file():
        raise TipError(f"{source} is no file with hashes")
    if (size := source.stat().st_size) > MAX_BYTES:
        raise TipError(f"{source} has {size:,} bytes; at most {MAX_BYTES:,} are read: split it")
    return source.open(encoding="utf-8-sig", newline="")


def _distinct(items: Iterator[dict[str, Any]], converted: Converted) -> Iterator[dict[str, Any]]:
    known: set[int] = set()
    for item in items:
        number = int(item["id"][-16:], 16)
        if number in known:
            converted.twice += 1
        else:
            known.add(number)
            converted.hashes += 1
            yield item


def _of_lines(source: Path, file: IO[str], converted: Converted) -> Iterator[dict[str, Any]]:
    number = 0
    while line := _line(source, file, number + 1):
        number += 1
        if not (words := line.split()):
            continue
        if len(words) > 1 and words[0].lower() != _TYPE:
            converted.other_types += 1
        else:
            yield _item(source, number, " ".join(words[1:] or words))


def _line(source: Path, file: IO[str], number: int) -> str:
    try:
        line = file.readline(_LONGEST + 1)
    except UnicodeDecodeError:
        raise TipError(f"{source}, line {number}: it is no UTF-8 text") from None
    if len(line) > _LONGEST:
        raise TipError(f"{source}, line {number}: it has over {_LONGEST:,} characters")
    return line


def _csv_lines(source: Path, file: IO[str]) -> Iterator[str]:
    for number in count(1):
        if not (line := _line(source, file, number)):
            return
        yield line


def _of_csv(source: Path, file: IO[str], converted: Converted) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(_csv_lines(source, file), strict=True)
    try:
        if _TYPE not in (reader.fieldnames or ()):
            names = ", ".join(reader.fieldnames or ())
            raise TipError(f"{source} has no column {_TYPE!r}; its columns are: {names[:200]}")
        for row in reader:
            place = reader.line_num
            quality = _quality(source, place, row.get("quality") or "")
            yield _item(source, place, row[_TYPE] or "", quality, row.get("label") or "")
    except csv.Error as error:
        raise TipError(f"{source}, line {reader.line_num}: {error}") from None


def _quality(source: Path, number: int, text: str) -> int | None:
    if not (digits := text.strip()):
        return None
    if not re.fullmatch("[0-9]{1,3}", digits) or int(digits) > 100:
        raise TipError(f"{source}, line {number}: {text[:40]!r} is no quality from 0 to 100")
    return int(digits)


def _item(
    source: Path, number: int, digits: str, quality: int | None = None, label: str = ""
) -> dict[str, Any]:
    try:
        code = from_hex(digits)
    except UsageError as error:
        raise TipError(f"{source}, line {number}: {error}") from None
    told = {} if quality is None else {"quality": quality}
    signals = {_TYPE: {"hash": to_hex(code), **told}}
    item = {
        "id": f"{ItemKind.PICTURE}-{short_digest(signals)}",
        "signals": signals,
        "counts": [],
    }
    return {**item, "label": label[:_MOST_LABEL]} if label else item
