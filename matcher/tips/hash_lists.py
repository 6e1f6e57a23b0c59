"""Converts lists of PDQ hashes to tips and tips to lists, to exchange hashes with other tools.

The line format is that of `python-threatexchange`'s exchange `local_file`: one signal per line, as
type, space and hash (`pdq f8f8…`). Lines with a hash alone are read as well, and so are CSV with
the column `pdq` and, optionally, `quality`, `label` and `tlp`, and JSON as in `threatexchange`.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.atomic_files import replacing_output
from frametrace.embed.signals.pdq import from_hex, to_hex
from frametrace.matcher.tips.bounded_json import MAX_BYTES
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.threatexchange import is_bank, parse_marking, read_bank
from frametrace.matcher.tips.tip_model import (
    FINGERPRINTS,
    Head,
    ItemKind,
    Tip,
    Tlp,
    program_version,
)
from frametrace.posts.errors import TipError, UsageError

__all__ = ["ConvertedList", "lost_in_list", "pdq_hashes", "tip_from_list", "write_hash_lines"]

_MarkedItem = tuple[dict[str, Any], Tlp | None]  # an item of a tip, and its marking in the list
_TYPE = "pdq"
_MAX_LINE = 2**16  # characters
_MAX_LABEL = 1000  # characters, as in the schema


@dataclass(slots=True)
class ConvertedList:
    """The result of a conversion: the tip's digest and marking, and counts of hashes."""

    sha256: str = ""
    hashes: int = 0
    twice: int = 0  # repeated hashes, left out
    other_types: int = 0  # signals that are not PDQ, left out
    harmless: int = 0  # listed as benign, left out
    tlp: Tlp = Tlp.AMBER


def pdq_hashes(tip: Tip) -> pa.Table:
    """The distinct PDQ hashes of a tip: columns `pdq` (64 digits), `quality`, `label`, `tlp`.

    Frames of videos come last. The label is the item's label or, if it has none, its id.
    """
    labels = pc.coalesce(tip.items["label"], tip.items["id"])
    labelled = tip.items.select(["pdq", "quality"]).append_column("text", labels)
    of_frames = tip.frames.select(["pdq", "quality"])
    of_frames = of_frames.append_column("text", labels.take(tip.frames["item"]))
    hashed = labelled.filter(pc.is_valid(labelled["pdq"]))
    rows = pa.concat_tables([hashed, of_frames.cast(hashed.schema)])
    table = pa.table(
        {
            "pdq": pa.array([to_hex(code) for code in rows["pdq"].to_pylist()], pa.string()),
            "quality": rows["quality"],
            "label": rows["text"],
            "tlp": pa.repeat(tip.head.tlp.label, rows.num_rows),
        }
    )
    numbered = table.append_column("row", pa.array(range(table.num_rows), pa.int64()))
    first = numbered.group_by("pdq").aggregate([("row", "min")])["row_min"].sort()
    return table.take(first)


def lost_in_list(tip: Tip) -> list[str]:
    """The parts of a tip that a list of hashes can't carry, in words."""
    items = tip.items
    no_video = pc.is_null(items["duration_ms"])
    without_pdq = pc.sum(pc.and_(pc.is_null(items["pdq"]), no_video)).as_py() or 0
    signals = sorted(set(tip.head.signals or {}) - {_TYPE})
    return [
        *([f"{without_pdq:,} items without {_TYPE}"] if without_pdq else []),
        *signals,
        *(["captions"] if items["caption"].null_count < len(items) else []),
        *(["accounts"] if tip.head.accounts != "none" else []),
        "times and counts",
        *(["which frames belong to one video"] if tip.frames.num_rows else []),
        *(["the signature"] if tip.signature else []),
    ]


def write_hash_lines(path: Path, hashes: pa.Table) -> None:
    """Write the line format of the exchange `local_file`."""
    with replacing_output(path) as file:
        for digits in hashes["pdq"].to_pylist():
            file.write(f"{_TYPE} {digits}\n".encode("ascii"))


def tip_from_list(
    source: Path, out: Path, *, made_by: str = "", tlp: Tlp = Tlp.AMBER, key: Path | None = None
) -> ConvertedList:
    """Read a list (CSV by its name, JSON by its first character, else lines); write it as a tip.

    Hashes without their leading zeros are accepted. The marking is the strictest of `tlp` and those
    in the list. Raises `TipError` for a list that can't be read and for a hash of another width,
    naming the line.
    """
    read = _reader(source)
    markings = {marking for _, marking in read(source, ConvertedList())}
    if not markings:
        raise TipError(f"{source} holds no PDQ hash to send: name a list that has some")
    tlp = Tlp.strictest([tlp, *filter(None, markings)])
    converted = ConvertedList(tlp=tlp)
    head = Head(
        made_by=made_by,
        program=program_version(),
        tlp=tlp,
        signals={_TYPE: {"fingerprint": FINGERPRINTS[_TYPE]}},
    )
    items = _distinct((item for item, _ in read(source, converted)), converted)
    converted.sha256 = write_document(out, TIP, head.to_json(), items, key)
    return converted


def _reader(source: Path) -> Callable[[Path, ConvertedList], Iterator[_MarkedItem]]:
    if not source.is_file():
        raise TipError(f"{source} is not a file: name a list of hashes")
    if (size := source.stat().st_size) > MAX_BYTES:
        raise TipError(f"{source} has {size:,} bytes; at most {MAX_BYTES:,} are read: split it")
    if source.suffix.lower() == ".csv":
        return _of_csv
    return _of_bank if is_bank(source) else _of_lines


def _opened(source: Path) -> IO[str]:
    return source.open(encoding="utf-8-sig", newline="")


def _distinct(
    items: Iterator[dict[str, Any]], converted: ConvertedList
) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    for item in items:
        number = int(item["id"][-16:], 16)
        if number in seen:
            converted.twice += 1
        else:
            seen.add(number)
            converted.hashes += 1
            yield item


def _of_lines(source: Path, converted: ConvertedList) -> Iterator[_MarkedItem]:
    with _opened(source) as file:
        for number, line in enumerate(_lines(source, file), 1):
            if not (words := line.split()):
                continue
            if len(words) > 1 and words[0].lower() != _TYPE:
                converted.other_types += 1
            else:
                yield _item(f"{source}, line {number}", " ".join(words[1:] or words)), None


def _of_bank(source: Path, converted: ConvertedList) -> Iterator[_MarkedItem]:
    for signal in read_bank(source):
        if signal.kind != _TYPE:
            converted.other_types += 1
        elif signal.harmless:
            converted.harmless += 1
        else:
            where, label = f"{source}, entry {signal.entry}", "; ".join(signal.tags)
            yield _item(where, signal.value, label=label), signal.marking


def _lines(source: Path, file: IO[str]) -> Iterator[str]:
    for number in count(1):
        try:
            line = file.readline(_MAX_LINE + 1)
        except UnicodeDecodeError:
            raise TipError(f"{source}, line {number}: it is not UTF-8 text") from None
        if len(line) > _MAX_LINE:
            raise TipError(f"{source}, line {number}: it has over {_MAX_LINE:,} characters")
        if not line:
            return
        yield line


def _of_csv(source: Path, converted: ConvertedList) -> Iterator[_MarkedItem]:
    with _opened(source) as file:
        reader = csv.DictReader(_lines(source, file), strict=True)
        try:
            if _TYPE not in (reader.fieldnames or ()):
                names = ", ".join(reader.fieldnames or ())
                raise TipError(f"{source} has no column {_TYPE!r}; its columns are: {names[:200]}")
            for row in reader:
                where = f"{source}, line {reader.line_num}"
                quality = _quality(where, row.get("quality") or "")
                marking = parse_marking(where, row["tlp"]) if row.get("tlp") else None
                yield _item(where, row[_TYPE] or "", quality, row.get("label") or ""), marking
        except csv.Error as error:
            raise TipError(f"{source}, line {reader.line_num}: {error}") from None


def _quality(where: str, text: str) -> int | None:
    if not (digits := text.strip()):
        return None
    if not re.fullmatch("[0-9]{1,3}", digits) or int(digits) > 100:
        raise TipError(f"{where}: {text[:40]!r} is not a quality from 0 to 100")
    return int(digits)


def _item(where: str, digits: str, quality: int | None = None, label: str = "") -> dict[str, Any]:
    try:
        code = from_hex(digits)
    except UsageError as error:
        raise TipError(f"{where}: {error}") from None
    quality_member = {} if quality is None else {"quality": quality}
    signals = {_TYPE: {"hash": to_hex(code), **quality_member}}
    item = {
        "id": f"{ItemKind.PICTURE}-{short_digest(signals)}",
        "signals": signals,
        "counts": [],
    }
    return {**item, "label": label[:_MAX_LABEL]} if label else item
