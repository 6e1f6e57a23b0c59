"""Runtimes: what computes the vectors of a model that PyTorch loaded."""

from frametrace.embed.signals.runtimes.base import (
    Arithmetic,
    Batch,
    Network,
    Runtime,
    fingerprint,
    of_weights,
)
from frametrace.embed.signals.runtimes.choosing import Chosen, choose

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
