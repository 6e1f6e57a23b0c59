"""Exports a tip about groups, framings or accounts: signals and counts, no pictures, no names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from frametrace.case.atomic_files import sweep, write_atomically
from frametrace.case.locks import writer_lock
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption import Caption
from frametrace.matcher.framing.by_example.saved_framings import checked_framing_name
from frametrace.matcher.saved_results import MatchRun, Results, load_results
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.export_selection import Selection, selected_posts
from frametrace.matcher.tips.pseudonyms import account_key, pseudonym
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.tip_model import SIGNAL_COLUMNS, Head, ItemKind, Tlp, program_version
from frametrace.matcher.tips.tip_signals import add_features_and_vectors, has_signal, signal_origin
from frametrace.posts.errors import CaseError, TipError, UsageError

__all__ = ["ExportSettings", "ExportedTip", "check_sent", "export_tip", "sent_items"]

# CASE/tips holds a table for each tip that was sent (which pictures and captions of the case each
# item represents), and the key of the pseudonyms.
_FOLDER = "tips"
_KEY = "accounts.key"
_MAX_CAPTION = 100_000  # characters, as in the schema
_MAX_ACCOUNTS = 100_000  # of an item; if more share it, that says nothing about any one of them
_BLOCK = 10_000  # items converted to Python objects at a time


# Pictures or captions with the same hashes are one item. A signal that the case lacks is null.
_ITEMS = """
WITH valued AS (
    SELECT c.*, {pdq} AS pdq, {quality} AS quality, {phash} AS phash, {caption_key} AS caption_key
    FROM selected c {joins}
)
SELECT kind, pdq, phash, caption_key, max(quality) AS quality,
    list_sort(list(DISTINCT sha256)) AS digests,
    strftime(min(posted_at), '%Y-%m-%dT%H:%MZ') AS first_seen,
    strftime(max(posted_at), '%Y-%m-%dT%H:%MZ') AS last_seen,
    list_sort(list(DISTINCT {{'platform': platform, 'kind': account_kind, 'id': account_id}}))
        AS accounts,
    list_sort(list(DISTINCT {{'platform': platform, 'kind': account_kind, 'post': post_id}}))
        AS posts,
    min(text) FILTER (kind = 'caption') AS caption
FROM valued WHERE pdq IS NOT NULL OR phash IS NOT NULL OR caption_key IS NOT NULL
GROUP BY ALL ORDER BY kind DESC, min(sha256)
"""

# The kind of item that each signal describes.
_KIND_OF_SIGNAL = {
    "pdq": ItemKind.PICTURE,
    "phash": ItemKind.PICTURE,
    "caption_key": ItemKind.CAPTION,
}
_SENT = pa.schema([pa.field("id", pa.string(), nullable=False), ("sha256", pa.list_(pa.string()))])


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What a tip discloses, and who makes it.

    `account_key` is the file with the secret of the pseudonyms, by default one in the case;
    `sign_with` an Ed25519 secret key in PEM. With `hashes_only` pictures have no local features and
    captions no vectors, from which the picture could be redrawn and the words guessed.
    """

    made_by: str = ""
    tlp: Tlp = Tlp.AMBER
    with_captions: bool = False
    hashes_only: bool = False
    reveal_accounts: bool = False
    account_key: Path | None = None
    sign_with: Path | None = None


@dataclass(frozen=True, slots=True)
class ExportedTip:
    """A tip that was written: its digest, its head, and counts of its items."""

    sha256: str
    head: Head
    pictures: int
    captions: int
    left_out: int  # selected pictures and captions without any signal


def export_tip(
    case: Case, selection: Selection, out: Path, settings: ExportSettings = ExportSettings()
) -> ExportedTip:
    """Write a tip about a selection, and record in the case that it was sent.

    The same case, selection, settings and keys give the same bytes. Raises `UsageError` if the
    selection is empty or nothing in it has a signal.
    """
    if out.resolve().is_relative_to(case.path.resolve()):
        raise UsageError(f"{out} is inside the case, which is not shared: name a file elsewhere")
    matched = load_results(case) if selection.groups or selection.framings else None
    selected = selected_posts(case, selection, matched)
    rows = _item_rows(case, selected)
    if not settings.hashes_only:
        rows = add_features_and_vectors(case, rows)
    if not rows.num_rows:
        raise UsageError(
            "nothing in the selection has a signal to send; compute them with: "
            f"frametrace embed {case.path}"
        )
    with writer_lock(case.path):
        sweep(case.path / _FOLDER)
        key = None if settings.reveal_accounts else _account_key(case, settings)
    head = replace(
        _head(case, selection, matched, settings),
        signals={name: signal_origin(case, name) for name in _signals(rows)},
    )
    ids: list[str] = []
    with writer_lock(case.path):
        items = _items(rows, key, settings, ids)
        sha256 = write_document(out, TIP, head.to_json(), items, settings.sign_with)
        _record_sent(case, sha256, pa.array(ids, pa.string()), rows["digests"])
    pictures = sum(item_id.startswith(ItemKind.PICTURE) for item_id in ids)
    sent = pc.sum(pc.list_value_length(rows["digests"])).as_py()
    in_selection = selected.group_by(["kind", "sha256"]).aggregate([]).num_rows
    return ExportedTip(sha256, head, pictures, len(ids) - pictures, in_selection - sent)


def _head(
    case: Case,
    selection: Selection,
    matched: tuple[Results, MatchRun] | None,
    settings: ExportSettings,
) -> Head:
    """The head of a tip, still without its signals."""
    return Head(
        made_by=settings.made_by,
        case=case.path.resolve().name,
        program=program_version(),
        tlp=settings.tlp,
        groups=_group_ids(selection, matched),
        selected_accounts=len(set(selection.accounts)),
        settings={k: f"{v:g}" for k, v in matched[1].settings.items()} if matched else {},
        accounts="revealed" if settings.reveal_accounts else "pseudonyms",
    )


def _signals(rows: pa.Table) -> list[str]:
    """The signals that any item has, sorted by name."""
    filled = {name for name in rows.column_names if rows[name].null_count < rows.num_rows}
    return sorted(name for name, column in SIGNAL_COLUMNS.items() if column in filled)


def _group_ids(selection: Selection, matched: tuple[Results, MatchRun] | None) -> tuple[str, ...]:
    """The ids of groups and framings; framings by the digest of their file, not their name."""
    digests = matched[1].named if matched else {}
    framings = {f"named-{digests[checked_framing_name(name)][:16]}" for name in selection.framings}
    return tuple(sorted({*selection.groups, *framings}))


def sent_items(case: Case, sha256: str) -> Mapping[str, Sequence[str]]:
    """The digests of the pictures or captions behind each item of a tip that the case sent.

    Raises `CaseError` if the case sent no such tip.
    """
    paths = sorted((case.path / _FOLDER).glob(f"{sha256}*.parquet"))
    if not paths:
        raise CaseError(f"{case.path} has sent no tip {sha256}: name the case that sent it")
    path = paths[-1]
    try:
        table = pq.read_table(pa.BufferReader(_verified(case, sha256, path))).cast(_SENT)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise CaseError(
            f"{path} can't be read ({error}): delete it and export the tip again"
        ) from None
    return dict(zip(table["id"].to_pylist(), table["sha256"].to_pylist(), strict=True))


def check_sent(case: Case) -> list[str]:
    """Verify what the case keeps of the tips that it sent, and the key of its pseudonyms.

    Returns sentences on what is damaged.
    """
    folder, problems = case.path / _FOLDER, []
    checks: list[Callable[[], object]] = [
        partial(sent_items, case, file.stem[:64]) for file in folder.glob("*.parquet")
    ]
    if (folder / _KEY).exists():
        checks.append(partial(account_key, folder / _KEY))
    for check in checks:
        try:
            check()
        except (CaseError, TipError) as error:
            problems.append(str(error))
    return problems


def _item_rows(case: Case, selected: pa.Table) -> pa.Table:
    """One row per item, with its signals as stored in the case."""
    available = [name for name in _KIND_OF_SIGNAL if has_signal(case, name)]
    query = _ITEMS.format(
        quality="pdq.quality" if "pdq" in available else "NULL",
        **{name: f"{name}.code" if name in available else "NULL" for name in _KIND_OF_SIGNAL},
        joins=" ".join(
            f"LEFT JOIN {name} ON {name}.sha256 = c.sha256 AND c.kind = '{_KIND_OF_SIGNAL[name]}'"
            for name in available
        ),
    )
    with connect(case, *map(signal_table, available)) as connection:
        connection.register("selected", selected)
        return connection.sql(query).to_arrow_table()


def _items(
    rows: pa.Table, key: bytes | None, settings: ExportSettings, ids: list[str]
) -> Iterator[dict[str, Any]]:
    """The items one by one; appends their ids to `ids`."""
    for batch in rows.to_batches(max_chunksize=_BLOCK):
        for row in batch.to_pylist():
            item = _item(row, key, settings)
            ids.append(item["id"])
            yield item


def _item(row: Mapping[str, Any], key: bytes | None, settings: ExportSettings) -> dict[str, Any]:
    signals: dict[str, Any] = {}
    if row["pdq"] is not None:
        signals["pdq"] = {"hash": row["pdq"].hex(), "quality": row["quality"]}
    if row["phash"] is not None:
        signals["phash"] = row["phash"].hex()
    if row["caption_key"] is not None:
        signals["caption_key"] = "".join(f"{number:08x}" for number in row["caption_key"])
    if row.get("local") is not None:
        signals["local"] = row["local"]
    if row.get("vector") is not None:
        signals[Caption.name] = row["vector"]
    item = {
        "id": f"{row['kind']}-{short_digest(signals)}",
        "signals": signals,
        "counts": _counts(row),
    }
    if len(row["accounts"]) <= _MAX_ACCOUNTS:
        item["accounts"] = sorted(_account_name(account, key) for account in row["accounts"])
    seen = {name: row[name] for name in ("first_seen", "last_seen") if row[name]}
    caption = (
        {"caption": row["caption"][:_MAX_CAPTION]}
        if settings.with_captions and row["caption"]
        else {}
    )
    return {**item, **seen, **caption}


def _account_name(account: Mapping[str, str], key: bytes | None) -> str:
    if key is None:
        return f"{account['platform']}/{account['id']}"
    return pseudonym(key, account["platform"], account["id"])


def _counts(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for name in ("accounts", "posts"):
        for entry in row[name]:
            key = entry["platform"], entry["kind"]
            counts.setdefault(key, {"accounts": 0, "posts": 0})[name] += 1
    return [
        {"platform": platform, "kind": kind, **numbers}
        for (platform, kind), numbers in sorted(counts.items())
    ]


def _account_key(case: Case, settings: ExportSettings) -> bytes:
    return account_key(settings.account_key or case.path / _FOLDER / _KEY)


def _sent_path(case: Case, sha256: str, content: bytes) -> Path:
    """The file is named after its tip and its own digest; versions before 0.9 left that out."""
    return case.path / _FOLDER / f"{sha256}-{xxhash.xxh3_64(content).hexdigest()}.parquet"


def _verified(case: Case, sha256: str, path: Path) -> bytes:
    content = path.read_bytes()
    if "-" in path.stem and path != _sent_path(case, sha256, content):
        raise ValueError("it doesn't have the digest in its name")
    return content


def _record_sent(case: Case, sha256: str, ids: pa.Array, digests: pa.ChunkedArray) -> None:
    table = pa.table({"id": ids, "sha256": digests}).cast(_SENT)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    write_atomically(_sent_path(case, sha256, content), content)
