"""Checks the vectors of a runtime (int8, bfloat16) against float32, on fixed texts and pictures."""

import numpy as np
from PIL import Image

from frametrace.embed.models.runtime import Network, Runtime

__all__ = ["PROBE_TEXTS", "disagreement", "probe_pictures"]

# Below this, the conversion went wrong. The samples of the bundled caption model are at 0.998.
MIN_COSINE = 0.99
# The error of the samples' similarities to each other (root mean square), as a fraction of their
# standard deviation. Nearest neighbours depend on it more than on the cosines: at 0.03 (the bundled
# caption model) 98 % of 4,993 captions keep their nearest neighbour, at 0.045 (the same in groups
# of 128) 97 %, and at 0.17 (ViT-B-32 with random weights and eight channels of every norm ten times
# as large) 78 % of photographs, although the lowest cosine is 0.998.
MAX_SHIFT = 0.05
_MIN_SPREAD = 0.01  # of the similarities' standard deviation: less can't be measured against
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


def probe_pictures(height: int, width: int) -> np.ndarray:
    """16 pictures with structure at all scales, (16, height, width, 3) uint8; always the same."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(_PROBES):
        layers = [rng.integers(0, 256, (side, side, 3), np.uint8) for side in (2, 8, 32)]
        sized = [np.asarray(Image.fromarray(layer).resize((width, height))) for layer in layers]
        pictures.append(np.mean(np.stack(sized), axis=0).astype(np.uint8))
    return np.stack(pictures)
