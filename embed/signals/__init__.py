"""The signals: one file each, one line here."""

from collections.abc import Mapping

from frametrace.embed.signals.base import CaptionSignal, Metric, ModelChoice, PictureSignal, Signal
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.ocr_text import Overlay
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.phash import Phash
from frametrace.embed.signals.thumbnail import Thumbnail

__all__ = ["SIGNALS", "CaptionSignal", "Metric", "ModelChoice", "PictureSignal", "Signal"]

SIGNALS: Mapping[str, type[Signal]] = {
    signal.name: signal
    for signal in (
        Pdq,
        Phash,
        Clip,
        Caption,
        CaptionKey,
        Local,
        Thumbnail,
        Overlay,
    )
}
