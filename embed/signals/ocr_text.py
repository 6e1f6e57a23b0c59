"""The `overlay` signal: the text inside a picture, read by OCR and compared as captions are.

The table has a row for every picture: `text`, its lines in reading order, null if there is no
text; `text_sha256`, the digest of the text's UTF-8 bytes, under which `caption` and `caption_key`
store the text's values with those of posts; and `lines` with each line's confidence and position,
null for a picture that the OCR failed on. A video has one row, with each text of its frames once.

Every picture is read separately, unless its decoded pixels are identical to another's. Copies that
differ don't share a reading, because no comparison of their pixels could tell a copy from another
message on the same template: turning "cats" into "cots" in letters of 9 pixels, or 未来 into 末来
in letters of 14, can change less than saving at JPEG quality 60 does (150 photographs, compared in
windows of 8 x 8 pixels, by the difference relative to the contrast).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Self

import numpy as np
import pyarrow as pa

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.models.model_files import file_sha256, missing_extra
from frametrace.embed.ocr.reader import Line, model_files, reader
from frametrace.embed.signals.base import Bound, Example, Metric, PictureSignal
from frametrace.embed.signals.caption_key import MIN_SIMILARITY
from frametrace.embed.text.ngrams import jaccard
from frametrace.embed.text.normalize import key_of

__all__ = ["OcrText"]

_MODEL = "PP-OCRv6 small"
_LANGUAGES = "Chinese, English"  # tested; docs/signals.md names more that it reads

_LINE = pa.struct(
    [("text", pa.string()), ("confidence", pa.float32()), ("box", pa.list_(pa.float32(), 4))]
)


class OcrText(PictureSignal):
    """The text in pictures. The OCR models are loaded in the workers, which read the pictures."""

    name = "overlay"
    metric = Metric.TEXT
    sees = "the text in pictures, by OCR; its values are those of `caption` and `caption_key`"
    bound = Bound(MIN_SIMILARITY, "that of `caption_key`")
    column = "text"
    needs_model = True
    of_whole_videos = True

    def __init__(self) -> None:
        digests = ":".join(file_sha256(file)[:16] for file in model_files())
        self._made_by = {
            "fingerprint": f"rapidocr:{digests}:1",
            "model": _MODEL,
            "languages": _LANGUAGES,
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Find the models. Raises `ModelMissing` without the packages of the extra `ocr`."""
        try:
            signal = cls()
            # The workers will import these compiled modules, which may not fit this machine.
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
        rows, columns = [key_of(text) for text in a], [key_of(text) for text in b]
        similarities = [[jaccard(row, column) for column in columns] for row in rows]
        return np.array(similarities, np.float64).reshape(len(a), len(b))

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Texts with equal keys, and texts without common trigrams."""
        return Example("Who pays?", "who pays", 1), Example("Who pays?", "nobody", 0)

    def preparer(self) -> Callable[[Picture], tuple[Line, ...] | None]:
        """Read in the decoding workers."""
        return _read

    def joined(self, prepared: Sequence[tuple[Line, ...] | None]) -> tuple[Line, ...] | None:
        """The lines of all frames, each text once, in the order in which they appear.

        None if the OCR failed on every frame.
        """
        distinct: dict[str, Line] = {}
        for lines in prepared:
            for line in lines or ():
                distinct.setdefault(key_of(line.text) or line.text, line)
        failed = all(lines is None for lines in prepared)
        return None if failed else tuple(distinct.values())

    def finish(self, prepared: Sequence[tuple[Line, ...] | None]) -> pa.Table:
        """Columns `text`, `text_sha256` and `lines`; the first two null if there is no text."""
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
    """The lines of text in the picture; None if the OCR fails on it."""
    ocr = reader()
    try:
        return ocr.read(picture.image)
    except Exception:  # it was made for documents; hostile pictures may raise any exception
        return None
