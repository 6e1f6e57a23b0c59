"""The envelope that tips and verdicts share: a head, items, a digest and perhaps a signature.

Documents are written and read as a stream, an item at a time; the digest is made on the way. So the
members of a document stand in alphabetical order, and nothing of it counts before the end was read.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frametrace.case.files import replacing
from frametrace.matcher.tips.canonical_json import canonical
from frametrace.matcher.tips.json_stream import MAX_BYTES, MOST_OF_VALUE, Tokens
from frametrace.matcher.tips.schema_validation import CHECKS, wrong_with
from frametrace.matcher.tips.signatures import (
    Signature,
    fingerprint,
    read_public_key,
    sign,
    verified,
)
from frametrace.posts.errors import TipError, UsageError

__all__ = ["TIP", "VERDICT", "Envelope", "Kind", "is_document", "read_document", "write_document"]

_SNIFFED = 200  # characters that tell a document from other files


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: its name in messages, the version that is written, and those read."""

    name: str
    version: int = 1
    read: tuple[int, ...] = (1,)

    @property
    def marker(self) -> str:
        """The first member, which holds the version."""
        return f"frametrace_{self.name}"

    def message(self, sha256: str, version: int) -> bytes:
        """What a signature is over: it can't be moved to another kind or version."""
        return f"{self.marker} {version} {sha256}".encode("ascii")


TIP, VERDICT = Kind("tip", 2, (1, 2)), Kind("verdict")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around a document's items, once its digest and its signature were found to hold.

    `signature` is None where it carries none.
    """

    head: Mapping[str, Any]
    sha256: str
    signature: Signature | None


def write_document(
    path: Path,
    kind: Kind,
    head: Mapping[str, Any],
    items: Iterable[Mapping[str, Any]],
    key: Path | None = None,
) -> str:
    """Write a document, an item a line, signed where a secret key is named; returns its digest.

    The file takes its place when it is whole. The same content gives the same bytes. Raises
    `TipError` for content that `read_document` would refuse, `UsageError` where the file is there
    and is something else, such as a key.
    """
    if path.exists() and path.stat().st_size and not is_document(path, kind):
        raise UsageError(f"{path} exists and is no {kind.name}: name another file")
    digest = hashlib.sha256()
    with replacing(path) as file:

        def put(part: bytes, space: bytes = b"") -> None:
            digest.update(part)
            file.write(part + space)

        put(b'{"%s":%d,' % (kind.marker.encode(), kind.version), b"\n")
        put(b'"head":' + _sound(kind, "head", head) + b",", b"\n")
        put(b'"items":[')
        for at, item in enumerate(items):
            if at:
                put(b",")
            file.write(b"\n")
            put(_sound(kind, "item", item))
        file.write(b"\n")
        put(b"]")
        digest.update(b"}")
        sha256 = digest.hexdigest()
        file.write(b',\n"sha256":' + canonical(sha256))
        if key is not None:
            file.write(
                b',\n"signature":' + canonical(sign(key, kind.message(sha256, kind.version)))
            )
        file.write(b"}\n")
        if file.tell() > MAX_BYTES:
            raise TipError(
                f"{path} would have {file.tell():,} bytes, at most {MAX_BYTES:,} are read"
            )
    return sha256


def _sound(kind: Kind, part: str, value: Mapping[str, Any]) -> bytes:
    """The canonical form of what a schema allows."""
    if wrong := _wrong_item(kind, value) if part == "item" else wrong_with(kind.name, part, value):
        raise TipError(f"the {kind.name} can't be written: {part}/{wrong}")
    try:
        written = canonical(value)
    except ValueError:
        raise TipError(
            f"the {kind.name} can't be written: it holds text that is no Unicode"
        ) from None
    if len(written) > MOST_OF_VALUE:
        raise TipError(f"the {kind.name} can't be written: {part} {value.get('id')} is too large")
    return written


def read_document(
    path: Path,
    kind: Kind,
    take: Callable[[int, dict[str, Any]], None],
    trusted: Sequence[Path] = (),
) -> Envelope:
    """Read a document, giving each of its items to `take` with its number, from 1.

    What `take` was given counts only when this returns. Where `trusted` names public keys, the
    document has to be signed by one of them. Raises `TipError` for anything that is not as the
    schema, the digest and the signature have it.
    """
    keys = [read_public_key(key) for key in trusted]
    with Tokens.of(path) as tokens:
        reading = _Reading(tokens, kind, take)
        reading.all()
    sha256 = reading.digest.hexdigest()
    members = reading.members
    if missing := [name for name in ("head", "items", "sha256") if name not in members]:
        tokens.wrong(f"is no whole {kind.name}: it has no {missing[0]}")
    if members["sha256"] != sha256:
        said = members["sha256"][:64]
        tokens.wrong(f"was changed after it was made: its digest is {sha256}, it says {said}")
    return Envelope(members["head"], sha256, _signature(tokens, kind, members, keys))


def is_document(path: Path, kind: Kind) -> bool:
    """Whether a file begins as a document of this kind does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        begun = "".join(file.read(_SNIFFED).decode("utf-8-sig", "replace").split())
    return begun.startswith(f'{{"{kind.marker}":')


class _Reading:
    """One pass over a document."""

    def __init__(
        self, tokens: Tokens, kind: Kind, take: Callable[[int, dict[str, Any]], None]
    ) -> None:
        self.tokens, self.kind, self.take = tokens, kind, take
        self.members: dict[str, Any] = {}
        self.digest = hashlib.sha256(b"{")

    def all(self) -> None:
        """Take every member; those of the digest go into it as they come."""
        self.tokens.take("{")
        while True:
            name = self.tokens.value()
            self._expect(name)
            self.tokens.take(":")
            if name not in ("sha256", "signature"):
                self._update(b"," if self.members else b"", canonical(name), b":")
            if name == "items":
                self._items()
            else:
                self._member(name, self.tokens.value())
            if self.tokens.take(",}") == "}":
                break
        self.tokens.end()
        self._update(b"}")

    def _expect(self, name: Any) -> None:
        if not isinstance(name, str):
            self.tokens.wrong(f"is no {self.kind.name}: a member has no name")
        if not self.members and name != self.kind.marker:
            self.tokens.wrong(f"is no {self.kind.name}: it begins with {name[:40]!r}")
        if self.members and name not in ("head", "items", "sha256", "signature"):
            self.tokens.wrong(f"has a member {name[:40]!r}, which no {self.kind.name} has")
        if self.members and name <= next(reversed(self.members)):
            self.tokens.wrong(
                f"has its member {name!r} twice, or not in alphabetical order; put them in order "
                "with: jq -S . FILE"
            )

    def _member(self, name: str, value: Any) -> None:
        if name == self.kind.marker and (type(value) is not int or value not in self.kind.read):
            said = value if type(value) is int else "unknown"
            known = " and ".join(map(str, self.kind.read))
            self.tokens.wrong(
                f"is a {self.kind.name} of version {said}; this Frametrace reads "
                f"version {known}. Upgrade it, or ask the sender for that version"
            )
        if name == "sha256" and not isinstance(value, str):
            self.tokens.wrong("is not as its schema says: sha256 is no text")
        if name in ("head", "signature") and (wrong := wrong_with(self.kind.name, name, value)):
            self.tokens.wrong(f"is not as its schema says: {name}/{wrong}")
        if name not in ("sha256", "signature"):
            self._update(self._canonical(value))
        self.members[name] = value

    def _items(self) -> None:
        count = 0
        self._update(b"[")
        for count, item in enumerate(self.tokens.elements(), 1):
            if wrong := _wrong_item(self.kind, item):
                self.tokens.wrong(f"is not as its schema says: item {count}: {wrong}")
            self._update(b"," if count > 1 else b"", self._canonical(item))
            self.take(count, item)
        self._update(b"]")
        self.members["items"] = count

    def _canonical(self, value: Any) -> bytes:
        try:
            return canonical(value)
        except ValueError:
            self.tokens.wrong("holds text that is no Unicode: half a surrogate pair")

    def _update(self, *parts: bytes) -> None:
        for part in parts:
            self.digest.update(part)


def _wrong_item(kind: Kind, item: Any) -> str:
    """What the schema has against an item; empty: nothing."""
    if CHECKS[kind.name](item):
        return ""
    return wrong_with(kind.name, "item", item) or "a text of fixed form ends with a line break"


def _signature(
    tokens: Tokens, kind: Kind, members: Mapping[str, Any], keys: Sequence[bytes]
) -> Signature | None:
    if "signature" not in members:
        if keys:
            tokens.wrong("is not signed, but a key was named that has to have signed it")
        return None
    public = verified(members["signature"], kind.message(members["sha256"], members[kind.marker]))
    if public is None:
        tokens.wrong("carries a signature that does not hold: somebody changed it or its signature")
    if keys and public not in keys:
        tokens.wrong(f"is signed by {fingerprint(public)}, which is not the key that was named")
    return Signature(fingerprint(public), public in keys)
