"""Cases that are put together row by row, for tests of their unions."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import BASE_TABLES, Case
from frametrace.case.stored_rows import TABLE_KEYS
from frametrace.matcher.between_cases.union import parts_of

Posts = Sequence[Mapping[str, Any]]
PDQ = signal_table("pdq")
TABLES = (*BASE_TABLES, PDQ)
MADE_BY = {"pdq": {"fingerprint": "pdq:1"}}


def digest(text: str) -> str:
    """The SHA-256 digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def tables(posts: Posts) -> dict[str, pa.Table]:
    """Rows of posts of `id`, `account`, `number`, `text` and `pictures` (-1 for a lost one)."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for line, post in enumerate(posts):
        key = {"platform": "x", "post_id": post["id"]}
        by = {"account_id": post.get("account", "a"), "account_kind": "account"}
        origin = {"source": "posts.jsonl", "line": post.get("line", line)}
        text = {"text": post.get("text"), "caption_sha256": digest(post.get("text") or "")}
        extra = (
            {"extra": json.dumps({"account_number": post["number"]})} if "number" in post else {}
        )
        rows["posts"].append({**key, **by, **extra, "precision": "second", **text, **origin})
        rows["accounts"].append({"platform": "x", **by, **origin})
        for at in post.get("pictures", ()):
            name = {"sha256": digest(f"picture {at}")}
            if at < 0:
                rows["skipped"].append({**origin, "item": "lost.jpg", "reason": "is absent"})
                continue
            rows["post_media"].append({**key, **name, "path": f"{at}.jpg"})
            rows["media"].append({**name, "root": "/r", "path": f"{at}.jpg", "size": at})
            rows[PDQ].append({**name, "code": bytes([at]) * 32, "quality": 100})
    schema = pa.schema([("sha256", pa.string()), ("code", pa.binary(32)), ("quality", pa.uint8())])
    return {
        name: pa.Table.from_pylist(each, BASE_TABLES.get(name, schema))
        for name, each in rows.items()
    }


def case_of(folder: Path, *batches: Posts, signals: Mapping[str, Any] = MADE_BY) -> Case:
    """A case with a shard of each table for each batch; again, they are added."""
    case = Case.create(folder)
    held = {name: keys_of(case.read(name), name) for name in TABLES}
    with case.writer() as writer:
        for name, made_by in signals.items():
            writer.describe(name, made_by)
        for batch in batches:
            made = tables(batch)
            new = {name: _new(table, name, held[name]) for name, table in made.items()}
            writer.put(f"add-{digest(repr(batch))[:8]}", new)
        writer.commit()
    return case


def _new(table: pa.Table, name: str, held: set[tuple[Any, ...]]) -> pa.Table:
    """The rows whose keys are not held; now they are."""
    rows = {key_of(row, name): row for row in reversed(table.to_pylist())}
    kept = [row for key, row in reversed(rows.items()) if key not in held]
    held |= set(rows)
    return pa.Table.from_pylist(kept, table.schema)


def key_of(row: Mapping[str, Any], table: str) -> tuple[Any, ...]:
    """What a row of a table is known by."""
    return tuple(row[name] for name in TABLE_KEYS.get(table, ("sha256",)))


def keys_of(rows: pa.Table, table: str) -> set[tuple[Any, ...]]:
    """The keys of all rows."""
    return {key_of(row, table) for row in rows.to_pylist()}


def contents(case: Case) -> dict[str, list[str]]:
    """All rows of all tables, in an order that doesn't depend on the shards."""
    names = (*TABLES, "origins", "cases")
    return {name: sorted(map(repr, case.read(name).to_pylist())) for name in names}


def files_of(*cases: Case) -> dict[Path, str]:
    """The digest of every file of these cases."""
    files = chain.from_iterable(sorted(case.path.rglob("*")) for case in cases)
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def notes(union: Case) -> list[str]:
    """What was noticed when the cases were joined."""
    return [note for part in parts_of(union) for note in part.notes]
