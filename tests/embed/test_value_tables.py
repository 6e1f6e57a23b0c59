"""The tables of prepared items: a signal of whole videos has one row for a video."""

import numpy as np
import pyarrow as pa
from making import photo

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.ocr.reader import Line
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.value_tables import Prepared, tables_of
from frametrace.embed.video.timeline import Timeline

BOX = (0.0, 0.0, 1.0, 0.1)


class Overlay(OcrText):
    """The signal without its models."""

    def __init__(self) -> None:
        self._made_by = {"fingerprint": "made:1"}


def lines(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text, 0.9, BOX) for text in texts)


def video(*readings: tuple[Line, ...] | None) -> Prepared:
    """A video whose kept frames are shown for a second each."""
    count = len(readings)
    starts = 1000 * np.arange(count)
    timeline = Timeline(
        *(1000 * count, 640, 480, np.arange(count, dtype=np.int32), starts, starts + 1000),
        np.zeros((count, 32), np.uint8),
        *(np.array([0], np.int32), np.zeros((1, 32), np.uint8), np.array([90], np.uint8)),
    )
    hashed = Pdq().preparer()(Picture(photo(1), 640, 480))
    frames = tuple({"overlay": reading, "pdq": hashed} for reading in readings)
    return Prepared(frames, (), timeline)


def texts_of(*readings: tuple[Line, ...] | None) -> pa.Table:
    tables = tables_of([Overlay(), Pdq()], [("v" * 64, video(*readings))])
    assert "frames/overlay" not in tables
    assert tables["frames/pdq"].num_rows == len(readings)
    assert tables["signals/overlay"]["sha256"].to_pylist() == ["v" * 64]
    return tables["signals/overlay"]


def test_each_text_of_a_video_counts_once_in_the_order_of_its_frames() -> None:
    table = texts_of(lines("Who pays?", "LIVE"), lines("LIVE"), lines("who pays", "You do"))
    assert table["text"].to_pylist() == ["Who pays?\nLIVE\nYou do"]


def test_frames_that_the_ocr_fails_on_are_passed_over() -> None:
    assert texts_of(None, lines("You do"))["text"].to_pylist() == ["You do"]
    assert texts_of(None, None)["lines"].to_pylist() == [None]
