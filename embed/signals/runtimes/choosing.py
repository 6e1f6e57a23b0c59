"""Choosing what computes a model's vectors: the fastest that agrees with PyTorch in float32."""

from dataclasses import dataclass

import numpy as np

from frametrace.embed.signals.models import missing_extra, one_line
from frametrace.embed.signals.runtimes.base import Arithmetic, Network, Runtime
from frametrace.embed.signals.runtimes.openvino import OpenVino, installed, worthwhile
from frametrace.embed.signals.runtimes.pytorch import PyTorch
from frametrace.posts.errors import ModelMissing

__all__ = ["Chosen", "agreement", "choose"]

# The least cosine between a sample's vector and that in float32. The bundled caption model's are
# at 0.998 and more in int8; what lies lower was not converted rightly, or does not bear it.
LEAST_AGREEMENT = 0.99
EXTRA = "fast-models"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A runtime, and in a sentence why it is not the fastest; empty where it is."""

    runtime: Runtime
    note: str = ""


def choose(network: Network, wanted: Arithmetic | None) -> Chosen:
    """What runs the network: in the arithmetic that is wanted, else in the fastest that agrees.

    A conversion that fails or does not agree falls back to float32 with a note. Raises
    `ModelMissing` where an arithmetic is wanted that this machine can't compute in.
    """
    exact = PyTorch(network)
    arithmetic = wanted or _fastest(network)
    if arithmetic is Arithmetic.FLOAT32:
        slow = network.device.type == "cpu" and not wanted and not installed() and worthwhile()
        return Chosen(exact, _slow(network.name) if slow else "")
    if arithmetic is Arithmetic.INT8 and wanted and not installed():
        missing = missing_extra(network.name, EXTRA, ModuleNotFoundError(name="openvino"))
        raise ModelMissing(f"{missing}. {_otherwise(network.name, arithmetic)}")
    try:
        runtime: Runtime = (
            OpenVino(network) if arithmetic is Arithmetic.INT8 else PyTorch(network, arithmetic)
        )
        reached = agreement(network, exact, runtime)
    except Exception as error:  # a conversion may fail in any of three libraries
        found = f"can't be computed in {arithmetic} ({one_line(error)})"
    else:
        if reached >= LEAST_AGREEMENT:
            return Chosen(runtime)
        found = f"does not bear {arithmetic}: a vector is at a cosine of {reached:.4f} to float32's"
    if wanted:
        told = _otherwise(network.name, arithmetic)
        raise ModelMissing(f"the model for {network.name} {found}. {told}")
    return Chosen(exact, f"the model for {network.name} {found}; it is computed in float32")


def agreement(network: Network, exact: Runtime, other: Runtime) -> float:
    """The least cosine of the samples' vectors to those in float32; of batches of other shapes."""
    batches = network.samples[1:]
    expected, found = (np.concatenate(runtime.run(batches)) for runtime in (exact, other))
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    return float(((expected * found).sum(axis=1) / lengths).min())


def _fastest(network: Network) -> Arithmetic:
    if network.device.type == "cuda":
        return Arithmetic.BFLOAT16
    if network.device.type == "cpu" and installed() and worthwhile():
        return Arithmetic.INT8
    return Arithmetic.FLOAT32


def _slow(name: str) -> str:
    return (
        f"{name} is computed in float32; in int8 it takes about a third of the time: "
        f"pip install 'frametrace[{EXTRA}]' and then use --replace"
    )


def _otherwise(name: str, arithmetic: Arithmetic) -> str:
    return (
        f"Vectors that were begun in {arithmetic} go on in it; to compute all anew: "
        f"frametrace embed CASE --signal {name} --replace"
    )
