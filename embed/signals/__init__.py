"""The registry of signals: each signal has one module and one line here."""

from frametrace.embed.signals.base import (
    CaptionSignal,
    Metric,
    ModelOption,
    PictureSignal,
    Signal,
)
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.copy import Copy
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.phash import Phash
from frametrace.embed.signals.thumbnail import Thumbnail

__all__ = [
    "SIGNALS",
    "CaptionSignal",
    "Metric",
    "ModelOption",
    "PictureSignal",
    "Signal",
    "copy_hashes",
    "copy_signals",
    "model_options",
    "signals_table",
]

SIGNALS: dict[str, type[Signal]] = {
    signal.name: signal
    for signal in (
        Pdq,
        Phash,
        Clip,
        Copy,
        Caption,
        CaptionKey,
        Local,
        Thumbnail,
        OcrText,
    )
}


def copy_signals() -> list[str]:
    """The signals that are evidence of copies; hashes come first, because they are fastest."""
    names = [name for name, signal in SIGNALS.items() if signal.finds_copies]
    return sorted(names, key=lambda name: SIGNALS[name].metric is not Metric.HAMMING)


def copy_hashes() -> list[str]:
    """The hashes among `copy_signals`."""
    return [name for name in copy_signals() if SIGNALS[name].metric is Metric.HAMMING]


def model_options() -> list[ModelOption]:
    """The models that users can choose, of all signals."""
    return [option for signal in SIGNALS.values() for option in signal.model_options]


def signals_table() -> str:
    """The table of docs/signals.md, in Markdown; a test compares it with the page."""
    lines = [
        "| signal | of | compared by | values match | evidence of copies | what it sees |",
        "|---|---|---|---|---|---|",
    ]
    for name, signal in SIGNALS.items():
        of = "pictures" if issubclass(signal, PictureSignal) else "captions"
        copies = "yes" if signal.finds_copies else "no"
        cells = [f"`{name}`", of, signal.metric, _bound_text(signal), copies, signal.sees]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _bound_text(signal: type[Signal]) -> str:
    if signal.bound is None:
        return "after verification"
    quality = f", quality ≥ {signal.min_quality}" if signal.min_quality else ""
    if signal.metric is Metric.HAMMING:
        return f"≤ {signal.bound.value} of {signal.bits} bits{quality}"
    return f"≥ {signal.bound.value}{quality}"
