"""Reads and writes the JSON envelope of tips and verdicts: head, items, digest and signature.

Documents are streamed, one item at a time, and the digest is computed along the way. Therefore the
members of a document are in alphabetical order, and nothing in it is trusted until it was read to
the end.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frametrace.case.atomic_files import replacing_output
from frametrace.matcher.tips.bounded_json import MAX_BYTES, MAX_VALUE_CHARS, JsonStream
from frametrace.matcher.tips.canonical_json import canonical_bytes, canonical_bytes_of_exact
from frametrace.matcher.tips.schema_validation import ITEM_CHECKS, schema_error
from frametrace.matcher.tips.signatures import (
    Signature,
    fingerprint,
    read_public_key,
    sign,
    verified_key,
)
from frametrace.posts.errors import TipError, UsageError

__all__ = [
    "TIP",
    "TIP_WITH_VIDEOS",
    "VERDICT",
    "DocumentKind",
    "Envelope",
    "is_document",
    "read_document",
    "write_document",
]

_SNIFFED = 200  # bytes by which a document is recognised


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document: its name, the version that is written, and the versions it can read."""

    name: str
    version: int = 1
    read: tuple[int, ...] = (1,)

    @property
    def marker(self) -> str:
        """The name of the first member, which holds the version."""
        return f"frametrace_{self.name}"

    def message(self, sha256: str, version: int) -> bytes:
        """The signed text. It includes kind and version, so a signature is valid only for these."""
        return f"{self.marker} {version} {sha256}".encode("ascii")


TIP, VERDICT = DocumentKind("tip", 2, (1, 2, 3)), DocumentKind("verdict")
# Versions of Frametrace that know no videos refuse it, and read all other tips.
TIP_WITH_VIDEOS = replace(TIP, version=3)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A document without its items, after its digest and signature were verified.

    `signature` is None for an unsigned document.
    """

    head: Mapping[str, Any]
    sha256: str
    signature: Signature | None


def write_document(
    path: Path,
    kind: DocumentKind,
    head: Mapping[str, Any],
    items: Iterable[Mapping[str, Any]],
    key: Path | None = None,
) -> str:
    """Write a document, one item per line, signed if a secret key is given; returns its digest.

    The file appears only once it is complete. The same content gives the same bytes. Raises
    `TipError` for content that `read_document` would refuse, and `UsageError` if `path` exists and
    is anything else, such as a key.
    """
    if path.exists() and path.stat().st_size and not is_document(path, kind):
        raise UsageError(f"{path} exists and is not a {kind.name}: name another file")
    digest = hashlib.sha256()
    with replacing_output(path) as file:

        def put(part: bytes, space: bytes = b"") -> None:
            digest.update(part)
            file.write(part + space)

        put(b'{"%s":%d,' % (kind.marker.encode(), kind.version), b"\n")
        put(b'"head":' + _validated(kind, "head", head) + b",", b"\n")
        put(b'"items":[')
        for number, item in enumerate(items):
            put(b"," if number else b"", b"\n")
            put(_validated(kind, "item", item))
        file.write(b"\n")
        put(b"]")
        digest.update(b"}")
        sha256 = digest.hexdigest()
        file.write(b',\n"sha256":' + canonical_bytes(sha256))
        if key is not None:
            signature = sign(key, kind.message(sha256, kind.version))
            file.write(b',\n"signature":' + canonical_bytes(signature))
        file.write(b"}\n")
        _check_size(path, file.tell())
    return sha256


def _check_size(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise TipError(
            f"{path} would have {size:,} bytes, but at most {MAX_BYTES:,} can be read: "
            "split it into several"
        )


def _validated(kind: DocumentKind, part: str, value: Mapping[str, Any]) -> bytes:
    """The canonical form of a value. Raises `TipError` if its schema doesn't allow it."""
    error = _item_error(kind, value) if part == "item" else schema_error(kind.name, part, value)
    if error:
        raise TipError(f"the {kind.name} can't be written: {part}/{error}")
    form = canonical_bytes_of_exact if part == "item" else canonical_bytes
    try:
        content = form(value)
    except ValueError:
        raise TipError(
            f"the {kind.name} can't be written: it holds text that is not valid Unicode"
        ) from None
    if len(content) > MAX_VALUE_CHARS:
        raise TipError(f"the {kind.name} can't be written: {part} {value.get('id')} is too large")
    return content


def read_document(
    path: Path,
    kind: DocumentKind,
    on_item: Callable[[int, dict[str, Any]], None],
    trusted: Sequence[Path] = (),
) -> Envelope:
    """Read a document; `on_item` gets the number, from 1, and the content of each item.

    Items must not be used before this returns. If `trusted` names public keys, the document must be
    signed by one of them. Raises `TipError` for a document that violates its schema, or whose
    digest or signature is wrong.
    """
    keys = [read_public_key(key) for key in trusted]
    with JsonStream.open(path) as stream:
        reader = _DocumentReader(stream, kind, on_item)
        reader.read()
    sha256 = reader.digest.hexdigest()
    members = reader.members
    if missing := [name for name in ("head", "items", "sha256") if name not in members]:
        stream.fail(f"is not a complete {kind.name}: it has no {missing[0]}")
    if members["sha256"] != sha256:
        stated = members["sha256"][:64]
        stream.fail(f"was changed after it was made: its digest is {sha256}, it states {stated}")
    return Envelope(members["head"], sha256, _verified_signature(stream, kind, members, keys))


def is_document(path: Path, kind: DocumentKind) -> bool:
    """Whether a file begins like a document of this kind."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        beginning = "".join(file.read(_SNIFFED).decode("utf-8-sig", "replace").split())
    return beginning.startswith(f'{{"{kind.marker}":')


class _DocumentReader:
    """One pass over a document, which collects its members and its digest."""

    def __init__(
        self,
        stream: JsonStream,
        kind: DocumentKind,
        on_item: Callable[[int, dict[str, Any]], None],
    ) -> None:
        self.stream, self.kind, self.on_item = stream, kind, on_item
        self.members: dict[str, Any] = {}
        self.digest = hashlib.sha256(b"{")

    def read(self) -> None:
        """Read every member, and add those that the digest covers to it in their order."""
        self.stream.expect("{")
        while True:
            name = self.stream.value()
            self._check_name(name)
            self.stream.expect(":")
            if name not in ("sha256", "signature"):
                self._update(b"," if self.members else b"", canonical_bytes(name), b":")
            if name == "items":
                self._items()
            else:
                self._member(name, self.stream.value())
            if self.stream.expect(",}") == "}":
                break
        self.stream.end()
        self._update(b"}")

    def _check_name(self, name: Any) -> None:
        if not isinstance(name, str):
            self.stream.fail(f"is not a {self.kind.name}: a member has no name")
        if not self.members and name != self.kind.marker:
            self.stream.fail(f"is not a {self.kind.name}: it begins with {name[:40]!r}")
        if self.members and name not in ("head", "items", "sha256", "signature"):
            self.stream.fail(f"has the member {name[:40]!r}, which a {self.kind.name} can't have")
        if self.members and name <= next(reversed(self.members)):
            self.stream.fail(
                f"has the member {name!r} twice, or its members are not in alphabetical order; "
                "sort them with: jq -S . FILE"
            )

    def _member(self, name: str, value: Any) -> None:
        if name == self.kind.marker and (type(value) is not int or value not in self.kind.read):
            version = value if type(value) is int else "unknown"
            *others, last = map(str, self.kind.read)
            readable = " and ".join(filter(None, [", ".join(others), last]))
            self.stream.fail(
                f"is a {self.kind.name} of version {version}; this Frametrace reads "
                f"version {readable}. Upgrade it, or ask the sender for that version"
            )
        if name == "sha256" and not isinstance(value, str):
            self.stream.fail("violates its schema: sha256 is not a string")
        if name in ("head", "signature") and (error := schema_error(self.kind.name, name, value)):
            self.stream.fail(f"violates its schema: {name}/{error}")
        if name not in ("sha256", "signature"):
            self._update(self._canonical(value))
        self.members[name] = value

    def _items(self) -> None:
        count = 0
        self._update(b"[")
        for count, item in enumerate(self.stream.elements(), 1):
            if error := _item_error(self.kind, item):
                self.stream.fail(f"violates its schema: item {count}: {error}")
            self._update(b"," if count > 1 else b"", self._canonical(item))
            self.on_item(count, item)
        self._update(b"]")
        self.members["items"] = count

    def _canonical(self, value: Any) -> bytes:
        try:
            return canonical_bytes_of_exact(value)
        except ValueError:
            self.stream.fail("holds text that is not valid Unicode: an unpaired surrogate")

    def _update(self, *parts: bytes) -> None:
        for part in parts:
            self.digest.update(part)


def _item_error(kind: DocumentKind, item: Any) -> str:
    """A sentence on how an item violates the schema; empty if it doesn't."""
    if ITEM_CHECKS[kind.name](item):
        return ""
    return (
        schema_error(kind.name, "item", item) or "a text of a fixed format ends with a line break"
    )


def _verified_signature(
    stream: JsonStream, kind: DocumentKind, members: Mapping[str, Any], keys: Sequence[bytes]
) -> Signature | None:
    if "signature" not in members:
        if keys:
            stream.fail("is not signed, but you named a key that must have signed it")
        return None
    message = kind.message(members["sha256"], members[kind.marker])
    public = verified_key(members["signature"], message)
    if public is None:
        stream.fail("has an invalid signature: the content or the signature was changed")
    if keys and public not in keys:
        stream.fail(f"is signed by {fingerprint(public)}, which is not a key that you named")
    return Signature(fingerprint(public), public in keys)
