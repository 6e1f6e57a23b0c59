"""Loads the models for the benchmarks of vectors."""

import argparse
import logging
from pathlib import Path

from frametrace.embed.embed_settings import ModelChoice, NumericPrecision
from frametrace.embed.signals.clip import Clip

__all__ = ["ARCHITECTURE", "clip_of", "random_weights"]

ARCHITECTURE = "ViT-B-32"


def random_weights(chosen: argparse.Namespace, folder: Path) -> Path:
    """A file with seeded random weights of the architecture, as a user would name it."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    logging.disable(logging.WARNING)  # open_clip warns that nothing was loaded
    torch.manual_seed(chosen.seed)
    model = open_clip.create_model(ARCHITECTURE)
    logging.disable(logging.NOTSET)
    file = folder / "random.safetensors"
    save_file({name: part.contiguous() for name, part in model.state_dict().items()}, file)
    return file


def clip_of(weights: Path, precision: NumericPrecision) -> Clip:
    """The signal, in a precision."""
    return Clip.open(
        ModelChoice({"clip_model": ARCHITECTURE, "clip_weights": str(weights)}, precision)
    )
