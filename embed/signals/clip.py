"""The `clip` signal: a picture as a vector of unit length, by an `open_clip` model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
from PIL import Image

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.models.choose_runtime import choose_runtime
from frametrace.embed.models.clip_files import DEFAULT_MODEL, ClipFiles, find_clip
from frametrace.embed.models.model_files import file_sha256, missing_extra, one_line
from frametrace.embed.models.runtime import Network, fingerprint
from frametrace.embed.models.runtime_agreement import probe_pictures
from frametrace.embed.signals.base import (
    VECTOR_EXAMPLES,
    Bound,
    Example,
    Metric,
    ModelOption,
    PictureSignal,
    cosine_similarity,
)
from frametrace.posts.errors import ModelMissing, UsageError

if TYPE_CHECKING:
    import torch

__all__ = ["Clip"]

_MAX_ASPECT_RATIO = 8  # the model sees the square in the middle; the ends need no resizing


@dataclass(frozen=True, slots=True)
class _ResizeAndCrop:
    """Resizes and crops a picture as in the model's training: (height, width, 3) uint8."""

    height: int
    width: int
    squash: bool
    resample: int

    def __call__(self, picture: Picture) -> np.ndarray:
        image = picture.image
        if self.squash:
            return np.asarray(image.resize((self.width, self.height), self.resample))
        if max(image.size) > _MAX_ASPECT_RATIO * min(image.size):
            image = _middle(image)
        if self.width * image.height >= self.height * image.width:
            size = self.width, int(self.width * image.height / image.width)
        else:
            size = int(self.height * image.width / image.height), self.height
        left, top = round((size[0] - self.width) / 2), round((size[1] - self.height) / 2)
        box = (left, top, left + self.width, top + self.height)
        return np.asarray(image.resize(size, self.resample).crop(box))


def _middle(image: Image.Image) -> Image.Image:
    """The middle of an elongated picture: all of a 1 x 20,000 one would be resized to gigabytes."""
    longest = _MAX_ASPECT_RATIO * min(image.size)
    left, top = ((max(side - longest, 0)) // 2 for side in image.size)
    return image.crop((left, top, image.width - left, image.height - top))


class Clip(PictureSignal):
    """One loaded CLIP model. Pictures are cropped in the decoding workers and embedded here."""

    name = "clip"
    metric = Metric.COSINE
    sees = "pictures that look alike without being copies: evidence for framings"
    bound = Bound(0.4, "that of `caption`, for a person to judge; not measured")
    needs_model = True
    answers_text = True
    model_options = (
        ModelOption("clip_model", "model", "An open_clip architecture, such as ViT-B-32."),
        ModelOption("clip_weights", "weights", "Its weights: a file or a directory."),
    )

    def __init__(self, files: ClipFiles, chosen: ModelChoice) -> None:
        import open_clip
        import torch

        try:
            self._model = open_clip.create_model(files.model, pretrained=files.pretrained)
        except Exception as error:  # open_clip and torch raise any exception for wrong weights
            raise ModelMissing(
                f"{files.weights} can't be loaded as {files.model}: {one_line(error)}. Name the "
                "architecture of the weights with --clip-model"
            ) from None
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = self._model.to(device).eval()
        config = open_clip.get_model_preprocess_cfg(self._model)
        self._preprocess = _preprocessing_of(config)
        self._architecture = files.model
        samples = probe_pictures(self._preprocess.height, self._preprocess.width)
        network = Network(
            self.name, _module(self._model, config).to(device), device, [(samples[:2],), (samples,)]
        )
        chosen_runtime = choose_runtime(network, chosen.precision)
        self._runtime = chosen_runtime.runtime
        self.notes = (chosen_runtime.note,) if chosen_runtime.note else ()
        self.batch = max(self.batch, self._runtime.batch)
        version = f"open_clip:{file_sha256(files.weights)}:1"
        model, weights = chosen.get("clip_model"), chosen.get("clip_weights")
        self._made_by = {
            "fingerprint": fingerprint(version, self._runtime.precision),
            "model": model or ("" if weights else DEFAULT_MODEL),
            "weights": str(Path(weights).resolve()) if weights else "",
            "arithmetic": str(self._runtime.precision),
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Load the chosen weights, or the default model from the hub cache."""
        files = find_clip(chosen)
        try:
            return cls(files, chosen)
        except (ImportError, RuntimeError) as error:
            raise missing_extra(cls.name, "models", error) from None

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """The architecture and the weights' file."""
        files = find_clip(chosen)
        return f"{files.model} ({files.weights})"

    @property
    def made_by(self) -> Mapping[str, str]:
        """The weights' digest, the precision, and the options that choose both again."""
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
    def explain(cls, row: Mapping[str, Any]) -> str:
        """The cosine similarity."""
        return f"looks alike: cosine similarity {row['similarity']:.2f} by {cls.name}"

    def preparer(self) -> Callable[[Picture], np.ndarray]:
        """Resize and crop in the decoding workers."""
        return self._preprocess

    def finish(self, prepared: Sequence[Any]) -> pa.Table:
        """The column `code`: (d,) float32 of unit length."""
        size = self._runtime.batch
        batches = [(np.stack(prepared[at : at + size]),) for at in range(0, len(prepared), size)]
        vectors = np.concatenate(self._runtime.run(batches))
        kind = pa.list_(pa.float32(), vectors.shape[1])
        return pa.table({"code": pa.FixedSizeListArray.from_arrays(vectors.ravel(), type=kind)})

    def encode_text(self, text: str) -> np.ndarray:
        """A text as a (d,) float32 vector of unit length among the pictures' vectors.

        It is always computed in float32, which is close enough to pictures' vectors in another
        precision.
        """
        import open_clip
        import torch

        tokens = open_clip.get_tokenizer(self._architecture)([text])
        device = next(self._model.parameters()).device
        with torch.inference_mode():
            vectors = self._model.encode_text(tokens.to(device), normalize=True)
        vector: np.ndarray = vectors[0].float().cpu().numpy()
        return vector

    def close(self) -> None:
        """Release the model."""
        del self._model, self._runtime


def _module(model: "torch.nn.Module", config: Mapping[str, Any]) -> "torch.nn.Module":
    """(n, height, width, 3) uint8 pixels to (n, d) float32 vectors of unit length."""
    import torch

    class Vision(torch.nn.Module):
        model: Any
        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.model = model
            for name in ("mean", "std"):
                self.register_buffer(name, torch.tensor(config[name]).view(3, 1, 1))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            batch = (pixels.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
            vectors: torch.Tensor = self.model.encode_image(batch)
            return torch.nn.functional.normalize(vectors.float(), dim=-1)

    return Vision().eval()


def _preprocessing_of(config: Mapping[str, Any]) -> _ResizeAndCrop:
    size = config["size"]
    height, width = (size, size) if isinstance(size, int) else size
    if config.get("resize_mode", "shortest") not in ("shortest", "squash"):
        raise UsageError(f"CLIP models that resize by {config['resize_mode']!r} are not supported")
    bilinear = config.get("interpolation") == "bilinear"
    resample = Image.Resampling.BILINEAR if bilinear else Image.Resampling.BICUBIC
    return _ResizeAndCrop(height, width, config.get("resize_mode") == "squash", int(resample))
