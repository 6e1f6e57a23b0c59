"""What computes a loaded model's vectors, in which arithmetic, and how these are told apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["Arithmetic", "Batch", "Network", "Runtime", "fingerprint", "of_weights"]

Batch = tuple[np.ndarray, ...]  # what a network takes, (n, ...) each, for n pictures or texts


class Arithmetic(StrEnum):
    """In which numbers a network's large matrix products are computed.

    Vectors of one model in two of these are near each other, and no more: a case holds one.
    """

    FLOAT32 = "float32"
    INT8 = "int8"  # OpenVINO on a processor
    BFLOAT16 = "bfloat16"  # PyTorch, meant for a GPU


# Appended to the fingerprint of the weights; float32 is what cases from before were made in. The
# number grows when the same arithmetic gives other vectors.
_MARKS = {
    Arithmetic.FLOAT32: "",
    Arithmetic.INT8: ":int8-1",
    Arithmetic.BFLOAT16: ":bfloat16-1",
}


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded model as one function of arrays, which every runtime must agree on.

    `module` takes the arrays of a `Batch` as tensors and gives (n, d) float32 of unit length.
    `samples` are batches of different shapes: a runtime may be made by the first; the others tell
    whether it agrees with float32.
    """

    name: str
    module: "torch.nn.Module"
    device: "torch.device"
    samples: Sequence[Batch]


class Runtime(Protocol):
    """One way to run a network."""

    arithmetic: Arithmetic
    batch: int  # the most rows that it is to be given at once

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        """The vectors of each batch, (n, d) float32 of unit length, in the batches' order."""


def fingerprint(weights: str, arithmetic: Arithmetic) -> str:
    """What tells vectors apart: `weights` (library, digest, treatment) and the arithmetic."""
    return weights + _MARKS[arithmetic]


def of_weights(fingerprint: str) -> str:
    """A fingerprint without its arithmetic: vectors of the same weights can be compared.

    One vector in float32 may so ask among many in int8. Float32's own mark is empty.
    """
    for mark in _MARKS.values():
        if mark:
            fingerprint = fingerprint.removesuffix(mark)
    return fingerprint
