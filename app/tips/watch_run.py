"""The whole of a watch: sources into the case, signals, a look, and only then the memory of it."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from frametrace.app.pipeline import Inputs, add
from frametrace.app.report.csv_tables import row_writer, rows_of, write_csv
from frametrace.app.tips.print_tips import tell_watched
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.phash import Phash
from frametrace.embed.stage import EmbedSettings, embed
from frametrace.matcher.framing.by_example.saved_framings import framing_names
from frametrace.matcher.tips.envelope import TIP, is_document
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.tip_model import Tip
from frametrace.matcher.tips.watch import Watched, look, remember, watching
from frametrace.posts.errors import CaseError, ModelMissing, UsageError
from frametrace.posts.reading import open_source
from frametrace.work.progress import Progress

__all__ = ["Watch", "compared_signals", "sorted_out", "watch"]

_COLUMNS = (
    *("platform", "account_id", "account_kind", "account_name", "seen_before", "posts"),
    *("known_as", "tlp", "item_id", "signal", "distance", "similarity", "post_id", "posted_at"),
    *("media_sha256", "media_path", "caption_sha256"),
)


@dataclass(frozen=True, slots=True)
class Watch:
    """What to look for, in which sources, and where the list goes besides the terminal."""

    tips: Sequence[Path]
    inputs: Inputs
    workers: int = 0
    out: Path | None = None
    as_json: bool = False


def sorted_out(files: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Tips and sources, told apart by how the files begin."""
    tips = tuple(path for path in files if is_document(path, TIP))
    return tips, tuple(path for path in files if path not in tips)


def watch(case_path: Path, asked: Watch, progress: Progress) -> Watched:
    """Add the sources, compute hashes, and tell of each account that newly reuses known material.

    What was told of is remembered after it was printed: a watch that is stopped before tells it
    again, so that nobody is missed. Raises `TipError`, `SourceError` and `CaseError` as the stages
    do, `UsageError` where the list would take the place of something else. Nothing is made before
    tips and sources were found to be readable.
    """
    if asked.out is not None:
        _listed(asked.out)
    tips = [read_tip(path) for path in asked.tips]
    for source in asked.inputs.sources:
        open_source(source, asked.inputs.reading)
    case = Case.create(case_path) if asked.inputs.sources else Case(case_path)
    with watching(case) as state:
        if asked.inputs.sources:
            case, _ = add(case_path, asked.inputs, progress)
        signals = compared_signals(case, tips, progress)
        embed(case, EmbedSettings(signals=signals, workers=asked.workers), progress=progress)
        watched = look(Case(case_path), state, tips, progress)
        if asked.out is not None:
            _write(asked.out, watched)
        tell_watched(watched, tips, as_json=asked.as_json)
        sys.stdout.flush()
        remember(case, watched.state)
    return watched


def compared_signals(case: Case, tips: Sequence[Tip], progress: Progress) -> tuple[str, ...]:
    """What new posts are compared by: with tips and known groups, and with named framings."""
    return (*_signals(case, tips), *_by_models(case, progress))


def _signals(case: Case, tips: Sequence[Tip]) -> tuple[str, ...]:
    """What new posts are compared by; pHash only where it is there, or where a tip has no PDQ."""
    alone = (pc.and_(pc.is_valid(tip.items["phash"]), pc.is_null(tip.items["pdq"])) for tip in tips)
    wanted = Phash.name in case.epoch.signals or any(pc.any(rows).as_py() for rows in alone)
    edited = Local.name in case.epoch.signals or any(
        tip.items["local"].null_count < len(tip.items) for tip in tips
    )
    return (
        Pdq.name,
        *([Phash.name] if wanted else []),
        *([Local.name] if edited else []),
        CaptionKey.name,
    )


def _by_models(case: Case, progress: Progress) -> tuple[str, ...]:
    """What a model makes of texts and, for named framings, of pictures.

    As far as the case and this machine have it.
    """
    found = []
    for name in (OcrText.name, Caption.name, *([Clip.name] if framing_names(case) else [])):
        if (made := case.epoch.signals.get(name)) is None:
            continue
        try:
            SIGNALS[name].locate(SIGNALS[name].choice_of(made))
            found.append(name)
        except ModelMissing as error:
            progress.note(f"new posts are not compared by {name}: {error}")
    return tuple(found)


def _listed(out: Path) -> list[list[str]]:
    """The rows of a list that an earlier watch wrote, if any, as they stand there."""
    if out.suffix.lower() != ".csv":
        raise UsageError(f"{out} is no CSV file: name one that ends in .csv")
    return rows_of(out, _COLUMNS, "list of a watch")


def _write(out: Path, watched: Watched) -> None:
    """Add to the list: accounts are told of once, so that those of earlier watches stay in it.

    Who stands there already was told of by a watch that was stopped before it remembered.
    """
    beside = out.with_name(f".{out.name}.writing.csv")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_csv(beside, watched.newcomers, _COLUMNS)
        newcomers = _listed(beside)
        again = {tuple(row[:2]) for row in newcomers}
        earlier = [row for row in _listed(out) if tuple(row[:2]) not in again]
        with beside.open("w", encoding="utf-8", newline="") as file:
            row_writer(file).writerows([_COLUMNS, *earlier, *newcomers])
        beside.replace(out)
    except OSError as error:
        raise CaseError(f"{out} can't be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
