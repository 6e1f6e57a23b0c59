"""Verdicts: what the receiver of a tip answers, item by item, with counts and no names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from frametrace.matcher.tips.signed_documents import (
    VERDICT,
    Envelope,
    read_document,
    write_document,
)
from frametrace.matcher.tips.tip_model import KINDS, Tlp, program
from frametrace.posts.errors import TipError, UsageError

__all__ = ["Answer", "Opinion", "Verdict", "read_verdict", "write_verdict"]


class Answer(StrEnum):
    """Whether what echoes an item belongs to what the tip is about, in somebody's opinion."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Opinion:
    """An answer on one item: `accounts` and `posts` count by kind what echoes it."""

    item_id: str
    answer: Answer
    accounts: Mapping[str, int]
    posts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict that was read: `tip` is the digest of the tip that it answers."""

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
    """Write the answers to the tip of a digest, signed where a key is named; returns the digest.

    The same answers give the same bytes, in whatever order. Raises `UsageError` for none.
    """
    items = [_item(opinion) for opinion in sorted(opinions, key=lambda one: one.item_id)]
    if not items:
        raise UsageError(
            "no item is answered: fill in the column verdict of items.csv, or name items with "
            "--confirm, --reject and --unsure"
        )
    head = {"made_by": made_by, "program": program(), "tip": tip, "tlp": str(tlp)}
    return write_document(out, VERDICT, head, items, key)


def read_verdict(path: Path, trusted: Sequence[Path] = ()) -> Verdict:
    """Read a verdict and hold it against its schema, digest and signature. Raises `TipError`."""
    opinions: dict[str, Opinion] = {}

    def take(number: int, item: dict[str, Any]) -> None:
        if item["id"] in opinions:
            raise TipError(f"{path} answers {item['id']} twice")
        opinions[item["id"]] = Opinion(
            item["id"],
            Answer(item["answer"]),
            {row["kind"]: row["accounts"] for row in item["counts"]},
            {row["kind"]: row["posts"] for row in item["counts"]},
        )

    envelope = read_document(path, VERDICT, take, trusted)
    head = envelope.head
    return Verdict(
        head["made_by"], head["tip"], Tlp(head["tlp"]), envelope, tuple(opinions.values())
    )


def _item(opinion: Opinion) -> dict[str, Any]:
    return {
        "id": opinion.item_id,
        "answer": str(opinion.answer),
        "counts": list(_counts(opinion)),
    }


def _counts(opinion: Opinion) -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        accounts, posts = opinion.accounts.get(kind, 0), opinion.posts.get(kind, 0)
        if accounts or posts:
            yield {"kind": kind, "accounts": accounts, "posts": posts}
