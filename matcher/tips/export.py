"""Making a tip of chosen groups and accounts: signals and counts, no pictures, no names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from frametrace.case.files import replacing
from frametrace.case.locks import writer_lock
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.matcher.framing.by_example.saved_framings import checked_framing_name
from frametrace.matcher.results import Results
from frametrace.matcher.stage import MatchRun, load_results
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.caption_vectors import vectors_of
from frametrace.matcher.tips.envelope import TIP, write_document
from frametrace.matcher.tips.keys import account_key, pseudonym
from frametrace.matcher.tips.selection import Choice, chosen_posts
from frametrace.matcher.tips.tip_model import COLUMNS, FINGERPRINTS, Head, ItemKind, Tlp, program
from frametrace.matcher.weights import weights_of
from frametrace.posts.errors import CaseError, UsageError

__all__ = ["ExportSettings", "Exported", "export_tip", "sent_items"]

# CASE/tips holds what was sent (a table a tip: which items of the case each item stands for) and
# the key of the pseudonyms.
_FOLDER = "tips"
_KEY = "accounts.key"
_MOST_OF_CAPTION = 100_000  # characters, as the schema has it
_MOST_ACCOUNTS = 100_000  # of an item; what more of them carried tells nothing of any
_BLOCK = 10_000  # items that are Python objects at a time


# Items that no signal tells apart are one. Codes are null where the case lacks the signal.
_ITEMS = """
WITH valued AS (
    SELECT c.*, {pdq} AS pdq, {quality} AS quality, {phash} AS phash, {caption_key} AS caption_key
    FROM chosen c {joins}
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

_SENT = pa.schema([pa.field("id", pa.string(), nullable=False), ("sha256", pa.list_(pa.string()))])


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """How much a tip tells, and who tells it.

    `account_key` is the file with the secret of the pseudonyms, by default one in the case;
    `sign_with` an Ed25519 secret key in PEM. With `hashes_only` pictures have no local features and
    captions no vectors: who has these could draw what the picture shows, and guess the words.
    """

    made_by: str = ""
    tlp: Tlp = Tlp.AMBER
    with_captions: bool = False
    hashes_only: bool = False
    reveal_accounts: bool = False
    account_key: Path | None = None
    sign_with: Path | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """A tip that was written: its digest, what it holds, and what it lacks."""

    sha256: str
    head: Head
    pictures: int
    captions: int
    left_out: int  # chosen pictures and captions that have no signal


def export_tip(
    case: Case, choice: Choice, out: Path, settings: ExportSettings = ExportSettings()
) -> Exported:
    """Write a tip on what was chosen, and note in the case that it was sent.

    The same case, choice, settings and keys give the same bytes. Raises `UsageError` where the
    choice names nothing or nothing of it has a signal.
    """
    if out.resolve().is_relative_to(case.path.resolve()):
        raise UsageError(f"{out} lies in the case, which is not shared: name another place")
    matched = load_results(case) if choice.groups or choice.framings else None
    chosen = chosen_posts(case, choice, matched)
    rows = _rows(case, chosen)
    if not settings.hashes_only:
        rows = rows.append_column("local", _features(case, rows))
        rows = rows.append_column("vector", _vectors(case, rows))
    if not rows.num_rows:
        raise UsageError(
            "nothing that was chosen has a signal to send; compute them with: "
            f"frametrace embed {case.path}"
        )
    key = None if settings.reveal_accounts else _secret(case, settings)
    held = {name for name in rows.column_names if rows[name].null_count < rows.num_rows}
    used = sorted(name for name, column in COLUMNS.items() if column in held)
    head = Head(
        made_by=settings.made_by,
        case=case.path.resolve().name,
        program=program(),
        tlp=settings.tlp,
        groups=_ids(choice, matched),
        chosen_accounts=len(set(choice.accounts)),
        settings={k: f"{v:g}" for k, v in matched[1].settings.items()} if matched else {},
        signals={name: _made_by(case, name) for name in used},
        accounts="revealed" if settings.reveal_accounts else "pseudonyms",
    )
    ids: list[str] = []
    with writer_lock(case.path):
        items = _items(rows, key, settings, ids)
        sha256 = write_document(out, TIP, head.to_json(), items, settings.sign_with)
        _note(case, sha256, pa.array(ids, pa.string()), rows["digests"])
    pictures = sum(name.startswith(ItemKind.PICTURE) for name in ids)
    told = pc.sum(pc.list_value_length(rows["digests"])).as_py()
    asked = chosen.group_by(["kind", "sha256"]).aggregate([]).num_rows
    return Exported(sha256, head, pictures, len(ids) - pictures, asked - told)


def _ids(choice: Choice, matched: tuple[Results, MatchRun] | None) -> tuple[str, ...]:
    """The ids of groups, and of framings by their files' digests: names are for the sender."""
    digests = matched[1].named if matched else {}
    framings = {f"named-{digests[checked_framing_name(name)][:16]}" for name in choice.framings}
    return tuple(sorted({*choice.groups, *framings}))


def sent_items(case: Case, sha256: str) -> Mapping[str, Sequence[str]]:
    """For each item of a tip that the case sent: the digests of its pictures or captions.

    Raises `CaseError` where the case sent no such tip.
    """
    path = _sent(case, sha256)
    if not path.is_file():
        raise CaseError(f"{case.path} sent no tip {sha256}: name the case that did")
    try:
        table = pq.read_table(path).cast(_SENT)
    except (OSError, pa.ArrowException) as error:
        raise CaseError(f"{path} can't be read ({error}): export the tip again") from None
    return dict(zip(table["id"].to_pylist(), table["sha256"].to_pylist(), strict=True))


def _rows(case: Case, chosen: pa.Table) -> pa.Table:
    """One row per item, with its signals as they are stored in the case."""
    aliases = {"pdq": "p", "phash": "h", "caption_key": "k"}
    has = {name for name in aliases if _usable(case, name)}
    parts = {name: f"{alias}.code" if name in has else "NULL" for name, alias in aliases.items()}
    joins = [
        f"LEFT JOIN {name} {alias} ON {alias}.sha256 = c.sha256 AND c.kind = "
        f"'{'caption' if name == 'caption_key' else 'picture'}'"
        for name, alias in aliases.items()
        if name in has
    ]
    quality = "p.quality" if "pdq" in has else "NULL"
    query = _ITEMS.format(**parts, quality=quality, joins=" ".join(joins))
    with connect(case, *(signal_table(name) for name in sorted(has))) as connection:
        connection.register("chosen", chosen)
        return connection.sql(query).to_arrow_table()


def _items(
    rows: pa.Table, key: bytes | None, settings: ExportSettings, ids: list[str]
) -> Iterator[dict[str, Any]]:
    """The items one by one; notes their ids."""
    for batch in rows.to_batches(max_chunksize=_BLOCK):
        for row in batch.to_pylist():
            item = _item(row, key, settings)
            ids.append(item["id"])
            yield item


def _made_by(case: Case, name: str) -> dict[str, str]:
    """What the head says of a signal; of a model that lies in a folder, no path."""
    if name in FINGERPRINTS:
        return {"fingerprint": FINGERPRINTS[name]}
    model = PurePath(case.epoch.signals[name].get("model", ""))
    called = model.name if model.is_absolute() else model.as_posix()
    return {"fingerprint": weights_of(case, name), "model": called}


def _features(case: Case, rows: pa.Table) -> pa.Array:
    """Each picture's local features in base64."""
    if not _usable(case, Local.name):
        return pa.nulls(len(rows), pa.string())
    from frametrace.matcher.tips.tip_features import features_of  # loads what compares pictures

    return _of_items(rows, ItemKind.PICTURE, partial(features_of, case))


def _vectors(case: Case, rows: pa.Table) -> pa.Array:
    """Each caption's vector in base64."""
    if Caption.name not in case.epoch.signals:
        return pa.nulls(len(rows), pa.string())
    return _of_items(rows, ItemKind.CAPTION, partial(vectors_of, case))


def _of_items(
    rows: pa.Table, kind: ItemKind, values_of: Callable[[pa.Array], Mapping[str, str]]
) -> pa.Array:
    """For items of a kind what their first picture or caption has; null for others."""
    digests = [
        row["digests"][0] if row["kind"] == kind else None
        for row in rows.select(["kind", "digests"]).to_pylist()
    ]
    found = values_of(pa.array([one for one in digests if one], pa.string()))
    return pa.array([digest and found.get(digest) for digest in digests], pa.string())


def _usable(case: Case, name: str) -> bool:
    """Whether the case has values of a signal; refused where they were made in another way."""
    if not case.epoch.rows(signal_table(name)):
        return False
    theirs = case.epoch.signals[name]["fingerprint"]
    if theirs != FINGERPRINTS[name]:
        raise CaseError(
            f"{case.path} has {name} made by {theirs}, tips hold {FINGERPRINTS[name]}: compute it "
            f"anew with: frametrace embed {case.path} --signal {name} --replace"
        )
    return True


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
    if len(row["accounts"]) <= _MOST_ACCOUNTS:
        item["accounts"] = sorted(_named(account, key) for account in row["accounts"])
    seen = {name: row[name] for name in ("first_seen", "last_seen") if row[name]}
    caption = (
        {"caption": row["caption"][:_MOST_OF_CAPTION]}
        if settings.with_captions and row["caption"]
        else {}
    )
    return {**item, **seen, **caption}


def _named(account: Mapping[str, str], key: bytes | None) -> str:
    if key is None:
        return f"{account['platform']}/{account['id']}"
    return pseudonym(key, account["platform"], account["id"])


def _counts(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for name in ("accounts", "posts"):
        for one in row[name]:
            both = counts.setdefault((one["platform"], one["kind"]), {"accounts": 0, "posts": 0})
            both[name] += 1
    return [
        {"platform": platform, "kind": kind, **both}
        for (platform, kind), both in sorted(counts.items())
    ]


def _secret(case: Case, settings: ExportSettings) -> bytes:
    return account_key(settings.account_key or case.path / _FOLDER / _KEY)


def _sent(case: Case, sha256: str) -> Path:
    return case.path / _FOLDER / f"{sha256}.parquet"


def _note(case: Case, sha256: str, ids: pa.Array, digests: pa.ChunkedArray) -> None:
    table = pa.table({"id": ids, "sha256": digests}).cast(_SENT)
    with replacing(_sent(case, sha256)) as file:
        pq.write_table(table, file, compression="zstd")
