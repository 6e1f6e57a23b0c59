"""Defines the runtimes that could compute a network's vectors on a processor."""

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.openvino_int8 import GROUP, OpenVino, convert, import_openvino
from frametrace.embed.models.runtime import Batch, Network, PyTorch, Runtime
from frametrace.work.cpus import cpu_count

__all__ = ["BASE", "OURS", "contenders"]

BASE = "PyTorch, float32"
OURS = f"OpenVINO, int8 (groups of {GROUP})"
_CALIBRATED = 128  # rows that the static quantisation sees


def contenders(
    network: Network, calibration: Sequence[Batch], *, few: bool
) -> Iterator[tuple[str, Callable[[], Runtime]]]:
    """Names, and the function that makes each; it may fail if packages are missing.

    `few` leaves out what takes minutes to compile, and one thread of several.
    """
    yield BASE, lambda: PyTorch(network)
    yield "PyTorch, bfloat16", lambda: PyTorch(network, NumericPrecision.BFLOAT16)
    if not few:
        yield "PyTorch, float32, one thread", lambda: OneThread(PyTorch(network))
        compiled = Compiled(network)
        yield "PyTorch compiled, float32", lambda: PyTorch(compiled.network())
        yield (
            "PyTorch compiled, bfloat16",
            lambda: PyTorch(compiled.network(), NumericPrecision.BFLOAT16),
        )
    yield "ONNX Runtime, float32", lambda: OnnxRuntime(network)
    yield "ONNX Runtime, int8 (dynamic)", lambda: OnnxRuntime(network, eight_bits=True)
    yield "OpenVINO, float32", lambda: Plain(network, "f32")
    yield "OpenVINO, bfloat16", lambda: Plain(network, "bf16")
    yield "OpenVINO, int8 (static, NNCF)", lambda: Static(network, calibration)
    for group in (32, 128):
        yield (
            f"OpenVINO, int8 (groups of {group})",
            lambda group=group: OpenVino(network, group=group),
        )
    yield OURS, lambda: OpenVino(network)


class OneThread:
    """Another runtime, with PyTorch limited to one thread."""

    def __init__(self, runtime: PyTorch) -> None:
        self.precision, self.batch = runtime.precision, runtime.batch
        self._runtime = runtime

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return self._runtime.run(batches)
        finally:
            torch.set_num_threads(before)


class Compiled:
    """The network by torch.compile, for any number of rows."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def network(self) -> Network:
        module: Any = torch.compile(self._network.module, dynamic=True)
        return Network(self._network.name, module, self._network.device, self._network.samples)


class OnnxRuntime:
    """The network exported to ONNX; in 8 bits with one scale for all inputs of a layer."""

    precision = NumericPrecision.FLOAT32
    batch = 32

    def __init__(self, network: Network, *, eight_bits: bool = False) -> None:
        import onnxruntime

        with tempfile.TemporaryDirectory() as folder, _quiet():
            file = Path(folder, "network.onnx")
            _export(network, file)
            if eight_bits:
                file = _in_eight_bits(file)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = cpu_count()
            self._session = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )
        self._inputs = [given.name for given in self._session.get_inputs()]

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        return [
            self._session.run(None, dict(zip(self._inputs, batch, strict=True)))[0]
            for batch in batches
        ]


def _export(network: Network, file: Path) -> None:
    example = tuple(torch.from_numpy(part) for part in network.samples[-1])
    rows = torch.export.Dim("rows", min=2, max=512)
    length = torch.export.Dim("length", min=2, max=256)  # the model's longest
    shapes: Any = ({0: rows},)
    if example[0].ndim == 2:
        shapes = {"tokens": tuple({0: rows, 1: length} for _ in example)}
    with torch.inference_mode():
        torch.onnx.export(
            network.module,
            example,
            str(file),
            dynamic_shapes=shapes,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _in_eight_bits(file: Path) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    smaller = file.with_name("eight-bits.onnx")
    quantize_dynamic(
        file,
        smaller,
        per_channel=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    return smaller


class Plain:
    """OpenVINO without 8-bit numbers, otherwise as the real one."""

    precision = NumericPrecision.FLOAT32
    batch = 16

    def __init__(self, network: Network, precision: str) -> None:
        self._queue = _queue(convert(network), precision)

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        return _run(self._queue, batches)


class Static:
    """OpenVINO with 8-bit numbers whose scales are fixed by a calibration."""

    precision = NumericPrecision.INT8
    batch = 16

    def __init__(self, network: Network, calibration: Sequence[Batch]) -> None:
        import_openvino()
        import nncf

        with _quiet():
            model = nncf.quantize(
                convert(network),
                nncf.Dataset(calibration[:_CALIBRATED], list),
                model_type=nncf.ModelType.TRANSFORMER,
                subset_size=min(_CALIBRATED, len(calibration)),
            )
        self._queue = _queue(model, "f32")

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        return _run(self._queue, batches)


def _queue(model: Any, precision: str) -> Any:
    library = import_openvino()
    settings: Mapping[str, str] = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": str(cpu_count()),
        "NUM_STREAMS": str(cpu_count()),
        "ENABLE_CPU_PINNING": "NO",
    }
    compiled = library.Core().compile_model(model, "CPU", settings)
    return library.AsyncInferQueue(compiled, cpu_count())


def _run(queue: Any, batches: Sequence[Batch]) -> list[np.ndarray]:
    vectors: list[np.ndarray] = [np.empty(0, np.float32)] * len(batches)

    def keep(request: Any, at: int) -> None:
        vectors[at] = request.get_output_tensor(0).data.copy()

    queue.set_callback(keep)
    for at, batch in enumerate(batches):
        queue.start_async(list(batch), at)
    queue.wait_all()
    return vectors


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
