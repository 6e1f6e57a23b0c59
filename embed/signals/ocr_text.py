"""Overlay: the lettering inside a picture as a text, which captions are then compared with.

The table has a row for every picture: `text`, its lines in reading order, null where no lettering
is; `text_sha256`, the digest of the text's UTF-8 bytes, under which `caption` and `caption_key`
hold the text's values as they do those of posts; and `lines` with each line's confidence and place,
null for a picture that the reader failed on.

Every picture is read by itself, unless its decoded pixels are the very same as another's. Copies
that differ by more share no reading. No comparison of their pixels was found that could tell a
copy from another message on the same template: "cats" made "cots" in letters of 9 pixels, or 未来
made 末来 in letters of 14, can change less than saving at JPEG quality 60 does (150 photographs,
compared in windows of 8 x 8 pixels, by the difference relative to the contrast).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.models.model_files import file_sha256, missing_extra
from frametrace.embed.ocr.reader import Line, model_files, reader
from frametrace.embed.signals.base import Metric, ModelChoice, PictureSignal
from frametrace.embed.signals.caption_key import jaccard, key_of

__all__ = ["Overlay"]

_MODEL = "PP-OCRv6 small"
_LANGUAGES = "Chinese, English"  # what was tried; docs/signals.md names what else it reads

_LINE = pa.struct(
    [("text", pa.string()), ("confidence", pa.float32()), ("box", pa.list_(pa.float32(), 4))]
)


class Overlay(PictureSignal):
    """The lettering of pictures. The models are loaded in the workers, where pictures are read."""

    name = "overlay"
    metric = Metric.TEXT
    column = "text"
    needs_model = True

    def __init__(self) -> None:
        digests = ":".join(file_sha256(file)[:16] for file in model_files())
        self._made_by = {
            "fingerprint": f"rapidocr:{digests}:1",
            "model": _MODEL,
            "languages": _LANGUAGES,
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Find the models. Raises `ModelMissing` where the packages of the extra `ocr` are not."""
        try:
            signal = cls()
            # What the workers will import that is compiled, and may not be for this machine.
            for module in ("onnxruntime", "pyclipper", "shapely"):
                import_module(module)
        except (ImportError, OSError) as error:
            raise missing_extra(cls.name, "ocr", error) from None
        return signal

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """The model's name and its languages."""
        try:
            model_files()
        except ImportError as error:
            raise missing_extra(cls.name, "ocr", error) from None
        return f"{_MODEL} ({_LANGUAGES})"

    @property
    def made_by(self) -> Mapping[str, str]:
        """The digests of the two models, their name and languages."""
        return self._made_by

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Jaccard similarities, (m, n) float64, of the keys of two arrays of texts."""
        ours, theirs = [key_of(text) for text in a], [key_of(text) for text in b]
        similarities = [[jaccard(x, y) for y in theirs] for x in ours]
        return np.array(similarities, np.float64).reshape(len(a), len(b))

    def preparer(self) -> Callable[[Picture], tuple[Line, ...] | None]:
        """Read beside the decoder."""
        return _read

    def finish(self, prepared: Sequence[tuple[Line, ...] | None]) -> pa.Table:
        """Columns `text`, `text_sha256` and `lines`; the first two null where nothing is read."""
        texts = ["\n".join(line.text for line in lines or ()) or None for lines in prepared]
        digests = [text and hashlib.sha256(text.encode()).hexdigest() for text in texts]
        return pa.table(
            {
                "text": pa.array(texts, pa.string()),
                "text_sha256": pa.array(digests, pa.string()),
                "lines": pa.array(
                    [lines if lines is None else list(map(asdict, lines)) for lines in prepared],
                    pa.list_(_LINE),
                ),
            }
        )


def _read(picture: Picture) -> tuple[Line, ...] | None:
    """The picture's lettering; None where the reader fails on it."""
    loaded = reader()
    try:
        return loaded.read(picture.image)
    except Exception:  # made for documents, it may meet hostile pictures with any exception
        return None
