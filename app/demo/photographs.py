"""Loads the photographs of the demo, which are part of scikit-image and scikit-learn."""

from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from frametrace.posts.errors import ModelMissing

__all__ = ["ORGANIC", "REUSED", "REUSED_ON_ONE", "load"]

# Reused on both platforms, reused on one, and posted once by unrelated accounts. The two halves of
# the stereo pair are two shots of one scene, not copies; `clock_motion` is too flat for PDQ.
REUSED = (
    *("astronaut", "camera", "chelsea", "china", "coffee", "coins", "flower", "horse", "ihc"),
    "rocket",
)
REUSED_ON_ONE = ("moon", "retina")
ORGANIC = (
    *("motorcycle_left", "brick", "grass", "page", "cell", "gravel", "clock_motion"),
    *("hubble_deep_field", "phantom", "text", "motorcycle_right", "microaneurysms"),
)

_SKLEARN = ("china", "flower")


def load(name: str) -> Image.Image:
    """One photograph in RGB. Raises `ModelMissing` if its package isn't installed."""
    package, folder = ("sklearn", "datasets/images") if name in _SKLEARN else ("skimage", "data")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(
            f"the demo's photographs come with {package}, which is not installed: "
            "install Frametrace again with pip install frametrace"
        )
    data = Path(spec.submodule_search_locations[0], folder)
    with Image.open(next(data.glob(f"{name}.*"))) as opened:
        return opened.convert("RGB")
