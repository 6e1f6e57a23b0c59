"""Exports a tip about groups, framings or accounts: signals and counts, no pictures, no names."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from frametrace.case.atomic_files import sweep, write_atomically
from frametrace.case.locks import writer_lock
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.matcher.framing.by_example.saved_framings import checked_framing_name
from frametrace.matcher.saved_results import MatchRun, Results, load_results
from frametrace.matcher.tips.export_items import POSTS_OF_ITEM, Disclosure, item_documents
from frametrace.matcher.tips.export_selection import Selection, selected_posts
from frametrace.matcher.tips.export_videos import VideoItems
from frametrace.matcher.tips.pseudonyms import account_key
from frametrace.matcher.tips.signed_documents import TIP, TIP_WITH_VIDEOS, write_document
from frametrace.matcher.tips.tip_model import SIGNAL_COLUMNS, Head, ItemKind, Tlp, program_version
from frametrace.matcher.tips.tip_signals import add_features_and_vectors, has_signal, signal_origin
from frametrace.posts.errors import CaseError, TipError, UsageError

__all__ = ["ExportSettings", "ExportedTip", "check_sent", "export_tip", "sent_items"]

# CASE/tips holds a table for each tip that was sent (which pictures and captions of the case each
# item represents), and the key of the pseudonyms.
_FOLDER = "tips"
_KEY = "accounts.key"

# Pictures or captions with the same hashes are one item. A signal that the case lacks is null.
_ITEMS = """
WITH valued AS (
    SELECT c.*, {pdq} AS pdq, {quality} AS quality, {phash} AS phash, {caption_key} AS caption_key
    FROM selected c {joins}
)
SELECT kind, pdq, phash, caption_key, max(quality) AS quality,
    {posts_of_item},
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
    captions no vectors, from which the picture could be redrawn and the words guessed. Tips without
    videos can be read by versions of Frametrace that know no videos.
    """

    made_by: str = ""
    tlp: Tlp = Tlp.AMBER
    with_captions: bool = False
    hashes_only: bool = False
    with_videos: bool = True
    reveal_accounts: bool = False
    account_key: Path | None = None
    sign_with: Path | None = None


@dataclass(frozen=True, slots=True)
class ExportedTip:
    """A tip that was written: its digest, its head, and counts of its items."""

    sha256: str
    head: Head
    pictures: int
    videos: int
    captions: int
    left_out: int  # selected pictures, videos and captions without any signal


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
    videos = VideoItems()
    if settings.with_videos:
        videos = VideoItems.of(case, selected, hashes_only=settings.hashes_only)
    if not rows.num_rows and not len(videos):
        raise UsageError(
            "nothing in the selection has a signal to send; compute them with: "
            f"frametrace embed {case.path}"
        )
    with writer_lock(case.path):
        sweep(case.path / _FOLDER)
        key = None if settings.reveal_accounts else _account_key(case, settings)
    names = sorted({*_signals(rows), *videos.signal_names()})
    head = replace(
        _head(case, selection, matched, settings),
        signals={name: signal_origin(case, name) for name in names},
    )
    disclosure = Disclosure(key, settings.with_captions)
    items = chain(item_documents(rows, disclosure), videos.documents(disclosure))
    kind = TIP_WITH_VIDEOS if len(videos) else TIP
    ids: list[str] = []
    digests = [*rows["digests"].to_pylist(), *videos.digests]
    with writer_lock(case.path):
        sha256 = write_document(out, kind, head.to_json(), _noting(items, ids), settings.sign_with)
        _record_sent(case, sha256, pa.array(ids, pa.string()), digests)
    in_selection = selected.group_by(["kind", "sha256"]).aggregate([]).num_rows
    return ExportedTip(sha256, head, *_counts(ids), in_selection - sum(map(len, digests)))


def _counts(ids: Sequence[str]) -> tuple[int, int, int]:
    """How many pictures, videos and captions some items are."""
    kinds = Counter(item_id.split("-")[0] for item_id in ids)
    return kinds[ItemKind.PICTURE], kinds[ItemKind.VIDEO], kinds[ItemKind.CAPTION]


def _noting(items: Iterable[dict[str, Any]], ids: list[str]) -> Iterator[dict[str, Any]]:
    """The items one by one; appends their ids to `ids`."""
    for item in items:
        ids.append(item["id"])
        yield item


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
        posts_of_item=POSTS_OF_ITEM,
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


def _record_sent(case: Case, sha256: str, ids: pa.Array, digests: Sequence[Sequence[str]]) -> None:
    table = pa.table({"id": ids, "sha256": digests}, schema=_SENT)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    write_atomically(_sent_path(case, sha256, content), content)
