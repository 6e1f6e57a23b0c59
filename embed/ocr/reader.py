"""Reads the text in pictures (OCR) with the models that come inside `rapidocr`.

A first pass at a quarter of a megapixel detects where text is. Most photographs have none, and
reading ends there. If some text is too small to be cropped well, a second pass detects it again in
a larger picture. The lines are then cropped and read one by one, so that the time depends only on
their width: in a batch every line would be as wide as the widest. The classifier of upside-down
lines is not used.

In 85 pictures of real posts this reads 93 % of what `rapidocr` reads by itself at 736 pixels and
more on the short side (pairs of neighbouring letters), in 27 % of the processor time.

The models are PP-OCRv6 small of the PaddleOCR project.
"""

import hashlib
import logging
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["MODELS", "Line", "TextReader", "is_text", "model_files", "reader"]

MODELS = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")  # for detection, for recognition

# Of 902 photographs (BSDS500, ImageNet) 772 show no text to the eye. They gave lines of up to 4
# letters with a confidence of up to 0.94, and longer lines with up to 0.5. Of words of 2 to 7
# letters over photographs, 98 % of those that were read correctly have 0.95.
MIN_CONFIDENCE = 0.8
MIN_CONFIDENCE_SHORT = 0.95
_SHORT = 5  # letters and digits; lines of fewer are short
_MIN_LETTERS = 2  # a single one may be a wheel, a window or the sun

_FIRST_PASS = 260_000  # pixels; enough for letters of 9 pixels on pages of 1,000 x 1,300
_SMALL_LINE = 20  # pixels of a line's height in the first pass; below it a second pass reads more
_ENLARGED = 600_000  # pixels; smaller pictures are enlarged to this for the second pass ...
_MAX_ENLARGEMENT = 2.0  # ... by this factor at most
_MAX_PIXELS = 1_300_000  # at 1,000,000 small print is not read; takes 0.5 GB and 0.5 s
_MAX_SIDE = 2_600  # pixels of the long side: screenshots of whole threads are elongated
_MIN_SIDE = 12  # pixels of the short side; smaller text is not readable

_LINE_HEIGHT = 48  # pixels at which lines are read
_MIN_LINE_WIDTH = 64  # pixels; shorter lines are padded
_MAX_LINE_WIDTH = 4_800  # pixels; longer lines, of some 250 letters and more, are squeezed
_MAX_TOTAL_WIDTH = 40_000  # pixels of all lines of a picture; 3 s
_MAX_LINES = 200
_CACHED_PICTURES = 4_096  # pictures whose readings are cached; viral ones recur


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as it was read, with a confidence from 0 to 1.

    `box` is its position: left, top, right, bottom as fractions of the picture.
    """

    text: str
    confidence: float
    box: tuple[float, float, float, float]


class TextReader:
    """The loaded models, on one thread each. Nothing is downloaded or logged."""

    def __init__(self, folder: Path) -> None:
        from rapidocr import RapidOCR

        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        detection, recognition = (str(folder / name) for name in MODELS)
        self._ocr: Any = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.use_rec": False,  # lines are read below, after a selection
                "Global.max_side_len": _MAX_SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.model_path": detection,
                "Det.limit_type": "max",  # pictures are scaled below
                "Det.limit_side_len": _MAX_SIDE,
                "Rec.model_path": recognition,
                "Rec.rec_batch_num": 1,
                "Rec.rec_img_shape": [3, _LINE_HEIGHT, _MIN_LINE_WIDTH],
            }
        )
        self._cache: OrderedDict[bytes, tuple[Line, ...]] = OrderedDict()

    def read(self, image: Image.Image) -> tuple[Line, ...]:
        """The text of an RGB picture in reading order, without unreliable lines.

        At most 200 lines and 5,000 characters, the largest text first. Pictures with identical
        pixels are read once, whatever their files.
        """
        key = hashlib.blake2b(image.tobytes(), key=repr(image.size).encode()).digest()
        if key not in self._cache:
            self._cache[key] = tuple(self._read(image))
            if len(self._cache) > _CACHED_PICTURES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]

    def _read(self, image: Image.Image) -> list[Line]:
        if min(image.size) * min(1, _MAX_SIDE / max(image.size)) < _MIN_SIDE:
            return []
        scaled, boxes = self._detect_twice(image)
        if not len(chosen := _choose(boxes)):
            return []
        pixels = _bgr(scaled)
        result = self._ocr.recognize_txt([_crop(pixels, box) for box in chosen])
        size = np.array(scaled.size, np.float32)
        lines = [
            Line(" ".join(text.split()), float(confidence), _fractions(box / size))
            for text, confidence, box in zip(result.txts, result.scores, chosen, strict=True)
        ]
        return in_order([line for line in lines if is_text(line.text, line.confidence)])

    def _detect_twice(self, image: Image.Image) -> tuple[Image.Image, np.ndarray]:
        """The scaled picture to crop lines from, and (n, 4, 2) float32 corners of boxes in it."""
        limit = _MAX_SIDE / max(image.size)
        full = min(1.0, limit, _scale_to(_MAX_PIXELS, image))
        small = _scaled(image, min(full, _scale_to(_FIRST_PASS, image)))
        boxes = self._detect(small)
        if not len(boxes):
            return small, boxes
        if _heights(boxes).min() < _SMALL_LINE:
            larger = min(_MAX_ENLARGEMENT, limit, _scale_to(_ENLARGED, image))
            image = _scaled(image, max(full, larger))
            return image, self._detect(image)
        image = _scaled(image, full)
        return image, boxes * (np.array(image.size, np.float32) / np.array(small.size, np.float32))

    def _detect(self, image: Image.Image) -> np.ndarray:
        boxes = self._ocr(_bgr(image)).boxes
        return np.empty((0, 4, 2), np.float32) if boxes is None else np.asarray(boxes, np.float32)


@cache
def reader() -> TextReader:
    """This process's reader. Raises `ImportError` if the extra `ocr` is missing."""
    import cv2

    cv2.setNumThreads(1)  # the workers already use all processors
    return TextReader(model_files()[0].parent)


def model_files() -> list[Path]:
    """The files of the models. Raises `ImportError` if the packages or the files are missing."""
    specs = {package: find_spec(package) for package in ("onnxruntime", "rapidocr")}
    for package, spec in specs.items():
        if spec is None:
            raise ModuleNotFoundError(name=package)
    folder = Path(str(getattr(specs["rapidocr"], "origin", ""))).parent / "models"
    files = [folder / name for name in MODELS]
    for file in files:
        if not file.is_file():
            raise ImportError(f"this version of rapidocr does not contain {file.name}")
    return files


def is_text(text: str, confidence: float) -> bool:
    """Whether a line is kept: it has enough letters or digits, and enough confidence."""
    letters = sum(character.isalnum() for character in text)
    needed = MIN_CONFIDENCE_SHORT if letters < _SHORT else MIN_CONFIDENCE
    return letters >= _MIN_LETTERS and confidence >= needed


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Lines in reading order: from the top, and from the left within a row.

    A line belongs to a row if its middle is within the height of the row's first line.
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3], line.box)):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and rows[-1][0].box[1] <= middle <= rows[-1][0].box[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box)]


def _choose(boxes: np.ndarray) -> np.ndarray:
    """The boxes to read, the highest first, as many as the limits allow."""
    if not len(boxes):
        return boxes
    heights = _heights(boxes)
    order = np.lexsort((boxes[:, 0, 0], boxes[:, 0, 1], -heights))[:_MAX_LINES]
    widths = np.minimum(
        _lengths(boxes)[order] / heights[order].clip(1) * _LINE_HEIGHT, _MAX_LINE_WIDTH
    )
    return boxes[order[np.cumsum(widths.clip(_MIN_LINE_WIDTH)) <= _MAX_TOTAL_WIDTH]]


def _sides(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Widths and heights of rotated boxes, (n,) float32 each, from (n, 4, 2) corners clockwise."""
    across, down = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 0]
    return np.hypot(*across.T), np.hypot(*down.T)


def _heights(boxes: np.ndarray) -> np.ndarray:
    heights: np.ndarray = np.minimum(*_sides(boxes))
    return heights


def _lengths(boxes: np.ndarray) -> np.ndarray:
    lengths: np.ndarray = np.maximum(*_sides(boxes))
    return lengths


def _crop(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A line cropped from a picture and rotated to be horizontal, even if it was vertical."""
    from rapidocr.utils.process_img import get_rotate_crop_image

    line: np.ndarray = get_rotate_crop_image(image, box)
    height, width = line.shape[:2]
    if width * _LINE_HEIGHT > _MAX_LINE_WIDTH * height:
        import cv2

        line = cv2.resize(line, (_MAX_LINE_WIDTH, _LINE_HEIGHT), interpolation=cv2.INTER_AREA)
    return line


def _scale_to(pixels: int, image: Image.Image) -> float:
    return math.sqrt(pixels / math.prod(image.size))


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BILINEAR)


def _bgr(image: Image.Image) -> np.ndarray:
    """The pixels in the order that the models were trained on: blue, green, red."""
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _fractions(box: np.ndarray) -> tuple[float, float, float, float]:
    (left, top), (right, bottom) = box.min(axis=0).clip(0, 1), box.max(axis=0).clip(0, 1)
    return float(left), float(top), float(right), float(bottom)
