"""The `copy` signal: a picture as a vector of unit length, by a descriptor trained to find copies.

The descriptor is a file that the user names, such as SSCD (Pizzi et al., "A Self-Supervised
Descriptor for Image Copy Detection", CVPR 2022, https://arxiv.org/abs/2202.10261). Its vectors
only propose pairs of pictures, which local features and pixels then verify.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from PIL import Image

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.models.copy_network import open_copy_model
from frametrace.embed.models.model_catalogue import installed_at, known_model
from frametrace.embed.signals.base import (
    VECTOR_EXAMPLES,
    Bound,
    Example,
    Metric,
    ModelOption,
    PictureSignal,
    cosine_similarity,
)
from frametrace.posts.errors import ModelMissing

__all__ = ["Copy"]

# Of ImageNet's RGB channels, 0 to 1: SSCD's README.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)
_SMALLEST_NORM = 1e-12  # of a vector that has a direction
_BATCH = 16  # pictures: 20 MB of input at 320 x 320 pixels


@dataclass(frozen=True, slots=True)
class _Resize:
    """Resizes a picture without keeping its proportions: (height, width, 3) uint8."""

    height: int
    width: int

    def __call__(self, picture: Picture) -> np.ndarray:
        size = self.width, self.height
        return np.asarray(picture.image.resize(size, Image.Resampling.BILINEAR))


class Copy(PictureSignal):
    """One loaded descriptor. Pictures are resized in the decoding workers and embedded here."""

    name = "copy"
    metric = Metric.COSINE
    sees = "candidates for edited copies, which `local` must confirm: alone it ties nothing"
    bound = Bound(
        0.75,
        "SSCD's README: of pairs of DISC above it, 90 % are copies (sscd_disc_mixup); not measured "
        "here",
    )
    needs_model = True
    on_request = True
    model_options = (
        ModelOption(
            "copy_model", "model", "A copy descriptor: an ONNX or a TorchScript file, such as SSCD."
        ),
    )
    batch = _BATCH

    def __init__(self, path: Path) -> None:
        model = open_copy_model(path)
        self._network = model.network
        height, width = self._network.height, self._network.width
        self._made_by = {
            "fingerprint": f"{model.kind}:{model.sha256}:1",
            "model": str(path.resolve()),
            "preprocessing": f"RGB, resized to {width} x {height} (bilinear), ImageNet mean and "
            "standard deviation",
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Load the chosen file. Raises `ModelMissing` if it can't be used."""
        return cls(_find(chosen))

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """The file's path."""
        return str(_find(chosen))

    @property
    def made_by(self) -> Mapping[str, str]:
        """The file's digest, its path, and what is done to a picture before."""
        return self._made_by

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Cosine similarities."""
        return cosine_similarity(a, b)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Three pairs of vectors."""
        return VECTOR_EXAMPLES

    @classmethod
    def why_unusable(cls) -> str:
        """What to call a picture without a vector."""
        return "without a vector: the model computes none for it"

    @classmethod
    def explain(cls, row: Mapping[str, Any]) -> str:
        """The cosine similarity."""
        return f"may be a copy: cosine similarity {row['similarity']:.2f} by {cls.name}"

    def preparer(self) -> Callable[[Picture], np.ndarray]:
        """Resize in the decoding workers."""
        return _Resize(self._network.height, self._network.width)

    def finish(self, prepared: Sequence[Any]) -> pa.Table:
        """The column `code`: (d,) float32 of unit length, null where the model gives no direction.

        It is always computed in float32.
        """
        parts = [
            self._network.run(_normalised(np.stack(prepared[at : at + _BATCH])))
            for at in range(0, len(prepared), _BATCH)
        ]
        vectors = np.concatenate(parts).astype(np.float64)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        has_none = (~np.isfinite(norms) | (norms < _SMALLEST_NORM)).ravel()
        vectors[has_none], norms[has_none] = 0, 1
        unit = (vectors / norms).astype(np.float32)
        kind = pa.list_(pa.float32(), unit.shape[1])
        codes = pa.FixedSizeListArray.from_arrays(
            pa.array(unit.ravel()), type=kind, mask=pa.array(has_none)
        )
        return pa.table({"code": codes})

    def close(self) -> None:
        """Release the model."""
        del self._network


def _normalised(pixels: np.ndarray) -> np.ndarray:
    """(n, height, width, 3) uint8 → (n, 3, height, width) float32, as in SSCD's training."""
    scaled = (pixels.astype(np.float32) / 255 - _MEAN) / _STD
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def _find(chosen: ModelChoice) -> Path:
    """The named file, or the one that `frametrace models fetch copy` downloaded."""
    if not (named := chosen.get("copy_model")):
        if downloaded := installed_at(known_model(Copy.name)):
            return downloaded
        raise ModelMissing(
            "no copy model was named, and none was downloaded (frametrace models fetch copy); name "
            "a file with: frametrace embed CASE --signal copy --copy-model FILE"
        )
    path = Path(named)
    if not path.is_file():
        raise ModelMissing(
            f"{path}: there is no such file; name an ONNX or TorchScript file with --copy-model"
        )
    return path
