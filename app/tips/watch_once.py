"""Runs one watch: adds sources, computes signals, reports newcomers, and then saves the state."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from frametrace.app.library import add
from frametrace.app.report.csv_tables import replacing_csv, row_writer, rows_of, write_csv
from frametrace.app.tips.print_tips import print_watch
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.signals import SIGNALS
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.phash import Phash
from frametrace.embed.stage import embed
from frametrace.matcher.framing.by_example.saved_framings import framing_names
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.signed_documents import TIP, is_document
from frametrace.matcher.tips.tip_model import Tip
from frametrace.matcher.tips.watch_new_posts import WatchResult, compare_new_posts
from frametrace.matcher.tips.watch_state import open_watch, save_state
from frametrace.posts.errors import ModelMissing, UsageError
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.work.progress import Progress

__all__ = ["WatchRequest", "compared_signals", "split_tips_and_sources", "watch_once"]

_COLUMNS = (
    *("platform", "account_id", "account_kind", "account_name", "seen_before", "posts"),
    *("known_as", "tlp", "item_id", "signal", "distance", "similarity", "post_id", "posted_at"),
    *("media_sha256", "media_path", "caption_sha256"),
)
_LIST = "list of a watch"


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """The tips and sources of a watch, and the CSV file that the list of newcomers is added to."""

    tips: Sequence[Path]
    sources: Sequence[Path] = ()
    media: Sequence[Path] = ()
    media_maps: Sequence[Path] = ()
    reading: ReadSettings = ReadSettings()
    workers: int = 0
    out: Path | None = None
    as_json: bool = False


def split_tips_and_sources(files: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The tips and the sources among some files; tips are recognised by their beginning."""
    tips = tuple(path for path in files if is_document(path, TIP))
    return tips, tuple(path for path in files if path not in tips)


def watch_once(case_path: Path, request: WatchRequest, progress: Progress) -> WatchResult:
    """Add the sources, compute signals, and report each account that newly reuses known material.

    The state is saved after the report was printed: a watch that is stopped before that reports the
    same accounts again, so that none is missed. Raises `TipError`, `SourceError` and `CaseError` as
    the stages do, and `UsageError` if `out` is another kind of file. Nothing is written unless all
    tips and sources can be read.
    """
    if request.out is not None:
        _listed_rows(request.out)
    tips = [read_tip(path) for path in request.tips]
    for source in request.sources:
        open_source(source, request.reading)
    case = Case.create(case_path) if request.sources else Case(case_path)
    with open_watch(case) as state:
        if request.sources:
            add(
                case_path,
                request.sources,
                media=request.media,
                media_maps=request.media_maps,
                reading=request.reading,
                progress=progress,
            )
            case = Case(case_path)
        signals = compared_signals(case, tips, progress)
        embed(case, EmbedSettings(signals=signals, workers=request.workers), progress=progress)
        result = compare_new_posts(Case(case_path), state, tips, progress)
        if request.out is not None:
            _add_to_list(request.out, result)
        print_watch(result, tips, as_json=request.as_json)
        sys.stdout.flush()
        save_state(case, result.state)
    return result


def compared_signals(case: Case, tips: Sequence[Tip], progress: Progress) -> tuple[str, ...]:
    """The signals that new posts need for tips, known groups and named framings."""
    return (*_model_free_signals(case, tips), *_model_signals(case, progress))


def _model_free_signals(case: Case, tips: Sequence[Tip]) -> tuple[str, ...]:
    """PDQ and caption keys; also pHash and local features if the case has or a tip needs them."""
    phash_only = (
        pc.and_(pc.is_valid(tip.items["phash"]), pc.is_null(tip.items["pdq"])) for tip in tips
    )
    use_phash = Phash.name in case.epoch.signals or any(pc.any(rows).as_py() for rows in phash_only)
    use_local = Local.name in case.epoch.signals or any(
        table["local"].null_count < len(table) for tip in tips for table in (tip.items, tip.frames)
    )
    return (
        Pdq.name,
        *([Phash.name] if use_phash else []),
        *([Local.name] if use_local else []),
        CaptionKey.name,
    )


def _model_signals(case: Case, progress: Progress) -> tuple[str, ...]:
    """The signals made by models: of texts and, for named framings, of pictures.

    Only signals that the case already has and whose model is available on this machine.
    """
    signals = []
    for name in (OcrText.name, Caption.name, *([Clip.name] if framing_names(case) else [])):
        if (origin := case.epoch.signals.get(name)) is None:
            continue
        try:
            SIGNALS[name].locate(SIGNALS[name].choice_of(origin))
            signals.append(name)
        except ModelMissing as error:
            progress.note(f"new posts are not compared by {name}: {error}")
    return tuple(signals)


def _listed_rows(out: Path) -> list[list[str]]:
    """The rows of the list that earlier watches wrote, if there is one."""
    if out.suffix.lower() != ".csv":
        raise UsageError(f"{out} is not a CSV file: name one that ends in .csv")
    return rows_of(out, _COLUMNS, _LIST)


def _add_to_list(out: Path, result: WatchResult) -> None:
    """Add the newcomers to the list, after those of earlier watches.

    If an earlier watch was stopped before it saved its state, a newcomer may be listed already; its
    row is then replaced.
    """
    with replacing_csv(out) as temporary:
        write_csv(temporary, result.newcomers, _COLUMNS)
        newcomers = rows_of(temporary, _COLUMNS, _LIST)
        accounts = {tuple(row[:2]) for row in newcomers}
        earlier = [row for row in _listed_rows(out) if tuple(row[:2]) not in accounts]
        with temporary.open("w", encoding="utf-8", newline="") as file:
            row_writer(file).writerows([_COLUMNS, *earlier, *newcomers])
