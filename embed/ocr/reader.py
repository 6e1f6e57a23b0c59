"""Reading the lettering of a picture with the models that come inside `rapidocr`.

A first look, at a quarter of a megapixel, finds where lettering is. In most photographs there is
none, and that is all. Where some of it is too small to be cut out well, a second look finds it anew
on a larger picture. What was found is cut out and read line by line, which takes time by the width
alone: in a batch every line would be as wide as the widest. The classifier of upside-down lines
isn't asked.

Of what `rapidocr` reads by itself (at 736 pixels and more on the short side) in 85 pictures of real
posts, 93 % is read so (pairs of neighbouring letters), in 27 % of the processor time.

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

__all__ = ["MODELS", "Line", "Reader", "is_lettering", "model_files", "reader"]

MODELS = ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx")  # what finds, what reads

# What is kept of what was read. Of 902 photographs (BSDS500, ImageNet) 772 show no lettering to the
# eye; they gave lines of up to 4 letters with a confidence of up to 0.94, and of more letters with
# up to 0.5. Of words of 2 to 7 letters laid over photographs 98 % of those read rightly have 0.95.
MIN_CONFIDENCE = 0.8
MIN_CONFIDENCE_SHORT = 0.95
_SHORT = 5  # letters and digits; lines of fewer are short
_MIN_LETTERS = 2  # one alone is a wheel, a window, the sun

_FIRST_LOOK = 260_000  # pixels; pages of 1,000 x 1,300 with letters of 9 pixels show them so
_SMALL = 20  # pixels of a line's box at the first look; below it a second look reads more
_ENLARGED = 600_000  # pixels that smaller pictures are enlarged to for the second look ...
_MOST_ENLARGED = 2.0  # ... by this factor at most
_LARGEST = 1_300_000  # pixels: small print in 1,000,000 is not read; 0.5 GB and 0.5 s
_LONGEST = 2_600  # pixels of the long side: screenshots of whole threads are elongated
_LEAST = 12  # pixels of the short side; no lettering that can be read is lower

_HEIGHT = 48  # pixels that lines are read at
_NARROWEST = 64  # pixels that a line is filled up to
_WIDEST = 4_800  # pixels; longer lines, of some 250 letters and more, are pressed together
_MOST_WIDTH = 40_000  # pixels of all lines of a picture together; 3 s
_MOST_LINES = 200
_KNOWN = 4_096  # pictures whose readings are remembered; viral ones come again and again


@dataclass(frozen=True, slots=True)
class Line:
    """One line of lettering as read, with a confidence from 0 to 1.

    `box` is where it stands: left, top, right, bottom as fractions of the picture.
    """

    text: str
    confidence: float
    box: tuple[float, float, float, float]


class Reader:
    """The loaded models, on one thread each. Nothing is ever downloaded, nothing is logged."""

    def __init__(self, folder: Path) -> None:
        from rapidocr import RapidOCR

        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        finds, reads = (str(folder / name) for name in MODELS)
        self._ocr: Any = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.use_rec": False,  # lines are read when they were chosen
                "Global.max_side_len": _LONGEST,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.model_path": finds,
                "Det.limit_type": "max",  # the pictures are scaled here
                "Det.limit_side_len": _LONGEST,
                "Rec.model_path": reads,
                "Rec.rec_batch_num": 1,
                "Rec.rec_img_shape": [3, _HEIGHT, _NARROWEST],
            }
        )
        self._known: OrderedDict[bytes, tuple[Line, ...]] = OrderedDict()

    def read(self, image: Image.Image) -> tuple[Line, ...]:
        """The lettering of an RGB picture in reading order, without what is debris.

        At most 200 lines and 5,000 characters: of more, those of the largest lettering. Pictures of
        the very same pixels are read once, whatever their files.
        """
        key = hashlib.blake2b(image.tobytes(), key=repr(image.size).encode()).digest()
        if key not in self._known:
            self._known[key] = tuple(self._read(image))
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _read(self, image: Image.Image) -> list[Line]:
        if min(image.size) * min(1, _LONGEST / max(image.size)) < _LEAST:
            return []
        seen, boxes = self._look(image)
        if not len(chosen := _chosen(boxes)):
            return []
        pixels = _bgr(seen)
        read = self._ocr.recognize_txt([_cut(pixels, box) for box in chosen])
        size = np.array(seen.size, np.float32)
        lines = [
            Line(" ".join(text.split()), float(confidence), _fractions(box / size))
            for text, confidence, box in zip(read.txts, read.scores, chosen, strict=True)
        ]
        return in_order([line for line in lines if is_lettering(line.text, line.confidence)])

    def _look(self, image: Image.Image) -> tuple[Image.Image, np.ndarray]:
        """The picture to cut lines out of, and (n, 4, 2) float32 corners of boxes in its pixels."""
        longest = _LONGEST / max(image.size)
        whole = min(1.0, longest, _scale_to(_LARGEST, image))
        small = _scaled(image, min(whole, _scale_to(_FIRST_LOOK, image)))
        boxes = self._found(small)
        if not len(boxes):
            return small, boxes
        if _heights(boxes).min() < _SMALL:
            larger = min(_MOST_ENLARGED, longest, _scale_to(_ENLARGED, image))
            image = _scaled(image, max(whole, larger))
            return image, self._found(image)
        image = _scaled(image, whole)
        return image, boxes * (np.array(image.size, np.float32) / np.array(small.size, np.float32))

    def _found(self, image: Image.Image) -> np.ndarray:
        boxes = self._ocr(_bgr(image)).boxes
        return np.empty((0, 4, 2), np.float32) if boxes is None else np.asarray(boxes, np.float32)


@cache
def reader() -> Reader:
    """This process's reader. Raises `ImportError` where the extra `ocr` is missing."""
    import cv2

    cv2.setNumThreads(1)  # there is a worker for every processor already
    return Reader(model_files()[0].parent)


def model_files() -> list[Path]:
    """The files of the models. Raises `ImportError` where the packages or the files are missing."""
    for package in ("onnxruntime", "rapidocr"):
        if (found := find_spec(package)) is None:
            raise ModuleNotFoundError(name=package)
    assert found is not None
    folder = Path(str(found.origin)).parent / "models"
    files = [folder / name for name in MODELS]
    for file in files:
        if not file.is_file():
            raise ImportError(f"this version of rapidocr does not bring {file.name}")
    return files


def is_lettering(text: str, confidence: float) -> bool:
    """Whether what was read is kept: enough letters or digits, read with enough confidence."""
    letters = sum(character.isalnum() for character in text)
    least = MIN_CONFIDENCE_SHORT if letters < _SHORT else MIN_CONFIDENCE
    return letters >= _MIN_LETTERS and confidence >= least


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Lines as they are read: from above, and from the left where they stand side by side.

    A line stands beside the first of its row where its middle is within that one's height.
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3], line.box)):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and rows[-1][0].box[1] <= middle <= rows[-1][0].box[3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box)]


def _chosen(boxes: np.ndarray) -> np.ndarray:
    """The boxes to read, the highest first, as many as the bounds allow."""
    if not len(boxes):
        return boxes
    heights = _heights(boxes)
    order = np.lexsort((boxes[:, 0, 0], boxes[:, 0, 1], -heights))[:_MOST_LINES]
    widths = np.minimum(_lengths(boxes)[order] / heights[order].clip(1) * _HEIGHT, _WIDEST)
    return boxes[order[np.cumsum(widths.clip(_NARROWEST)) <= _MOST_WIDTH]]


def _sides(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How wide and how high turned boxes are, (n,) float32 each; (n, 4, 2) corners clockwise."""
    across, down = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 0]
    return np.hypot(*across.T), np.hypot(*down.T)


def _heights(boxes: np.ndarray) -> np.ndarray:
    heights: np.ndarray = np.minimum(*_sides(boxes))
    return heights


def _lengths(boxes: np.ndarray) -> np.ndarray:
    lengths: np.ndarray = np.maximum(*_sides(boxes))
    return lengths


def _cut(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A line cut out of a picture and laid level; one that stands upright is laid down."""
    from rapidocr.utils.process_img import get_rotate_crop_image

    line: np.ndarray = get_rotate_crop_image(image, box)
    height, width = line.shape[:2]
    if width * _HEIGHT > _WIDEST * height:
        import cv2

        line = cv2.resize(line, (_WIDEST, _HEIGHT), interpolation=cv2.INTER_AREA)
    return line


def _scale_to(pixels: int, image: Image.Image) -> float:
    return math.sqrt(pixels / math.prod(image.size))


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BILINEAR)


def _bgr(image: Image.Image) -> np.ndarray:
    """The pixels as the models were trained to see them: blue, green, red."""
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _fractions(box: np.ndarray) -> tuple[float, float, float, float]:
    (left, top), (right, bottom) = box.min(axis=0).clip(0, 1), box.max(axis=0).clip(0, 1)
    return float(left), float(top), float(right), float(bottom)
