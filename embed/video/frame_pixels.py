"""Turns decoded frames into pictures: upright, in their proportions, in 8-bit RGB or luminance."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from frametrace.embed.decoding.decode import MIN_SHORT_SIDE, Picture
from frametrace.embed.decoding.transparency import flattened

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["FrameShape", "hashed_luma", "picture", "small_luma"]

_SMALL = 180  # pixels of the short side at which frames are compared
_MAX_HASHED = 1024  # pixels of the short side; larger frames are halved before they are hashed
_MAX_ASPECT = 4  # of a pixel; other ratios are not believed
_MAX_STRETCH = 40  # proportions of a frame that a picture of it keeps
# Formats whose first plane is luminance of 8 bits in the range 16 to 235, or 0 to 255.
_LIMITED = frozenset({"yuv420p", "yuv422p", "yuv444p", "yuv411p", "yuv410p", "yuv440p", "nv12"})
_FULL = frozenset({"yuvj420p", "yuvj422p", "yuvj444p", "gray"})
_BLACK, _WHITE = 16, 235  # of limited range (ITU-R BT.601 and 709)
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_MATRIX_BYTES = 36  # nine integers


@dataclass(frozen=True, slots=True)
class FrameShape:
    """How a stored frame is shown: first stretched to `width` x `height`, then turned.

    `turns` is the number of quarter turns counter-clockwise, after mirroring left and right if
    `mirrored`.
    """

    width: int
    height: int
    turns: int = 0
    mirrored: bool = False

    @classmethod
    def of(cls, frame: "VideoFrame", pixel_aspect: Fraction | None) -> "FrameShape":
        """The shape of a frame whose pixels have the proportions `pixel_aspect`."""
        width, height = frame.width, frame.height
        aspect = float(pixel_aspect or 1)
        if 1 / _MAX_ASPECT <= aspect <= _MAX_ASPECT:
            # The longer side grows, so that no detail is lost.
            width, height = (
                (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
            )
        turns, mirrored = _orientation(frame)
        return cls(width, height, turns, mirrored)

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        return (self.height, self.width) if self.turns % 2 else (self.width, self.height)

    def scaled(self, short_side: int) -> tuple[int, int]:
        """Width and height, before turning, with the given short side, or unchanged if smaller."""
        scale = min(1.0, short_side / min(self.width, self.height))
        sides = (max(round(side * scale), 1) for side in (self.width, self.height))
        width, height = (min(side, short_side * _MAX_STRETCH) for side in sides)
        return width, height

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (height, width) or (height, width, channels), mirrored and turned."""
        if self.mirrored:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(np.rot90(pixels, self.turns)) if self.turns else pixels


def small_luma(frame: "VideoFrame", shape: FrameShape) -> np.ndarray:
    """The frame's luminance with a short side of 180 pixels, (height, width) uint8, upright."""
    import cv2

    plane = _luma(frame, shape, _MAX_HASHED)
    small = cv2.resize(plane, shape.scaled(_SMALL), interpolation=cv2.INTER_AREA)
    return shape.upright(_full_range(np.asarray(small), frame))


def hashed_luma(frame: "VideoFrame", shape: FrameShape) -> np.ndarray:
    """The frame's luminance at a size at which PDQ hardly changes, (height, width) uint8."""
    import cv2

    plane = _luma(frame, shape, _MAX_HASHED)
    factor = min(plane.shape) // (_MAX_HASHED // 2)
    if factor > 1:
        size = (plane.shape[1] // factor, plane.shape[0] // factor)
        plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
    return shape.upright(_full_range(plane, frame))


def picture(frame: "VideoFrame", shape: FrameShape) -> Picture:
    """The frame as a picture, its short side at most 512 pixels."""
    width, height = shape.scaled(MIN_SHORT_SIDE)
    has_alpha = any(component.is_alpha for component in frame.format.components)
    format = "rgba" if has_alpha else "rgb24"
    small = frame.reformat(width, height, format, interpolation="AREA", threads=1)
    image = flattened(Image.fromarray(shape.upright(small.to_ndarray())))
    return Picture(image, *shape.shown)


def _luma(frame: "VideoFrame", shape: FrameShape, short_side: int) -> np.ndarray:
    """The luminance as it is stored if it has 8 bits, otherwise converted and scaled down."""
    if frame.format.name in _LIMITED | _FULL:
        plane = frame.planes[0]
        rows: np.ndarray = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return rows[: frame.height, : frame.width]
    width, height = shape.scaled(short_side)
    return frame.reformat(width, height, "gray", interpolation="AREA", threads=1).to_ndarray()


def _full_range(luma: np.ndarray, frame: "VideoFrame") -> np.ndarray:
    """Luminance of 0 to 255."""
    import cv2

    if frame.format.name not in _LIMITED or frame.color_range == _FULL_RANGE:
        return luma
    scale = 255 / (_WHITE - _BLACK)
    return np.asarray(cv2.convertScaleAbs(cv2.subtract(luma, _BLACK), alpha=scale))


def _orientation(frame: "VideoFrame") -> tuple[int, bool]:
    """Quarter turns counter-clockwise, and whether the frame is mirrored first.

    A display matrix maps stored to shown positions, x right and y down (ISO/IEC 14496-12, 8.2.2).
    """
    from av.sidedata.sidedata import Type

    side_data: Any = frame.side_data
    matrix = bytes(side_data.get(Type.DISPLAYMATRIX) or b"")
    if len(matrix) < _MATRIX_BYTES:
        return 0, False
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b  # what is left is a rotation
    if abs(a) >= abs(b):
        return (0 if a >= 0 else 2), mirrored
    return (3 if b > 0 else 1), mirrored
