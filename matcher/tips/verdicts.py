"""Writes, reads and imports verdicts: a receiver's opinions on the items of a tip, with counts.

A verdict holds no names. The sender's case keeps imported verdicts in CASE/opinions, one file each,
apart from its signals.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa

from frametrace.case.atomic_files import replacing, sweep
from frametrace.case.locks import writer_lock
from frametrace.case.store import Case
from frametrace.matcher.tips.export import sent_items
from frametrace.matcher.tips.signed_documents import (
    VERDICT,
    Envelope,
    read_document,
    write_document,
)
from frametrace.matcher.tips.tip_model import ACCOUNT_KINDS, Tlp, program_version
from frametrace.posts.errors import TipError, UsageError

__all__ = [
    "DISPUTED",
    "OPINIONS",
    "Answer",
    "Opinion",
    "Verdict",
    "import_verdict",
    "imported_opinions",
    "read_verdict",
    "write_verdict",
]

_FOLDER = "opinions"
DISPUTED = "disputed"

# One row per item on which opinions were imported, disputed ones first. `state` is `disputed` if
# some verdicts confirm the item and others reject it, else `confirmed`, `rejected` or `unsure`. The
# numbers count verdicts; `accounts` and `posts` are the largest counts in any one of them. `sha256`
# are the pictures or captions of the case that the item represents, `tips` the tips that held it.
OPINIONS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("state", pa.string(), nullable=False),
        ("confirmed", pa.int64()),
        ("rejected", pa.int64()),
        ("unsure", pa.int64()),
        ("accounts", pa.int64()),
        ("posts", pa.int64()),
        ("made_by", pa.list_(pa.string())),
        ("tips", pa.list_(pa.string())),
        ("sha256", pa.list_(pa.string())),
        ("tlp", pa.list_(pa.string())),
    ]
)


class Answer(StrEnum):
    """The receiver's opinion on whether the posts that echo an item belong to the tip's subject."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Opinion:
    """An answer on one item; `accounts` and `posts` count its echoes by kind of account."""

    item_id: str
    answer: Answer
    accounts: Mapping[str, int]
    posts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict that was read and verified; `tip` is the digest of the tip that it answers."""

    made_by: str
    tip: str
    tlp: Tlp
    envelope: Envelope
    opinions: tuple[Opinion, ...]


def write_verdict(
    out: Path,
    tip: str,
    tlp: Tlp,
    opinions: Iterable[Opinion],
    *,
    made_by: str = "",
    key: Path | None = None,
) -> str:
    """Write a verdict on the tip with the digest `tip`; returns the digest of the verdict.

    It is signed if a secret key is given. The order of the opinions doesn't change its bytes.
    Raises `UsageError` if there are no opinions.
    """
    items = [_item(opinion) for opinion in sorted(opinions, key=lambda opinion: opinion.item_id)]
    if not items:
        raise UsageError(
            "no item has an answer: fill in the column verdict of items.csv, or name items with "
            "--confirm, --reject and --unsure"
        )
    head = {"made_by": made_by, "program": program_version(), "tip": tip, "tlp": str(tlp)}
    return write_document(out, VERDICT, head, items, key)


def read_verdict(path: Path, trusted: Sequence[Path] = ()) -> Verdict:
    """Read a verdict and verify its schema, digest and signature. Raises `TipError`."""
    opinions: dict[str, Opinion] = {}

    def on_item(number: int, item: dict[str, Any]) -> None:
        if item["id"] in opinions:
            raise TipError(f"{path} answers {item['id']} twice")
        opinions[item["id"]] = Opinion(
            item["id"],
            Answer(item["answer"]),
            {row["kind"]: row["accounts"] for row in item["counts"]},
            {row["kind"]: row["posts"] for row in item["counts"]},
        )

    envelope = read_document(path, VERDICT, on_item, trusted)
    head = envelope.head
    return Verdict(
        head["made_by"], head["tip"], Tlp(head["tlp"]), envelope, tuple(opinions.values())
    )


def import_verdict(
    case: Case, path: Path, trusted: Sequence[Path] = (), *, accept_unsigned: bool = False
) -> Verdict:
    """Store a verdict on a tip that the case sent; importing it again changes nothing.

    Raises `TipError` if the verdict is invalid, answers an item that the tip doesn't hold, or is
    not signed and that is not accepted; `CaseError` if the case sent no such tip.
    """
    verdict = read_verdict(path, trusted)
    if verdict.envelope.signature is None and not accept_unsigned:
        raise TipError(
            f"{path} is not signed: anybody can have written it. Ask for one that is made with "
            "--sign; or, if you know where it comes from, import it with --accept-unsigned"
        )
    sent = sent_items(case, verdict.tip)
    if unknown := [opinion.item_id for opinion in verdict.opinions if opinion.item_id not in sent]:
        raise TipError(f"{path} answers {unknown[0]}, which is not in the tip that it names")
    target = case.path / _FOLDER / f"{verdict.envelope.sha256}.json"
    with writer_lock(case.path):
        sweep(target.parent)
        with path.open("rb") as file, replacing(target) as copy:
            shutil.copyfileobj(file, copy)
    return verdict


def imported_opinions(case: Case) -> pa.Table:
    """All opinions that were imported, by item, in the schema OPINIONS."""
    by_item: dict[str, list[tuple[Verdict, Opinion]]] = {}
    for verdict in map(read_verdict, sorted((case.path / _FOLDER).glob("*.json"))):
        for opinion in verdict.opinions:
            by_item.setdefault(opinion.item_id, []).append((verdict, opinion))
    digests: dict[str, Sequence[str]] = {}
    for tip in sorted({verdict.tip for pairs in by_item.values() for verdict, _ in pairs}):
        digests.update(sent_items(case, tip))
    rows = []
    for item_id, pairs in by_item.items():
        verdicts = [verdict for verdict, _ in pairs]
        opinions = [opinion for _, opinion in pairs]
        answers = [opinion.answer for opinion in opinions]
        rows.append(
            {
                "item_id": item_id,
                "state": _state(answers),
                **{str(answer): answers.count(answer) for answer in Answer},
                "accounts": max(sum(opinion.accounts.values()) for opinion in opinions),
                "posts": max(sum(opinion.posts.values()) for opinion in opinions),
                "made_by": sorted({_author(verdict) for verdict in verdicts}),
                "tips": sorted({verdict.tip for verdict in verdicts}),
                "sha256": digests[item_id],
                "tlp": sorted({verdict.tlp.label for verdict in verdicts}),
            }
        )
    rows.sort(key=lambda row: (row["state"] != DISPUTED, row["item_id"]))
    return pa.Table.from_pylist(rows, OPINIONS)


def _item(opinion: Opinion) -> dict[str, Any]:
    return {
        "id": opinion.item_id,
        "answer": str(opinion.answer),
        "counts": list(_counts(opinion)),
    }


def _counts(opinion: Opinion) -> Iterator[dict[str, Any]]:
    for kind in ACCOUNT_KINDS:
        accounts, posts = opinion.accounts.get(kind, 0), opinion.posts.get(kind, 0)
        if accounts or posts:
            yield {"kind": kind, "accounts": accounts, "posts": posts}


def _state(answers: Sequence[Answer]) -> str:
    definite = {answer for answer in answers if answer is not Answer.UNSURE}
    return DISPUTED if len(definite) > 1 else str(next(iter(definite), Answer.UNSURE))


def _author(verdict: Verdict) -> str:
    """Who made a verdict, in their own words, and which key signed it."""
    signature = verdict.envelope.signature
    signed = f"key {signature.signer[:16]}" if signature else "unsigned"
    return f"{verdict.made_by or 'not named'} ({signed})"
