"""Reads and writes signals as JSON for ThreatExchange and the hasher-matcher-actioner (HMA).

HMA's documentation describes the content of a bank (the type and value of each signal, labels; on
exchanges also a status and tags), but names the JSON keys of only some responses. So all documented
forms are read: content with its `signals`, a signal with its `signal_type`, an object of values by
type, as HMA's hashing endpoint returns it, and ThreatExchange's descriptors (`raw_indicator` of
type `HASH_PDQ`). One object per hash is written: `signal_type`, `signal`, `tags`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.case.atomic_files import replacing_output
from frametrace.matcher.tips.bounded_json import JsonStream
from frametrace.matcher.tips.canonical_json import canonical_bytes
from frametrace.matcher.tips.tip_model import Tlp
from frametrace.posts.errors import TipError

__all__ = ["BankSignal", "is_bank", "parse_marking", "read_bank", "write_bank"]

_TYPES = ("signal_type", "type")
_VALUES = ("signal", "signal_value", "value", "hash", "raw_indicator", "indicator")
_TAGS = ("tags", "labels")
_PAGE = ("data", "contents", "items")  # keys that hold the entries of a page of results
_BY_TYPE = ("pdq", "vpdq", "video_md5", "md5", "photodna", "clip", "raw_text", "text_tlsh", "url")
_HARMLESS = ("negative_class", "non_malicious")
_MARKING_PREFIX = "tlp:"
_MARKINGS = {**{str(tlp): tlp for tlp in Tlp}, "white": Tlp.CLEAR}  # the name in TLP 1.0


@dataclass(frozen=True, slots=True)
class BankSignal:
    """A signal from a bank: `kind` is its type in lower case (`pdq`).

    `tags` exclude the marking; `harmless` is whether the bank lists the content as benign.
    """

    entry: int  # number in the file, from 1
    kind: str
    value: str
    tags: tuple[str, ...]
    marking: Tlp | None
    harmless: bool


def is_bank(path: Path) -> bool:
    """Whether a file begins like JSON."""
    with path.open("rb") as file:
        return file.read(4096).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[:1] in ("[", "{")


def read_bank(path: Path) -> Iterator[BankSignal]:
    """The signals of a file: an array, a page of results, or objects one after another.

    Raises `TipError` for invalid JSON and for an entry without a signal, naming the entry.
    """
    with JsonStream.open(path, fractions=True) as stream:
        for entry, (value, page) in enumerate(_entries(stream), 1):
            yield from _signals(f"{path}, entry {entry}", entry, value, page)


def write_bank(path: Path, hashes: pa.Table, marking: Tlp) -> None:
    """Write an array of signals, one per line; the marking is the first tag of each."""
    with replacing_output(path) as file:
        before = b"[\n"
        for digits, label in zip(*(hashes[n].to_pylist() for n in ("pdq", "label")), strict=True):
            tags = [f"{_MARKING_PREFIX}{marking}", *([] if _is_marking(label) else [label])]
            file.write(
                before + canonical_bytes({"signal": digits, "signal_type": "pdq", "tags": tags})
            )
            before = b",\n"
        file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _entries(stream: JsonStream) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Each entry with the page of results that holds it; an empty one if there is none."""
    for value in stream.values():
        entries = _entries_of_page(value)
        yield from [(value, {})] if entries is None else ((entry, value) for entry in entries)


def _entries_of_page(value: Any) -> list[Any] | None:
    if not isinstance(value, dict) or value.get("signals") or next(_pairs(value), None):
        return None
    return next((value[name] for name in _PAGE if isinstance(value.get(name), list)), None)


def _signals(where: str, entry: int, value: Any, page: Mapping[str, Any]) -> Iterator[BankSignal]:
    if not isinstance(value, dict):
        raise TipError(f"{where} is not an object; an entry has a signal_type, a signal and tags")
    inner = value.get("signals") or [value]
    for signal in inner if isinstance(inner, list) else [inner]:
        if not isinstance(signal, dict):
            raise TipError(f"{where}: its signals are not objects")
        pairs = tuple(signal.items() if isinstance(inner, dict) else _pairs(signal))
        if not pairs:
            raise TipError(f"{where} has no signal: it has neither signal_type and signal nor pdq")
        parts = {id(part): part for part in (page, value, signal)}.values()
        tags = [tag for part in parts for tag in _tags(where, part)]
        markings = [tlp for part in parts for tlp in _markings(where, part)]
        for kind, digits in pairs:
            if not isinstance(digits, str) or not isinstance(kind, str):
                raise TipError(f"{where}: the type and the value of a signal must be strings")
            yield BankSignal(
                entry,
                kind.strip().lower().removeprefix("hash_"),
                digits,
                tuple(tag for tag in tags if not _is_marking(tag)),
                Tlp.strictest(markings) if markings else None,
                any(str(part.get("status")).lower() in _HARMLESS for part in parts),
            )


def _pairs(entry: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The types and values of the signals in an object."""
    kind, digits = _first(entry, _TYPES), _first(entry, _VALUES)
    if kind is not None and digits is not None:
        yield kind, digits
    else:
        yield from ((name, entry[name]) for name in _BY_TYPE if entry.get(name) is not None)


def _first(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _tags(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    """The tags of an object: strings or, in responses of ThreatExchange, objects with a `text`."""
    for name in _TAGS:
        tags = value.get(name) or []
        if isinstance(tags, dict):
            tags = tags.get("data") or []
        tags = tags.split(",") if isinstance(tags, str) else tags
        if not isinstance(tags, list):
            raise TipError(f"{where}: its tags are not a list")
        for tag in tags:
            text = tag.get("text") if isinstance(tag, dict) else tag
            if not isinstance(text, str):
                raise TipError(f"{where}: its tags are not strings")
            yield text.strip()


def _markings(where: str, value: Mapping[str, Any]) -> Iterator[Tlp]:
    """The markings of an object. Raises `TipError` for an unknown marking."""
    texts = [tag for tag in _tags(where, value) if _is_marking(tag)]
    texts += (value[name] for name in ("tlp", "share_level") if value.get(name) is not None)
    yield from (parse_marking(where, text) for text in texts)


def parse_marking(where: str, text: Any) -> Tlp:
    """Parse a marking in any usual spelling, such as `tlp:amber`, `AMBER_STRICT` or `white`.

    Raises `TipError` for anything else; `where` is the file and entry that the message names.
    """
    name = str(text).strip().lower().removeprefix(_MARKING_PREFIX)
    marking = _MARKINGS.get(re.sub("[ _+-]+", "+", name.strip()))
    if marking is None:
        raise TipError(
            f"{where}: {str(text)[:40]!r} is not a marking of the Traffic Light Protocol; use one "
            f"of {', '.join(Tlp)}"
        )
    return marking


def _is_marking(tag: str) -> bool:
    return tag.lower().startswith(_MARKING_PREFIX)
