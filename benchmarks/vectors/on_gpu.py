"""Compares float32 with bfloat16 for pictures on a GPU, alone and with files decoded ahead."""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from generating import jpeg, picture
from measuring import Finding, Stopped, interleaved, ratio, say
from vectors.agreeing import agreement
from vectors.models import ARCHITECTURE, clip_of, random_weights

from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.runtime import Batch, Runtime
from frametrace.embed.pictures import Preparation, _compute
from frametrace.embed.signals.clip import Clip
from frametrace.posts.model import MediaItem
from frametrace.work.cpus import cpu_count
from frametrace.work.process_pool import ProcessPool

__all__ = ["measured"]

PACKAGES = ("torch", "open_clip_torch", "pillow", "numpy")
SIZES, SIZES_QUICK = (32, 64, 128, 256, 512), (16, 32)
DISTINCT, DISTINCT_QUICK = 512, 32  # pictures; all others have the same pixels and other bytes
FILES, FILES_QUICK = 16_384, 64
ROUNDS, ROUNDS_QUICK = 5, 2
ROWS, ROWS_QUICK = 2048, 32  # pictures of a turn, where the model is alone
SIDE = (480, 360)


def measured(
    chosen: argparse.Namespace,
) -> Iterator[tuple[str, list[Finding], list[str], Sequence[str]]]:
    """The name, findings, remarks, and the packages used."""
    if not torch.cuda.is_available() and not chosen.quick:
        raise Stopped("this machine has no GPU that PyTorch sees")
    with tempfile.TemporaryDirectory(prefix="bench-vectors-") as name:
        folder = Path(name)
        weights = random_weights(chosen, folder)
        items = _files(chosen, folder)
        exact = clip_of(weights, NumericPrecision.FLOAT32)
        start = time.perf_counter()
        fast = clip_of(weights, NumericPrecision.BFLOAT16)
        say(f"a second model was loaded and held against float32 in {_since(start)}")
        findings, remarks = _alone(chosen, exact, fast, items)
        found, said = _ahead(chosen, exact, fast, items)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none (the script tried)"
    about = f"GPU: {gpu}; {cpu_count()} processors decode. {ARCHITECTURE}, random weights."
    yield "gpu", findings + found, [about, *remarks, *said], PACKAGES


def _files(chosen: argparse.Namespace, folder: Path) -> list[MediaItem]:
    """Different files of 480 x 360 pixels; some differ only in the bytes after the pixels."""
    distinct = DISTINCT_QUICK if chosen.quick else DISTINCT
    count = FILES_QUICK if chosen.quick else FILES
    # Forked: they draw only, and importing the models takes each of them ten seconds.
    with ProcessPoolExecutor(cpu_count(), get_context("fork")) as pool:
        made = list(pool.map(_drawn, range(chosen.seed, chosen.seed + distinct), chunksize=8))
    items = []
    for number in range(count):
        data = made[number % distinct] + number.to_bytes(4, "big")
        path = folder / f"{number:06}.jpg"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        items.append(MediaItem(digest, str(folder), path.name, len(data)))
    say(f"made {count:,} files of {len(made[0]) / 1000:.0f} kB")
    return items


def _drawn(seed: int) -> bytes:
    return jpeg(picture(seed, *SIDE), quality=90)


def _alone(
    chosen: argparse.Namespace, exact: Clip, fast: Clip, items: Sequence[MediaItem]
) -> tuple[list[Finding], list[str]]:
    """The model with pixels in memory, by the size of its batches."""
    prepare = Preparation({"clip": exact.preparer()})
    few = items[: DISTINCT_QUICK if chosen.quick else DISTINCT]
    pixels = np.stack([_prepared(prepare, item) for item in few])
    rows = ROWS_QUICK if chosen.quick else ROWS
    every = np.concatenate([pixels] * -(-rows // len(pixels)))[:rows]
    runtimes: dict[str, Runtime] = {
        "float32": exact._runtime,
        "bfloat16 (autocast)": fast._runtime,
        "bfloat16 throughout": _Halved(exact),
    }
    findings, remarks = [], []
    base = exact._runtime.run([(pixels,)])[0]
    for name, runtime in runtimes.items():
        remarks.append(f"{name}: {agreement(base, runtime.run([(pixels,)])[0])}.")
    for size in SIZES_QUICK if chosen.quick else SIZES:
        if size == fast.batch:  # compiling takes half a minute
            runtimes["bfloat16 (autocast), compiled"] = _Compiled(fast)
        parts = [(every[at : at + size],) for at in range(0, rows, size)]
        for runtime in runtimes.values():
            runtime.run(parts[:1])  # compiles, and chooses kernels for the size
        seconds = interleaved(
            {name: _turn(runtime) for name, runtime in runtimes.items()},
            [parts],
            ROUNDS_QUICK if chosen.quick else ROUNDS,
            quiet=True,
        )
        say(f"batches of {size}: done")
        beside = f"float32: {rows / median(seconds['float32']):,.0f}/s"
        findings += [
            Finding(
                f"the model alone, batches of {size}: {name}",
                f"{rows / median(seconds[name]):,.0f}/s",
                beside,
                ratio(seconds["float32"], seconds[name]),
            )
            for name in runtimes
        ]
        runtimes.pop("bfloat16 (autocast), compiled", None)
    return findings, remarks


def _turn(runtime: Runtime) -> Callable[[Sequence[Batch]], object]:
    def turn(parts: Sequence[Batch]) -> object:
        return runtime.run(parts)

    return turn


class _Halved:
    """The whole model in bfloat16, its norms and sums too."""

    precision = NumericPrecision.BFLOAT16
    batch = 256

    def __init__(self, clip: Clip) -> None:
        import copy

        runtime: Any = clip._runtime
        self._device = runtime._device
        self._visual = copy.deepcopy(runtime._module.model.visual).bfloat16()
        self._mean, self._std = runtime._module.mean, runtime._module.std

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        with torch.inference_mode():
            queued = [self._vectors(torch.from_numpy(part).to(self._device)) for (part,) in batches]
        return [vectors.cpu().numpy() for vectors in queued]

    def _vectors(self, pixels: torch.Tensor) -> torch.Tensor:
        seen = (pixels.permute(0, 3, 1, 2).float() / 255 - self._mean) / self._std
        vectors: torch.Tensor = self._visual(seen.bfloat16())
        return torch.nn.functional.normalize(vectors.float(), dim=-1)


class _Compiled:
    """The real runtime, its module compiled by PyTorch."""

    precision = NumericPrecision.BFLOAT16
    batch = 256

    def __init__(self, clip: Clip) -> None:
        runtime: Any = clip._runtime
        self._device = runtime._device
        self._module: Any = torch.compile(runtime._module, dynamic=False)

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16):
            queued = [self._module(torch.from_numpy(part).to(self._device)) for (part,) in batches]
        return [vectors.float().cpu().numpy() for vectors in queued]


def _ahead(
    chosen: argparse.Namespace, exact: Clip, fast: Clip, items: Sequence[MediaItem]
) -> tuple[list[Finding], list[str]]:
    """From files to vectors: the real loop, beside one that decodes everything first."""
    with ProcessPool() as pool:
        preparation = Preparation({"clip": exact.preparer()})
        list(pool.map(preparation, items[: 64 * cpu_count()]))  # the workers have started

        def decoded() -> None:
            list(pool.map(preparation, items))

        def in_turns() -> None:
            results = iter(pool.map(preparation, items))
            for batch in _batches(results, fast.batch):
                fast.finish([result["clip"] for result in batch])

        contenders: dict[str, Callable[[], object]] = {
            "decoding alone": decoded,
            "float32, decoded ahead": lambda: _compute(items, [exact], pool, lambda done: None),
            "bfloat16, decoded and computed in turns": in_turns,
            "bfloat16, decoded ahead": lambda: _compute(items, [fast], pool, lambda done: None),
        }
        seconds = interleaved({name: _ignoring(run) for name, run in contenders.items()}, [()], 2)
    base = "float32, decoded ahead"
    count = len(items)
    return [
        Finding(
            f"from {count:,} files: {name}",
            f"{count / median(seconds[name]):,.0f}/s",
            f"{base}: {count / median(seconds[base]):,.0f}/s",
            ratio(seconds[base], seconds[name]),
        )
        for name in contenders
    ], []


def _ignoring(run: Callable[[], object]) -> Callable[[object], object]:
    return lambda block: run()


def _batches(results: Iterator[Any], most: int) -> Iterator[list[Any]]:
    while batch := list(islice(results, most)):
        yield batch


def _prepared(prepare: Preparation, item: MediaItem) -> np.ndarray:
    result = prepare(item)
    assert isinstance(result, dict), result
    cut: np.ndarray = result["clip"]
    return cut


def _since(start: float) -> str:
    return f"{time.perf_counter() - start:.1f} s"
