"""Runtimes: what computes the vectors of a model that PyTorch loaded."""

from frametrace.embed.models.runtimes.choice import Chosen, choose
from frametrace.embed.models.runtimes.runtime import (
    Arithmetic,
    Batch,
    Network,
    Runtime,
    fingerprint,
    of_weights,
)

__all__ = [
    "Arithmetic",
    "Batch",
    "Chosen",
    "Network",
    "Runtime",
    "choose",
    "fingerprint",
    "of_weights",
]
