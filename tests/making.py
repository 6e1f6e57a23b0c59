"""Pictures, posts and cases that tests make for themselves."""

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

__all__ = ["jpeg", "photo", "write_jsonl"]


def photo(seed: int, width: int = 640, height: int = 480) -> Image.Image:
    """A picture with structure at every scale, so that its PDQ quality is 100; one per seed."""
    rng = np.random.default_rng(seed)
    layers = [
        Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for side in (4, 8, 16, 32)
    ]
    mixed = sum(np.asarray(layer, np.float32) / len(layers) for layer in layers)
    stretched = np.clip((np.asarray(mixed) - 128) * 2 + 128, 0, 255).astype(np.uint8)
    return Image.fromarray(stretched).filter(ImageFilter.GaussianBlur(1))


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """The picture as JPEG bytes."""
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality)
    return sink.getvalue()


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write records one a line; returns the path."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path
