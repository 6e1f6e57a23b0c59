"""What a check found, as its page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.output.render import moment_text
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS, Metric, pdq, phash
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.local import Local
from frametrace.matcher.results import Relation
from frametrace.matcher.tips.check import Checked
from frametrace.matcher.tips.keys import Signature
from frametrace.posts.model import MediaFile

__all__ = ["ItemView", "Page", "facts_of", "files_of", "page_of", "signed_by", "why"]

MOST_ITEMS = 200  # on the page; all are in items.csv
MOST_ROWS = 20_000  # posts on the page, shared by its items
MOST_ECHOES = 500  # of one item
MOST_PICTURES = 12
MOST_ACTORS = 1000
_RELATIONS = {
    Relation.COPY: "edited copy",
    Relation.CONTAINS: "larger picture that holds it",
    Relation.PART: "part of it",
}


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item of the tip with the posts here that echo it, each with a sentence on why.

    `there` and `there_span` are what the tip says of it; `pictures` are digests of ours.
    """

    row: Mapping[str, Any]
    said: str
    who: str
    span: str
    there: str
    there_span: str
    pictures: tuple[str, ...]
    echoes: tuple[tuple[Mapping[str, Any], str], ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page shows; `thumbnails` maps digests to `data:` addresses."""

    case: str
    label: str
    summary: Sequence[tuple[str, str]]
    notes: Sequence[str]
    actors: Sequence[tuple[Mapping[str, Any], str]]
    actors_total: int
    items: Sequence[ItemView]
    items_total: int
    thumbnails: Mapping[str, str]


def why(row: Mapping[str, Any]) -> str:
    """Say which signal ties a row to an item of the tip, and how closely."""
    signal = row["signal"]
    if SIGNALS[signal].metric is Metric.HAMMING:
        tie = f"{SIGNALS[signal].explain(row)} from"
    elif signal == Local.name:
        what = _RELATIONS[row.get("relation") or Relation.COPY]
        mirrored = ", mirrored" if row.get("mirrored") else ""
        tie = f"{what}{mirrored}: {row['similarity']:.0%} of the local features agree with"
    elif signal == Caption.name:
        tie = f"similar meaning{_where(row)}: cosine similarity {row['similarity']:.2f} with"
    else:
        agrees = f"{row['similarity']:.0%} of the MinHash agrees (estimates Jaccard)"
        tie = f"same wording{_where(row)}: {agrees} with"
    return f"{tie} {row['item_id']}"


def _where(row: Mapping[str, Any]) -> str:
    return " in the picture" if row.get("media_sha256") else ""


def signed_by(signature: Signature | None) -> str:
    """Who signed a document, as far as that is known, in one sentence."""
    if signature is None:
        return "by nobody: anyone could have made it"
    named = "which was named with --from" if signature.trusted else "not named with --from"
    return f"by key {signature.signer}, {named}"


def facts_of(checked: Checked) -> list[tuple[str, str]]:
    """What the page and the terminal say above all else: the tip, and what was found."""
    tip, head = checked.tip, checked.tip.head
    kinds = checked.actors["account_kind"].to_pylist()
    counts = ", ".join(
        f"{kinds.count(kind):,} {kind}{'s' if kinds.count(kind) != 1 else ''}"
        for kind in ("account", "page", "group", "channel")
        if kind in kinds
    )
    posts = checked.echoes.group_by(["platform", "post_id"]).aggregate([]).num_rows
    found = f"{posts:,} posts by {counts}" if posts else "nothing"
    bits = {pdq.Pdq.name: checked.settings.max_pdq, phash.Phash.name: checked.settings.max_phash}
    compared = [
        f"{name} (within {bits[name]} of {SIGNALS[name].bits} bits)" if name in bits else name
        for name in checked.settings.signals
    ]
    return [
        ("marking", head.tlp.label),
        ("tip", tip.sha256),
        ("made by", head.made_by or "not named"),
        ("signed", signed_by(tip.signature)),
        ("from case", head.case or "none: a list of hashes"),
        ("holds", f"{tip.items.num_rows:,} items: {', '.join(sorted(head.signals or {}))}"),
        ("compared", ", ".join(compared) or "nothing"),
        ("echoes", f"{found}, of {checked.items.num_rows:,} items"),
    ]


def page_of(case: Case, checked: Checked, thumbnails: Mapping[str, str]) -> Page:
    """The page without its pictures, or with those that were made."""
    return Page(
        case=case.path.resolve().name,
        label=checked.tip.head.tlp.label,
        summary=facts_of(checked),
        notes=checked.notes,
        actors=[(row, why(row)) for row in checked.actors.slice(0, MOST_ACTORS).to_pylist()],
        actors_total=checked.actors.num_rows,
        items=_views(checked),
        items_total=checked.items.num_rows,
        thumbnails=thumbnails,
    )


def files_of(case: Case, page: Page) -> dict[str, MediaFile]:
    """Where the pictures lie that the page shows, by digest, in stable order."""
    wanted = sorted({digest for view in page.items for digest in view.pictures})
    media = case.read("media", ["sha256", "root", "path"])
    keep = pc.is_in(media["sha256"], value_set=pa.array(wanted, pa.string()))
    rows = media.filter(keep).sort_by("sha256").to_pylist()
    return {row["sha256"]: MediaFile(row["root"], row["path"]) for row in rows}


def _views(checked: Checked) -> list[ItemView]:
    shown = checked.items.slice(0, MOST_ITEMS).to_pylist()
    most = min(MOST_ECHOES, MOST_ROWS // max(len(shown), 1))
    ids = pa.array([row["item_id"] for row in shown], pa.string())
    echoes = checked.echoes.filter(pc.is_in(checked.echoes["item_id"], value_set=ids))
    by_item = {
        item_id: list(rows)
        for item_id, rows in groupby(echoes.to_pylist(), key=lambda row: row["item_id"])
    }
    tip = checked.tip.items.filter(pc.is_in(checked.tip.items["id"], value_set=ids))
    theirs = {row["id"]: row for row in tip.to_pylist()}
    return [_view(row, theirs[row["item_id"]], by_item[row["item_id"]], most) for row in shown]


def _view(
    row: Mapping[str, Any],
    theirs: Mapping[str, Any],
    echoes: Sequence[Mapping[str, Any]],
    most: int,
) -> ItemView:
    pictures = dict.fromkeys(echo["media_sha256"] for echo in echoes if echo["media_sha256"])
    counts = theirs["counts"] or ()
    return ItemView(
        row=row,
        said=theirs["caption"] or theirs["label"] or "",
        who=_who(row),
        span=_span(moment_text(row["first_at"]), moment_text(row["last_at"])) or "times unknown",
        there=", ".join(
            f"{_counted(c['posts'], 'post')} by {_counted(c['accounts'], c['kind'])} on "
            f"{c['platform']}"
            for c in counts
        ),
        there_span=_span(*(_moment(theirs[name]) for name in ("first_seen", "last_seen"))),
        pictures=tuple(pictures)[:MOST_PICTURES],
        echoes=tuple((echo, why(echo)) for echo in echoes[:most]),
        hidden=max(len(echoes) - most, 0),
    )


def _who(row: Mapping[str, Any]) -> str:
    counts = {kind: row[f"{kind}s"] for kind in ("page", "group", "channel")}
    counts = {"account": row["accounts"] - sum(counts.values()), **counts}
    return ", ".join(_counted(n, kind) for kind, n in counts.items() if n)


def _moment(seen: str | None) -> str:
    """A tip's time, such as 2019-08-14T16:01Z, as `moment_text` writes ours."""
    return (seen or "").replace("T", " ").removesuffix("Z")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def _span(first: str | None, last: str | None) -> str:
    if not first or not last:
        return ""
    return first if first == last else f"{first} to {last}"
