"""CLIP: a picture as a vector of unit length, by any `open_clip` model on this machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
from PIL import Image

from frametrace.embed.decoding.decode import Picture
from frametrace.embed.models.model_files import (
    cached,
    file_sha256,
    missing_extra,
    one_line,
    stay_offline,
)
from frametrace.embed.models.runtimes import Network, choose, fingerprint
from frametrace.embed.models.runtimes.probe_inputs import pictures
from frametrace.embed.signals.base import Metric, ModelChoice, PictureSignal, cosine_similarity
from frametrace.posts.errors import ModelMissing, UsageError

if TYPE_CHECKING:
    import torch

__all__ = ["DEFAULT_MODEL", "Clip"]

DEFAULT_MODEL = "hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
_HUB = "hf-hub:"
_WEIGHTS_NAMES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
)
_ELONGATED = 8  # a model sees the square in the middle; what lies further off needs no resizing
_CONFIG_NAME = "open_clip_config.json"
_ADD_LATER = (
    "add it later with: frametrace embed CASE --signal clip --clip-model ViT-B-32 "
    "--clip-weights FILE"
)


@dataclass(frozen=True, slots=True)
class _Files:
    """`model` and `pretrained` as open_clip takes them, and the file that holds the weights."""

    model: str
    pretrained: str | None
    weights: Path


@dataclass(frozen=True, slots=True)
class _Cut:
    """Resize and crop a picture as the model was trained to see it, (height, width, 3) uint8."""

    height: int
    width: int
    squash: bool
    resample: int

    def __call__(self, picture: Picture) -> np.ndarray:
        image = picture.image
        if self.squash:
            return np.asarray(image.resize((self.width, self.height), self.resample))
        if max(image.size) > _ELONGATED * min(image.size):
            image = _middle(image)
        if self.width * image.height >= self.height * image.width:
            size = self.width, int(self.width * image.height / image.width)
        else:
            size = int(self.height * image.width / image.height), self.height
        left, top = round((size[0] - self.width) / 2), round((size[1] - self.height) / 2)
        box = (left, top, left + self.width, top + self.height)
        return np.asarray(image.resize(size, self.resample).crop(box))


def _middle(image: Image.Image) -> Image.Image:
    """The middle of an elongated picture; whole, a 1 x 20,000 one would be resized to gigabytes."""
    longest = _ELONGATED * min(image.size)
    left, top = ((max(side - longest, 0)) // 2 for side in image.size)
    return image.crop((left, top, image.width - left, image.height - top))


class Clip(PictureSignal):
    """One loaded CLIP model. Pictures are cut beside the decoder and embedded here in batches."""

    name = "clip"
    metric = Metric.COSINE
    needs_model = True

    def __init__(self, files: _Files, chosen: ModelChoice) -> None:
        import open_clip
        import torch

        try:
            self._model = open_clip.create_model(files.model, pretrained=files.pretrained)
        except Exception as error:  # open_clip and torch raise every kind on wrong weights
            raise ModelMissing(
                f"{files.weights} can't be loaded as {files.model}: {one_line(error)}. Name the "
                "weights' own architecture with --clip-model"
            ) from None
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = self._model.to(device).eval()
        seen = open_clip.get_model_preprocess_cfg(self._model)
        self._cut = _cut_of(seen)
        self._tokenizer = files.model
        samples = pictures(self._cut.height, self._cut.width)
        network = Network(
            self.name, _module(self._model, seen).to(device), device, [(samples[:2],), (samples,)]
        )
        computing = choose(network, chosen.arithmetic)
        self._runtime = computing.runtime
        self.notes = (computing.note,) if computing.note else ()
        self.batch = max(self.batch, self._runtime.batch)
        weights = f"open_clip:{file_sha256(files.weights)}:1"
        self._made_by = {
            "fingerprint": fingerprint(weights, self._runtime.arithmetic),
            "model": chosen.clip_model or ("" if chosen.clip_weights else DEFAULT_MODEL),
            "weights": str(Path(chosen.clip_weights).resolve()) if chosen.clip_weights else "",
            "arithmetic": str(self._runtime.arithmetic),
        }

    @classmethod
    def open(cls, chosen: ModelChoice) -> Self:
        """Load the chosen weights, or the default model from the hub cache."""
        files = _find(chosen)
        try:
            return cls(files, chosen)
        except (ImportError, RuntimeError) as error:
            raise missing_extra(cls.name, "models", error) from None

    @classmethod
    def locate(cls, chosen: ModelChoice) -> str:
        """The architecture and the weights' file."""
        found = _find(chosen)
        return f"{found.model} ({found.weights})"

    @property
    def made_by(self) -> Mapping[str, str]:
        """The weights' digest, the arithmetic, and the choice that leads to both again."""
        return self._made_by

    @staticmethod
    def compare(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Cosine similarities."""
        return cosine_similarity(a, b)

    def preparer(self) -> Callable[[Picture], np.ndarray]:
        """Resize and crop beside the decoder."""
        return self._cut

    def finish(self, prepared: Sequence[Any]) -> pa.Table:
        """The column `code`: (d,) float32 of unit length."""
        most = self._runtime.batch
        batches = [(np.stack(prepared[at : at + most]),) for at in range(0, len(prepared), most)]
        vectors = np.concatenate(self._runtime.run(batches))
        kind = pa.list_(pa.float32(), vectors.shape[1])
        return pa.table({"code": pa.FixedSizeListArray.from_arrays(vectors.ravel(), type=kind)})

    def encode_text(self, text: str) -> np.ndarray:
        """A text as a (d,) float32 vector of unit length among the pictures' vectors.

        It is always computed in float32; pictures' vectors in another arithmetic are near enough.
        """
        import open_clip
        import torch

        tokens = open_clip.get_tokenizer(self._tokenizer)([text])
        device = next(self._model.parameters()).device
        with torch.inference_mode():
            vectors = self._model.encode_text(tokens.to(device), normalize=True)
        vector: np.ndarray = vectors[0].float().cpu().numpy()
        return vector

    def close(self) -> None:
        """Let go of the model."""
        del self._model, self._runtime


def _module(model: "torch.nn.Module", seen: Mapping[str, Any]) -> "torch.nn.Module":
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
                self.register_buffer(name, torch.tensor(seen[name]).view(3, 1, 1))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            batch = (pixels.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
            vectors: torch.Tensor = self.model.encode_image(batch)
            return torch.nn.functional.normalize(vectors.float(), dim=-1)

    return Vision().eval()


def _cut_of(seen: Mapping[str, Any]) -> _Cut:
    size = seen["size"]
    height, width = (size, size) if isinstance(size, int) else size
    if seen.get("resize_mode", "shortest") not in ("shortest", "squash"):
        raise UsageError(f"CLIP models that resize by {seen['resize_mode']!r} are not supported")
    bilinear = seen.get("interpolation") == "bilinear"
    resample = Image.Resampling.BILINEAR if bilinear else Image.Resampling.BICUBIC
    return _Cut(height, width, seen.get("resize_mode") == "squash", int(resample))


def _find(chosen: ModelChoice) -> _Files:
    """Where the chosen weights lie; it imports torch only to look up an architecture's names."""
    stay_offline()
    if find_spec("open_clip") is None:
        raise missing_extra("clip", "models", ModuleNotFoundError(name="open_clip"))
    model = chosen.clip_model or DEFAULT_MODEL
    if chosen.clip_weights:
        return _given(Path(chosen.clip_weights), chosen.clip_model)
    repository = model.removeprefix(_HUB) if model.startswith(_HUB) else ""
    if not repository:
        return _of_architecture(model)
    if (weights := cached(repository, *_WEIGHTS_NAMES)) is None:
        raise _absent(model)
    if (weights.parent / _CONFIG_NAME).is_file():
        return _Files(f"local-dir:{weights.parent}", None, weights)
    return _Files(model, None, weights)


def _absent(model: str) -> ModelMissing:
    return ModelMissing(f"no CLIP weights ({model}) are on this machine; {_ADD_LATER}")


def _given(path: Path, architecture: str) -> _Files:
    if path.is_dir() and (path / _CONFIG_NAME).is_file():
        weights = next((path / n for n in _WEIGHTS_NAMES if (path / n).is_file()), None)
        if weights is not None:
            return _Files(f"local-dir:{path}", None, weights)
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix in (".safetensors", ".pt", ".bin"))
        if len(files) != 1:
            raise ModelMissing(
                f"{path} holds {len(files)} weights files and no {_CONFIG_NAME}; name one file"
            )
        path = files[0]
    if not path.is_file():
        raise ModelMissing(f"{path}: there is no such weights file or directory")
    if not architecture or architecture.startswith(_HUB):
        raise UsageError(
            f"name the architecture of {path.name} with --clip-model, such as ViT-B-32"
        )
    return _Files(architecture, str(path), path)


def _of_architecture(model: str) -> _Files:
    """The first of an architecture's published weights that the hub cache holds."""
    try:
        import open_clip
    except (ImportError, RuntimeError) as error:
        raise missing_extra("clip", "models", error) from None
    if model not in open_clip.list_models():
        raise UsageError(f"open_clip knows no architecture {model!r}; names are such as ViT-B-32")
    activation = open_clip.get_model_config(model).get("quick_gelu", False)
    for tag in open_clip.list_pretrained_tags_by_model(model):
        known = open_clip.get_pretrained_cfg(model, tag)
        repository, _, name = known.get("hf_hub", "").rpartition("/")
        if known.get("quick_gelu", False) != activation or not repository:
            continue  # weights of the namesake ViT-...-quickgelu
        if weights := cached(repository, *([name] if name else _WEIGHTS_NAMES)):
            return _Files(model, tag, weights)
    raise _absent(model)
