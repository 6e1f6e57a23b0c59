"""Chooses what computes a model's vectors: the fastest runtime that agrees with float32."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from frametrace.embed.models.model_files import missing_extra, one_line
from frametrace.embed.models.openvino_int8 import OpenVino, installed, worthwhile
from frametrace.embed.models.runtime import Network, NumericPrecision, PyTorch, Runtime
from frametrace.posts.errors import ModelMissing

__all__ = ["PROBE_TEXTS", "ChosenRuntime", "choose_runtime", "disagreement", "probe_pictures"]

# Below this, the conversion went wrong. The samples of the bundled caption model are at 0.998.
MIN_COSINE = 0.99
# The error of the samples' similarities to each other (root mean square), as a fraction of their
# standard deviation. Nearest neighbours depend on it more than on the cosines: at 0.03 (the bundled
# caption model) 98 % of 4,993 captions keep their nearest neighbour, at 0.045 (the same in groups
# of 128) 97 %, and at 0.17 (ViT-B-32 with random weights and eight channels of every norm ten times
# as large) 78 % of photographs, although the lowest cosine is 0.998.
MAX_SHIFT = 0.05
_MIN_SPREAD = 0.01  # of the similarities' standard deviation: less can't be measured against
EXTRA = "fast-models"
_PROBES = 16

# Texts of several lengths and scripts that a runtime is checked on; it is built from the first two.
PROBE_TEXTS = (
    "Police use tear gas against protesters at the airport",
    "Nobody stopped them.",
    "Two dogs play with a ball on the beach while a child in a red coat looks on.",
    "BREAKING",
    "Who pays for all this damage? Not the ones in black, who set fire to the station last night "
    "and ran, but everybody who takes the train to work in the morning. Share this before they "
    "delete it! The whole city has to see what they did to our streets, our shops and our police.",
    "A man in a black shirt throws a stone at a police car.",
    "Share if you agree!!! #HongKong #StopTheViolence",
    "暴徒昨晚破坏了地铁站，没有人阻止他们，大家都看到了。",
    "Les manifestants ont détruit la gare hier soir.",
    "ประชาชนออกมาชุมนุมกันที่หน้ารัฐสภา",
    "Протестующие вышли на улицы города",
    "المتظاهرون في الشوارع الليلة",
    "Flood water covers the main road; 2,300 people were brought to safety on 19 August 2019.",
    "she said what we all think",
    "Elections are tomorrow. Bring your identity card and arrive before 8 pm.",
    "A blond woman in a blue shirt appears to wait for a ride.",
)


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


def disagreement(network: Network, reference: Runtime, runtime: Runtime) -> str:
    """How the samples' vectors differ too much from those of `reference`; empty if they don't.

    The batches have other shapes than the one that a runtime is built from.
    """
    expected, actual = (_unit_vectors(each, network) for each in (reference, runtime))
    lowest = float((expected * actual).sum(axis=1).min())
    if not lowest >= MIN_COSINE:
        return f"a vector is at a cosine of {lowest:.3f} to float32's"
    pairs = np.triu_indices(len(expected), 1)
    wanted, computed = (expected @ expected.T)[pairs], (actual @ actual.T)[pairs]
    error = float(np.sqrt(np.mean((wanted - computed) ** 2)))
    shift = error / max(float(wanted.std()), _MIN_SPREAD)
    if not shift <= MAX_SHIFT:
        return f"similarities are off by {shift:.0%} of their spread"
    return ""


def _unit_vectors(runtime: Runtime, network: Network) -> np.ndarray:
    vectors = np.concatenate(runtime.run(network.samples[1:]))
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


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


def probe_pictures(height: int, width: int) -> np.ndarray:
    """16 pictures with structure at all scales, (16, height, width, 3) uint8; always the same."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(_PROBES):
        layers = [rng.integers(0, 256, (side, side, 3), np.uint8) for side in (2, 8, 32)]
        sized = [np.asarray(Image.fromarray(layer).resize((width, height))) for layer in layers]
        pictures.append(np.mean(np.stack(sized), axis=0).astype(np.uint8))
    return np.stack(pictures)
