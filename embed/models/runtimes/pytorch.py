"""PyTorch: in float32 what every other runtime is held against; in bfloat16 for GPUs."""

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np

from frametrace.embed.models.runtimes.runtime import Arithmetic, Batch, Network

__all__ = ["PyTorch"]

_ON_PROCESSOR = 32  # rows; more make no picture faster and take more memory
_ON_GPU = 256  # rows; a GPU waits less between larger batches


class PyTorch:
    """The network as it was loaded, where it was loaded to."""

    def __init__(self, network: Network, arithmetic: Arithmetic = Arithmetic.FLOAT32) -> None:
        self.arithmetic = arithmetic
        self.batch = _ON_PROCESSOR if network.device.type == "cpu" else _ON_GPU
        self._module = network.module
        self._device = network.device

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        """The vectors of each batch, (n, d) float32 of unit length, in the batches' order."""
        import torch

        # Autocast keeps sums, norms and what runs past the layers in float32.
        halving = (
            torch.autocast(self._device.type, torch.bfloat16)
            if self.arithmetic is Arithmetic.BFLOAT16
            else nullcontext()
        )
        with torch.inference_mode(), halving:
            queued = [
                self._module(*(torch.from_numpy(part).to(self._device) for part in batch))
                for batch in batches
            ]
        return [vectors.float().cpu().numpy() for vectors in queued]
