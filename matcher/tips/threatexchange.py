"""Signals as JSON, as ThreatExchange and the banks of its hasher-matcher-actioner (HMA) have them.

HMA's documentation says what a bank's content is made of (the type and the value of each signal,
labels; on exchanges a status and tags) and names the keys of some of its answers only. So all
documented forms are read: a content with its `signals`, a signal with its `signal_type`, an object
of values by type, as HMA's hashing answers, and ThreatExchange's descriptors (`raw_indicator` of
type `HASH_PDQ`). Written is an object a hash: `signal_type`, `signal`, `tags`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.case.files import replacing
from frametrace.matcher.tips.canonical_json import canonical
from frametrace.matcher.tips.json_stream import Tokens
from frametrace.matcher.tips.tip_model import Tlp
from frametrace.posts.errors import TipError

__all__ = ["Banked", "banked_signals", "is_bank", "marking_of", "write_bank"]

_TYPES = ("signal_type", "type")
_VALUES = ("signal", "signal_value", "value", "hash", "raw_indicator", "indicator")
_TAGS = ("tags", "labels")
_PAGE = ("data", "contents", "items")  # an answer's page of entries
_BY_TYPE = ("pdq", "vpdq", "video_md5", "md5", "photodna", "clip", "raw_text", "text_tlsh", "url")
_HARMLESS = ("negative_class", "non_malicious")
_MARKING = "tlp:"
_MARKINGS = {**{str(tlp): tlp for tlp in Tlp}, "white": Tlp.CLEAR}  # so TLP 1.0 called it


@dataclass(frozen=True, slots=True)
class Banked:
    """A signal as a bank has it: `kind` is its type in small letters (`pdq`).

    `tags` are without the marking; `harmless` where the bank says that it stands for nothing bad.
    """

    entry: int  # of the file, from 1
    kind: str
    value: str
    tags: tuple[str, ...]
    marking: Tlp | None
    harmless: bool


def is_bank(path: Path) -> bool:
    """Whether a file begins as JSON does."""
    with path.open("rb") as file:
        return file.read(4096).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[:1] in ("[", "{")


def banked_signals(path: Path) -> Iterator[Banked]:
    """The signals of a file: an array, an answer's page, or objects one after another.

    Raises `TipError` for what is no JSON or names no signal, saying which entry it is.
    """
    with Tokens.of(path, fractions=True) as tokens:
        for entry, (value, page) in enumerate(_entries(tokens), 1):
            yield from _signals(f"{path}, entry {entry}", entry, value, page)


def write_bank(path: Path, hashes: pa.Table, marking: Tlp) -> None:
    """Write an array of signals, one a line; the marking is the first tag of each."""
    with replacing(path) as file:
        before = b"[\n"
        for digits, label in zip(*(hashes[n].to_pylist() for n in ("pdq", "label")), strict=True):
            tags = [f"{_MARKING}{marking}", *([] if _marks(label) else [label])]
            file.write(before + canonical({"signal": digits, "signal_type": "pdq", "tags": tags}))
            before = b",\n"
        file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _entries(tokens: Tokens) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Each entry, and the answer that it is on a page of."""
    for value in tokens.values():
        page = _page_of(value)
        yield from [(value, {})] if page is None else ((one, value) for one in page)


def _page_of(value: Any) -> list[Any] | None:
    if not isinstance(value, dict) or value.get("signals") or next(_pairs(value), None):
        return None
    return next((value[name] for name in _PAGE if isinstance(value.get(name), list)), None)


def _signals(where: str, entry: int, value: Any, page: Mapping[str, Any]) -> Iterator[Banked]:
    if not isinstance(value, dict):
        raise TipError(f"{where} is no object: an entry has a signal_type, a signal and tags")
    inner = value.get("signals") or [value]
    for one in inner if isinstance(inner, list) else [inner]:
        if not isinstance(one, dict):
            raise TipError(f"{where}: its signals are no objects")
        pairs = tuple(one.items() if isinstance(inner, dict) else _pairs(one))
        if not pairs:
            raise TipError(
                f"{where} names no signal: it has neither signal_type and signal nor pdq"
            )
        parts = {id(part): part for part in (page, value, one)}.values()
        tags = [tag for part in parts for tag in _tags(where, part)]
        markings = [tlp for part in parts for tlp in _markings(where, part)]
        for kind, digits in pairs:
            if not isinstance(digits, str) or not isinstance(kind, str):
                raise TipError(f"{where}: the type and the value of a signal are texts")
            yield Banked(
                entry,
                kind.strip().lower().removeprefix("hash_"),
                digits,
                tuple(tag for tag in tags if not _marks(tag)),
                Tlp.strictest(markings) if markings else None,
                any(str(part.get("status")).lower() in _HARMLESS for part in parts),
            )


def _pairs(one: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The types and values that an object names."""
    kind, digits = _first(one, _TYPES), _first(one, _VALUES)
    if kind is not None and digits is not None:
        yield kind, digits
    else:
        yield from ((name, one[name]) for name in _BY_TYPE if one.get(name) is not None)


def _first(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _tags(where: str, value: Mapping[str, Any]) -> Iterator[str]:
    """The tags of an object: texts or, as ThreatExchange answers them, objects with a `text`."""
    for name in _TAGS:
        tags = value.get(name) or []
        if isinstance(tags, dict):
            tags = tags.get("data") or []
        tags = tags.split(",") if isinstance(tags, str) else tags
        if not isinstance(tags, list):
            raise TipError(f"{where}: its tags are no list")
        for tag in tags:
            text = tag.get("text") if isinstance(tag, dict) else tag
            if not isinstance(text, str):
                raise TipError(f"{where}: its tags are no texts")
            yield text.strip()


def _markings(where: str, value: Mapping[str, Any]) -> Iterator[Tlp]:
    """What an object says of with whom it may be shared. Raises `TipError` for what is unknown."""
    said = [tag for tag in _tags(where, value) if _marks(tag)]
    said += (value[name] for name in ("tlp", "share_level") if value.get(name) is not None)
    yield from (marking_of(where, text) for text in said)


def marking_of(where: str, text: Any) -> Tlp:
    """A marking as people write it: `tlp:amber`, `TLP:AMBER+STRICT`, `AMBER_STRICT`, `white`.

    Raises `TipError`, naming the place, for anything else.
    """
    said = str(text).strip().lower().removeprefix(_MARKING)
    found = _MARKINGS.get(re.sub("[ _+-]+", "+", said.strip()))
    if found is None:
        raise TipError(f"{where}: {str(text)[:40]!r} is no marking of the Traffic Light Protocol")
    return found


def _marks(tag: str) -> bool:
    return tag.lower().startswith(_MARKING)
