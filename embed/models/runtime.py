"""The `Runtime` contract, and the runtime in PyTorch.

PyTorch in float32 is the reference that every other runtime is compared with; in bfloat16 it is for
GPUs.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from frametrace.embed.embed_settings import NumericPrecision

if TYPE_CHECKING:
    import torch

__all__ = [
    "Batch",
    "Network",
    "PyTorch",
    "Runtime",
    "fingerprint",
    "of_weights",
]

_CPU_BATCH = 32  # rows; more make no picture faster and take more memory
_GPU_BATCH = 256  # rows; a GPU waits less between larger batches

Batch = tuple[np.ndarray, ...]  # the inputs of a network, (n, ...) each, for n pictures or texts

# Appended to the fingerprint of the weights. Float32 has no mark: cases made before there was a
# choice were computed in it. The number grows when the same precision gives other vectors.
_MARKS = {
    NumericPrecision.FLOAT32: "",
    NumericPrecision.INT8: ":int8-1",
    NumericPrecision.BFLOAT16: ":bfloat16-1",
}


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded model as one function of arrays, which every runtime must agree on.

    `module` takes the arrays of a `Batch` as tensors and gives (n, d) float32 of unit length.
    `samples` are batches of different shapes: a runtime may be built from the first; the rest
    check whether it agrees with float32.
    """

    name: str
    module: "torch.nn.Module"
    device: "torch.device"
    samples: Sequence[Batch]


class Runtime(Protocol):
    """One way to run a network."""

    precision: NumericPrecision
    batch: int  # rows to pass at once, at most

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        """The vectors of each batch, (n, d) float32 of unit length, in the batches' order."""


def fingerprint(weights: str, precision: NumericPrecision) -> str:
    """The fingerprint of vectors: `weights` (library, digest, preprocessing) and the precision."""
    return weights + _MARKS[precision]


def of_weights(fingerprint: str) -> str:
    """A fingerprint without its precision: vectors of the same weights can be compared.

    So a query in float32 can search vectors in int8.
    """
    for mark in _MARKS.values():
        if mark:
            fingerprint = fingerprint.removesuffix(mark)
    return fingerprint


class PyTorch:
    """The network as it was loaded, on the device that holds it."""

    def __init__(
        self, network: Network, precision: NumericPrecision = NumericPrecision.FLOAT32
    ) -> None:
        self.precision = precision
        self.batch = _CPU_BATCH if network.device.type == "cpu" else _GPU_BATCH
        self._module = network.module
        self._device = network.device

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        """The vectors of each batch, (n, d) float32 of unit length, in the batches' order."""
        import torch

        # Autocast keeps sums, norms and everything between the layers in float32.
        autocast = (
            torch.autocast(self._device.type, torch.bfloat16)
            if self.precision is NumericPrecision.BFLOAT16
            else nullcontext()
        )
        with torch.inference_mode(), autocast:
            outputs = [
                self._module(*(torch.from_numpy(part).to(self._device) for part in batch))
                for batch in batches
            ]
        return [vectors.float().cpu().numpy() for vectors in outputs]
