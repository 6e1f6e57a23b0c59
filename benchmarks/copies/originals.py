"""Reads the pictures that the benchmark is made of: photos by seed, and labelled real edits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
from measuring import Stopped, shared_data
from PIL import Image

__all__ = ["Photos", "RealEdits", "all_photos", "opened", "photos", "real_edits"]

ORIGINALS = 300
COMPANIONS = 40  # photos beside ours in collages; in no database

_TWICE = "test_grayscale.jpg"  # the same photo as test_color.jpg
Pair = frozenset[str]


@dataclass(frozen=True)
class Photos:
    """Photos that are edited, those beside them in collages, and all others."""

    originals: Sequence[Path]
    companions: Sequence[Path]
    distractors: Sequence[Path]

    @cached_property
    def beside(self) -> Sequence[Image.Image]:
        """The companions, decoded."""
        return [opened(path) for path in self.companions]


@dataclass(frozen=True, slots=True)
class RealEdits:
    """Pictures of real posts, the pairs of them that are copies, and those not to be judged."""

    pictures: Sequence[Path]
    copies: frozenset[Pair]
    unclear: frozenset[Pair]


def opened(path: Path) -> Image.Image:
    """A photo in RGB."""
    with Image.open(path) as image:
        return image.convert("RGB")


def all_photos() -> list[Path]:
    """All different photos."""
    paths = sorted((_data() / "photos").rglob("*.jpg"))
    return [path for path in paths if path.name != _TWICE]


def photos(seed: int) -> Photos:
    """All photos, assigned by seed."""
    paths = all_photos()
    dealt = [paths[at] for at in np.random.default_rng(seed).permutation(len(paths))]
    end = ORIGINALS + COMPANIONS
    return Photos(dealt[:ORIGINALS], dealt[ORIGINALS:end], dealt[end:])


def real_edits() -> RealEdits:
    """The pictures of real posts; pairs that `labels.json` lists both ways count as copies."""
    folder = _data() / "real_edits"
    labels: Mapping[str, list[list[str]]] = json.loads((folder / "labels.json").read_text("utf-8"))
    copies, unclear = (_pairs(labels[name]) for name in ("copies", "ambiguous"))
    return RealEdits(sorted((folder / "images").iterdir()), copies, unclear - copies)


def _pairs(sets: Sequence[Sequence[str]]) -> frozenset[Pair]:
    return frozenset(frozenset(pair) for one in sets for pair in combinations(one, 2))


def _data() -> Path:
    if (folder := shared_data()) is None:
        raise Stopped("the photos in ../shared/data (or $FRAMETRACE_SHARED) are absent")
    return folder
