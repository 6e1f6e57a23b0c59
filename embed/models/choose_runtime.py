"""Chooses what computes a model's vectors: the fastest runtime that agrees with float32."""

from dataclasses import dataclass

from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.model_files import missing_extra, one_line
from frametrace.embed.models.openvino_int8 import OpenVino, installed, worthwhile
from frametrace.embed.models.runtime import Network, PyTorch, Runtime
from frametrace.embed.models.runtime_agreement import disagreement
from frametrace.posts.errors import ModelMissing

__all__ = ["ChosenRuntime", "choose_runtime"]

EXTRA = "fast-models"


@dataclass(frozen=True, slots=True)
class ChosenRuntime:
    """A runtime, and a sentence on why it is not the fastest one; empty if it is."""

    runtime: Runtime
    note: str = ""


def choose_runtime(network: Network, wanted: NumericPrecision | None) -> ChosenRuntime:
    """Choose the runtime: of the wanted precision, else the fastest that agrees with float32.

    A conversion that fails or does not agree falls back to float32 with a note. Raises
    `ModelMissing` if this machine can't compute in the wanted precision.
    """
    reference = PyTorch(network)
    precision = wanted or _fastest(network)
    if precision is NumericPrecision.FLOAT32:
        slow = network.device.type == "cpu" and not wanted and not installed() and worthwhile()
        return ChosenRuntime(reference, _slow_note(network.name) if slow else "")
    if precision is NumericPrecision.INT8 and wanted and not installed():
        missing = missing_extra(network.name, EXTRA, ModuleNotFoundError(name="openvino"))
        raise ModelMissing(f"{missing}. {_start_over(network.name, precision)}")
    try:
        runtime: Runtime = (
            OpenVino(network) if precision is NumericPrecision.INT8 else PyTorch(network, precision)
        )
        mismatch = disagreement(network, reference, runtime)
    except Exception as error:  # a conversion may fail in any of three libraries
        problem = f"can't be computed in {precision} ({one_line(error)})"
    else:
        if not mismatch:
            return ChosenRuntime(runtime)
        problem = f"loses too much in {precision}: {mismatch}"
    if wanted:
        advice = _start_over(network.name, precision)
        raise ModelMissing(f"the model for {network.name} {problem}. {advice}")
    return ChosenRuntime(
        reference, f"the model for {network.name} {problem}; it is computed in float32"
    )


def _fastest(network: Network) -> NumericPrecision:
    if network.device.type == "cuda":
        return NumericPrecision.BFLOAT16
    if network.device.type == "cpu" and installed() and worthwhile():
        return NumericPrecision.INT8
    return NumericPrecision.FLOAT32


def _slow_note(name: str) -> str:
    return (
        f"{name} is computed in float32; in int8 it takes about a third of the time: "
        f"pip install 'frametrace[{EXTRA}]' and then use --replace"
    )


def _start_over(name: str, precision: NumericPrecision) -> str:
    return (
        f"A case whose vectors are in {precision} keeps it; to recompute all of them: "
        f"frametrace embed CASE --signal {name} --replace"
    )
