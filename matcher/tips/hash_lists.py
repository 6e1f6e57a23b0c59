"""Lists of hashes that other tools read and write: into tips and out of them.

`python-threatexchange` reads such a list as its exchange `local_file`: a line a signal, the type,
one space, the hash (`pdq f8f8…`). Lines of hashes alone are read as well, as a list of one type has
them, CSV with the column `pdq` and, if there are such, `quality` and `label`, and JSON as `bank`
reads it.
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

from frametrace.case.files import replacing
from frametrace.embed.signals.pdq import from_hex, to_hex
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.json_stream import MAX_BYTES
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.threatexchange import banked_signals, is_bank, marking_of
from frametrace.matcher.tips.tip_model import FINGERPRINTS, Head, ItemKind, Tip, Tlp, program
from frametrace.posts.errors import TipError, UsageError

__all__ = ["Converted", "hashes_of", "left_out", "tip_of_hashes", "write_lines"]

_Read = tuple[dict[str, Any], Tlp | None]  # an item of a tip, and what its list says of sharing
_TYPE = "pdq"
_LONGEST = 2**16  # characters of a line
_MOST_LABEL = 1000


@dataclass(slots=True)
class Converted:
    """A tip made of a list: digest and marking, how many hashes it holds, what was left out."""

    sha256: str = ""
    hashes: int = 0
    twice: int = 0
    other_types: int = 0
    harmless: int = 0  # the list says that they stand for nothing bad
    tlp: Tlp = Tlp.AMBER


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


def left_out(tip: Tip) -> list[str]:
    """What of a tip no list of hashes can carry, in words."""
    items = tip.items
    lacking = pc.sum(pc.is_null(items["pdq"])).as_py() or 0
    signals = sorted(set(tip.head.signals or {}) - {_TYPE})
    return [
        *([f"{lacking:,} items without {_TYPE}"] if lacking else []),
        *signals,
        *(["captions"] if items["caption"].null_count < len(items) else []),
        *(["accounts"] if tip.head.accounts != "none" else []),
        "times and counts",
        *(["the signature"] if tip.signature else []),
    ]


def write_lines(path: Path, hashes: pa.Table) -> None:
    """Write the line form of the exchange `local_file`."""
    with replacing(path) as file:
        for digits in hashes["pdq"].to_pylist():
            file.write(f"{_TYPE} {digits}\n".encode("ascii"))


def tip_of_hashes(
    source: Path, out: Path, *, made_by: str = "", tlp: Tlp = Tlp.AMBER, key: Path | None = None
) -> Converted:
    """Read a list (JSON by how it begins, CSV by its name, or lines) and write it as a tip.

    Hashes without leading zeros are taken. The marking is the strictest of `tlp` and those of the
    list. Raises `TipError` for a list that can't be read, naming the line, and for a hash of
    another width.
    """
    read = _reader(source)
    markings = {marking for _, marking in read(source, Converted())}
    if not markings:
        raise TipError(f"{source} holds no PDQ hash that could be sent")
    tlp = Tlp.strictest([tlp, *filter(None, markings)])
    converted = Converted(tlp=tlp)
    head = Head(
        made_by=made_by,
        program=program(),
        tlp=tlp,
        signals={_TYPE: {"fingerprint": FINGERPRINTS[_TYPE]}},
    )
    items = _distinct((item for item, _ in read(source, converted)), converted)
    converted.sha256 = write_document(out, TIP, head.to_json(), items, key)
    return converted


def _reader(source: Path) -> Callable[[Path, Converted], Iterator[_Read]]:
    if not source.is_file():
        raise TipError(f"{source} is no file with hashes")
    if (size := source.stat().st_size) > MAX_BYTES:
        raise TipError(f"{source} has {size:,} bytes; at most {MAX_BYTES:,} are read: split it")
    if source.suffix.lower() == ".csv":
        return _of_csv
    return _of_bank if is_bank(source) else _of_lines


def _opened(source: Path) -> IO[str]:
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


def _of_lines(source: Path, converted: Converted) -> Iterator[_Read]:
    with _opened(source) as file:
        for number, line in enumerate(_lines(source, file), 1):
            if not (words := line.split()):
                continue
            if len(words) > 1 and words[0].lower() != _TYPE:
                converted.other_types += 1
            else:
                yield _item(f"{source}, line {number}", " ".join(words[1:] or words)), None


def _of_bank(source: Path, converted: Converted) -> Iterator[_Read]:
    for one in banked_signals(source):
        if one.kind != _TYPE:
            converted.other_types += 1
        elif one.harmless:
            converted.harmless += 1
        else:
            place, label = f"{source}, entry {one.entry}", "; ".join(one.tags)
            yield _item(place, one.value, label=label), one.marking


def _lines(source: Path, file: IO[str]) -> Iterator[str]:
    for number in count(1):
        try:
            line = file.readline(_LONGEST + 1)
        except UnicodeDecodeError:
            raise TipError(f"{source}, line {number}: it is no UTF-8 text") from None
        if len(line) > _LONGEST:
            raise TipError(f"{source}, line {number}: it has over {_LONGEST:,} characters")
        if not line:
            return
        yield line


def _of_csv(source: Path, converted: Converted) -> Iterator[_Read]:
    with _opened(source) as file:
        reader = csv.DictReader(_lines(source, file), strict=True)
        try:
            if _TYPE not in (reader.fieldnames or ()):
                names = ", ".join(reader.fieldnames or ())
                raise TipError(f"{source} has no column {_TYPE!r}; its columns are: {names[:200]}")
            for row in reader:
                place = f"{source}, line {reader.line_num}"
                quality = _quality(place, row.get("quality") or "")
                marking = marking_of(place, row["tlp"]) if row.get("tlp") else None
                yield _item(place, row[_TYPE] or "", quality, row.get("label") or ""), marking
        except csv.Error as error:
            raise TipError(f"{source}, line {reader.line_num}: {error}") from None


def _quality(place: str, text: str) -> int | None:
    if not (digits := text.strip()):
        return None
    if not re.fullmatch("[0-9]{1,3}", digits) or int(digits) > 100:
        raise TipError(f"{place}: {text[:40]!r} is no quality from 0 to 100")
    return int(digits)


def _item(place: str, digits: str, quality: int | None = None, label: str = "") -> dict[str, Any]:
    try:
        code = from_hex(digits)
    except UsageError as error:
        raise TipError(f"{place}: {error}") from None
    told = {} if quality is None else {"quality": quality}
    signals = {_TYPE: {"hash": to_hex(code), **told}}
    item = {
        "id": f"{ItemKind.PICTURE}-{short_digest(signals)}",
        "signals": signals,
        "counts": [],
    }
    return {**item, "label": label[:_MOST_LABEL]} if label else item
