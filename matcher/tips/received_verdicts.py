"""Opinions that came back on what a case sent: kept apart from its signals, one file a verdict."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from frametrace.case.files import replacing
from frametrace.case.locks import writer_lock
from frametrace.case.store import Case
from frametrace.matcher.tips.export import sent_items
from frametrace.matcher.tips.verdict import Answer, Verdict, read_verdict
from frametrace.posts.errors import TipError

__all__ = ["DISPUTED", "OPINIONS", "import_verdict", "opinions_of"]

_FOLDER = "opinions"
DISPUTED = "disputed"

# One row per item on which opinions came back, those that are disputed first. `state` is the
# opinion if there is one, `disputed` where some confirm and some reject, else the firmer of two.
# The numbers count verdicts; `accounts` and `posts` are the most that one of them counts. `sha256`
# are the pictures or captions of the case that the item stands for, `tips` the tips that named it.
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


def import_verdict(case: Case, path: Path, trusted: Sequence[Path] = ()) -> Verdict:
    """Keep a verdict on a tip that the case sent; importing it again changes nothing.

    Raises `TipError` where the verdict does not hold or answers what the tip did not ask,
    `CaseError` where the case sent no such tip.
    """
    verdict = read_verdict(path, trusted)
    asked = sent_items(case, verdict.tip)
    if strange := [one.item_id for one in verdict.opinions if one.item_id not in asked]:
        raise TipError(f"{path} answers {strange[0]}, which the tip it names does not hold")
    kept = case.path / _FOLDER / f"{verdict.envelope.sha256}.json"
    with writer_lock(case.path), path.open("rb") as file, replacing(kept) as copy:
        shutil.copyfileobj(file, copy)
    return verdict


def opinions_of(case: Case) -> pa.Table:
    """All opinions that were imported, by item, in the schema OPINIONS."""
    files = sorted((case.path / _FOLDER).glob("*.json"))
    by_item: dict[str, list[tuple[Verdict, Answer, int, int]]] = {}
    for verdict in map(read_verdict, files):
        for one in verdict.opinions:
            said = verdict, one.answer, sum(one.accounts.values()), sum(one.posts.values())
            by_item.setdefault(one.item_id, []).append(said)
    stands_for: dict[str, Sequence[str]] = {}
    for tip in sorted({said[0].tip for all_said in by_item.values() for said in all_said}):
        stands_for.update(sent_items(case, tip))
    rows = []
    for item_id, all_said in by_item.items():
        answers = [answer for _, answer, _, _ in all_said]
        rows.append(
            {
                "item_id": item_id,
                "state": _state(answers),
                **{str(answer): answers.count(answer) for answer in Answer},
                "accounts": max(accounts for _, _, accounts, _ in all_said),
                "posts": max(posts for _, _, _, posts in all_said),
                "made_by": sorted({_who(verdict) for verdict, *_ in all_said}),
                "tips": sorted({verdict.tip for verdict, *_ in all_said}),
                "sha256": stands_for[item_id],
                "tlp": sorted({verdict.tlp.label for verdict, *_ in all_said}),
            }
        )
    rows.sort(key=lambda row: (row["state"] != DISPUTED, row["item_id"]))
    return pa.Table.from_pylist(rows, OPINIONS)


def _state(answers: Sequence[Answer]) -> str:
    firm = {answer for answer in answers if answer is not Answer.UNSURE}
    return DISPUTED if len(firm) > 1 else str(next(iter(firm), Answer.UNSURE))


def _who(verdict: Verdict) -> str:
    """Whom a verdict says it is by, and which key signed it."""
    signature = verdict.envelope.signature
    signed = f"key {signature.signer[:16]}" if signature else "unsigned"
    return f"{verdict.made_by or 'not named'} ({signed})"
