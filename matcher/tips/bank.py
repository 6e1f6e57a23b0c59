"""Signals as JSON, as ThreatExchange and the banks of its hasher-matcher-actioner (HMA) have them.

HMA's documentation says what a bank's content is made of (the type and the value of each signal,
labels; on exchanges a status and tags) and names the keys of some of its answers only. So all
documented forms are read: a content with its `signals`, a signal with its `signal_type`, an object
of values by type, as HMA's hashing answers, and ThreatExchange's descriptors (`raw_indicator` of
type `HASH_PDQ`). Written is an object a hash: `signal_type`, `signal`, `tags`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.embed.files import replacing
from frametrace.matcher.tips.canonical import canonical
from frametrace.matcher.tips.model import Tlp
from frametrace.matcher.tips.tokens import Tokens
from frametrace.posts.errors import TipError

__all__ = ["Banked", "banked_signals", "is_bank", "strictest", "write_bank"]

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
        return file.read(200).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[:1] in ("[", "{")


def banked_signals(path: Path) -> Iterator[Banked]:
    """The signals of a file: an array, an answer's page, or objects one after another.

    Raises `TipError` for what is no JSON or names no signal, saying which entry it is.
    """
    with Tokens.of(path, fractions=True) as tokens:
        for entry, value in enumerate(_entries(tokens), 1):
            yield from _signals(path, entry, value)


def strictest(markings: Iterable[Tlp]) -> Tlp:
    """The strictest of some markings."""
    return max(markings, key=tuple(Tlp).index)  # they stand from the freest on


def write_bank(path: Path, hashes: pa.Table, marking: Tlp) -> None:
    """Write an array of signals, one a line; the marking is the first tag of each."""
    with replacing(path) as file:
        before = b"[\n"
        for digits, label in zip(*(hashes[n].to_pylist() for n in ("pdq", "label")), strict=True):
            tags = [f"{_MARKING}{marking}", label]
            file.write(before + canonical({"signal": digits, "signal_type": "pdq", "tags": tags}))
            before = b",\n"
        file.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _entries(tokens: Tokens) -> Iterator[Any]:
    for value in tokens.values():
        pages = [value[name] for name in _PAGE if name in value] if isinstance(value, dict) else []
        if pages and isinstance(pages[0], list):
            yield from pages[0]
        else:
            yield value


def _signals(path: Path, entry: int, value: Any) -> Iterator[Banked]:
    where = f"{path}, entry {entry}"
    if not isinstance(value, dict):
        raise TipError(f"{where} is no object: an entry has a signal_type, a signal and tags")
    said = _tags(where, value)
    markings = [*map(_marking, said), _MARKINGS.get(str(value.get("share_level")).lower())]
    known = [marking for marking in markings if marking]
    tags = tuple(tag for tag in said if not _marking(tag))
    harmless = str(value.get("status")).lower() in _HARMLESS
    for kind, digits in _pairs(where, value):
        if not isinstance(kind, str) or not isinstance(digits, str):
            raise TipError(f"{where}: the type and the value of a signal are texts")
        named = kind.strip().lower().removeprefix("hash_")
        yield Banked(entry, named, digits, tags, strictest(known) if known else None, harmless)


def _pairs(where: str, value: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The types and values of an entry's signals."""
    signals = value.get("signals", [value])
    if isinstance(signals, dict):
        yield from signals.items()
        return
    for one in signals if isinstance(signals, list) else [signals]:
        if not isinstance(one, dict):
            raise TipError(f"{where}: its signals are no objects")
        if kind := _first(one, _TYPES):
            if (digits := _first(one, _VALUES)) is None:
                raise TipError(f"{where} has no value: none of {', '.join(_VALUES)}")
            yield kind, digits
        elif by_type := [(name, one[name]) for name in _BY_TYPE if name in one]:
            yield from by_type
        else:
            raise TipError(
                f"{where} names no signal: it has neither signal_type nor signals nor pdq"
            )


def _first(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((value[name] for name in names if name in value), None)


def _tags(where: str, value: Mapping[str, Any]) -> list[str]:
    """The tags of an entry: texts or, as ThreatExchange answers them, objects with a `text`."""
    tags = _first(value, _TAGS) or []
    if isinstance(tags, dict):
        tags = tags.get("data")
    tags = [tags] if isinstance(tags, str) else tags
    if not isinstance(tags, list):
        raise TipError(f"{where}: its tags are no list")
    found = (tag.get("text") if isinstance(tag, dict) else tag for tag in tags)
    texts = [text for text in found if isinstance(text, str)]
    if len(texts) < len(tags):
        raise TipError(f"{where}: its tags are no texts")
    return texts


def _marking(tag: str) -> Tlp | None:
    """The marking that a tag stands for, such as `tlp:amber`; None for other tags."""
    text = tag.strip().lower()
    return _MARKINGS.get(text.removeprefix(_MARKING)) if text.startswith(_MARKING) else None
