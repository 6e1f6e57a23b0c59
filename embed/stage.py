"""The embed stage: brings a case's signals up to date with its posts."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from frametrace.case.case_writer import CaseWriter
from frametrace.case.schemas import frame_table, signal_table
from frametrace.case.store import Case
from frametrace.embed.captions import embed_captions, missing_captions
from frametrace.embed.embed_settings import EmbedSettings, ModelChoice, NumericPrecision
from frametrace.embed.failed_pictures import retry_failed
from frametrace.embed.pictures import embed_pictures, missing_pictures, unusable_values
from frametrace.embed.signals import SIGNALS, CaptionSignal, Metric, PictureSignal, Signal
from frametrace.posts.errors import CaseError, ModelMissing, UsageError
from frametrace.work.executor import Executor
from frametrace.work.process_pool import ProcessPool
from frametrace.work.progress import Progress, Silent

__all__ = ["Embedded", "embed"]


@dataclass(slots=True)
class Embedded:
    """What one call computed, and notes on what it could not compute.

    `captions` counts the distinct captions of posts, without the text in pictures.
    """

    pictures: int = 0
    captions: int = 0
    skipped: int = 0
    ended: int = 0  # pictures whose worker the system ended; they are among those skipped
    notes: list[str] = field(default_factory=list)


def embed(
    case: Case,
    settings: EmbedSettings = EmbedSettings(),
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Embedded:
    """Compute the values that the case lacks; existing values are left alone.

    A signal whose model isn't on this machine is left out with a note, or raises `ModelMissing` if
    it was named in the settings. Raises `CaseError` if another model made the case's values.
    """
    progress = progress or Silent()
    done = Embedded()
    with case.writer() as writer:
        if settings.retry_failed:
            retry_failed(writer)
        opened = _open(case, settings, done)
        for signal in opened:
            _claim(writer, signal, replace=settings.replace)
        writer.commit()
        pictures = [signal for signal in opened if isinstance(signal, PictureSignal)]
        with nullcontext(executor) if executor else ProcessPool(settings.workers) as pool:
            counts = embed_pictures(writer, pictures, pool, progress)
            done.pictures, done.skipped, done.ended = counts.computed, counts.skipped, counts.ended
            for signal in opened:
                if isinstance(signal, CaptionSignal) and not signal.needs_model:
                    done.captions = embed_captions(writer, signal, progress, pool)
        for signal in opened:
            if isinstance(signal, CaptionSignal) and signal.needs_model:
                done.captions = max(done.captions, embed_captions(writer, signal, progress))
            signal.close()
        writer.commit()
        done.notes += unusable_values(writer.case)
    for line in done.notes:
        progress.note(line)
    return done


def _open(case: Case, settings: EmbedSettings, done: Embedded) -> list[Signal]:
    unknown = [name for name in settings.signals if name not in SIGNALS]
    if unknown:
        raise UsageError(f"there is no signal {unknown[0]!r}. Choose from: {', '.join(SIGNALS)}")
    opened: list[Signal] = []
    # Pictures first: the texts that are read in them are then computed like captions.
    names = _with_companions(settings.signals or _by_default(case, settings))
    for name in sorted(names, key=lambda name: issubclass(SIGNALS[name], CaptionSignal)):
        finds_texts = any(signal.metric is Metric.TEXT for signal in opened)
        if SIGNALS[name].needs_model and _up_to_date(case, name, settings, finds_texts=finds_texts):
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


def _by_default(case: Case, settings: EmbedSettings) -> tuple[str, ...]:
    """The signals to compute if none is named."""
    return tuple(
        name
        for name, signal in SIGNALS.items()
        if not signal.on_request
        or name in case.epoch.signals
        or any(settings.models.get(option.name) for option in signal.model_options)
    )


def _with_companions(names: tuple[str, ...]) -> tuple[str, ...]:
    """The named signals, with those that they depend on."""
    needed = [needed for name in names for needed in (name, *SIGNALS[name].companions)]
    return tuple(dict.fromkeys(needed))


def _up_to_date(case: Case, name: str, settings: EmbedSettings, *, finds_texts: bool) -> bool:
    """Whether the signal's model need not be loaded: nothing is missing, and no model was chosen.

    If OCR will find texts in pictures, signals of captions may lack values afterwards.
    """
    if settings.replace or settings.models != ModelChoice():
        return False
    if issubclass(SIGNALS[name], PictureSignal):
        return not missing_pictures(case, [name])
    return not finds_texts and not len(missing_captions(case, name))


def _models(case: Case, settings: EmbedSettings, name: str) -> ModelChoice:
    """The models and the precision to open a signal with: the user's choice, else the case's.

    A signal's options belong together: if the user chose one of them, the rest of the case's
    are ignored. Values without a recorded precision are in float32.
    """
    chosen, made_by = settings.models, case.epoch.signals.get(name)
    if settings.replace or made_by is None:
        return chosen
    options = dict(SIGNALS[name].choice_of(made_by).options)
    if any(chosen.get(option) for option in options):
        options.clear()
    options |= {option: value for option, value in chosen.options.items() if value}
    return ModelChoice(options, chosen.precision or _precision(case, name))


def _precision(case: Case, name: str) -> NumericPrecision:
    recorded = case.epoch.signals[name].get("arithmetic", NumericPrecision.FLOAT32)
    try:
        return NumericPrecision(recorded)
    except ValueError:
        raise CaseError(
            f"{case.path} has {name} in {recorded!r}, which this version of Frametrace does not "
            "know: update Frametrace"
        ) from None


def _claim(writer: CaseWriter, signal: Signal, *, replace: bool) -> None:
    """Record what makes the signal's values; a case never mixes those of two models."""
    made_by = signal.made_by
    recorded = writer.case.epoch.signals.get(signal.name, made_by)
    if made_by["fingerprint"] != recorded["fingerprint"]:
        if not replace:
            raise CaseError(
                f"{writer.case.path} has {signal.name} made by {_name(recorded)}, and this would "
                f"be made by {_name(made_by)}. Name the first model again, or recompute everything "
                f"with: frametrace embed {writer.case.path} --signal {signal.name} --replace"
            )
        writer.drop(signal_table(signal.name))
        writer.drop(frame_table(signal.name))
    writer.describe(signal.name, made_by)


def _name(made_by: Mapping[str, str]) -> str:
    return f"{made_by.get('model', '')} ({made_by['fingerprint']})".strip()
