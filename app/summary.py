"""Sums up a case and its results: counts, notes on what was not compared, reasons for skipping."""

import re
from collections import Counter
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
from frametrace.matcher.results import GroupKind, Relation
from frametrace.matcher.saved_results import Results

if TYPE_CHECKING:
    from frametrace.matcher.saved_results import MatchRun
    from frametrace.posts.model import Skipped

__all__ = [
    "Counts",
    "counts_of",
    "describe_signals",
    "elements_text",
    "notes_on",
    "reasons_of",
    "skipped_text",
]

_MAX_REASONS = 30
_MAX_VALUE_CHARACTERS = 40
_DIGIT = re.compile(r"\d")
# Names of months, days and zones, and the E of a number; other words may be somebody's name.
_TIME_WORDS = re.compile(
    r"(?<![A-Za-z])(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec"
    r"|Mon|Tue|Wed|Thu|Fri|Sat|Sun|at|am|pm|[A-Z]{1,5})(?![A-Za-z])"
)
_OTHER_WORDS = re.compile(r"[^\W\d_]|@")
_FILE = re.compile(r"^[^:]*\.[^:]*: ")
# The value of a cell may be somebody's name: it is in the table of skipped items, not in a log.
_CELL = re.compile(r"""^(['"]).*\1""", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w'.-])\d[\d,]*(?:\.\d{1,20})?(?:E[+-]?\d{1,3})?(?![\w:-])")


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


def reasons_of(case: Case) -> list[tuple[str, int, str]]:
    """The most frequent reasons for skipping: the reason, the count, and an example.

    Reasons that differ only in numbers or values of cells count as one, and the first is shown. The
    example gives the position and, if a cell could not be read, its value.
    """
    counts: Counter[str] = Counter()
    shown: dict[str, tuple[str, str]] = {}
    rows = case.read("skipped", ["source", "line", "reason"])
    columns = (rows[name].to_pylist() for name in ("source", "line", "reason"))
    for source, line, reason in zip(*columns, strict=True):
        bare = _FILE.sub("", reason)
        masked = _CELL.sub("'…'", bare)
        kind = _NUMBER.sub("…", masked)
        counts[kind] += 1
        if kind not in shown:
            position = f"{source}, row {line}" if line else _file_in(reason) or source
            value = _value_in(bare)
            shown[kind] = masked, f"{position}: {value}" if value else position
    commonest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_REASONS]
    return [(shown[kind][0], count, shown[kind][1]) for kind, count in commonest]


def _file_in(reason: str) -> str:
    """The file that a reason names at its beginning; empty if none."""
    match = _FILE.match(reason)
    return match[0].removesuffix(": ") if match and "'" not in match[0] else ""


def _value_in(reason: str) -> str:
    """The value of a cell that could not be read, if it is a number or a time; never a name."""
    match = _CELL.match(reason)
    value = match[0] if match else ""
    has_no_words = not _OTHER_WORDS.search(_TIME_WORDS.sub("", value))
    return (
        value
        if has_no_words and len(value) <= _MAX_VALUE_CHARACTERS and _DIGIT.search(value)
        else ""
    )


def skipped_text(skipped: "Skipped") -> str:
    """The position of a skipped item, and the reason."""
    row = f", row {skipped.line}" if skipped.line else ""
    return f"{skipped.source}{row}: {skipped.reason.removeprefix(f'{skipped.source}: ')}"
