"""Says what was not compared, and what to do about it, in sentences for people."""

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from frametrace.app.unread_captions import unread_captions
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
from frametrace.matcher.result_schemas import GroupKind
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    from frametrace.matcher.saved_results import MatchRun

__all__ = ["notes_on"]


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
    notes += _on_videos(case, run)
    if case.epoch.rows(signal_table(CaptionKey.name)):
        notes += _on_meanings(case, run)
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


def _on_videos(case: Case, run: "MatchRun") -> list[str]:
    if not case.epoch.rows("videos"):
        return []
    notes = ["Videos were compared by what they show, not by their sound."]
    if Local.name not in run.signals:
        notes.append("Videos were compared by the hashes of their frames alone: no signal local.")
    return notes


def _on_meanings(case: Case, run: "MatchRun") -> list[str]:
    if Caption.name not in run.signals:
        return ["Captions were compared by wording, not by meaning: no caption vectors."]
    unread = unread_captions(case)
    return [unread] if unread else []


def _lacking(case: Case, items: str, signal: str, missing: int) -> list[str]:
    if not missing:
        return []
    embed = " && ".join(f"frametrace embed {path}" for path in _paths(case))
    return [f"{items} without {signal}: {missing:,}. To compare them: {embed}"]


def _paths(case: Case) -> list[str]:
    """The folder of the case, or those of the cases in a union."""
    return [part.path for part in parts_of(case)] or [str(case.path)]
