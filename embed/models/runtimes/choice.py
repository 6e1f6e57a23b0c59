"""Choosing what computes a model's vectors: the fastest that agrees with PyTorch in float32."""

from dataclasses import dataclass

import numpy as np

from frametrace.embed.models.model_files import missing_extra, one_line
from frametrace.embed.models.runtimes.openvino_int8 import OpenVino, installed, worthwhile
from frametrace.embed.models.runtimes.pytorch import PyTorch
from frametrace.embed.models.runtimes.runtime import Arithmetic, Network, Runtime
from frametrace.posts.errors import ModelMissing

__all__ = ["Chosen", "choose", "disagreement"]

# What lies below was not converted rightly. The bundled caption model's samples lie at 0.998.
LEAST_COSINE = 0.99
# How far the samples' similarities to each other may be off, as a part of how much they differ.
# Who is whose neighbour hangs on that more than on the cosines: at 0.03 (the bundled caption model)
# 98 % of 4,993 captions keep their nearest neighbour, at 0.045 (the same in groups of 128) 97 %,
# and at 0.17 (ViT-B-32 with random weights and eight channels of every norm ten times as large)
# 78 % of photographs, at a least cosine of 0.998.
MOST_SHIFT = 0.05
_LEAST_SPREAD = 0.01  # of similarities: less is no spread to measure by
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
        off = disagreement(network, exact, runtime)
    except Exception as error:  # a conversion may fail in any of three libraries
        found = f"can't be computed in {arithmetic} ({one_line(error)})"
    else:
        if not off:
            return Chosen(runtime)
        found = f"does not bear {arithmetic}: {off}"
    if wanted:
        told = _otherwise(network.name, arithmetic)
        raise ModelMissing(f"the model for {network.name} {found}. {told}")
    return Chosen(exact, f"the model for {network.name} {found}; it is computed in float32")


def disagreement(network: Network, exact: Runtime, other: Runtime) -> str:
    """How the samples' vectors are too far from those in float32; empty where they are not.

    The batches are of other shapes than the one that a runtime is made by.
    """
    expected, found = (_vectors(runtime, network) for runtime in (exact, other))
    least = float((expected * found).sum(axis=1).min())
    if not least >= LEAST_COSINE:
        return f"a vector is at a cosine of {least:.3f} to float32's"
    pairs = np.triu_indices(len(expected), 1)
    ours, theirs = (expected @ expected.T)[pairs], (found @ found.T)[pairs]
    shift = float(np.sqrt(np.mean((ours - theirs) ** 2)) / max(float(ours.std()), _LEAST_SPREAD))
    if not shift <= MOST_SHIFT:
        return f"similarities are off by {shift:.0%} of how much they differ"
    return ""


def _vectors(runtime: Runtime, network: Network) -> np.ndarray:
    vectors = np.concatenate(runtime.run(network.samples[1:]))
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


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
