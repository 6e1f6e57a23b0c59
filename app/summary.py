"""Sums up a case and its results: counts, notes on what was not compared, reasons for skipping."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.captions import missing_captions
from frametrace.embed.pictures import missing_pictures, unusable_values
from frametrace.embed.signals import copy_signals
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.pdq import Pdq
from frametrace.matcher.between_cases.union import parts_of
from frametrace.matcher.framing.by_example.saved_framings import framing_digests
from frametrace.matcher.result_schemas import GroupKind, Relation
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    from frametrace.matcher.saved_results import MatchRun

__all__ = [
    "Counts",
    "counts_of",
    "describe_signals",
    "elements_text",
    "notes_on",
]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a case and of its results.

    `edited` pictures are tied to a photo by local features, `containing` ones contain a photo,
    `altered` ones differ in a part. `elements` are groups of pictures that share no photo.
    """

    posts: int
    pictures: int
    skipped: int
    matches: int
    photo_groups: int
    framing_groups: int
    edited: int
    containing: int
    altered: int
    elements: int
    accounts: int
    ties: int


def counts_of(case: Case, results: Results) -> Counts:
    """Count the contents of a case and its results."""
    kinds = results.groups["kind"].to_pylist()
    members = results.members.filter(pc.equal(results.members["kind"], str(GroupKind.PHOTO)))
    contains = pc.equal(members["relation"], str(Relation.CONTAINS))
    by_features = pc.equal(members["signal"], Local.name)
    altered = pc.greater(pc.list_value_length(members["altered"]), 0)
    return Counts(
        posts=case.epoch.rows("posts"),
        pictures=case.epoch.rows("media"),
        skipped=case.epoch.rows("skipped"),
        matches=results.matches.num_rows,
        photo_groups=kinds.count(str(GroupKind.PHOTO)),
        framing_groups=kinds.count(str(GroupKind.FRAMING)),
        edited=_count_pictures(members, pc.and_not(by_features, contains)),
        containing=_count_pictures(members, pc.and_(by_features, contains)),
        altered=_count_pictures(members, altered),
        elements=kinds.count(str(GroupKind.ELEMENT)),
        accounts=results.accounts.num_rows,
        ties=results.ties.num_rows,
    )


def _count_pictures(members: pa.Table, mask: pa.ChunkedArray) -> int:
    """How many different pictures the selected members have."""
    count: int = pc.count_distinct(members["media_sha256"].filter(mask)).as_py()
    return count


def elements_text(counts: Counts) -> str:
    """How many elements were found; empty for none."""
    about = "shared bars, watermarks, captions; they tie nobody"
    return f"{counts.elements:,} ({about})" if counts.elements else ""


def describe_signals(signals: Mapping[str, Mapping[str, str]]) -> str:
    """The signals by name, with their models and the languages of these."""
    parts = []
    for name, made_by in sorted(signals.items()):
        about = [made_by[key] for key in ("model", "languages") if made_by.get(key)]
        parts.append(f"{name} ({': '.join(about)})" if about else name)
    return ", ".join(parts)


def notes_on(case: Case, results: Results, run: "MatchRun") -> list[str]:
    """What was not compared, and other limits of the results, in sentences."""
    notes = [note for part in parts_of(case) for note in part.notes]
    for name in (*copy_signals(), Clip.name, OcrText.name):
        if name in run.signals or name == Pdq.name:
            missing = sum(missing_pictures(case, [name]).values())
            notes += _lacking(case, "Pictures", name, missing)
    notes += unusable_values(case)
    for name in (CaptionKey.name, Caption.name):
        if name in run.signals or name == CaptionKey.name:
            missing = len(missing_captions(case, name, in_pictures=False))
            notes += _lacking(case, "Captions", name, missing)
    if run.left_out:
        embed = " && ".join(f"frametrace embed {path}" for path in _paths(case))
        notes.append(
            f"Pictures without a thumbnail (the case was made before 0.5), which were not verified "
            f"by their pixels: {run.left_out:,}. To compare them: "
            f"{embed} && frametrace match {' '.join(_paths(case))}"
        )
    if case.epoch.rows("media") and Clip.name not in run.signals:
        notes.append("Pictures were compared for copies, not by what they show: no clip vectors.")
    if case.epoch.rows("media") and OcrText.name not in run.signals:
        notes.append("Text in pictures was not compared: no signal overlay.")
    if case.epoch.rows(signal_table(CaptionKey.name)):
        notes += _on_captions(run.signals.get(Caption.name))
    if changed := sorted(name for name, _ in run.named.items() ^ framing_digests(case).items()):
        names = ", ".join(dict.fromkeys(changed))
        notes.append(
            f"Named framings that changed since the last match: {names}. To find their posts: "
            f"frametrace match {' '.join(_paths(case))}"
        )
    max_accounts = int(run.settings["max_tied_accounts"])
    photos = results.groups.filter(pc.equal(results.groups["kind"], str(GroupKind.PHOTO)))
    wide = pc.sum(pc.greater(photos["accounts"], max_accounts)).as_py()
    if wide:
        notes.append(
            f"Photo groups of more than {max_accounts:,} accounts, which tie nobody: {wide:,}."
        )
    if run.unlisted:
        notes.append(
            f"Near pairs within dense groups of near-identical pictures that are not listed: "
            f"{run.unlisted:,}. The tie of each member to its group is."
        )
    if run.otherwise:
        how = "; ".join(run.otherwise)
        notes.append(
            f"Epoch {run.since} was matched differently ({how}): this may explain changes."
        )
    return notes


def _on_captions(made_by: Mapping[str, str] | None) -> list[str]:
    if made_by is None:
        return ["Captions were compared by wording, not by meaning: no caption vectors."]
    if made_by.get("languages") == "English":
        return ["Captions in languages other than English were compared only by wording."]
    return []


def _lacking(case: Case, items: str, signal: str, missing: int) -> list[str]:
    if not missing:
        return []
    embed = " && ".join(f"frametrace embed {path}" for path in _paths(case))
    return [f"{items} without {signal}: {missing:,}. To compare them: {embed}"]


def _paths(case: Case) -> list[str]:
    """The folder of the case, or those of the cases in a union."""
    return [part.path for part in parts_of(case)] or [str(case.path)]
