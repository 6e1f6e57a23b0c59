"""The values of a picture that verification compares: its local features and its thumbnail."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from frametrace.embed.signals.local import Features
from frametrace.embed.signals.thumbnail import pixels

__all__ = ["PictureValues"]


@dataclass(frozen=True, slots=True)
class PictureValues:
    """The features of a picture, and its grey pixels as (height, width) uint8."""

    features: Features
    thumbnail: np.ndarray

    @classmethod
    def of(cls, features: bytes, thumbnail: bytes) -> Self:
        """Unpack values of the signals `local` and `thumbnail`.

        Raises `ValueError` if they are not such values.
        """
        return cls(Features.of(features), pixels(thumbnail))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height when shrunk for the features."""
        return self.features.width, self.features.height

    @property
    def scale(self) -> float:
        """Pixels of the thumbnail per pixel of the picture shrunk for the features."""
        height, width = self.thumbnail.shape
        return float((width * height / (self.features.width * self.features.height)) ** 0.5)
