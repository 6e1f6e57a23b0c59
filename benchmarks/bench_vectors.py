"""Compares ways to compute vectors on two cores: speed, and closeness to float32.

Photographs through ViT-B-32 with seeded random weights (no package contains trained ones), and
captions through the bundled all-MiniLM-L6-v2, by every library and precision that could do it; they
take turns. With `--device cuda`: pictures on a GPU in float32 and bfloat16, alone and with their
files decoded ahead of the model.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parent))

from measuring import Stopped, conclude, options


def main() -> None:
    chosen = _options()
    if chosen.device == "cuda":
        from vectors.on_gpu import measured
    else:
        from vectors.on_processor import measured
    for name, findings, remarks, packages in measured(chosen):
        conclude(f"vectors-{name}", findings, remarks, packages, chosen)


def _options() -> argparse.Namespace:
    more = argparse.ArgumentParser(add_help=False)
    more.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    more.add_argument("--only", choices=("pictures", "captions"), default="")
    given, rest = more.parse_known_args()
    sys.argv[1:] = rest
    return argparse.Namespace(**vars(options(__doc__ or "")), **vars(given))


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
