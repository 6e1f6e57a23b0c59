"""Loads a copy descriptor from an ONNX or a TorchScript file and computes its vectors.

An ONNX file is a graph of operators, and only those of `onnxruntime` are executed: no libraries of
other operators are registered, and the file can't name a second one with weights. A TorchScript
file is a program: whoever names one trusts its author.
"""

import hashlib
import io
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from frametrace.embed.models.model_files import missing_extra, one_line
from frametrace.posts.errors import ModelMissing

__all__ = ["DEFAULT_SIDE", "CopyModel", "CopyNetwork", "open_copy_model"]

# Pixels. SSCD's README calls it `skew_320`: pictures are resized to a square of this side, without
# keeping their proportions.
DEFAULT_SIDE = 320
_SIDES = (32, 1024)  # pixels, least and most: an input of another size is not that of a descriptor
_DIMENSIONS = (8, 4096)  # of a vector, least and most; SSCD has 512, or 1024
_MAX_ROWS = 256  # pictures that a graph may demand at once: 300 MB
_MAX_BYTES = 2**31 - 1  # of a file: the limit of a protobuf message, and so of an ONNX file
_ZIP = b"PK\x03\x04"  # a TorchScript file is a ZIP archive
_SIGNAL = "copy"


class CopyNetwork(Protocol):
    """A loaded network for pictures of `height` x `width` pixels."""

    height: int
    width: int

    def run(self, pictures: np.ndarray) -> np.ndarray:
        """(n, 3, height, width) float32, normalised → (n, d) float32 of any length."""


@dataclass(frozen=True, slots=True)
class CopyModel:
    """A network, the kind of its file (`onnx` or `torchscript`) and the file's SHA-256."""

    network: CopyNetwork
    kind: str
    sha256: str


def open_copy_model(path: Path) -> CopyModel:
    """Load a file and try it on two empty pictures.

    Raises `ModelMissing` if the file can't be read, is of another kind or computes something else
    than one vector per picture, and if the package that runs it is not installed.
    """
    content = _content(path)
    kind = "torchscript" if content.startswith(_ZIP) else "onnx"
    try:
        network = _TorchScript(content) if kind == "torchscript" else _Onnx(content)
        _check(network)
    except ImportError as error:
        raise missing_extra(_SIGNAL, "models" if kind == "torchscript" else "copy", error) from None
    except Exception as error:  # both libraries raise any exception for other files
        raise ModelMissing(
            f"{path} can't be used as a copy model: {one_line(error)}. Name an ONNX or TorchScript "
            "file that makes one vector of each picture, such as sscd_disc_mixup.torchscript.pt, "
            "with --copy-model"
        ) from None
    return CopyModel(network, kind, hashlib.sha256(content).hexdigest())


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise ModelMissing(
                f"{path} has {size:,} bytes; a copy model has {_MAX_BYTES:,} at most. Name another "
                "file with --copy-model"
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelMissing(
            f"{path} can't be read ({error.strerror}); name an ONNX or TorchScript file with "
            "--copy-model"
        ) from None


def _check(network: CopyNetwork) -> None:
    """Raise ValueError unless the network makes one vector of each of two pictures."""
    for side in (network.height, network.width):
        if not _SIDES[0] <= side <= _SIDES[1]:
            raise ValueError(f"its pictures have a side of {side} pixels")
    vectors = network.run(np.zeros((2, 3, network.height, network.width), np.float32))
    if vectors.ndim != 2 or len(vectors) != 2:
        raise ValueError(f"it makes an array of shape {vectors.shape} of two pictures")
    if not _DIMENSIONS[0] <= vectors.shape[1] <= _DIMENSIONS[1]:
        raise ValueError(f"its vectors have {vectors.shape[1]} dimensions")


class _Onnx:
    """A graph for `onnxruntime`, on the processor."""

    def __init__(self, content: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # errors are raised; nothing is printed
        # Weights in other files would not be part of the digest: they are looked for in a folder
        # that is empty.
        with tempfile.TemporaryDirectory() as empty:
            options.add_session_config_entry(
                "session.model_external_initializers_file_folder_path", empty
            )
            self._session: Any = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"], enable_fallback=0
            )  # the fallback prints
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            raise ValueError("its input is not one batch of pictures in float32")
        rows, channels, height, width = inputs[0].shape
        if isinstance(channels, int) and channels != 3:
            raise ValueError(f"its pictures have {channels} channels")
        self.height, self.width = (
            side if isinstance(side, int) else DEFAULT_SIDE for side in (height, width)
        )
        self._rows = rows if isinstance(rows, int) and rows > 0 else 0  # at once; 0: any number
        if self._rows > _MAX_ROWS:
            raise ValueError(f"it takes {rows} pictures at once")
        self._input = inputs[0].name
        self._output = self._session.get_outputs()[0].name

    def run(self, pictures: np.ndarray) -> np.ndarray:
        """(n, 3, height, width) float32 → (n, d) float32."""
        if not self._rows:
            return self._run(pictures)
        parts = [
            self._run(_padded(pictures[at : at + self._rows], self._rows))
            for at in range(0, len(pictures), self._rows)
        ]
        return np.concatenate(parts)[: len(pictures)]

    def _run(self, pictures: np.ndarray) -> np.ndarray:
        (vectors,) = self._session.run([self._output], {self._input: pictures})
        return np.asarray(vectors, np.float32)


def _padded(pictures: np.ndarray, rows: int) -> np.ndarray:
    missing = [(0, rows - len(pictures))] + [(0, 0)] * 3
    return np.pad(pictures, missing)


class _TorchScript:
    """A program for PyTorch, on the processor. Its file does not say how large its pictures are."""

    height = width = DEFAULT_SIDE

    def __init__(self, content: bytes) -> None:
        import torch

        with _quiet():
            loaded: Any = torch.jit.load(  # type: ignore[no-untyped-call]
                io.BytesIO(content), map_location="cpu"
            )
            self._module = loaded.eval()

    def run(self, pictures: np.ndarray) -> np.ndarray:
        """(n, 3, height, width) float32 → (n, d) float32."""
        import torch

        with torch.inference_mode(), _quiet():
            vectors = self._module(torch.from_numpy(pictures))
        if not isinstance(vectors, torch.Tensor):
            raise TypeError(f"it gives a {type(vectors).__name__} instead of a tensor")
        array: np.ndarray = vectors.float().numpy()
        return array


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings: PyTorch deprecates TorchScript, which is what is published."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
