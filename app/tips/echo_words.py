"""Describes echoes in which a video takes part: what is shared, and from when to when."""

from collections.abc import Mapping
from typing import Any

from frametrace.app.output.video_words import is_still, mirrored_words, when
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.matcher.result_schemas import Relation

__all__ = ["video_sentence"]

_VIDEOS = {
    Relation.COPY: "copy of the video",
    Relation.CONTAINS: "video that contains it",
    Relation.PART: "part of the video",
}


def video_sentence(row: Mapping[str, Any]) -> str:
    """The evidence of an echo that has `spans`, in one sentence: what, when, and the best frame."""
    spans = row["spans"]
    if is_still(spans, "a"):
        what = f"video that shows it, {when(spans, 'b')}"
    elif is_still(spans, "b"):
        what = f"frame of the video, {when(spans, 'a')} of it"
    else:
        relation = _VIDEOS[row["relation"]]
        what = f"{relation}: {when(spans, 'a')} of it = {when(spans, 'b')} here"
    return f"{', '.join([what, *mirrored_words(spans)])}; {_frame(row)} {row['item_id']}"


def _frame(row: Mapping[str, Any]) -> str:
    signal = SIGNALS[row["signal"]]
    if signal.metric is Metric.HAMMING:
        return f"nearest frame {signal.explain(row)} from"
    return f"best frame: {row['similarity']:.0%} of the local features agree with"
