"""The embed stage: bring a case's signals up to date with its posts."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case, CaseWriter
from frametrace.embed.captions import embed_captions, missing_captions
from frametrace.embed.models.runtimes import Arithmetic
from frametrace.embed.pictures import embed_pictures, flat_pictures, missing_pictures
from frametrace.embed.signals import SIGNALS, CaptionSignal, ModelChoice, PictureSignal, Signal
from frametrace.embed.signals.ocr_text import Overlay
from frametrace.posts.errors import CaseError, ModelMissing, UsageError
from frametrace.work.executor import Executor
from frametrace.work.process_pool import ProcessPool
from frametrace.work.progress import Progress, Silent

__all__ = ["EmbedSettings", "Embedded", "embed"]


@dataclass(frozen=True, slots=True)
class EmbedSettings:
    """What to compute. Without `signals`, all of those whose models are on this machine."""

    signals: tuple[str, ...] = ()
    models: ModelChoice = ModelChoice()
    workers: int = 0  # 0: one per processor
    replace: bool = False  # compute anew what another model made


@dataclass(slots=True)
class Embedded:
    """What one call computed, and plain sentences on what it could not.

    `captions` are the different ones of posts; what was read in pictures is not counted.
    """

    pictures: int = 0
    captions: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)


def embed(
    case: Case,
    settings: EmbedSettings = EmbedSettings(),
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Embedded:
    """Compute what the case lacks of each signal; what is there already is left alone.

    A signal whose model isn't on this machine is left out with a note, or, if it was asked for by
    name, raises `ModelMissing`. Raises `CaseError` where another model made the case's values.
    """
    progress = progress or Silent()
    done = Embedded()
    with case.writer() as writer:
        opened = _open(case, settings, done)
        for signal in opened:
            _claim(writer, signal, replace=settings.replace)
        writer.commit()
        pictures = [signal for signal in opened if isinstance(signal, PictureSignal)]
        with nullcontext(executor) if executor else ProcessPool(settings.workers) as pool:
            done.pictures, done.skipped = embed_pictures(writer, pictures, pool, progress)
            for signal in opened:
                if isinstance(signal, CaptionSignal) and signal.in_workers:
                    done.captions = embed_captions(writer, signal, progress, pool)
        for signal in opened:
            if isinstance(signal, CaptionSignal) and not signal.in_workers:
                done.captions = max(done.captions, embed_captions(writer, signal, progress))
            signal.close()
        writer.commit()
        if flat := flat_pictures(writer.case):
            done.notes.append(f"Pictures too flat to compare by PDQ: {flat:,}.")
    for line in done.notes:
        progress.note(line)
    return done


def _open(case: Case, settings: EmbedSettings, done: Embedded) -> list[Signal]:
    unknown = [name for name in settings.signals if name not in SIGNALS]
    if unknown:
        raise UsageError(f"there is no signal {unknown[0]!r}. Choose from: {', '.join(SIGNALS)}")
    opened: list[Signal] = []
    # Pictures first: what will be read in them are texts that captions' signals then lack.
    names = _with_companions(settings.signals) or SIGNALS
    for name in sorted(names, key=lambda name: issubclass(SIGNALS[name], CaptionSignal)):
        reads = any(isinstance(signal, Overlay) for signal in opened)
        if SIGNALS[name].needs_model and _up_to_date(case, name, settings, reads=reads):
            continue
        try:
            opened.append(SIGNALS[name].open(_models(case, settings, name)))
        except ModelMissing as missing:
            if settings.signals:
                raise
            done.notes.append(f"{name} is left out: {missing}")
        else:
            done.notes += opened[-1].notes
    return opened


def _with_companions(names: tuple[str, ...]) -> tuple[str, ...]:
    """Signals that were asked for, with those that they are of no use without."""
    every = [other for name in names for other in (name, *SIGNALS[name].companions)]
    return tuple(dict.fromkeys(every))


def _up_to_date(case: Case, name: str, settings: EmbedSettings, *, reads: bool) -> bool:
    """Whether loading the signal's model can be spared: nothing is missing, nothing was chosen.

    Where pictures will be read, captions' signals may come to lack something.
    """
    if settings.replace or settings.models != ModelChoice():
        return False
    if issubclass(SIGNALS[name], PictureSignal):
        return not missing_pictures(case, [name])
    return not reads and not len(missing_captions(case, name))


def _models(case: Case, settings: EmbedSettings, name: str) -> ModelChoice:
    """The user's choice of models, else the one that the case was begun with.

    So is the arithmetic of the signal that is to be opened; what was begun before there was a
    choice of one is in float32.
    """
    begun, chosen = case.epoch.signals, settings.models
    keep = not settings.replace
    clip = begun.get("clip", {}) if keep and not (chosen.clip_model or chosen.clip_weights) else {}
    caption = begun.get("caption", {}) if keep and not chosen.caption_model else {}
    return ModelChoice(
        chosen.clip_model or clip.get("model", ""),
        chosen.clip_weights or clip.get("weights", ""),
        chosen.caption_model or caption.get("model", ""),
        chosen.arithmetic or (_arithmetic(case, name) if keep and name in begun else None),
    )


def _arithmetic(case: Case, name: str) -> Arithmetic:
    told = case.epoch.signals[name].get("arithmetic", Arithmetic.FLOAT32)
    try:
        return Arithmetic(told)
    except ValueError:
        raise CaseError(
            f"{case.path} holds {name} in {told!r}, which this version of Frametrace does not "
            "know: update it"
        ) from None


def _claim(writer: CaseWriter, signal: Signal, *, replace: bool) -> None:
    """Record what makes the signal's values; they never come from two different makers."""
    ours = signal.made_by
    theirs = writer.case.epoch.signals.get(signal.name, ours)
    if ours["fingerprint"] != theirs["fingerprint"]:
        if not replace:
            raise CaseError(
                f"{writer.case.path} holds {signal.name} made by {_name(theirs)}, and this would "
                f"be made by {_name(ours)}. Name the first again, or compute all anew with: "
                f"frametrace embed {writer.case.path} --signal {signal.name} --replace"
            )
        writer.drop(signal_table(signal.name))
    writer.describe(signal.name, ours)


def _name(made_by: Mapping[str, str]) -> str:
    return f"{made_by.get('model', '')} ({made_by['fingerprint']})".strip()
