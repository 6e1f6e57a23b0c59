"""Prepares the page of a tip check: facts, accounts, items and an evidence sentence per echo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.output.console_output import moment_text
from frametrace.app.tips.echo_words import video_sentence
from frametrace.app.tips.tip_summary import tip_contents, tip_origin
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS, Metric, pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.matcher.result_schemas import Relation
from frametrace.matcher.tips.check import CheckResult, accounts_by_kind
from frametrace.matcher.tips.tip_model import ACCOUNT_KINDS
from frametrace.posts.model import MediaFile

__all__ = [
    "CheckPage",
    "EchoedItem",
    "build_page",
    "check_facts",
    "evidence_sentence",
    "picture_files",
]

MAX_ITEMS = 200  # on the page; all are in items.csv
MAX_ROWS = 20_000  # posts on the page, over all items
MAX_ECHOES = 500  # of one item
MAX_PICTURES = 12  # of one item
MAX_ACCOUNTS = 1000
_RELATIONS = {
    Relation.COPY: "edited copy",
    Relation.CONTAINS: "larger picture that contains it",
    Relation.PART: "part of it",
}


@dataclass(frozen=True, slots=True)
class EchoedItem:
    """One item of the tip with the case's posts that echo it, each with its evidence in a sentence.

    `tip_counts` and `tip_span` are what the tip states; `pictures` are digests of the case.
    """

    row: Mapping[str, Any]
    text: str
    accounts: str
    span: str
    tip_counts: str
    tip_span: str
    pictures: tuple[str, ...]
    echoes: tuple[tuple[Mapping[str, Any], str], ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class CheckPage:
    """Everything that the page shows; `thumbnails` maps digests to `data:` URIs."""

    case: str
    label: str
    summary: Sequence[tuple[str, str]]
    notes: Sequence[str]
    accounts: Sequence[tuple[Mapping[str, Any], str]]
    accounts_total: int
    items: Sequence[EchoedItem]
    items_total: int
    thumbnails: Mapping[str, str] = field(default_factory=dict)


def evidence_sentence(row: Mapping[str, Any]) -> str:
    """The evidence of an echo in one sentence: the signal, how close it is, and the item."""
    signal = row["signal"]
    if row.get("spans"):
        return video_sentence(row)
    if SIGNALS[signal].metric is Metric.HAMMING:
        evidence = f"{SIGNALS[signal].explain(row)} from"
    elif signal == Local.name:
        relation = _RELATIONS[row.get("relation") or Relation.COPY]
        mirrored = ", mirrored" if row.get("mirrored") else ""
        evidence = f"{relation}{mirrored}: {row['similarity']:.0%} of the local features agree with"
    elif signal == Caption.name:
        evidence = f"similar meaning{_where(row)}: cosine similarity {row['similarity']:.2f} with"
    else:
        agreement = f"{row['similarity']:.0%} of the MinHash agrees (estimates Jaccard)"
        evidence = f"same wording{_where(row)}: {agreement} with"
    return f"{evidence} {row['item_id']}"


def _where(row: Mapping[str, Any]) -> str:
    return " in the picture" if row.get("media_sha256") else ""


def check_facts(checked: CheckResult) -> list[tuple[str, str]]:
    """The facts at the top of the page and on the terminal: about the tip, and what was found."""
    kinds = checked.accounts["account_kind"].to_pylist()
    counts = ", ".join(_counted(kinds.count(kind), kind) for kind in ACCOUNT_KINDS if kind in kinds)
    posts = checked.echoes.group_by(["platform", "post_id"]).aggregate([]).num_rows
    echoes = f"{posts:,} posts by {counts}" if posts else "nothing"
    bits = {pdq.Pdq.name: checked.settings.max_pdq, phash.Phash.name: checked.settings.max_phash}
    compared = [
        f"{name} (within {bits[name]} of {SIGNALS[name].bits} bits)" if name in bits else name
        for name in checked.settings.signals
    ]
    return [
        *tip_origin(checked.tip),
        ("holds", tip_contents(checked.tip)),
        ("compared", ", ".join(compared) or "nothing"),
        ("echoes", f"{echoes}, of {checked.items.num_rows:,} items"),
    ]


def build_page(case: Case, checked: CheckResult) -> CheckPage:
    """The content of the page, still without thumbnails."""
    return CheckPage(
        case=case.path.resolve().name,
        label=checked.tip.head.tlp.label,
        summary=check_facts(checked),
        notes=checked.notes,
        accounts=[
            (row, evidence_sentence(row))
            for row in checked.accounts.slice(0, MAX_ACCOUNTS).to_pylist()
        ],
        accounts_total=checked.accounts.num_rows,
        items=_echoed_items(checked),
        items_total=checked.items.num_rows,
    )


def picture_files(case: Case, page: CheckPage) -> dict[str, MediaFile]:
    """The files of the pictures on the page, by digest, in a stable order."""
    wanted = sorted({digest for item in page.items for digest in item.pictures})
    media = case.read("media", ["sha256", "root", "path"])
    keep = pc.is_in(media["sha256"], value_set=pa.array(wanted, pa.string()))
    rows = media.filter(keep).sort_by("sha256").to_pylist()
    return {row["sha256"]: MediaFile(row["root"], row["path"]) for row in rows}


def _echoed_items(checked: CheckResult) -> list[EchoedItem]:
    shown = checked.items.slice(0, MAX_ITEMS).to_pylist()
    max_echoes = min(MAX_ECHOES, MAX_ROWS // max(len(shown), 1))
    ids = pa.array([row["item_id"] for row in shown], pa.string())
    echoes = checked.echoes.filter(pc.is_in(checked.echoes["item_id"], value_set=ids))
    by_item = {
        item_id: list(rows)
        for item_id, rows in groupby(echoes.to_pylist(), key=lambda row: row["item_id"])
    }
    tip = checked.tip.items.filter(pc.is_in(checked.tip.items["id"], value_set=ids))
    tip_items = {row["id"]: row for row in tip.to_pylist()}
    return [
        _echoed_item(row, tip_items[row["item_id"]], by_item[row["item_id"]], max_echoes)
        for row in shown
    ]


def _echoed_item(
    row: Mapping[str, Any],
    tip_item: Mapping[str, Any],
    echoes: Sequence[Mapping[str, Any]],
    max_echoes: int,
) -> EchoedItem:
    pictures = dict.fromkeys(echo["media_sha256"] for echo in echoes if echo["media_sha256"])
    counts = tip_item["counts"] or ()
    return EchoedItem(
        row=row,
        text=tip_item["caption"] or tip_item["label"] or "",
        accounts=_account_counts(row),
        span=_span(moment_text(row["first_at"]), moment_text(row["last_at"])) or "times unknown",
        tip_counts=", ".join(
            f"{_counted(count['posts'], 'post')} by {_counted(count['accounts'], count['kind'])} "
            f"on {count['platform']}"
            for count in counts
        ),
        tip_span=_span(*(_moment(tip_item[name]) for name in ("first_seen", "last_seen"))),
        pictures=tuple(pictures)[:MAX_PICTURES],
        echoes=tuple((echo, evidence_sentence(echo)) for echo in echoes[:max_echoes]),
        hidden=max(len(echoes) - max_echoes, 0),
    )


def _account_counts(row: Mapping[str, Any]) -> str:
    counts = accounts_by_kind(row)
    return ", ".join(_counted(count, kind) for kind, count in counts.items() if count)


def _moment(seen: str | None) -> str:
    """A time of a tip, such as 2019-08-14T16:01Z, in the format of `moment_text`."""
    return (seen or "").replace("T", " ").removesuffix("Z")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def _span(first: str | None, last: str | None) -> str:
    if not first or not last:
        return ""
    return first if first == last else f"{first} to {last}"
